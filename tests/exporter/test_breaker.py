"""The sidecar sees the circuit as the core's own breaker does, on a real Redis."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import redis

from booking_core.adapters.redis import RedisLine
from booking_core.adapters.redis_breaker import RedisBreakerStore
from booking_core.domain.errors import CalcomUnavailable
from booking_core.resilience.breaker_store import Circuit, Order
from booking_core.resilience.circuit_breaker import CircuitBreaker
from exporter.collectors import Unreachable
from exporter.collectors.breaker import OPEN_SECONDS, BreakerCollector
from sla import catalogue as c

pytestmark = pytest.mark.integration

CALCOM = Circuit("calcom")
EVER = 7200


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Bench:
    """The core's breaker on a clock that may lag behind, and the sidecar's look at it."""

    url: str
    line: RedisLine
    behind_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.store = RedisBreakerStore(
            self.line, timeout_seconds=5, server_time=lambda: time.time() - self.behind_seconds
        )
        self.breaker = CircuitBreaker(CALCOM, self.store, clock=WallClock())

    async def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(CalcomUnavailable):
                async with self.breaker.guard():
                    raise CalcomUnavailable

    async def succeed(self) -> None:
        async with self.breaker.guard():
            pass

    def seen(self) -> tuple[str, float]:
        """Return the one state the sidecar publishes, and when it says that the circuit left `closed`."""
        families = {family.name: family for family in BreakerCollector(self.url, query_seconds=1).collect()}
        states = {sample.labels["state"]: sample.value for sample in families[c.BREAKER_NOW.name].samples}
        (opened,) = families[c.BREAKER_OPENED.name].samples
        assert set(states) == set(c.BREAKER_STATES)
        assert sorted(states.values()) == [0, 0, 1]
        assert opened.labels == {"name": "calcom"}
        return next(state for state, value in states.items() if value), opened.value


@pytest.fixture
async def bench(redis_server, redis_line):
    with redis.Redis.from_url(redis_server.url()) as plain:
        plain.delete("cb:{global}:calcom", "cb:{global}:calcom:failures")
        yield Bench(redis_server.url(), redis_line())
        plain.delete("cb:{global}:calcom", "cb:{global}:calcom:failures")


def test_the_sidecar_waits_as_long_as_the_core_does():
    assert CALCOM.open_seconds == OPEN_SECONDS


async def test_a_circuit_nobody_used_is_closed(bench):
    assert bench.seen() == ("closed", 0)


async def test_four_failures_are_not_yet_an_open_circuit(bench):
    await bench.fail(times=4)

    assert bench.seen() == ("closed", 0)


async def test_the_fifth_failure_opens_it_now(bench):
    await bench.fail(times=5)

    state, opened = bench.seen()
    assert state == "open"
    assert opened == pytest.approx(time.time(), abs=5)


async def test_an_open_circuit_whose_time_has_run_out_is_half_open_and_still_not_closed(bench):
    bench.behind_seconds = CALCOM.open_seconds + 1
    await bench.fail(times=5)

    state, opened = bench.seen()
    assert state == "half_open"
    assert opened == pytest.approx(time.time() - bench.behind_seconds, abs=5)


async def test_a_failed_trial_opens_it_anew_and_leaves_the_outage_its_beginning(bench):
    bench.behind_seconds = 2 * CALCOM.open_seconds
    await bench.fail(times=5)
    began = bench.seen()[1]
    bench.behind_seconds = 0
    await bench.fail()

    assert bench.seen() == ("open", began)


async def test_during_the_trial_it_is_half_open(bench):
    bench.behind_seconds = 2 * CALCOM.open_seconds
    await bench.fail(times=5)
    bench.behind_seconds = 0
    async with bench.breaker.guard():
        assert bench.seen()[0] == "half_open"


async def test_a_good_trial_ends_the_outage(bench):
    bench.behind_seconds = 2 * CALCOM.open_seconds
    await bench.fail(times=5)
    bench.behind_seconds = 0
    await bench.succeed()

    assert bench.seen() == ("closed", 0)


async def test_an_order_to_open_never_runs_out(bench):
    bench.behind_seconds = EVER
    await bench.store.force(CALCOM, Order.OPEN)

    assert bench.seen()[0] == "open"


async def _opened(bench: Bench) -> None:
    await bench.fail(times=5)


async def _set_back(bench: Bench) -> None:
    bench.behind_seconds = -60
    await bench.fail(times=5)


async def _ordered_closed(bench: Bench) -> None:
    await bench.fail(times=5)
    await bench.store.force(CALCOM, Order.CLOSE)


@pytest.mark.parametrize("arrange", [_opened, _set_back, _ordered_closed])
async def test_sidecar_and_core_never_disagree(bench, arrange: Callable[[Bench], object]):
    await arrange(bench)
    bench.behind_seconds = 0

    assert bench.seen()[0] == (await bench.breaker.standing()).state


def test_a_redis_that_is_gone_leaves_the_circuit_unknown(server_room):
    with pytest.raises(Unreachable) as away:
        list(BreakerCollector(f"unix://{server_room}/nowhere.sock", query_seconds=1).collect())

    assert away.value.known == []


def test_a_redis_that_hangs_is_asked_once_and_not_for_longer_than_said():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        collector = BreakerCollector(f"redis://127.0.0.1:{silent.getsockname()[1]}", query_seconds=0.2)
        begun = time.monotonic()

        with pytest.raises(Unreachable):
            list(collector.collect())

    assert time.monotonic() - begun < 1
