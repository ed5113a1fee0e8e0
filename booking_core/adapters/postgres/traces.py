"""Everywhere a customer leaves traces, and how they are erased. Apart, because it touches the tables of all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from booking_core.adapters.postgres.tables import appointments, customers, idempotency_keys, webhook_inbox
from booking_core.domain.erasure import NOBODY, Erased
from booking_core.domain.models import UNSETTLED
from booking_core.domain.webhooks import DeliveryState


@dataclass(frozen=True, slots=True)
class _Person:
    """Whose traces they are, and every word that gives them away."""

    tenant_id: UUID
    customer_id: UUID | None
    words: Sequence[str]
    calcom_uids: Sequence[str]


class PostgresTraces:
    """The traces of one person at one salon, found by their number."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def unsettled(self, tenant_id: UUID, phone: str) -> tuple[int, int]:
        person = await self._person(tenant_id, phone)
        states = [state.value for state in UNSETTLED]
        bookings = select(func.count()).where(_theirs(person), appointments.c.state.in_(states))
        waiting = webhook_inbox.c.state == DeliveryState.RECEIVED.value
        deliveries = select(func.count()).where(waiting, _told_of(person))
        row = (await self._connection.execute(select(bookings.scalar_subquery(), deliveries.scalar_subquery()))).one()
        return row[0], row[1]

    async def erase(self, tenant_id: UUID, phone: str) -> Erased:
        person = await self._person(tenant_id, phone)
        replies = delete(idempotency_keys).where(idempotency_keys.c.tenant_id == tenant_id, _answered(person))
        told = update(webhook_inbox).where(webhook_inbox.c.body.is_not(None), _told_of(person)).values(body=None)
        # A wish's key is made of the number, among other things that can all be guessed.
        kept = update(appointments).where(_theirs(person)).values(key=appointments.c.id, cancellation_reason=None)
        nobody = {"name": NOBODY, "phone": func.concat(NOBODY, ":", cast(customers.c.id, Text)), "email": None}
        themselves = update(customers).where(customers.c.id == person.customer_id).values(nobody)
        found, booked, answered, heard = [
            (await self._connection.execute(each)).rowcount for each in (themselves, kept, replies, told)
        ]
        return Erased(found, booked, answered, heard, person.calcom_uids)

    async def _person(self, tenant_id: UUID, phone: str) -> _Person:
        # Locked: whoever books for this number now waits, and then finds that the customer is another.
        query = select(customers).where(customers.c.tenant_id == tenant_id, customers.c.phone == phone)
        found = (await self._connection.execute(query.with_for_update())).one_or_none()
        if found is None:
            return _Person(tenant_id, None, [phone], [])
        booked = select(appointments.c.id, appointments.c.calcom_uid).where(appointments.c.customer_id == found.id)
        rows = (await self._connection.execute(booked.order_by(appointments.c.starts_at))).all()
        uids = [row.calcom_uid for row in rows if row.calcom_uid]
        words = [phone, found.name, found.email, *(str(row.id) for row in rows), *uids]
        return _Person(tenant_id, found.id, [word for word in words if word], uids)


def _theirs(person: _Person) -> ColumnElement[bool]:
    return and_(appointments.c.tenant_id == person.tenant_id, appointments.c.customer_id == person.customer_id)


def _answered(person: _Person) -> ColumnElement[bool]:
    """Select the stored answers in which they occur. JSON text writes every word as it is."""
    body = cast(idempotency_keys.c.body, Text)
    return or_(*(func.strpos(body, word) > 0 for word in person.words))


def _told_of(person: _Person) -> ColumnElement[bool]:
    """Select the deliveries in which they occur. Bodies are bytes, which PostgreSQL searches as hexadecimal text."""
    body = func.encode(webhook_inbox.c.body, "hex")
    found = (func.strpos(body, word.encode().hex()) > 0 for word in person.words)
    return and_(webhook_inbox.c.tenant_id == person.tenant_id, or_(*found))
