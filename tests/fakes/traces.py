from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

from booking_core.domain.erasure import NOBODY, Erased
from booking_core.domain.models import UNSETTLED, Appointment
from booking_core.domain.webhooks import Delivery, DeliveryState
from tests.fakes.rows import Stored


class FakeTraces:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def unsettled(self, tenant_id: UUID, phone: str) -> tuple[int, int]:
        bookings = [each for each in self._appointments(tenant_id, phone) if each.state in UNSETTLED]
        deliveries = [each for each in self._deliveries(tenant_id, phone) if each.state is DeliveryState.RECEIVED]
        return len(bookings), len(deliveries)

    async def erase(self, tenant_id: UUID, phone: str) -> Erased:
        theirs, told = self._appointments(tenant_id, phone), self._deliveries(tenant_id, phone)
        words = self._words(tenant_id, phone)
        answered = [
            key
            for key, claimed in self._rows.requests.items()
            if key[0] == tenant_id and claimed.reply and _occurs(words, json.dumps(dict(claimed.reply.body)))
        ]
        for key in answered:
            del self._rows.requests[key]
        for delivery in told:
            self._rows.deliveries[delivery.id] = replace(delivery, body=None)
        known = self._rows.customers.pop((tenant_id, phone), None)
        if known is not None:
            nobody = replace(known, name=NOBODY, phone=f"{NOBODY}:{known.id}", email=None)
            self._rows.customers[tenant_id, nobody.phone] = nobody
            for each in theirs:
                kept = replace(each, customer=nobody, key=each.id, cancellation_reason=None)
                self._rows.appointments[each.id] = kept
        uids = [each.calcom_uid for each in theirs if each.calcom_uid]
        return Erased(int(known is not None), len(theirs), len(answered), len(told), uids)

    def _appointments(self, tenant_id: UUID, phone: str) -> list[Appointment]:
        theirs = [each for each in self._rows.appointments.values() if each.tenant_id == tenant_id]
        return sorted((each for each in theirs if each.customer.phone == phone), key=lambda each: each.start)

    def _deliveries(self, tenant_id: UUID, phone: str) -> list[Delivery]:
        words = self._words(tenant_id, phone)
        stored = [each for each in self._rows.deliveries.values() if each.tenant_id == tenant_id and each.body]
        return [each for each in stored if _occurs(words, (each.body or b"").decode(errors="replace"))]

    def _words(self, tenant_id: UUID, phone: str) -> list[str]:
        known = self._rows.customers.get((tenant_id, phone))
        theirs = self._appointments(tenant_id, phone)
        words = [phone, *(str(each.id) for each in theirs), *(each.calcom_uid for each in theirs)]
        return [word for word in (*words, *((known.name, known.email) if known else ())) if word]


def _occurs(words: list[str], text: str) -> bool:
    return any(word in text for word in words)
