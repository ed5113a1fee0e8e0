"""The daemon's calendar, with scripted children and a clock that never waits."""

import asyncio
import heapq
from collections import defaultdict
from random import Random

import pytest
import structlog
from prometheus_client import CollectorRegistry

from loadtests.daemon.children import ChildLost
from loadtests.daemon.instruments import Instruments
from loadtests.daemon.journal import Journal
from loadtests.daemon.schedule import BackOff, ProbeDaemon
from loadtests.daemon.scoreboard import Judged, Scoreboard
from loadtests.daemon.state import StateFile
from loadtests.samples import BadLine, Booked, Cancelled, Mode, Outcome, Overloaded, Probe, Summary
from loadtests.verdict import Finding
from sla import catalogue
from tests.loadtests.factories import LIMITS, failed, promise, sample
from tests.loadtests.fake_core import FakeClock

HOUR = 3600.0
END = Summary({"verdict": "pass", "exit_code": 0})
ABORTED = Summary({"verdict": "inconclusive", "exit_code": 16})


class ScriptedChildren:
    """Plays one script after another for each mode; the last one goes on for ever."""

    def __init__(self) -> None:
        self.scripts: dict[Mode, list[list[object]]] = defaultdict(list)
        self.started: list[tuple[str, ...]] = []
        self.running: set[Mode] = set()

    def __call__(self, *arguments, quiet_seconds):
        mode = Mode(arguments[0])
        self.started.append(arguments)
        script = self.scripts[mode].pop(0) if self.scripts[mode] else None
        return self._play(mode, script)

    async def _play(self, mode, script):
        self.running.add(mode)
        try:
            for step in script or ():
                if isinstance(step, Exception):
                    raise step
                yield step
                await asyncio.sleep(0)
            if script is None:
                await asyncio.Event().wait()
        finally:
            self.running.discard(mode)

    def count(self, mode):
        return sum(arguments[0] == mode for arguments in self.started)


class FakeCoreClient:
    """Ready after so many questions; cancels unless told to refuse."""

    def __init__(self) -> None:
        self.not_ready = 0
        self.refuses = False
        self.cancelled: list[str] = []

    async def is_ready(self) -> bool:
        self.not_ready -= 1
        return self.not_ready < 0

    async def cancel(self, appointment_id: str) -> bool:
        if not self.refuses:
            self.cancelled.append(appointment_id)
        return not self.refuses


class World:
    """A daemon among fakes. Sleeping moves the clock and lets others run."""

    def __init__(self, tmp_path, promised=None, **options) -> None:
        self.children = ScriptedChildren()
        self.core = FakeCoreClient()
        self.clock = FakeClock(1000.0)
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self.told: list[Judged] = []
        self.first_verdict = asyncio.Event()
        self.registry = CollectorRegistry()
        self.board = Scoreboard(Instruments(self.registry), LIMITS, window_seconds=3600, clock=self.clock)
        file = StateFile.in_directory(tmp_path, "journal.json", complain=print)
        self.journal = Journal.load(file)
        self.daemon = ProbeDaemon(
            launch=self.children,
            core=self.core,
            scoreboard=self.board,
            journal=self.journal,
            promise=promised or promise(),
            ready_timeout_seconds=5.0,
            on_verdict=self._hear,
            log=structlog.wrap_logger(structlog.testing.CapturingLogger(), processors=[]),
            chance=Random(1),
            clock=self.clock,
            sleep=self.sleep,
            **options,
        )

    def _hear(self, judged: Judged) -> None:
        self.told.append(judged)
        self.first_verdict.set()

    async def sleep(self, pause: float) -> None:
        self.slept.append(pause)
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self.clock.now + pause, len(self.slept), woken))
        await woken.wait()

    async def run(self, seconds: float = 0.0) -> None:
        """Let so much time pass for the daemon, then end it. Whoever sleeps is woken when their time has come."""
        end = self.clock.now + seconds
        task = asyncio.create_task(self.daemon.run())
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.clock.now, _, woken = heapq.heappop(self._sleepers)
            woken.set()
            await self._settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def _settle(self) -> None:
        """Let everybody do all they can do without time passing."""
        for _ in range(250):
            await asyncio.sleep(0)

    def value(self, metric, **labels):
        return self.registry.get_sample_value(metric.name, labels)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def _whole_run():
    return [*[sample(at=1000.0)] * 66, END]


async def test_a_verdict_run_and_the_watch_start_at_once_side_by_side(world):
    await world.run()

    assert {arguments[0] for arguments in world.children.started} == {Mode.WATCH, Mode.VERDICT}


async def test_no_child_is_left_when_the_daemon_ends(world):
    await world.run()

    assert world.children.running == set()


async def test_the_core_is_given_time_to_come_up_and_asked_more_and_more_rarely(world):
    world.core.not_ready = 4
    world.children.scripts[Mode.VERDICT] = [_whole_run()]

    await world.run(seconds=2)

    assert world.slept[:4] == [0.1, 0.2, 0.4, 0.8]
    assert world.children.count(Mode.WATCH) == 1


async def test_a_core_that_does_not_come_up_is_probed_all_the_same(world):
    world.core.not_ready = 1_000_000

    await world.run(seconds=4.9)
    assert world.children.count(Mode.WATCH) == 0

    await world.run(seconds=7)
    assert world.children.count(Mode.WATCH) == 1


async def test_the_first_verdict_comes_with_the_end_of_the_first_run(world):
    world.children.scripts[Mode.VERDICT] = [_whole_run()]

    await world.run()

    assert world.told[0].verdict.finding is Finding.PASS
    assert world.value(catalogue.PROBE_RUNS, verdict="pass") == 1


async def test_verdict_runs_come_once_a_period_with_a_little_jitter_and_never_overlap(world):
    world.children.scripts[Mode.VERDICT] = [_whole_run(), _whole_run()]

    await world.run(seconds=2.2 * HOUR)

    periods = [pause for pause in world.slept if pause >= 3600]
    assert world.children.count(Mode.VERDICT) == 3
    assert len(set(periods)) == 2
    assert all(3600 <= pause <= 3600 * 1.05 for pause in periods)


async def test_a_verdict_run_that_dies_is_an_inconclusive_verdict(world):
    world.children.scripts[Mode.VERDICT] = [[sample(at=1000.0)]]

    await world.run()

    assert world.told[0].verdict.finding is Finding.INCONCLUSIVE
    assert "the run ended before its schedule did" in world.told[0].verdict.reasons


async def test_a_verdict_run_that_somebody_aborts_is_unfinished(world):
    world.children.scripts[Mode.VERDICT] = [[*[sample(at=1000.0)] * 66, ABORTED]]

    await world.run()

    assert world.told[0].verdict.finding is Finding.INCONCLUSIVE


async def test_a_verdict_run_that_hangs_is_killed_after_its_time(tmp_path):
    world = World(tmp_path, promise(journeys=1, per_second=1000.0, full_timeout="1ms"), start_seconds=0.0)
    task = asyncio.create_task(world.daemon.run())

    # It takes 4 ms of real time, because the limit on a child is real.
    async with asyncio.timeout(5):
        await world.first_verdict.wait()

    assert world.told[0].verdict.finding is Finding.INCONCLUSIVE
    assert world.children.running == {Mode.WATCH}
    task.cancel()


async def test_a_watched_journey_leads_to_a_new_verdict(world):
    world.children.scripts[Mode.VERDICT] = [_whole_run()]
    world.children.scripts[Mode.WATCH] = [[*[Overloaded(0.0)] * 100, failed(mode=Mode.WATCH, at=1000.0), *[END] * 1]]

    await world.run()

    assert [judged.verdict.samples for judged in world.told] == [66, 67]
    assert world.value(catalogue.PROBE_CONSECUTIVE_FAILURES, probe="full") == 1


@pytest.mark.parametrize(
    "end",
    [[], [ChildLost("silent")], [BadLine("gossip")], [ABORTED]],
    ids=["died", "silent", "gossip", "aborted by somebody"],
)
async def test_a_watch_that_dies_counts_as_a_failed_check_and_is_started_again(world, end):
    world.children.scripts[Mode.WATCH] = [end, end]

    await world.run(seconds=3)

    assert world.children.count(Mode.WATCH) == 3
    assert world.value(catalogue.PROBE_CONSECUTIVE_FAILURES, probe="light") == 2
    assert [pause for pause in world.slept if pause in (1.0, 2.0)] == [1.0, 2.0]


async def test_a_watch_that_ends_as_planned_is_followed_by_the_next_without_a_pause(world):
    world.children.scripts[Mode.WATCH] = [[END], [END]]

    await world.run(seconds=30)

    assert world.children.count(Mode.WATCH) == 3
    assert world.value(catalogue.PROBE_CONSECUTIVE_FAILURES, probe="light") == 0
    assert world.children.started[0] == (Mode.WATCH, "--seconds", "3600")


async def test_a_good_light_check_is_published_while_the_watch_goes_on(world):
    world.children.scripts[Mode.WATCH] = [[sample(probe=Probe.LIGHT, mode=Mode.WATCH, appointment_id="")] * 3]

    await world.run()

    assert world.value(catalogue.PROBE_CHECKS, probe="light", result="ok") == 3


async def test_a_booking_is_in_the_journal_until_its_journey_has_cancelled_it(world):
    world.children.scripts[Mode.VERDICT] = [[Booked("a1"), Booked("a2"), sample(appointment_id="a1"), Cancelled("a2")]]

    await world.run(seconds=30)

    assert world.journal.leftovers == ()
    assert world.core.cancelled == []


async def test_what_a_dead_child_left_behind_is_cancelled_by_the_daemon(world):
    world.children.scripts[Mode.VERDICT] = [[Booked("a1"), ChildLost("killed")]]

    await world.run(seconds=30)

    assert world.core.cancelled == ["a1"]
    assert world.value(catalogue.PROBE_ORPHANS) == 0


async def test_what_a_journey_could_not_cancel_is_cancelled_by_the_daemon(world):
    left = sample(appointment_id="a1", cancelled=False, outcome=Outcome.OK, mode=Mode.WATCH)
    world.children.scripts[Mode.WATCH] = [[Booked("a1"), left, *[Overloaded(0.0)] * 50]]

    await world.run(seconds=30)

    assert world.core.cancelled == ["a1"]


async def test_leftovers_of_the_last_daemon_are_swept_at_the_start(world):
    world.journal.left("a1")

    await world.run()

    assert world.core.cancelled == ["a1"]


async def test_bookings_that_cannot_be_cancelled_are_orphans_and_tried_again(world):
    world.core.refuses = True
    world.journal.left("a1")
    world.journal.left("a2")

    await world.run(seconds=60)

    assert world.value(catalogue.PROBE_ORPHANS) == 2
    assert world.slept.count(30.0) == 3


def test_pauses_double_up_to_the_longest_and_begin_anew():
    back_off = BackOff(1.0, 5.0)

    pauses = [back_off.pause_seconds() for _ in range(4)]
    back_off.reset()

    assert [*pauses, back_off.pause_seconds()] == [1, 2, 4, 5, 1]
