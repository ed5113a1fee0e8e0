from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from booking_core.domain.webhooks import Delivery, DeliveryState, Result
from tests.fakes.rows import Stored


class FakeInbox:
    def __init__(self, rows: Stored) -> None:
        self._rows = rows

    async def store(self, delivery: Delivery) -> bool:
        key = (delivery.tenant_id, delivery.source, delivery.digest)
        if any((each.tenant_id, each.source, each.digest) == key for each in self._rows.deliveries.values()):
            return False
        self._rows.deliveries[delivery.id] = delivery
        return True

    async def find(self, tenant_id: UUID, delivery_id: UUID) -> Delivery | None:
        delivery = self._rows.deliveries.get(delivery_id)
        return delivery if delivery and delivery.tenant_id == tenant_id else None

    async def listed(
        self, *, states: Sequence[DeliveryState], since: datetime | None, at_most: int
    ) -> Sequence[Delivery]:
        meant = [
            each
            for each in self._rows.deliveries.values()
            if each.state in states and (since is None or each.received_at >= since)
        ]
        return sorted(meant, key=lambda each: each.received_at, reverse=True)[:at_most]

    async def reopen(self, delivery_id: UUID) -> None:
        changes = {"state": DeliveryState.RECEIVED, "attempts": 0, "error": None, "processed_at": None}
        self._rows.deliveries[delivery_id] = replace(self._rows.deliveries[delivery_id], **changes)

    async def drop_bodies(self, processed_before: datetime) -> int:
        old = [
            each
            for each in self._rows.deliveries.values()
            if each.state is DeliveryState.PROCESSED
            and each.body is not None
            and each.processed_at is not None
            and each.processed_at < processed_before
        ]
        for each in old:
            self._rows.deliveries[each.id] = replace(each, body=None)
        return len(old)

    async def was_applied(self, tenant_id: UUID, subject: str) -> bool:
        return any(
            (each.tenant_id, each.subject, each.result) == (tenant_id, subject, Result.APPLIED)
            for each in self._rows.deliveries.values()
        )

    async def waiting(self, received_before: datetime, *, at_most: int) -> Sequence[Delivery]:
        left = [
            each
            for each in self._rows.deliveries.values()
            if each.state is DeliveryState.RECEIVED and each.received_at < received_before
        ]
        return sorted(left, key=lambda each: each.received_at)[:at_most]

    async def stumbled(self, delivery_id: UUID, error: str, *, is_last: bool) -> None:
        delivery = self._rows.deliveries[delivery_id]
        changed = replace(delivery, attempts=delivery.attempts + 1, error=error)
        if is_last:
            changed = replace(changed, state=DeliveryState.FAILED, result=Result.FAILED)
        self._rows.deliveries[delivery_id] = changed

    async def processed(self, delivery_id: UUID, result: Result, *, at: datetime) -> None:
        delivery = self._rows.deliveries[delivery_id]
        if (delivery.result, result) == (Result.APPLIED, Result.UNCHANGED):
            result = Result.APPLIED
        changes = {"state": DeliveryState.PROCESSED, "result": result, "error": None, "processed_at": at}
        self._rows.deliveries[delivery_id] = replace(delivery, **changes)
