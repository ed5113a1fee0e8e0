"""The store of appointments: chairs in time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from psycopg.types.range import TimestamptzRange
from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from booking_core.adapters.postgres import hold
from booking_core.adapters.postgres.tables import (
    appointments,
    customers,
    offerings,
    services,
    staff,
    touches,
)
from booking_core.adapters.postgres.workloads import workloads
from booking_core.domain import states
from booking_core.domain.assignment import Workload
from booking_core.domain.discrepancies import Window
from booking_core.domain.models import (
    OCCUPYING,
    UNSETTLED,
    Appointment,
    Channel,
    Customer,
    Former,
    Offering,
    Origin,
    PromptVersion,
    State,
    Traffic,
)
from booking_core.domain.ports import Outdated
from booking_core.domain.visits import Stretch

formers = appointments.alias("formers")
_OCCUPYING = tuple(state.value for state in OCCUPYING)
# What a change of state may change besides.
_SETTLED = ("calcom_uid", "cancellation_reason", "doubted_at", "looks", "version")
# What starts the time that the two worlds may disagree.
_DOUBTFUL = (State.UNKNOWN, State.CANCELLING)


class PostgresAppointments:
    """Chairs in time."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self, *visit: Appointment) -> Sequence[Appointment] | None:
        async with AsyncExitStack() as stack:
            # One segment is stored or not; of several, some may be, and then none must.
            savepoint = await stack.enter_async_context(self._connection.begin_nested()) if len(visit) > 1 else None
            row = (await self._connection.execute(hold.HOLD, hold.parameters(visit))).one_or_none()
            if row is None:
                raise Outdated
            if row.held < len(visit):
                if savepoint is not None:
                    await savepoint.rollback()
                return None
        known = replace(visit[0].customer, name=row.name, email=row.email)
        return [replace(each, customer=known) for each in visit]

    async def visit(self, tenant_id: UUID, visit_id: UUID) -> Sequence[Appointment]:
        whole = _whole().where(appointments.c.tenant_id == tenant_id, appointments.c.visit_id == visit_id)
        rows = await self._connection.execute(whole.order_by(appointments.c.starts_at).with_for_update(of=appointments))
        return [_appointment(row) for row in rows]

    async def settle(
        self, seen: Appointment, state: State, *, calcom_uid: str | None = None, reason: str | None = None
    ) -> Appointment | None:
        states.check(seen.state, state)
        told = {"calcom_uid": calcom_uid, "cancellation_reason": reason}
        said = {f"said_{name}": value for name, value in told.items() if value is not None}
        seen_as = {"seen_id": seen.id, "seen_version": seen.version}
        row = (await self._connection.execute(_settling(state, *said), {**seen_as, **said})).one_or_none()
        return replace(seen, **{**row._mapping, "state": state}) if row else None

    async def looked(self, appointment_id: UUID) -> None:
        counted = update(appointments).where(appointments.c.id == appointment_id)
        await self._connection.execute(counted.values(looks=appointments.c.looks + 1, updated_at=func.now()))

    async def find(self, tenant_id: UUID, appointment_id: UUID) -> Appointment | None:
        return await self._one(appointments.c.tenant_id == tenant_id, appointments.c.id == appointment_id)

    async def of_lineage(self, tenant_id: UUID, lineage: UUID) -> Sequence[Appointment]:
        query = (
            _whole()
            .where(
                appointments.c.tenant_id == tenant_id,
                appointments.c.lineage == lineage,
                appointments.c.state.in_(_OCCUPYING),
            )
            .order_by(appointments.c.created_at)
            .with_for_update(of=appointments)
        )
        return [_appointment(row) for row in await self._connection.execute(query)]

    async def find_living(self, tenant_id: UUID, key: UUID) -> Appointment | None:
        living = appointments.c.state.in_(_OCCUPYING)
        return await self._one(appointments.c.tenant_id == tenant_id, appointments.c.key == key, living)

    async def _one(self, *conditions: ColumnElement[bool]) -> Appointment | None:
        row = (await self._connection.execute(_whole().where(*conditions))).one_or_none()
        return _appointment(row) if row else None

    async def occupied(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], start: datetime, end: datetime
    ) -> Sequence[tuple[UUID, datetime, datetime]]:
        query = select(appointments.c.staff_id, appointments.c.starts_at, appointments.c.ends_at).where(
            appointments.c.tenant_id == tenant_id,
            appointments.c.staff_id.in_(staff_ids),
            touches(start, end),
            appointments.c.state.in_(_OCCUPYING),
        )
        return [(row[0], row[1], row[2]) for row in await self._connection.execute(query)]

    async def workloads(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], *, day: Stretch, wanted: Sequence[Stretch]
    ) -> Sequence[Workload]:
        rows = await self._connection.execute(workloads(tenant_id, staff_ids, day, wanted))
        return [Workload(*row) for row in rows]

    async def abandoned_synthetic(self, older_than: datetime, *, at_most: int) -> Sequence[Appointment]:
        query = (
            _whole()
            .where(
                and_(appointments.c.synthetic, appointments.c.state.in_((State.CONFIRMED.value, State.PENDING.value))),
                appointments.c.created_at < older_than,
            )
            .order_by(appointments.c.created_at)
            .limit(at_most)
        )
        return [_appointment(row) for row in await self._connection.execute(query)]

    async def give_up_creating(self, older_than: datetime) -> int:
        statement = (
            update(appointments)
            .where(appointments.c.state == State.CREATING.value, appointments.c.updated_at < older_than)
            .values(_becoming(State.UNKNOWN))
        )
        return (await self._connection.execute(statement)).rowcount

    async def living(self, tenant_id: UUID, window: Window) -> Sequence[Appointment]:
        starts = appointments.c.starts_at
        is_living = appointments.c.state.in_(_OCCUPYING)
        in_window = and_(starts >= window.start, starts < window.end, is_living)
        unsettled = appointments.c.state.in_([state.value for state in UNSETTLED])
        query = _whole().where(appointments.c.tenant_id == tenant_id, or_(in_window, unsettled))
        return [_appointment(row) for row in await self._connection.execute(query)]

    async def by_ids(self, tenant_id: UUID, ids: Collection[UUID]) -> Sequence[Appointment]:
        named = or_(appointments.c.id.in_(ids), appointments.c.lineage.in_(ids))
        query = _whole().where(appointments.c.tenant_id == tenant_id, named)
        return [_appointment(row) for row in await self._connection.execute(query)]

    async def keep_until(self, seen: Appointment, end: datetime) -> Appointment | None:
        kept = (
            update(appointments)
            .where(appointments.c.id == seen.id, appointments.c.version == seen.version)
            .values(
                version=appointments.c.version + 1,
                period=TimestamptzRange(seen.start, end, "[)"),
                updated_at=func.now(),
            )
            .returning(appointments.c.version)
        )
        try:
            async with self._connection.begin_nested():
                version = (await self._connection.execute(kept)).scalar_one_or_none()
        except IntegrityError:
            return None  # somebody else comes then
        return None if version is None else replace(seen, end=end, version=version)

    async def move(self, seen: Appointment, offering: Offering, period: Window, *, calcom_uid: str) -> bool:
        moved = (
            update(appointments)
            .where(appointments.c.id == seen.id, appointments.c.version == seen.version)
            .values(
                version=appointments.c.version + 1,
                service_id=offering.service_id,
                staff_id=offering.staff_id,
                period=TimestamptzRange(period.start, period.end, "[)"),
                calcom_uid=calcom_uid,
                key=appointments.c.id,
                updated_at=func.now(),
            )
        )
        try:
            async with self._connection.begin_nested():
                return (await self._connection.execute(moved)).rowcount > 0
        except IntegrityError:
            return False  # somebody else has that chair

    async def unsettled(self, *, at_most: int) -> Sequence[tuple[UUID, UUID]]:
        query = (
            select(appointments.c.tenant_id, appointments.c.id)
            .where(appointments.c.state.in_([each.value for each in UNSETTLED if each is not State.CREATING]))
            .order_by(appointments.c.created_at)
            .limit(at_most)
        )
        return [(row[0], row[1]) for row in await self._connection.execute(query)]


@cache
def _settling(state: State, *said: str) -> ReturningUpdate[Any]:
    """Return the statement for one kind of settling. Kept, because making it costs as much as sending it."""
    values = {**_becoming(state), **{name.removeprefix("said_"): bindparam(name) for name in said}}
    return (
        update(appointments)
        .where(appointments.c.id == bindparam("seen_id"), appointments.c.version == bindparam("seen_version"))
        .values(values)
        .returning(*(appointments.c[name] for name in _SETTLED))
    )


def _becoming(state: State) -> Mapping[str, object]:
    values = {"state": state.value, "version": appointments.c.version + 1, "updated_at": func.now()}
    return values | {"doubted_at": func.now(), "looks": 0} if state in _DOUBTFUL else values


def _whole() -> Select[tuple[object, ...]]:
    """Select appointments with everything that belongs to them, in one statement."""
    return (
        select(
            appointments,
            services.c.slug.label("service_slug"),
            services.c.name.label("service_name"),
            staff.c.slug.label("staff_slug"),
            staff.c.name.label("staff_name"),
            offerings.c.minutes,
            offerings.c.calcom_event_type_id,
            offerings.c.offset_minutes,
            customers.c.phone,
            customers.c.name.label("customer_name"),
            customers.c.email,
            formers.c.state.label("former_state"),
            formers.c.calcom_uid.label("former_uid"),
            formers.c.starts_at.label("former_start"),
        )
        .join_from(appointments, services, services.c.id == appointments.c.service_id)
        .join(staff, staff.c.id == appointments.c.staff_id)
        .join(customers, customers.c.id == appointments.c.customer_id)
        .outerjoin(formers, formers.c.id == appointments.c.replaces)
        .join(
            offerings,
            and_(
                offerings.c.service_id == appointments.c.service_id,
                offerings.c.staff_id == appointments.c.staff_id,
                offerings.c.segment == appointments.c.segment,
            ),
        )
    )


def _appointment(row: Row[tuple[object, ...]]) -> Appointment:
    traffic = Traffic.SYNTHETIC if row.synthetic else Traffic.REAL
    return Appointment(
        id=row.id,
        tenant_id=row.tenant_id,
        offering=Offering(
            row.service_id,
            row.service_slug,
            row.service_name,
            row.minutes,
            row.staff_id,
            row.staff_slug,
            row.staff_name,
            row.calcom_event_type_id,
            row.segment,
            row.offset_minutes,
        ),
        customer=Customer(row.customer_id, row.phone, row.customer_name, row.email),
        start=row.starts_at,
        end=row.ends_at,
        origin=Origin(Channel(row.channel), traffic, row.correlation_id, _prompt_version(row.prompt_version)),
        state=State(row.state),
        key=row.key,
        asked_at=row.created_at,
        calcom_uid=row.calcom_uid,
        doubted_at=row.doubted_at,
        looks=row.looks,
        cancellation_reason=row.cancellation_reason,
        former=_former(row),
        first_id=row.first_id,
        version=row.version,
        visit_id=row.visit_id,
    )


def _prompt_version(stored: str | None) -> PromptVersion | None:
    return PromptVersion(stored) if stored else None


def _former(row: Row[tuple[object, ...]]) -> Former | None:
    if row.replaces is None:
        return None
    return Former(row.replaces, State(row.former_state), row.former_uid, row.former_start)
