"""Trying again: how often, how long, and never twice into the same chair."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_core.domain.errors import (
    BookingError,
    CalcomCircuitOpen,
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    CalcomUnavailable,
    SlotTaken,
)
from booking_core.resilience.retry import BACKGROUND, IN_CALL, Retried, Retry, RetryPolicy
from tests.booking_core.resilience.reference import Ticker

BOOKED = "booked"


@dataclass
class Script:
    """Plays one answer a try, each after `seconds`, and writes down what happened when."""

    answers: list[str | Exception]
    found: list[str | Exception | None] = field(default_factory=list)
    seconds: float = 0.0
    ticker: Ticker = field(default_factory=Ticker)
    log: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    budgets: list[float] = field(default_factory=list)
    retried: list[Retried] = field(default_factory=list)

    async def attempt(self, budget_seconds: float) -> str:
        self.log.append("try")
        self.budgets.append(round(budget_seconds, 6))
        return str(self._play(self.answers))

    async def look_up(self, budget_seconds: float) -> str | None:
        self.log.append("look")
        found: str | None = self._play(self.found)
        return found

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.ticker.advance(seconds)

    async def run(self, policy: RetryPolicy = BACKGROUND, *, looking: bool = True) -> str:
        retry = Retry(policy, sleep=self.sleep, monotonic=self.ticker.seconds, retried=self.retried.append)
        return await retry.run(self.attempt, look_up=self.look_up if looking else None)

    def _play(self, answers: Any) -> Any:
        self.ticker.advance(self.seconds)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_try_that_succeeds_is_the_only_one():
    script = Script([BOOKED])

    assert await script.run() == BOOKED

    assert (script.log, script.waits) == (["try"], [])


async def test_in_the_background_it_waits_exactly_one_two_and_four_seconds():
    script = Script([CalcomUnavailable(), CalcomUnavailable(), CalcomUnavailable(), BOOKED])

    assert await script.run() == BOOKED

    assert script.waits == [1.0, 2.0, 4.0]


async def test_after_the_last_rung_the_last_error_stands():
    last = CalcomUnavailable("the fourth")
    script = Script([CalcomUnavailable(), CalcomUnavailable(), CalcomUnavailable(), last])

    with pytest.raises(CalcomUnavailable) as raised:
        await script.run()

    assert raised.value is last
    assert script.log == ["try"] * 4


async def test_in_a_call_there_is_one_short_retry():
    script = Script([CalcomUnavailable(), CalcomUnavailable()])

    with pytest.raises(CalcomUnavailable):
        await script.run(IN_CALL)

    assert script.waits == [0.25]


async def test_every_try_is_told_how_long_it_may_take():
    script = Script([CalcomUnavailable(), BOOKED], seconds=2.5)

    await script.run(IN_CALL)

    assert script.budgets == [8.0, 5.25]


@pytest.mark.parametrize(("seconds", "tries"), [(6.75, 2), (6.750001, 1)])
async def test_no_try_begins_that_could_not_end_in_time(seconds, tries):
    script = Script([CalcomUnavailable(), CalcomUnavailable()], seconds=seconds)

    with pytest.raises(CalcomUnavailable):
        await script.run(IN_CALL)

    assert len(script.log) == tries


@pytest.mark.parametrize("error", [SlotTaken(), CalcomRejected(), CalcomCircuitOpen(retry_after_seconds=1)])
async def test_refusals_wrong_set_ups_and_an_open_circuit_end_the_ladder_at_once(error):
    script = Script([error])

    with pytest.raises(type(error)) as raised:
        await script.run()

    assert raised.value is error
    assert script.waits == []


async def test_a_surprise_is_nobody_s_to_retry():
    with pytest.raises(KeyError):
        await Script([KeyError("uid")]).run()


async def test_cancellation_goes_through():
    async def attempt(_seconds):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Retry(BACKGROUND).run(attempt)


@pytest.mark.parametrize(("reset", "wait"), [(None, 1.0), (0.2, 1.0), (5.0, 5.0)])
async def test_a_rate_limit_waits_for_its_reset(reset, wait):
    script = Script([CalcomRateLimited(retry_after_seconds=reset), BOOKED])

    assert await script.run() == BOOKED

    assert script.waits == [wait]


@pytest.mark.parametrize(("policy", "reset"), [(IN_CALL, 0.6), (IN_CALL, 60), (BACKGROUND, 5.1), (BACKGROUND, 60)])
async def test_a_reset_that_is_not_near_is_not_waited_for(policy, reset):
    script = Script([CalcomRateLimited(retry_after_seconds=reset)])

    with pytest.raises(CalcomRateLimited) as raised:
        await script.run(policy)

    assert raised.value.retry_after_seconds == reset
    assert script.waits == []


async def test_a_lost_answer_is_looked_up_before_anything_is_sent_again():
    script = Script([CalcomOutcomeUnknown()], found=[BOOKED])

    assert await script.run() == BOOKED

    assert script.log == ["try", "look"]


async def test_what_was_not_found_is_sent_again_and_looked_up_before_every_further_try():
    script = Script([CalcomOutcomeUnknown(), CalcomUnavailable(), BOOKED], found=[None, None])

    assert await script.run() == BOOKED

    assert script.log == ["try", "look", "try", "look", "try"]


async def test_without_a_look_up_a_lost_answer_is_not_sent_again():
    for lost in (CalcomOutcomeUnknown(), TimeoutError()):
        script = Script([lost])

        with pytest.raises(CalcomOutcomeUnknown):
            await script.run(looking=False)

        assert script.log == ["try"]


async def test_a_slot_that_is_taken_after_a_lost_answer_may_be_taken_by_us():
    script = Script([CalcomOutcomeUnknown(), SlotTaken()], found=[None, BOOKED])

    assert await script.run() == BOOKED

    assert script.log == ["try", "look", "try", "look"]


@pytest.mark.parametrize("last", [SlotTaken(), CalcomUnavailable(), CalcomCircuitOpen(retry_after_seconds=9)])
async def test_what_was_once_in_doubt_is_never_called_failed_or_taken(last):
    script = Script([CalcomOutcomeUnknown(), last], found=[None, None])

    with pytest.raises(CalcomOutcomeUnknown) as raised:
        await script.run(IN_CALL)

    assert raised.value.__cause__ is last


async def test_a_look_up_that_fails_sends_nothing_and_leaves_the_doubt():
    script = Script([CalcomOutcomeUnknown()], found=[CalcomUnavailable()] * 4)

    with pytest.raises(CalcomOutcomeUnknown):
        await script.run()

    assert script.log == ["try", "look", "look", "look", "look"]


async def test_a_look_up_that_used_up_the_time_sends_nothing():
    script = Script([CalcomOutcomeUnknown()], found=[None], seconds=3.4)

    with pytest.raises(CalcomOutcomeUnknown):
        await script.run(IN_CALL)

    assert script.log == ["try", "look"]


async def test_each_retry_is_reported_with_its_cause():
    first, second = CalcomUnavailable(), CalcomRateLimited(retry_after_seconds=5)
    script = Script([first, second, BOOKED])

    await script.run()

    assert script.retried == [Retried(1, 1.0, first), Retried(2, 5.0, second)]


@dataclass
class MoodyCalcom:
    """Books or does not, answers or does not, and shows a booking late: whatever the draw says."""

    draw: st.DataObject
    ticker: Ticker = field(default_factory=Ticker)
    booked: bool = False
    in_doubt: bool = False

    async def create(self, budget_seconds: float) -> str:
        assert not self.in_doubt, "sent again without a look"
        assert budget_seconds >= 1
        self._spend(budget_seconds)
        mood = self.draw.draw(st.sampled_from(["ok", "lost", "lost before", "unreachable", "limited", "shut"]))
        if mood in ("unreachable", "limited", "shut"):
            raise self._not_executed(mood)
        if mood == "lost before":
            self.in_doubt = True
            raise CalcomOutcomeUnknown
        if self.booked:
            raise SlotTaken
        self.booked = True
        if mood == "lost":
            self.in_doubt = True
            raise TimeoutError
        return BOOKED

    async def find(self, budget_seconds: float) -> str | None:
        self._spend(budget_seconds)
        mood = self.draw.draw(st.sampled_from(["sees", "lags", "unreachable", "limited", "shut"]))
        if mood in ("unreachable", "limited", "shut"):
            raise self._not_executed(mood)
        self.in_doubt = False
        return BOOKED if self.booked and mood == "sees" else None

    async def sleep(self, seconds: float) -> None:
        self.ticker.advance(seconds)

    def _spend(self, budget_seconds: float) -> None:
        self.ticker.advance(self.draw.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])) * min(budget_seconds, 20.0))

    def _not_executed(self, mood: str) -> BookingError:
        match mood:
            case "limited":
                return CalcomRateLimited(retry_after_seconds=self.draw.draw(st.sampled_from([None, 3.0, 60.0])))
            case "shut":
                return CalcomCircuitOpen(retry_after_seconds=30)
        return CalcomUnavailable()


@settings(deadline=None)
@given(draw=st.data(), policy=st.sampled_from([IN_CALL, BACKGROUND]))
def test_whatever_happens_the_answer_is_true_in_time_and_booked_at_most_once(draw, policy):
    calcom = MoodyCalcom(draw)
    begun = calcom.ticker.seconds()
    retry = Retry(policy, sleep=calcom.sleep, monotonic=calcom.ticker.seconds)

    with asyncio.Runner() as runner:
        try:
            assert runner.run(retry.run(calcom.create, look_up=calcom.find)) == BOOKED
        except CalcomOutcomeUnknown:
            pass
        except BookingError:
            assert not calcom.booked
        else:
            assert calcom.booked

    assert calcom.ticker.seconds() - begun <= policy.deadline_seconds + 0.001
