"""The statement behind a fair choice of staff. Apart because it is one look at a whole day of many people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.range import TimestamptzRange
from sqlalchemy import Select, and_, false, func, literal, not_, select, true
from sqlalchemy.dialects.postgresql import TSTZRANGE

from booking_core.adapters.postgres.tables import appointments, staff, touches
from booking_core.domain.models import OCCUPYING

Stretch = tuple[datetime, datetime]


def workloads(tenant_id: UUID, staff_ids: Sequence[UUID], day: Stretch, wanted: Stretch) -> Select[Any]:
    """Select staff id, booked time of the day, last assignment and freedom, a row for each member of staff."""
    # Whatever became of it, an appointment once given counts as a turn.
    theirs = and_(appointments.c.tenant_id == tenant_id, appointments.c.staff_id == staff.c.id)
    last_assigned_at = select(func.max(appointments.c.created_at)).where(theirs).scalar_subquery()
    today = _booked(day, wanted).where(theirs).lateral()
    return (
        select(staff.c.id, today.c.booked, last_assigned_at, not_(today.c.is_busy))
        .join_from(staff, today, true())
        .where(staff.c.tenant_id == tenant_id, staff.c.id.in_(staff_ids))
    )


def _booked(day: Stretch, wanted: Stretch) -> Select[Any]:
    local_day = literal(TimestamptzRange(*day, "[)"), TSTZRANGE)
    period = appointments.c.period
    within = period * local_day
    is_busy = func.bool_or(period.overlaps(TimestamptzRange(*wanted, "[)")))
    return select(
        func.coalesce(func.sum(func.upper(within) - func.lower(within)), timedelta()).label("booked"),
        func.coalesce(is_busy, false()).label("is_busy"),
    ).where(touches(*day), appointments.c.state.in_([state.value for state in OCCUPYING]))
