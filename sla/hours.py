"""When people work: days and hours in a time zone."""

from __future__ import annotations

import re
from datetime import time
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from sla.quantities import Strict


class Weekday(StrEnum):
    """A day, as Alertmanager calls it."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


def zone(name: object) -> ZoneInfo:
    """Read the name of a time zone; raises ValueError with an example."""
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{name!r} is no time zone; write one like Europe/Berlin"
        raise ValueError(message) from error


def _clock(text: object) -> time:
    # Without quotation marks YAML reads 18:00 as 1080, in base sixty.
    if not isinstance(text, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        message = f'{text!r} is no time of day; write it in quotation marks, such as "08:00"'
        raise ValueError(message)
    return time.fromisoformat(text)


Zone = Annotated[ZoneInfo, BeforeValidator(zone)]
Clock = Annotated[time, BeforeValidator(_clock)]


class TeamHours(Strict):
    """Working hours, the same on each of these days."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    begin: Clock
    end: Clock
    time_zone: Zone

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> TeamHours:
        if self.begin >= self.end:
            message = (
                f"they end at {self.end:%H:%M}, before they begin at {self.begin:%H:%M}; they may not span midnight"
            )
            raise ValueError(message)
        return self
