"""What customers are told in writing: once, in time, and never anything that is not so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from booking_core.domain.discrepancies import Window
from booking_core.domain.errors import CalcomOutcomeUnknown, CalcomRejected, CalcomUnavailable
from booking_core.domain.letters import (
    GIVEN_UP_AFTER,
    PAUSES,
    LetterKind,
    LetterRefused,
    LetterResult,
    MailServerAway,
    MailUnavailable,
    called_for,
    is_true,
    may_become_true,
    pause_after,
)
from booking_core.domain.models import Appointment, Former, State, Traffic
from booking_core.services.outcomes import Outcomes, tell_moved
from tests.booking_core.conftest import Stage
from tests.factories import SALON, TEN_O_CLOCK, a_request, a_wish, an_id, an_origin

ERIKA = a_wish(email="erika@example.org")
TEXT = """\
Dear Erika Muster,

Your appointment is confirmed.

  What:   Haircut with Anna
  When:   Wednesday, 2 December 2026,
          10:00 to 10:30 (the salon's local time)
  Where:  Salon Test

Open the attached file to put it into your calendar. If you cannot come, please call us.

We look forward to seeing you.

Salon Test

This e-mail was written by the salon's booking system. Answers to it are not read: please call.
"""


async def book(stage: Stage, *, email: str | None = ERIKA.email, traffic: Traffic = Traffic.REAL, hour: int = 10):
    wish = a_request(start=f"2026-12-02T{hour}:00", wish=a_wish(email=email))
    return await stage.core.orchestrator.book(SALON, wish, an_origin(traffic))


async def round_of(stage: Stage, *, after: timedelta) -> None:
    """Let time pass, and the job worker send what is due."""
    stage.clock.advance(after.total_seconds())
    await stage.core.notification.deliver_due()


def counted(stage: Stage, result: str, kind: str = "confirmation_email") -> float:
    return stage.count("booking_notifications_total", kind=kind, result=result)


def kinds(stage: Stage) -> list[str]:
    return [letter.message_id.split(".")[1].split("@")[0] for letter in stage.mailer.letters]


def result(stage: Stage, appointment: Appointment, kind: LetterKind = LetterKind.CONFIRMED) -> LetterResult | None:
    return stage.database.rows.letters[appointment.id, kind, 0].result


async def test_a_customer_with_an_address_gets_a_letter_in_the_salons_time(stage):
    appointment = await book(stage)
    await stage.core.bus.drain()

    (letter,) = stage.mailer.letters
    assert (letter.to, letter.sender_name, letter.date) == ("erika@example.org", "Salon Test", stage.clock.now())
    assert letter.subject == "Confirmed: Haircut with Anna, Wednesday, 2 December at 10:00"
    assert letter.text == TEXT
    assert letter.message_id == f"<{appointment.id}.confirmed.0@slotwatch.example>"
    assert letter.calendar_entry is not None
    assert letter.calendar_entry.method == "PUBLISH"
    assert (counted(stage, "sent"), result(stage, appointment)) == (1, LetterResult.SENT)


async def test_a_letter_that_was_sent_is_not_sent_again(stage):
    await book(stage)
    await stage.core.bus.drain()

    await round_of(stage, after=timedelta(days=1))

    assert kinds(stage) == ["confirmed"]


@pytest.mark.parametrize(("email", "traffic"), [(None, Traffic.REAL), ("probe@example.org", Traffic.SYNTHETIC)])
async def test_neither_a_probe_nor_a_customer_without_an_address_gets_a_letter(stage, email, traffic):
    await book(stage, email=email, traffic=traffic)
    await stage.core.bus.drain()
    await round_of(stage, after=timedelta(minutes=2))

    assert stage.mailer.letters == []
    assert stage.database.rows.letters == {}


async def test_a_letter_survives_the_death_of_whoever_called_for_it(stage):
    stage.calcom.error = CalcomUnavailable()
    waiting = await book(stage)

    # Committed, and then nothing more: no event, no listener.
    await Outcomes(stage.database).record(waiting, State.CONFIRMED)
    await round_of(stage, after=timedelta(minutes=1))

    assert kinds(stage) == ["confirmed"]


async def test_a_sender_that_dies_after_the_letter_was_taken_sends_the_same_letter_again(stage):
    stage.mailer.death = asyncio.CancelledError()
    appointment = await book(stage)
    with pytest.raises(asyncio.CancelledError):
        await stage.core.bus.drain()
    stage.mailer.death = None

    await round_of(stage, after=timedelta(minutes=1))
    assert len(stage.mailer.letters) == 1  # still claimed by the dead

    await round_of(stage, after=timedelta(minutes=1))
    first, again = stage.mailer.letters
    assert again == replace(first, date=stage.clock.now())
    assert result(stage, appointment) is LetterResult.SENT


async def test_a_mail_server_that_is_down_costs_neither_the_booking_nor_the_letter(stage):
    stage.mailer.error = MailServerAway("SMTPConnectError")
    appointment = await book(stage)
    await stage.core.bus.drain()
    stage.mailer.error = None

    await round_of(stage, after=pause_after(1))

    assert appointment.state is State.CONFIRMED
    assert (counted(stage, "postponed"), counted(stage, "sent")) == (1, 1)
    assert stage.count("booking_listener_failures_total", listener="send_booking_confirmation_email") == 0


async def test_a_greylisted_letter_comes_again_after_growing_pauses(stage):
    stage.mailer.error = MailUnavailable("SMTP 451")
    await book(stage)
    await stage.core.bus.drain()
    for pause in (*PAUSES[:3], PAUSES[3] - timedelta(seconds=1)):
        await round_of(stage, after=pause)
    stage.mailer.error = None

    assert stage.mailer.tries == 4
    await round_of(stage, after=timedelta(seconds=1))
    assert kinds(stage) == ["confirmed"]


async def test_a_letter_that_is_refused_is_counted_and_not_tried_again(stage):
    stage.mailer.error = LetterRefused("SMTP 550")
    appointment = await book(stage)
    await stage.core.bus.drain()
    stage.mailer.error = None

    await round_of(stage, after=timedelta(hours=2))

    assert (stage.mailer.letters, counted(stage, "failed")) == ([], 1)
    assert result(stage, appointment) is LetterResult.FAILED


async def test_a_letter_that_nobody_takes_for_a_day_is_given_up_and_counted(stage):
    stage.mailer.error = MailUnavailable("SMTP 451")
    appointment = await book(stage)
    await stage.core.bus.drain()
    for _ in range(30):
        await round_of(stage, after=timedelta(hours=1))

    assert counted(stage, "failed") == 1
    assert result(stage, appointment) is LetterResult.FAILED
    assert stage.mailer.tries <= GIVEN_UP_AFTER / PAUSES[-1] + len(PAUSES)


async def test_a_round_ends_early_when_the_mail_server_takes_nothing_at_all(stage):
    stage.mailer.error = MailServerAway("SMTPConnectError")
    for hour in (10, 11, 12):
        await book(stage, hour=hour)
    await stage.core.bus.drain()
    stage.mailer.tries = 0

    await round_of(stage, after=pause_after(1))
    away = stage.mailer.tries
    stage.mailer.error = MailUnavailable("SMTP 451")
    await round_of(stage, after=pause_after(2))

    assert (away, stage.mailer.tries - away) == (1, 3)


async def test_two_senders_at_once_send_one_letter(stage):
    stage.mailer.error = MailUnavailable("SMTP 451")
    await book(stage)
    await stage.core.bus.drain()
    stage.mailer.error, stage.mailer.tries = None, 0
    stage.clock.advance(PAUSES[0].total_seconds())

    await asyncio.gather(*(stage.core.notification.deliver_due() for _ in range(4)))

    assert stage.mailer.tries == 1


async def test_a_confirmation_that_was_overtaken_by_a_cancellation_is_never_sent(stage):
    stage.mailer.error = MailUnavailable("SMTP 451")
    appointment = await book(stage)
    await stage.core.bus.drain()
    await stage.core.cancellation.cancel(SALON, appointment.id, reason="ill")
    await stage.core.bus.drain()
    stage.mailer.error = None

    await round_of(stage, after=timedelta(minutes=5))

    assert kinds(stage) == ["called-off"]
    assert result(stage, appointment) is LetterResult.OBSOLETE


async def test_a_confirmation_waits_while_the_appointment_is_in_doubt(stage):
    stage.mailer.error = MailUnavailable("SMTP 451")
    appointment = await book(stage)
    await stage.core.bus.drain()
    stage.mailer.error = None
    doubted = (await Outcomes(stage.database).record(appointment, State.UNKNOWN)).appointment

    await round_of(stage, after=PAUSES[0])
    assert stage.mailer.letters == []

    await Outcomes(stage.database).record(doubted, State.CONFIRMED)
    await round_of(stage, after=PAUSES[1])
    assert kinds(stage) == ["confirmed"]


async def test_a_customer_who_heard_of_the_failure_on_the_telephone_gets_no_letter(stage):
    stage.calcom.error = CalcomRejected()

    with pytest.raises(CalcomRejected):
        await book(stage)

    assert stage.database.rows.letters == {}


async def test_a_customer_who_was_promised_a_confirmation_hears_that_there_will_be_none(stage):
    stage.calcom.error = CalcomOutcomeUnknown()
    waiting = await book(stage)
    await Outcomes(stage.database).record(waiting, State.FAILED)

    await round_of(stage, after=timedelta(minutes=1))

    (letter,) = stage.mailer.letters
    assert letter.text.startswith("Dear Erika Muster,\n\nWe are sorry: we could not make the appointment below.")
    assert letter.calendar_entry is None
    assert counted(stage, "sent", "regret_email") == 1


async def test_an_erased_customer_gets_no_letter(stage):
    stage.mailer.error = MailUnavailable("SMTP 451")
    appointment = await book(stage)
    await stage.core.bus.drain()
    stage.mailer.error = None
    stored = stage.database.rows.appointments[appointment.id]
    stage.database.rows.appointments[appointment.id] = replace(stored, customer=replace(stored.customer, email=None))

    await round_of(stage, after=PAUSES[0])

    assert stage.mailer.letters == []
    assert result(stage, appointment) is LetterResult.OBSOLETE


@pytest.mark.parametrize(
    ("before", "version", "after", "kind"),
    [
        (State.CREATING, 0, State.CONFIRMED, LetterKind.CONFIRMED),
        (State.CREATING, 0, State.QUEUED, None),
        (State.CREATING, 0, State.PENDING, None),
        (State.CREATING, 0, State.RELEASED, None),
        (State.CREATING, 0, State.FAILED, None),
        (State.CREATING, 2, State.FAILED, LetterKind.NOT_POSSIBLE),
        (State.QUEUED, 1, State.FAILED, LetterKind.NOT_POSSIBLE),
        (State.QUEUED, 1, State.CANCELLED, LetterKind.CALLED_OFF),
        (State.UNKNOWN, 1, State.CONFIRMED, LetterKind.CONFIRMED),
        (State.PENDING, 1, State.CONFIRMED, LetterKind.CONFIRMED),
        (State.PENDING, 1, State.RELEASED, LetterKind.NOT_POSSIBLE),
        (State.CONFIRMED, 1, State.CANCELLED, LetterKind.CANCELLED),
        (State.CONFIRMED, 1, State.CANCELLING, None),
        (State.CANCELLING, 2, State.CANCELLED, LetterKind.CALLED_OFF),
        (State.CANCELLING, 2, State.CONFIRMED, LetterKind.NOT_CANCELLED),
        (State.CANCELLING, 2, State.PENDING, LetterKind.NOT_CANCELLED),
    ],
)
async def test_a_change_calls_for_the_letter_that_says_what_it_means_to_the_customer(
    stage, before, version, after, kind
):
    appointment = replace(await book(stage), state=before, version=version)

    assert called_for(appointment, after) is kind
    if kind is not None:
        assert is_true(kind, after)


@pytest.mark.parametrize("kind", LetterKind)
def test_what_has_ended_becomes_no_letters_truth_any_more(kind):
    ended = (State.CANCELLED, State.FAILED, State.RELEASED)

    assert not any(may_become_true(kind, state) for state in ended)


@pytest.mark.parametrize(
    ("before", "version", "after", "kind"),
    [
        (State.CREATING, 0, State.CONFIRMED, LetterKind.MOVED),
        (State.QUEUED, 1, State.FAILED, LetterKind.NOT_MOVED),
        (State.CREATING, 0, State.RELEASED, None),
        (State.QUEUED, 1, State.CANCELLED, None),
        (State.CANCELLING, 2, State.CANCELLED, None),
    ],
)
async def test_a_move_is_told_as_what_it_means_to_the_appointment_that_stands(stage, before, version, after, kind):
    former = Former(an_id("former"), State.CONFIRMED, "uid-1", TEN_O_CLOCK)
    moving = replace(await book(stage), state=before, version=version, former=former)

    assert called_for(moving, after) is kind


def test_that_the_former_time_stands_is_only_said_while_it_does():
    former = Former(an_id("former"), State.CONFIRMED, "uid-1", TEN_O_CLOCK)

    assert is_true(LetterKind.NOT_MOVED, State.FAILED, former)
    assert not is_true(LetterKind.NOT_MOVED, State.FAILED, replace(former, state=State.CANCELLING))


def test_pauses_grow_and_then_stay():
    pauses = [pause_after(tries) for tries in range(1, 10)]

    assert pauses == sorted(pauses)
    assert pauses[: len(PAUSES)] == list(PAUSES)


async def test_every_move_is_told_with_the_same_event_and_a_letter_of_its_own(stage):
    appointment = await book(stage)
    await stage.core.bus.drain()
    for hour in (1, 2):
        async with stage.database.begin(SALON.id) as stores:
            seen = await stores.appointments.find(SALON.id, appointment.id)
            assert seen is not None
            period = Window(appointment.start + timedelta(hours=hour), appointment.end + timedelta(hours=hour))
            assert await stores.appointments.move(seen, seen.offering, period, calcom_uid="uid-2")
            await tell_moved(stores, seen)
        await round_of(stage, after=timedelta(minutes=1))

    assert kinds(stage) == ["confirmed", "moved", "moved"]
    assert len({letter.message_id for letter in stage.mailer.letters}) == 3
    entries = [letter.calendar_entry.text for letter in stage.mailer.letters if letter.calendar_entry]
    assert len({line for text in entries for line in text.split("\r\n") if line.startswith("UID:")}) == 1
    sequences = [line for text in entries for line in text.split("\r\n") if line.startswith("SEQUENCE:")]
    assert sequences == sorted(set(sequences))
    assert "12:00 to 12:30" in stage.mailer.letters[-1].text
