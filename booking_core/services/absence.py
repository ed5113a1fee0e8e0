"""When to believe that Cal.com does not have a booking: its reads may lag behind what it has just made."""

from __future__ import annotations

from datetime import datetime, timedelta

from booking_core.domain.models import Appointment
from booking_core.domain.ports import Database

BELIEVED_AFTER = timedelta(seconds=60)
BELIEVED_LOOKS = 2


def is_believed(appointment: Appointment, *, now: datetime) -> bool:
    """Tell whether it was looked for often and long enough since it has been in doubt; it has just been in vain."""
    if appointment.doubted_at is None or appointment.looks + 1 < BELIEVED_LOOKS:
        return False
    return now >= appointment.doubted_at + BELIEVED_AFTER


async def note(database: Database, appointment: Appointment) -> float:
    """Write down a look that did not find it; return the seconds until the next."""
    async with database.begin(appointment.tenant_id) as stores:
        await stores.appointments.looked(appointment.id)
    return BELIEVED_AFTER.total_seconds() / BELIEVED_LOOKS
