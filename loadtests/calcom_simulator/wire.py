"""How Cal.com writes and reads instants: milliseconds always, `Z` for UTC, an offset elsewhere.

Apart because requests, answers and webhooks must agree to the character.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DIGITS = 18
# Far enough from both ends of the calendar that no arithmetic on a request's date can overflow.
_YEARS = range(1970, 2200)


def instant(text: str) -> datetime:
    """Read ISO 8601 as UTC; no offset means UTC, as Cal.com's documentation promises.

    Raises ValueError when it is no date, or one outside the years 1970 to 2199.
    """
    moment = datetime.fromisoformat(text)
    if moment.year not in _YEARS:
        raise ValueError(f"{text} is outside the years {_YEARS.start} to {_YEARS.stop - 1}")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def whole_number(text: str) -> int | None:
    """Read a query parameter as a whole number; None when it is none, or longer than any id."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def utc_text(moment: datetime) -> str:
    """Write `2026-12-01T09:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """Write `2026-12-01T10:00:00.000+01:00`, or `Z` where the zone is UTC itself."""
    if zone.key in {"UTC", "Etc/UTC"}:
        return utc_text(moment)
    return moment.astimezone(zone).isoformat(timespec="milliseconds")


def zone_named(name: object) -> ZoneInfo | None:
    """Return the IANA zone, or None when there is none of that name."""
    if not isinstance(name, str) or not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
