"""The breaker store's contract, held by memory and by Redis alike; then what only Redis has to promise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest
import redis.asyncio
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from booking_core.adapters.redis import RedisLine
from booking_core.adapters.redis_breaker import RedisBreakerStore
from booking_core.resilience.breaker_store import (
    BreakerState,
    BreakerStore,
    Circuit,
    Denial,
    Order,
    Permit,
    Standing,
    StoreUnavailable,
)
from booking_core.resilience.failure_detector import Evidence
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from tests.booking_core.resilience.reference import StoreAgainstReference, Ticker

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
A_MICROSECOND = 0.000001


@dataclass
class Bench:
    """A store, its clock, and one circuit of the test's own."""

    store: BreakerStore
    ticker: Ticker
    circuit: Circuit

    async def permit(self) -> Permit:
        answer = await self.store.acquire(self.circuit)
        assert isinstance(answer, Permit), answer
        return answer

    async def denial(self) -> Denial:
        answer = await self.store.acquire(self.circuit)
        assert isinstance(answer, Denial), answer
        return answer

    async def report(self, permit: Permit, evidence: Evidence) -> BreakerState | None:
        return await self.store.record(self.circuit, permit, evidence)

    async def fail(self, times: int = 1) -> BreakerState | None:
        moved = None
        for _ in range(times):
            moved = await self.report(await self.permit(), Evidence.FAILURE)
        return moved

    async def trial(self) -> Permit:
        """Open the circuit, wait, and return the permit of its trial."""
        await self.fail(times=5)
        self.ticker.advance(30)
        return await self.permit()

    async def standing(self) -> Standing:
        return await self.store.standing(self.circuit)


def a_circuit() -> Circuit:
    return Circuit("calcom", scope=uuid4().hex)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    ticker = Ticker()
    if request.param == "memory":
        yield Bench(InMemoryBreakerStore(ticker.seconds), ticker, a_circuit())
        return
    line = RedisLine(request.getfixturevalue("redis_server").url())
    yield Bench(RedisBreakerStore(line, timeout_seconds=5, server_time=ticker.seconds), ticker, a_circuit())
    await line.close()


async def test_a_circuit_nobody_used_is_closed(bench):
    assert await bench.standing() == Standing()
    assert (await bench.permit()).is_trial is False


async def test_it_opens_on_exactly_the_fifth_failure(bench):
    assert await bench.fail(times=4) is None
    assert (await bench.standing()).failures == 4

    assert await bench.fail() is OPEN

    assert await bench.denial() == Denial(30.0)


@pytest.mark.parametrize(("age", "state"), [(59.999, OPEN), (60 - A_MICROSECOND, OPEN), (60.0, None), (60.001, None)])
async def test_a_failure_counts_for_less_than_sixty_seconds(bench, age, state):
    await bench.fail()
    bench.ticker.advance(age)

    assert await bench.fail(times=4) is state


async def test_the_window_slides_and_does_not_tumble(bench):
    moved = []
    for _ in range(12):
        moved.append(await bench.fail())
        bench.ticker.advance(15)

    assert moved == [None] * 12


@pytest.mark.parametrize("evidence", [Evidence.SUCCESS, Evidence.IGNORE])
async def test_only_failures_count_and_nothing_takes_them_back(bench, evidence):
    await bench.fail(times=4)
    for _ in range(10):
        assert await bench.report(await bench.permit(), evidence) is None

    assert await bench.fail() is OPEN


async def test_a_failure_reported_twice_counts_once(bench):
    permit = await bench.permit()

    for _ in range(10):
        await bench.report(permit, Evidence.FAILURE)

    bench.ticker.advance(30)
    await bench.report(permit, Evidence.FAILURE)
    assert (await bench.standing()).failures == 1
    bench.ticker.advance(30)
    assert (await bench.standing()).failures == 0  # repeating it made it no younger


async def test_it_lets_nobody_through_before_thirty_seconds_and_then_exactly_one(bench):
    await bench.fail(times=5)
    bench.ticker.advance(30 - A_MICROSECOND)
    assert (await bench.denial()).retry_after_seconds == pytest.approx(A_MICROSECOND)

    bench.ticker.advance(A_MICROSECOND)

    trial = await bench.permit()
    assert (trial.is_trial, trial.half_opened) == (True, True)
    assert await bench.denial() == Denial(10.0)


async def test_of_fifty_who_ask_at_once_one_becomes_the_trial(bench):
    await bench.fail(times=5)
    bench.ticker.advance(30)

    answers = await asyncio.gather(*(bench.store.acquire(bench.circuit) for _ in range(50)))

    assert sum(isinstance(answer, Permit) for answer in answers) == 1


async def test_a_trial_that_succeeds_closes_and_the_count_starts_anew(bench):
    assert await bench.report(await bench.trial(), Evidence.SUCCESS) is CLOSED

    assert await bench.standing() == Standing()
    assert await bench.fail(times=4) is None


async def test_a_trial_that_fails_opens_for_another_thirty_seconds(bench):
    trial = await bench.trial()
    bench.ticker.advance(8)

    assert await bench.report(trial, Evidence.FAILURE) is OPEN

    assert await bench.denial() == Denial(30.0)


async def test_a_trial_that_proved_nothing_makes_room_for_the_next_at_once(bench):
    assert await bench.report(await bench.trial(), Evidence.IGNORE) is None

    next_trial = await bench.permit()
    assert (next_trial.is_trial, next_trial.half_opened) == (True, False)


async def test_a_trial_that_never_reports_is_replaced_after_ten_seconds(bench):
    lost = await bench.trial()
    bench.ticker.advance(10 - A_MICROSECOND)
    await bench.denial()

    bench.ticker.advance(A_MICROSECOND)
    replacement = await bench.permit()

    assert (replacement.is_trial, replacement.half_opened) == (True, False)
    assert await bench.report(lost, Evidence.FAILURE) is None
    assert await bench.report(replacement, Evidence.SUCCESS) is CLOSED


async def test_a_trial_that_reports_late_counts_unless_it_was_replaced(bench):
    trial = await bench.trial()
    bench.ticker.advance(25)

    assert await bench.report(trial, Evidence.SUCCESS) is CLOSED


async def test_a_trial_reports_once(bench):
    trial = await bench.trial()
    await bench.report(trial, Evidence.SUCCESS)

    assert await bench.report(trial, Evidence.FAILURE) is None
    assert await bench.standing() == Standing()


@pytest.mark.parametrize("evidence", Evidence)
async def test_calls_from_before_the_opening_change_nothing_whenever_they_report(bench, evidence):
    early = [await bench.permit() for _ in range(15)]
    await bench.fail(times=5)

    moved = [await bench.report(permit, evidence) for permit in early[:5]]
    assert (await bench.standing()).state is OPEN

    bench.ticker.advance(30)
    trial = await bench.permit()
    moved += [await bench.report(permit, evidence) for permit in early[5:10]]
    assert (await bench.standing()).state is HALF_OPEN

    await bench.report(trial, Evidence.SUCCESS)
    moved += [await bench.report(permit, evidence) for permit in early[10:]]
    assert await bench.standing() == Standing()
    assert moved == [None] * 15


async def test_the_operator_sees_how_long_the_outage_lasts_beyond_the_newest_opening(bench):
    await bench.fail(times=5)
    bench.ticker.advance(30)
    await bench.report(await bench.permit(), Evidence.FAILURE)
    bench.ticker.advance(12)

    assert await bench.standing() == Standing(
        OPEN, failures=5, opened_seconds_ago=12.0, left_closed_seconds_ago=42.0, retry_after_seconds=18.0
    )


async def test_the_operator_sees_that_a_trial_is_due(bench):
    await bench.fail(times=5)
    bench.ticker.advance(31)

    standing = await bench.standing()

    assert (standing.state, standing.retry_after_seconds) == (HALF_OPEN, 0.0)


async def test_forced_open_lets_nobody_through_until_it_is_reset(bench):
    assert await bench.store.force(bench.circuit, Order.OPEN) is OPEN
    bench.ticker.advance(100_000)

    assert await bench.denial() == Denial(30.0)
    assert (await bench.standing()).is_forced

    assert await bench.store.force(bench.circuit, Order.RESET) is CLOSED
    assert await bench.standing() == Standing()
    await bench.permit()


async def test_forced_closed_lets_everybody_through_whatever_happens(bench):
    await bench.fail(times=5)
    assert await bench.store.force(bench.circuit, Order.CLOSE) is CLOSED

    assert await bench.fail(times=20) is None
    assert await bench.standing() == Standing(is_forced=True)


async def test_an_order_makes_running_calls_and_trials_irrelevant(bench):
    early = await bench.permit()
    trial = await bench.trial()
    await bench.store.force(bench.circuit, Order.OPEN)

    assert await bench.report(early, Evidence.FAILURE) is None
    assert await bench.report(trial, Evidence.SUCCESS) is None

    await bench.store.force(bench.circuit, Order.RESET)
    assert await bench.report(trial, Evidence.FAILURE) is None
    assert await bench.standing() == Standing()


async def test_of_two_changes_in_one_moment_each_begins_an_epoch(bench):
    await bench.report(await bench.trial(), Evidence.SUCCESS)
    early = [await bench.permit() for _ in range(5)]
    await bench.store.force(bench.circuit, Order.RESET)

    assert [await bench.report(permit, Evidence.FAILURE) for permit in early] == [None] * 5


async def test_an_order_that_changes_no_state_is_no_transition(bench):
    assert await bench.store.force(bench.circuit, Order.CLOSE) is None
    assert await bench.store.force(bench.circuit, Order.RESET) is None


async def test_circuits_of_two_scopes_or_dependencies_do_not_touch(bench):
    await bench.fail(times=5)

    for other in (replace(bench.circuit, scope=uuid4().hex), replace(bench.circuit, dependency="retell")):
        assert isinstance(await bench.store.acquire(other), Permit)


# What only Redis has to promise.


@pytest.fixture
async def stores(redis_line) -> list[RedisBreakerStore]:
    """Five workers on the server's own clock."""
    return [RedisBreakerStore(redis_line(), timeout_seconds=5) for _ in range(5)]


@pytest.fixture
async def server(redis_server) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(redis_server.url(), decode_responses=True) as client:
        yield client


async def fail(store: BreakerStore, circuit: Circuit) -> BreakerState | None:
    permit = await store.acquire(circuit)
    assert isinstance(permit, Permit)
    return await store.record(circuit, permit, Evidence.FAILURE)


@pytest.mark.integration
async def test_the_whole_fleet_opens_on_five_failures_and_sends_one_trial(stores):
    circuit = replace(a_circuit(), open_seconds=0.2)

    moved = [await fail(store, circuit) for store in stores]
    refused = [await store.acquire(circuit) for store in stores]
    await asyncio.sleep(0.25)
    answers = await asyncio.gather(*(store.acquire(circuit) for store in stores * 10))

    assert moved == [None] * 4 + [OPEN]
    assert all(isinstance(answer, Denial) for answer in refused)
    assert sum(isinstance(answer, Permit) for answer in answers) == 1


@pytest.mark.integration
async def test_times_are_the_server_s_so_no_worker_s_clock_matters(stores, server):
    circuit = a_circuit()
    before = await server.time()
    for store in stores:
        await fail(store, circuit)
    after = await server.time()

    opened_at = int(await server.hget(f"cb:{{{circuit.scope}}}:calcom", "opened_at"))

    assert before[0] * 1_000_000 + before[1] <= opened_at <= after[0] * 1_000_000 + after[1]


@pytest.mark.integration
async def test_a_server_whose_clock_is_set_back_costs_an_early_trial_and_no_hour_of_outage(redis_line):
    ticker = Ticker()
    store = RedisBreakerStore(redis_line(), timeout_seconds=5, server_time=ticker.seconds)
    bench = Bench(store, ticker, a_circuit())
    await bench.fail(times=5)

    ticker.advance(-3600)
    trial = await bench.permit()
    await bench.denial()

    assert trial.is_trial
    await bench.report(trial, Evidence.SUCCESS)
    await bench.fail(times=4)
    ticker.advance(-3600)
    assert await bench.fail() is None  # failures dated in the future are forgotten


@pytest.mark.integration
async def test_keys_share_a_cluster_slot_and_vanish_when_idle_unless_an_operator_wants_them(stores, server):
    circuit = a_circuit()
    key = f"cb:{{{circuit.scope}}}:calcom"
    await fail(stores[0], circuit)

    assert await server.exists(key) == 0
    assert 59_000 < await server.pttl(f"{key}:failures") <= 60_000

    for store in stores[1:]:
        await fail(store, circuit)
    assert 3_600_000 < await server.pttl(key) <= 3_700_000

    await server.pexpire(key, 1000)
    assert isinstance(await stores[0].acquire(replace(circuit, open_seconds=0.000001)), Permit)
    assert 3_600_000 < await server.pttl(key) <= 3_700_000

    await stores[0].force(circuit, Order.OPEN)
    assert await server.pttl(key) == -1
    await stores[0].force(circuit, Order.RESET)
    assert 3_600_000 < await server.pttl(key) <= 3_700_000
    assert await server.exists(f"{key}:failures") == 0


@pytest.mark.integration
async def test_a_server_that_forgot_the_scripts_or_everything_is_taught_again(stores, server):
    circuit = a_circuit()
    for store in stores[:4]:
        await fail(store, circuit)
    late = await stores[0].acquire(circuit)

    await server.script_flush()
    assert await fail(stores[4], circuit) is OPEN

    await server.delete(f"cb:{{{circuit.scope}}}:calcom", f"cb:{{{circuit.scope}}}:calcom:failures")
    assert await stores[0].standing(circuit) == Standing()
    assert await stores[0].record(circuit, late, Evidence.FAILURE) is None
    assert isinstance(await stores[0].acquire(circuit), Permit)


@pytest.mark.integration
async def test_what_was_permitted_before_the_server_forgot_does_not_count_after(redis_line, server):
    ticker = Ticker()
    store = RedisBreakerStore(redis_line(), timeout_seconds=5, server_time=ticker.seconds)
    bench = Bench(store, ticker, a_circuit())
    await bench.report(await bench.trial(), Evidence.SUCCESS)
    early = [await bench.permit() for _ in range(5)]

    await server.delete(f"cb:{{{bench.circuit.scope}}}:calcom")
    await bench.report(await bench.trial(), Evidence.SUCCESS)

    assert [await bench.report(permit, Evidence.FAILURE) for permit in early] == [None] * 5


@pytest.mark.integration
async def test_a_server_that_hangs_is_given_up_after_a_tenth_of_a_second_and_mixes_up_no_answers(redis_line, server):
    store = RedisBreakerStore(redis_line())
    circuit = a_circuit()
    await store.standing(circuit)
    await server.client_pause(400, all=True)

    loop = asyncio.get_running_loop()
    begun = loop.time()
    with pytest.raises(StoreUnavailable):
        await store.acquire(circuit)
    waited = loop.time() - begun

    assert 0.09 <= waited < 0.3
    await asyncio.sleep(0.5)
    assert await store.standing(circuit) == Standing()


@pytest.mark.integration
async def test_a_server_that_is_not_there_or_cannot_answer_is_unavailable(server_room, redis_line, server):
    absent = RedisBreakerStore(RedisLine(f"unix://{server_room}/nobody.sock"))
    with pytest.raises(StoreUnavailable, match="calcom"):
        await absent.acquire(a_circuit())

    circuit = a_circuit()
    await server.set(f"cb:{{{circuit.scope}}}:calcom", "not a hash")
    confused = RedisBreakerStore(redis_line(), timeout_seconds=5)
    for question in (confused.acquire(circuit), confused.standing(circuit), confused.force(circuit, Order.OPEN)):
        with pytest.raises(StoreUnavailable):
            await question


@pytest.mark.integration
def test_redis_agrees_with_the_reference(redis_server):
    class RedisAgainstReference(StoreAgainstReference):
        def make(self):
            self.line = RedisLine(redis_server.url())
            return RedisBreakerStore(self.line, timeout_seconds=5, server_time=self.ticker.seconds), a_circuit()

        def teardown(self):
            self.runner.run(self.line.close())
            super().teardown()

    run_state_machine_as_test(
        RedisAgainstReference,
        settings=settings(
            max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
