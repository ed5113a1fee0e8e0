"""Decisions about time and names that need no database: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from itertools import takewhile
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from booking_core.domain.errors import InvalidRequest, TimeNotBookable

MINIMUM_NOTICE = timedelta(minutes=1)
HORIZON = timedelta(days=366)
# A customer who is told this late can still make other plans.
NOTICE_OF_FAILURE = timedelta(hours=1)
# The clocks of the world are at most so far behind and ahead of UTC.
_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)
SHORTEST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=24)


def instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the UTC instant the caller means; a time without an offset is the salon's local time.

    Raises InvalidRequest for text that is no time, TimeNotBookable for a local time that the change to or from
    summer time skips or repeats: the caller must be asked, not guessed at.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest("start", f"{text!r} is not a time; send it like 2026-12-01T10:00") from error
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return _on_the_clock(moment, zone)


def _on_the_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise TimeNotBookable(f"{moment:%H:%M} does not exist on {moment:%d.%m.%Y}: the clocks go forward that night.")
    if first.utcoffset() != second.utcoffset():
        raise TimeNotBookable(
            f"{moment:%H:%M} comes twice on {moment:%d.%m.%Y}: say whether before or after the change."
        )
    return first.astimezone(UTC)


def day(text: str, *, now: datetime, zone: ZoneInfo) -> date:
    """Return the day meant: an ISO date, "today" or "tomorrow". Raises InvalidRequest.

    The salon's calendar decides: near midnight the caller's, or the server's, may show another day.
    """
    today = now.astimezone(zone).date()
    match text.strip().casefold():
        case "today":
            return today
        case "tomorrow":
            return today + timedelta(days=1)
        case written:
            try:
                return date.fromisoformat(written)
            except ValueError as error:
                raise InvalidRequest("date", f"{text!r} is not a day; send it like 2026-12-01") from error


def local_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a local day and of the next, in UTC; the day may last 23 or 25 hours."""
    first, following = (datetime.combine(d, time(), zone) for d in (day, day + timedelta(days=1)))
    return first.astimezone(UTC), following.astimezone(UTC)


def check_notice(start: datetime, *, now: datetime) -> None:
    """Raise TimeNotBookable for a start in the past, too soon, or beyond the horizon."""
    if start < now + MINIMUM_NOTICE:
        raise TimeNotBookable("That time has passed or is too soon.")
    if start > now + HORIZON:
        raise TimeNotBookable("That is more than a year ahead.")


# Fixed for ever: another namespace would give every old wish a new key.
_WISHES = UUID("5d1b8f0a-52c7-5b0e-9c0a-3a7a6f1f5c11")


def wish_key(tenant_id: UUID, phone: str, service_id: UUID, staff: str | None, start: datetime) -> UUID:
    """Return the key of a wish: the same caller, service, staff and minute give the same key, however often said."""
    minute = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
    parts = (str(tenant_id), phone, str(service_id), folded(staff or "any"), minute)
    return uuid5(_WISHES, "\x1f".join(parts))


def booking_turn(appointment_id: UUID) -> str:
    """Return the name under which whoever works on this appointment takes turns: one writer per booking."""
    return f"booking:{appointment_id}"


def days_anywhere(start: datetime, end: datetime) -> Sequence[date]:
    """Return every calendar day that any moment of the stretch falls on, in UTC and on whatever clock of the world."""
    first, last = (start - _WEST).astimezone(UTC).date(), (end + _EAST).astimezone(UTC).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def expires_at(start: datetime, *, asked_at: datetime) -> datetime:
    """Return when a booking that Cal.com does not take is given up: in time to tell the customer, and within a day."""
    in_time = max(start - NOTICE_OF_FAILURE, asked_at + SHORTEST_WAIT)
    # However late it was asked for: a letter after the appointment would be an insult.
    return min(in_time, start - MINIMUM_NOTICE, asked_at + LONGEST_WAIT)


def acceptance_ends(start: datetime, *, asked_at: datetime) -> datetime:
    """Return until when a salon may accept what it has to: in time to tell the customer that it did not."""
    return min(max(start - NOTICE_OF_FAILURE, asked_at + SHORTEST_WAIT), start)


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """Write an instant as the salon's local time, to the minute, as callers and agents exchange it."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def spoken(moment: datetime, zone: ZoneInfo) -> str:
    """Write an instant so that a voice agent can read it aloud without doing time-zone sums."""
    local = moment.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B} at {local:%H:%M}"


def spoken_day(moment: datetime, zone: ZoneInfo) -> str:
    """Write the local day of an instant in words, with the year: an agent has to know what "tomorrow" is."""
    local = moment.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B %Y}"


# The last is the typographic apostrophe of O\u2019Neill.
_IN_NAMES = "-'.\u2019"
_TITLES = frozenset(("frau", "herr", "mr", "mrs", "ms", "miss", "dr", "prof"))


def first_name(name: str) -> str:
    """Return what a receptionist calls a caller: the first name, or title and name for one who gave a title.

    It goes into a language model's prompt, so nothing but letters is left that could be read as an instruction.
    """
    words = ["".join(each for each in word if each.isalpha() or each in _IN_NAMES)[:40] for word in name.split()]
    words = [word for word in words if any(map(str.isalpha, word))]
    titles = sum(1 for _ in takewhile(lambda word: word.casefold().rstrip(".") in _TITLES, words))
    return " ".join(words[: titles + 1])


def on_one_line(text: str) -> str:
    """Return the words without line breaks and control characters, which neither a table nor a letter's head takes."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def folded(name: str) -> str:
    """Reduce a name to what two people would call the same: case, spaces, hyphens and underscores do not count."""
    return "".join(character for character in name.casefold() if character.isalnum())


def nearest(wanted: str, known: Iterable[str], *, at_most: int = 3) -> list[str]:
    """Suggest the known names closest to the wanted one, or the first few when none is close."""
    names = sorted(set(known))
    by_fold = {folded(name): name for name in names}
    close = get_close_matches(folded(wanted), by_fold, n=at_most, cutoff=0.5)
    return [by_fold[match] for match in close] or names[:at_most]
