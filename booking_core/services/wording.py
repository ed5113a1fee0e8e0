"""The words of the letters to customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from booking_core.domain import rules
from booking_core.domain.letters import CalendarEntry, DueLetter, Letter, LetterKind
from booking_core.domain.models import Confirmation
from booking_core.services.calendar_entry import calendar_entry


@dataclass(frozen=True, slots=True)
class Words:
    """The subject, the news before the facts, and what to do about it after them."""

    subject: str
    news: str
    advice: str
    # What the attached entry does in the customer's calendar, if there is one (RFC 5546).
    method: str | None = None


WORDS: Mapping[LetterKind, Words] = {
    LetterKind.CONFIRMED: Words(
        subject="Confirmed: {what}, {when}",
        news="Your appointment is confirmed.",
        advice="Open the attached file to put it into your calendar. If you cannot come, please call us.\n\n"
        "We look forward to seeing you.",
        method="PUBLISH",
    ),
    LetterKind.NOT_POSSIBLE: Words(
        subject="Not possible: {what}, {when}",
        news="We are sorry: we could not make the appointment below. It is not booked.",
        advice="Please call us, and we will find another time.",
    ),
    LetterKind.CANCELLED: Words(
        subject="Cancelled: {what}, {when}",
        # By whom is not known: somebody at the salon, or the customer through a link of Cal.com's.
        news="Your appointment has been cancelled in the salon's calendar.",
        advice="Open the attached file to take it out of yours.\n\nIf this is news to you, or if you would like another"
        " time, please call us.",
        method="CANCEL",
    ),
    LetterKind.CALLED_OFF: Words(
        subject="Cancelled: {what}, {when}",
        news="Your appointment is cancelled.",
        advice="Open the attached file to take it out of your calendar.\n\nIf you would like another time, please call"
        " us.",
        method="CANCEL",
    ),
    LetterKind.MOVED: Words(
        subject="Moved: {what}, {when}",
        news="We have moved your appointment. It is now:",
        advice="Open the attached file to move it in your calendar, too. If you cannot come then, please call us.",
        method="PUBLISH",
    ),
    LetterKind.NOT_MOVED: Words(
        subject="Not moved: {what}, {when}",
        news="We are sorry: we could not move your appointment to {wish}.\nIt stands at the time it had:",
        advice="If you cannot come then, please call us, and we will find another time.",
    ),
    LetterKind.NOT_CANCELLED: Words(
        subject="Not cancelled: {what}, {when}",
        news="We could not cancel your appointment. It still stands.",
        advice="If you cannot come, please call us.",
    ),
}

LAYOUT = """\
Dear {customer},

{news}

  What:   {what}
  When:   {day},
          {start} to {end} (the salon's local time)
  Where:  {salon}

{advice}

{salon}

This e-mail was written by the salon's booking system. Answers to it are not read: please call.
"""


def letter(due: DueLetter, facts: Confirmation, *, to: str, sender: str, now: datetime) -> Letter:
    """Write a letter. Everything but the date is the same each time, so that a repeated one is recognised as one."""
    facts, words, wish = _tidied(facts), WORDS[due.kind], rules.spoken(facts.start, facts.time_zone)
    if due.kind is LetterKind.NOT_MOVED:
        facts = _at_its_former_time(facts)
    local_start, local_end = (moment.astimezone(facts.time_zone) for moment in (facts.start, facts.end))
    what = f"{facts.service_name} with {facts.staff_name}"
    return Letter(
        to=to,
        sender=sender,
        sender_name=facts.tenant_name,
        subject=words.subject.format(what=what, when=rules.spoken(facts.start, facts.time_zone)),
        text=LAYOUT.format(
            customer=facts.customer_name,
            news=words.news.format(wish=wish),
            what=what,
            day=rules.spoken_day(facts.start, facts.time_zone),
            start=f"{local_start:%H:%M}",
            end=f"{local_end:%H:%M}",
            salon=facts.tenant_name,
            advice=words.advice,
        ),
        message_id=f"<{facts.appointment_id}.{due.kind}.{due.revision}@{sender.rpartition('@')[2]}>",
        date=now,
        calendar_entry=_entry(due, facts, words.method, sender),
    )


def _entry(due: DueLetter, facts: Confirmation, method: str | None, sender: str) -> CalendarEntry | None:
    if method is None:
        return None
    return calendar_entry(facts, method=method, organiser=sender, stamp=due.put_down_at)


def _at_its_former_time(facts: Confirmation) -> Confirmation:
    """A move changes the time, and nothing else."""
    start = facts.former.start if facts.former else facts.start
    return replace(facts, start=start, end=start + (facts.end - facts.start))


def _tidied(facts: Confirmation) -> Confirmation:
    """Let no name begin a line of its own: not in the text, nor in a header, nor in the calendar entry."""
    return replace(
        facts,
        tenant_name=on_one_line(facts.tenant_name),
        customer_name=on_one_line(facts.customer_name),
        service_name=on_one_line(facts.service_name),
        staff_name=on_one_line(facts.staff_name),
    )


def on_one_line(name: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in name).split())
