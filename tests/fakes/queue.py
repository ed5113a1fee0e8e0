from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from booking_core.domain.errors import IdempotencyKeyReused, RequestInFlight
from booking_core.domain.models import Reply
from booking_core.domain.ports import Waiting
from tests.fakes.rows import Claimed, Stored


class FakeQueue:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def settle(self, tenant_id: UUID, appointment_id: UUID, *, after_seconds: float) -> None:
        if (tenant_id, appointment_id) not in self._rows.jobs:
            self._rows.jobs.append((tenant_id, appointment_id))

    async def undo(self, tenant_id: UUID, calcom_uid: str, *, reason: str) -> None:
        self._rows.undoings.append((tenant_id, calcom_uid, reason))

    async def waiting(self, appointment_ids: Collection[UUID]) -> Mapping[UUID, Waiting]:
        return {each: Waiting(0, None) for _, each in self._rows.jobs if each in appointment_ids}

    async def process_delivery(self, tenant_id: UUID, delivery_id: UUID, *, subject: str, after_seconds: float) -> None:
        self._rows.jobs.append((tenant_id, delivery_id))


class FakeRequests:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def claim(
        self, tenant_id: UUID, key: str, fingerprint: str, *, now: datetime, abandoned_before: datetime
    ) -> Reply | None:
        known = self._rows.requests.get((tenant_id, key))
        if known is not None:
            if known.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            if known.reply is not None:
                return known.reply
            if known.at >= abandoned_before:
                raise RequestInFlight
        self._rows.requests[tenant_id, key] = Claimed(fingerprint, now)
        return None

    async def remember(self, tenant_id: UUID, key: str, reply: Reply) -> None:
        known = self._rows.requests[tenant_id, key]
        self._rows.requests[tenant_id, key] = replace(known, reply=reply)

    async def forget(self, tenant_id: UUID, key: str) -> None:
        self._rows.requests.pop((tenant_id, key), None)

    async def forget_older(self, than: datetime) -> int:
        old = [each for each, claimed in self._rows.requests.items() if claimed.at < than]
        for each in old:
            del self._rows.requests[each]
        return len(old)
