"""A visit of several segments: all of it is made, or nothing of it stays; the customer hears of it as of one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_core.domain.errors import (
    BookingError,
    CalcomOutcomeUnknown,
    CalcomRejected,
    CalcomUnavailable,
    SlotTaken,
)
from booking_core.domain.models import OCCUPYING, UNSETTLED, Appointment, BookingRequest, Offering, State, Tenant
from booking_core.domain.ports import EVERY_TENANT, CalcomBooking
from booking_core.domain.visits import segment_key
from booking_core.services.making import PATIENCE_SECONDS
from booking_core.services.steps import StepLog
from tests.booking_core.conftest import Stage, a_stage
from tests.booking_core.news import marked, tell, told
from tests.factories import COLOUR, SALON, TEN_O_CLOCK, a_colour, a_request, a_wish, an_id, an_origin
from tests.fakes import FakeCalcom

ERIKA = a_wish(email="erika@example.org")
A_COLOUR = a_request(service="colour", staff="anna", wish=ERIKA)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class ScriptedCalcom(FakeCalcom):
    """Answers the first creates as the script says, and the others as they should be."""

    script: list[str] = field(default_factory=list)

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        line = self.script.pop(0) if self.script else "made"
        if line in {"made", "made unseen", "made, then killed"}:
            made = await super().create(tenant, appointment)
        match line:
            case "refused":
                raise SlotTaken
            case "rejected":
                raise CalcomRejected
            case "away":
                raise CalcomUnavailable
            case "lost" | "made unseen":
                raise CalcomOutcomeUnknown
            case "killed" | "made, then killed":
                raise Killed
        return made


def a_salon(*script: str) -> Stage:
    return a_stage(calcom=ScriptedCalcom(script=list(script)))


async def book(stage: Stage, request: BookingRequest = A_COLOUR) -> Appointment:
    visit = await stage.core.orchestrator.book(SALON, request, an_origin())
    await stage.core.bus.drain()
    return visit


async def settle_all(stage: Stage) -> None:
    """Let the jobs work until nothing is left between the worlds; what they do not know they find each minute."""
    for _ in range(300):
        async with stage.database.begin(EVERY_TENANT) as stores:
            await stores.appointments.give_up_creating(stage.clock.now() - timedelta(minutes=2))
        waits = [
            await stage.core.settlement.settle(each.tenant_id, each.id, tries=0)
            for each in list(stage.database.rows.appointments.values())
            if each.state in UNSETTLED
        ]
        if not any(each.state in UNSETTLED for each in rows(stage)):
            await stage.core.bus.drain()
            return
        stage.clock.advance(max([1.0, *(seconds for seconds in waits if seconds)]))
    raise AssertionError("it never came to an end")


def rows(stage: Stage) -> list[Appointment]:
    return sorted(stage.database.rows.appointments.values(), key=lambda each: each.start)


def states(stage: Stage) -> list[State]:
    return [each.state for each in rows(stage)]


def letters(stage: Stage) -> list[str]:
    """Return the kinds of letters that were sent."""
    return [letter.message_id.split(".")[1].partition("@")[0] for letter in stage.mailer.letters]


def attempts(stage: Stage) -> dict[str, float]:
    counted = {
        (sample.labels["outcome"], sample.labels["reason"]): sample.value
        for metric in stage.registry.collect()
        for sample in metric.samples
        if sample.name == "booking_attempts_total" and sample.value
    }
    return {f"{outcome} {reason}": value for (outcome, reason), value in counted.items()}


async def test_every_segment_is_booked_at_its_own_time_under_its_own_event_type():
    stage = a_salon()

    visit = await book(stage)

    assert (visit.state, visit.start, visit.end) == (
        State.CONFIRMED,
        TEN_O_CLOCK,
        TEN_O_CLOCK + timedelta(minutes=120),
    )
    made = [(each.offering.calcom_event_type_id, each.start - TEN_O_CLOCK) for each in stage.calcom.created]
    assert made == [(1201, timedelta()), (1202, timedelta(minutes=75))]


async def test_a_visit_is_one_attempt_and_one_letter():
    stage = a_salon()

    visit = await book(stage)

    assert attempts(stage) == {"confirmed none": 1}
    (letter,) = stage.mailer.letters
    assert letter.message_id == f"<{visit.id}.confirmed.0@slotwatch.example>"
    assert "10:00 to 12:00" in letter.text
    assert letter.calendar_entry is not None
    assert "DTSTART:20261202T090000Z\r\nDTEND:20261202T110000Z\r\n" in letter.calendar_entry.text


async def test_in_the_gap_the_same_hairdresser_serves_somebody_else():
    stage = a_salon()
    await book(stage)

    between = await book(stage, a_request(start="2026-12-02T10:45", staff="anna", wish=a_wish(phone="+4930901821")))

    assert between.state is State.CONFIRMED
    assert len(stage.calcom.live) == 3


async def test_the_keys_of_the_segments_come_from_the_wish():
    stage = a_salon()

    await book(stage)

    first, second = rows(stage)
    assert second.key == segment_key(first.key, 1)


async def test_the_same_wish_said_again_gets_the_same_visit():
    stage = a_salon()

    first, again = await book(stage), await book(stage)

    assert again == first
    assert attempts(stage) == {"confirmed none": 1}


async def test_a_refused_segment_undoes_the_whole_visit_and_frees_every_chair():
    stage = a_salon("made", "refused")

    with pytest.raises(SlotTaken):
        await book(stage)
    await settle_all(stage)

    assert states(stage) == [State.CANCELLED, State.RELEASED]
    assert stage.calcom.live == []
    assert attempts(stage) == {"refused slot_taken": 1}
    # The caller heard it on the phone.
    assert letters(stage) == []


async def test_a_first_segment_that_is_refused_leaves_nothing_to_undo():
    stage = a_salon("refused")

    with pytest.raises(SlotTaken):
        await book(stage)

    assert states(stage) == [State.RELEASED, State.CANCELLED]
    assert stage.calcom.created == []


@pytest.mark.parametrize("script", [["away"], ["lost"], ["made", "away"], ["made", "lost"], ["made unseen"]])
async def test_what_cal_com_does_not_answer_in_the_call_is_settled_by_jobs_and_told_once(script):
    stage = a_salon(*script)

    visit = await book(stage)
    assert visit.state in {State.QUEUED, State.UNKNOWN}
    assert stage.database.rows.jobs != []
    await settle_all(stage)

    assert states(stage) == [State.CONFIRMED, State.CONFIRMED]
    assert len(stage.calcom.live) == 2
    assert attempts(stage) == {"queued none": 1}
    assert letters(stage) == ["confirmed"]


async def test_a_segment_that_is_lost_later_takes_the_visit_with_it_and_the_customer_hears_once():
    stage = a_salon("made", "away", "refused")
    await book(stage)

    await settle_all(stage)

    assert states(stage) == [State.CANCELLED, State.FAILED]
    assert stage.calcom.live == []
    assert attempts(stage) == {"queued none": 1, "failed slot_lost": 1}
    assert letters(stage) == ["not-possible"]


async def test_a_caller_does_not_wait_for_more_than_one_slow_answer():
    stage = a_salon()
    await book(stage, replace(A_COLOUR, start="2026-12-02T14:00"))  # another day's visit, to copy its segments from
    made = len(stage.calcom.created)
    visit = [
        replace(each, id=an_id(f"slow {each.key}"), key=an_id(f"{each.key}"), visit_id=an_id("slow"), state=state)
        for each, state in zip(rows(stage), (State.CREATING, State.QUEUED), strict=True)
    ]
    visit = [replace(each, start=each.start + timedelta(days=1), end=each.end + timedelta(days=1)) for each in visit]
    async with stage.database.begin(SALON.id) as stores:
        assert await stores.appointments.hold(*visit)
    seconds = iter((0.0, PATIENCE_SECONDS + 0.1, 5.0, 5.0))

    answer = await stage.core.orchestrator.making.make(SALON, visit, StepLog(lambda: next(seconds)))

    assert (answer.appointment.state, answer.waits_for) == (State.QUEUED, "calcom_unavailable")
    assert len(stage.calcom.created) == made + 1
    assert stage.database.rows.jobs == [(SALON.id, visit[1].id)]


@pytest.mark.parametrize("which", [0, 1])
async def test_a_visit_is_cancelled_whole_by_the_id_of_any_of_its_segments(which):
    stage = a_salon()
    await book(stage)

    cancelled = await stage.core.cancellation.cancel(SALON, rows(stage)[which].id, reason="ill")
    await stage.core.bus.drain()

    assert cancelled.state is State.CANCELLED
    assert stage.calcom.live == []
    assert letters(stage) == ["confirmed", "called-off"]


async def test_a_segment_that_the_salon_cancels_takes_the_visit_with_it():
    stage = a_salon()
    await book(stage)

    await stage.core.cancellation.happened(rows(stage)[1])
    await settle_all(stage)

    assert states(stage) == [State.CANCELLED, State.CANCELLED]
    assert len(stage.calcom.cancelled) == 1
    assert letters(stage) == ["confirmed", "called-off"]


class ToldFirst(ScriptedCalcom):
    """Tells us of every booking before it answers, as Cal.com does."""

    stage: Stage

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        made = await super().create(tenant, appointment)
        await tell(self.stage, news_of(appointment, "BOOKING_CREATED", made.uid))
        return made


def news_of(segment: Appointment, trigger: str, uid: str) -> bytes:
    length = segment.offering.minutes
    return told(trigger, uid, start=segment.start, minutes=length, metadata=marked(segment))


async def test_webhooks_before_the_answers_are_one_attempt_and_one_letter_all_the_same():
    calcom = ToldFirst()
    stage = calcom.stage = a_stage(calcom=calcom)

    visit = await book(stage)
    await stage.core.bus.drain()

    assert visit.state is State.CONFIRMED
    assert states(stage) == [State.CONFIRMED, State.CONFIRMED]
    assert attempts(stage) == {"confirmed none": 1}
    assert letters(stage) == ["confirmed"]


async def test_a_segment_cancelled_at_cal_com_cancels_the_visit_and_is_told_once():
    stage = a_salon()
    await book(stage)
    second = rows(stage)[1]

    await tell(stage, news_of(second, "BOOKING_CANCELLED", "uid-2"))
    await settle_all(stage)

    assert states(stage) == [State.CANCELLED, State.CANCELLED]
    assert letters(stage) == ["confirmed", "called-off"]


LINES = ["made", "made", "made", "refused", "rejected", "away", "lost", "made unseen", "killed", "made, then killed"]
# Work and pause, in minutes.
PATTERNS = st.lists(st.tuples(st.integers(5, 60), st.integers(5, 60)), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(PATTERNS, st.lists(st.sampled_from(LINES), max_size=8))
async def test_whatever_happens_a_visit_ends_whole_or_not_at_all_and_is_told_at_most_once(pattern, script):
    stage = a_salon(*script)
    stage.database.rows.offerings = segments(pattern)

    told = "killed"
    with suppress(Killed):
        try:
            told = (await book(stage)).state.value
        except BookingError as error:
            told = error.reason
    await _survive(stage)

    final = set(states(stage))
    live = {each.made_for for each in stage.calcom.live}
    if State.CONFIRMED in final:
        assert final == {State.CONFIRMED}
        assert live == {each.id for each in rows(stage)}
        assert letters(stage) == ["confirmed"]
    else:
        assert final.isdisjoint(OCCUPYING)
        assert live == set()
        # Who was promised that we will confirm hears that it is off; who was refused has heard it.
        assert len(letters(stage)) == (told in {"queued", "unknown", "creating", "killed"})
    assert told != "confirmed" or final == {State.CONFIRMED}


async def _survive(stage: Stage) -> None:
    """Settle; whoever is killed doing it begins again."""
    for _ in range(10):
        try:
            await settle_all(stage)
        except Killed:
            stage.clock.advance(120)
        else:
            return


def segments(pattern: list[tuple[int, int]]) -> list[Offering]:
    template, offset, made = a_colour("anna")[0], 0, []
    for number, (work, pause) in enumerate(pattern):
        made.append(replace(template, segment=number, offset_minutes=offset, minutes=work, service_id=COLOUR.id))
        offset += work + pause
    return made
