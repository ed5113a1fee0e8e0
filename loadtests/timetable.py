"""Which slot each synthetic journey asks for, so that journeys running side by side never want the same one.

Apart from the voice agent because it is arithmetic over the run and the journey's number, with no call in sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zlib import crc32

# Far enough ahead to be in nobody's way, and inside the probe calendar's horizon of one year.
FIRST_DAY, DAYS = 30, 300

# The probe's calendar is open all day, but clocks change at night: a wall-clock time before 06:00 may not exist or
# may exist twice, and the core rightly refuses such a time.
OPENS, SLOT_MINUTES, SLOTS_A_DAY = time(6), 5, 192

# Coprime to SLOTS_A_DAY, so a day is used up before a slot comes round again, and consecutive journeys lie 35 minutes
# apart: a slot still held by an earlier run pushes a journey to the next one, which must not be its neighbour's.
STRIDE = 7


@dataclass(frozen=True, slots=True)
class Wish:
    """The day and local time that a caller asks for, as the agent writes them."""

    date: str
    time: str


@dataclass(frozen=True, slots=True)
class Timetable:
    """The slots of one run. Different runs start on different days (by a checksum of their id)."""

    run: str
    today: date

    def wish(self, sequence: int) -> Wish:
        lap, place = divmod(sequence, SLOTS_A_DAY)
        day = self.today + timedelta(days=FIRST_DAY + (crc32(self.run.encode()) + lap) % DAYS)
        start = datetime.combine(day, OPENS) + timedelta(minutes=SLOT_MINUTES * (place * STRIDE % SLOTS_A_DAY))
        return Wish(start.strftime("%Y-%m-%d"), start.strftime("%H:%M"))
