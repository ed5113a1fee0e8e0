"""Everything that can happen to an appointment, in any order; then the faults end, and what was told is true."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from booking_core.domain import rules
from booking_core.domain.errors import BookingError, CalcomOutcomeUnknown, MoveRefused, SlotTaken
from booking_core.domain.letters import LetterKind
from booking_core.domain.models import OCCUPYING, UNSETTLED, Appointment, CustomerWish, State
from booking_core.services import absence
from tests.booking_core.moody_world import MOODS, Killed, Moody, mortal_stage
from tests.factories import HAIRCUT, SALON, a_request, an_origin

CALLERS = [
    CustomerWish(f"Caller {letter}", f"+493090182{digit}", f"{letter}@example.org")
    for digit, letter in enumerate("abc")
]
TIMES = ["2026-12-02T10:00", "2026-12-02T10:15", "2026-12-02T11:00"]
ANY_MOOD = st.sampled_from(["well", "away"]) | st.sampled_from(MOODS)
NUMBERS = st.integers(0, 20)
ABANDONED = timedelta(seconds=90)
ROUNDS_UNTIL_PEACE = 10


@dataclass
class Told:
    """What callers have heard."""

    promised: dict[UUID, str] = field(default_factory=dict)  # by appointment: the strongest word
    denied: list[tuple[UUID, datetime]] = field(default_factory=list)  # the key of the wish, and when
    kept_back: list[tuple[UUID, str, datetime]] = field(default_factory=list)  # lineages, not moved where, and when
    ended: set[UUID] = field(default_factory=set)  # lineages called cancelled
    noted: set[UUID] = field(default_factory=set)  # lineages whose cancellation was asked for


class Saga(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        # Listeners die with their process; nobody mourns them in the log.
        self.loop.set_exception_handler(lambda *_: None)
        self.stage = mortal_stage()
        self.told = Told()
        self.asked: list[tuple[CustomerWish, str, str | None]] = []

    @property
    def rows(self) -> list[Appointment]:
        return list(self.stage.database.rows.appointments.values())

    @property
    def calcom(self) -> Moody:
        assert isinstance(self.stage.calcom, Moody)
        return self.stage.calcom

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return what it returns, the error it raises, or None when its process was killed."""
        try:
            return self.loop.run_until_complete(work)
        except BookingError as error:
            return error
        except Killed:
            self.bury()
            return None
        finally:
            self.stage.world.database.dies_after = None

    def bury(self) -> None:
        """With a process goes all it had under way."""
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.wait(tasks) if tasks else asyncio.sleep(0))

    @rule(commits=st.integers(1, 4))
    def let_the_next_process_die_after_a_commit(self, commits):
        self.stage.world.database.dies_after = commits

    @rule(seconds=st.sampled_from([1, 31, 61, 3600]))
    def advance(self, seconds):
        self.stage.clock.advance(seconds)

    @initialize()
    def begin_with_a_booking(self):
        self.ask_for(CALLERS[0], TIMES[0], None)

    @rule(
        caller=st.sampled_from(CALLERS),
        start=st.sampled_from(TIMES),
        staff=st.sampled_from([None, "anna"]),
        mood=ANY_MOOD,
    )
    def book(self, caller, start, staff, mood):
        self.calcom.mood = mood
        self.ask_for(caller, start, staff)

    @rule(number=NUMBERS, mood=ANY_MOOD)
    def say_it_again(self, number, mood):
        self.calcom.mood = mood
        self.ask_for(*self.asked[number % len(self.asked)])

    def ask_for(self, caller: CustomerWish, start: str, staff: str | None) -> None:
        self.asked.append((caller, start, staff))
        wish = a_request(wish=caller, start=start, staff=staff)
        answer = self.run(self.stage.core.orchestrator.book(SALON, wish, an_origin()))
        if isinstance(answer, Appointment):
            self.promise(answer)
        elif isinstance(answer, BookingError) and not isinstance(answer, CalcomOutcomeUnknown):
            key = rules.wish_key(SALON.id, caller.phone, HAIRCUT.id, staff, rules.instant(start, SALON.time_zone))
            self.told.denied.append((key, self.stage.clock.now()))

    @precondition(lambda self: self.told.promised)
    @rule(number=NUMBERS, start=st.sampled_from(TIMES), mood=ANY_MOOD)
    def move(self, number, start, mood):
        self.calcom.mood = mood
        which = self.one_promised(number)
        answer = self.run(self.stage.core.rescheduling.move(SALON, which, start, an_origin()))
        if isinstance(answer, Appointment):
            self.promise(answer)
        elif isinstance(answer, SlotTaken | MoveRefused):
            lineage = self.stage.database.rows.appointments[which].lineage
            self.told.kept_back.append((lineage, start, self.stage.clock.now()))

    @precondition(lambda self: self.told.promised)
    @rule(number=NUMBERS, mood=ANY_MOOD)
    def cancel(self, number, mood):
        self.calcom.mood = mood
        which = self.one_promised(number)
        lineage = self.stage.database.rows.appointments[which].lineage
        self.told.noted.add(lineage)
        answer = self.run(self.stage.core.cancellation.cancel(SALON, which, reason="changed my mind"))
        if isinstance(answer, Appointment) and answer.state is not State.CANCELLING:
            self.told.ended.add(lineage)

    @precondition(lambda self: self.stage.database.rows.jobs)
    @rule(mood=st.sampled_from(["well", "refuses"]) | st.sampled_from(MOODS))
    def run_the_jobs(self, mood):
        self.calcom.mood = mood
        for job in list(self.stage.database.rows.jobs):
            self.work_on(job)

    @rule()
    def keep_house(self):
        self.run(self.resume_unsettled())
        self.work_off_undoings()
        self.run(self.stage.core.notification.deliver_due())

    @invariant()
    def nobody_shares_a_chair(self):
        living = [row for row in self.rows if row.state in OCCUPYING]
        for one, other in combinations(living, 2):
            overlap = one.start < other.end and other.start < one.end
            assert not (overlap and one.offering.staff_id == other.offering.staff_id and one.lineage != other.lineage)

    @invariant()
    def nothing_lives_twice_at_cal_com(self):
        times = Counter(entry.made_for for entry in self.calcom.live)
        assert not [each for each, number in times.items() if number > 1]

    def one_promised(self, number: int) -> UUID:
        # By number, for ids are new in every run.
        return list(self.told.promised)[number % len(self.told.promised)]

    def promise(self, answer: Appointment) -> None:
        word = "confirmed" if answer.state is State.CONFIRMED else "queued"
        if self.told.promised.get(answer.id) != "confirmed":
            self.told.promised[answer.id] = word

    def work_on(self, job: tuple[UUID, UUID]) -> None:
        jobs = self.stage.database.rows.jobs
        if job in jobs:
            jobs.remove(job)
        seconds = self.run(self.stage.core.settlement.settle(*job, tries=0))
        if isinstance(seconds, float) and job not in self.stage.database.rows.jobs:
            self.stage.database.rows.jobs.append(job)

    def work_off_undoings(self) -> None:
        undoings, self.stage.database.rows.undoings = self.stage.database.rows.undoings, []
        for undoing in undoings:
            if self.run(self.undo(*undoing)) is not True:
                self.stage.database.rows.undoings.append(undoing)

    async def undo(self, tenant_id: UUID, uid: str, reason: str) -> bool:
        await self.stage.core.cancellation.undo(tenant_id, uid, reason=reason)
        return True

    async def resume_unsettled(self) -> None:
        async with self.stage.database.begin(SALON.id) as stores:
            await stores.appointments.give_up_creating(self.stage.clock.now() - ABANDONED)
            for tenant_id, appointment_id in await stores.appointments.unsettled(at_most=100):
                await stores.queue.settle(tenant_id, appointment_id, after_seconds=0)

    def teardown(self) -> None:
        for _ in range(ROUNDS_UNTIL_PEACE):
            self.stage.clock.advance(61)
            self.run_the_jobs(mood="well")
            self.keep_house()
        # What still runs behind the answers would sleep in real time; every letter has had its rounds.
        self.bury()
        self.loop.close()
        self.everything_is_settled()
        self.every_promise_was_kept_or_taken_back()
        self.no_denial_was_a_lie()

    def everything_is_settled(self) -> None:
        assert [row for row in self.rows if row.state in UNSETTLED] == []
        confirmed = {row.calcom_uid: row.start for row in self.rows if row.state is State.CONFIRMED}
        assert {entry.booking.uid: entry.start for entry in self.calcom.live} == confirmed

    def every_promise_was_kept_or_taken_back(self) -> None:
        living = {row.lineage for row in self.rows if row.state is State.CONFIRMED}
        assert not living & self.told.ended
        for appointment_id, word in self.told.promised.items():
            row = self.stage.database.rows.appointments[appointment_id]
            # What was moved lives on in its lineage.
            is_kept = row.state in {State.CONFIRMED, State.MOVED} and row.lineage in living
            is_called_off = row.lineage in self.told.noted and row.state not in OCCUPYING
            is_taken_back = word == "queued" and row.state is State.FAILED and self.has_heard_no(row)
            assert is_kept or is_called_off or is_taken_back, row

    def has_heard_no(self, row: Appointment) -> bool:
        former = self.stage.database.rows.appointments[row.former.id] if row.former else None
        if former and former.state is State.MOVED:
            return True  # moved to yet another time meanwhile, and told of that
        kind = LetterKind.NOT_MOVED if former else LetterKind.NOT_POSSIBLE
        return any(letter.message_id.startswith(f"<{row.id}.{kind}.") for letter in self.stage.mailer.letters)

    def no_denial_was_a_lie(self) -> None:
        living = [row for row in self.rows if row.state is State.CONFIRMED and row.id not in self.told.promised]
        for key, at in self.told.denied:
            assert not [row for row in living if row.key == key and row.asked_at <= at]
        for lineage, start, at in self.told.kept_back:
            when = rules.instant(start, SALON.time_zone)
            assert not [row for row in living if (row.lineage, row.start) == (lineage, when) and row.asked_at <= at]


ONCE_FOUND = settings(
    max_examples=80, stateful_step_count=30, deadline=None, phases=[Phase.generate], report_multiple_bugs=False
)
TestSaga = Saga.TestCase
TestSaga.settings = ONCE_FOUND


def test_believing_one_look_is_found_out(monkeypatch):
    """What reads do not show yet is made a second time, or given up while it stands."""
    monkeypatch.setattr(absence, "is_believed", lambda _appointment, *, now: now is not None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Saga, settings=settings(ONCE_FOUND, max_examples=1000))  # ends at the first
