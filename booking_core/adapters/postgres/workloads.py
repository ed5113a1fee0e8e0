"""The statement behind a fair choice of staff. Apart because it is one look at a whole day of many people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, select, true

from booking_core.adapters.postgres.calcom_bookings import strangers
from booking_core.adapters.postgres.tables import appointments, staff, touches
from booking_core.adapters.postgres.tables import calcom_bookings as known
from booking_core.domain.models import OCCUPYING
from booking_core.domain.visits import Stretch


def workloads(tenant_id: UUID, staff_ids: Sequence[UUID], day: Stretch, wanted: Sequence[Stretch]) -> Select[Any]:
    """Select staff id, booked time of the day, last assignment and freedom, a row for each member of staff."""
    # Whatever became of it, an appointment once given counts as a turn.
    theirs = and_(appointments.c.tenant_id == tenant_id, appointments.c.staff_id == staff.c.id)
    last_assigned_at = select(func.max(appointments.c.created_at)).where(theirs).scalar_subquery()
    today = _booked(day, wanted).where(theirs).lateral()
    return (
        select(staff.c.id, today.c.booked, last_assigned_at, not_(or_(today.c.is_busy, _is_taken(tenant_id, wanted))))
        .join_from(staff, today, true())
        .where(staff.c.tenant_id == tenant_id, staff.c.id.in_(staff_ids))
    )


def _is_taken(tenant_id: UUID, wanted: Sequence[Stretch]) -> ColumnElement[bool]:
    """Tell whether somebody has booked the member of staff past us; Cal.com would refuse us that time."""
    touching = (and_(known.c.starts_at < end, known.c.ends_at > begin) for begin, end in wanted)
    return exists().where(strangers(tenant_id), known.c.staff_id == staff.c.id, or_(false(), *touching))


def _booked(day: Stretch, wanted: Sequence[Stretch]) -> Select[Any]:
    starts_at, ends_at = appointments.c.starts_at, appointments.c.ends_at
    within = func.least(ends_at, day[1]) - func.greatest(starts_at, day[0])
    is_busy = func.bool_or(or_(false(), *(and_(ends_at > begin, starts_at < end) for begin, end in wanted)))
    return select(
        func.coalesce(func.sum(within), timedelta()).label("booked"),
        func.coalesce(is_busy, false()).label("is_busy"),
    ).where(touches(*day), appointments.c.state.in_([state.value for state in OCCUPYING]))
