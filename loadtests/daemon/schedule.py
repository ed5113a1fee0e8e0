"""The daemon's calendar: one child always watching, a verdict run now and then, leftovers swept.

Apart from processes, sockets and metrics, which are handed in: this is only about when and what next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random
from typing import Any

from structlog.typing import FilteringBoundLogger

from loadtests.daemon.children import ChildLost, Launch
from loadtests.daemon.core import Core
from loadtests.daemon.journal import Journal
from loadtests.daemon.scoreboard import Judged, Scoreboard
from loadtests.samples import BadLine, Booked, Cancelled, Mode, Overloaded, Sample, Summary, Told
from loadtests.verdict import ExitCode
from sla.objectives import Promise

# A fresh child now and then keeps memory flat; between two of them one light check may come a second or two late.
WATCH_SECONDS = 3600
# How long a child may take from its start to its first arrival, on a busy machine.
START_SECONDS = 15.0
SWEEP_SECONDS = 30.0
READY_PAUSE_SECONDS = (0.1, 2.0)
RESTART_PAUSE_SECONDS = (1.0, 30.0)
# A child that lived so long was sound; its end starts no longer pauses.
SOUND_SECONDS = 60.0
# Verdict runs of several daemons, or after a common restart, drift apart by up to this share of the period.
JITTER_RATIO = 0.05


@dataclass(slots=True)
class BackOff:
    """Pauses that double from the first to the longest."""

    first_seconds: float
    longest_seconds: float
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._next = self.first_seconds

    def pause_seconds(self) -> float:
        pause, self._next = self._next, min(self._next * 2, self.longest_seconds)
        return pause


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDaemon:
    """Runs for ever, until cancelled; then its children are gone before it is."""

    launch: Launch
    core: Core
    scoreboard: Scoreboard
    journal: Journal
    promise: Promise
    ready_timeout_seconds: float
    on_verdict: Callable[[Judged], None]
    log: FilteringBoundLogger
    chance: Random
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    start_seconds: float = START_SECONDS

    async def run(self) -> None:
        await self._await_core()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_watching())
            tasks.create_task(self._keep_judging())
            tasks.create_task(self._keep_sweeping())

    async def _await_core(self) -> None:
        """Give a core that starts with us its time; one that does not come up is then a finding, not an excuse."""
        back_off = BackOff(*READY_PAUSE_SECONDS)
        give_up_at = self.clock() + self.ready_timeout_seconds
        while not await self.core.is_ready():
            if self.clock() >= give_up_at:
                self.log.warning("core_not_ready", waited_seconds=self.ready_timeout_seconds)
                return
            await self.sleep(back_off.pause_seconds())
        self.log.info("core_ready")

    async def _keep_watching(self) -> None:
        back_off = BackOff(*RESTART_PAUSE_SECONDS)
        while True:
            began = self.clock()
            if await self._watch():
                continue
            self.scoreboard.watch_died()
            if self.clock() - began >= SOUND_SECONDS:
                back_off.reset()
            await self.sleep(back_off.pause_seconds())

    async def _watch(self) -> bool:
        """Listen to one watching child to its end; tell whether it ended as planned."""
        light = self.promise.probe.light
        quiet = self.start_seconds + light.period.seconds + light.timeout.seconds
        return await self._listen(Mode.WATCH, "--seconds", str(WATCH_SECONDS), quiet_seconds=quiet)

    async def _keep_judging(self) -> None:
        period = self.promise.probe.verdict.period.seconds
        while True:
            is_unfinished = not await self._verdict_run()
            judged = self.scoreboard.conclude(is_unfinished=is_unfinished)
            self._tell(judged)
            await self.sleep(period * (1 + self.chance.uniform(0, JITTER_RATIO)))

    async def _verdict_run(self) -> bool:
        """Listen to one verdict run; tell whether it finished within its time."""
        run, timeout = self.promise.probe.verdict, self.promise.probe.full.timeout.seconds
        # The last journey, its cancelling and the clean-up may each take the whole timeout.
        wall_clock = self.start_seconds + run.journeys / run.per_second + 3 * timeout
        try:
            async with asyncio.timeout(wall_clock):
                return await self._listen(Mode.VERDICT, quiet_seconds=wall_clock)
        except TimeoutError:
            self.log.error("verdict_run_killed", after_seconds=wall_clock)
            return False

    async def _listen(self, mode: Mode, *arguments: str, quiet_seconds: float) -> bool:
        """Hear a child out; tell whether it came to its own end."""
        try:
            async with aclosing(self.launch(mode, *arguments, quiet_seconds=quiet_seconds)) as lines:
                async for told in lines:
                    self._hear(told, mode)
                    if isinstance(told, Summary):
                        return bool(told.document["exit_code"] != ExitCode.ABORTED)
        except (ChildLost, BadLine) as error:
            self.log.error("probe_failed", mode=mode, error=str(error))
            return False
        finally:
            self.journal.abandoned(mode)
        self.log.error("probe_died", mode=mode)
        return False

    def _hear(self, told: Told, owner: Mode) -> None:
        match told:
            case Sample():
                self._hear_sample(told)
            case Booked():
                self.journal.booked(told.appointment_id, owner)
            case Cancelled():
                self.journal.cancelled(told.appointment_id)
            case Overloaded():
                self.scoreboard.overloaded(told.at)

    def _hear_sample(self, sample: Sample) -> None:
        if not sample.is_ok:
            self.log.warning("probe_sample_bad", probe=sample.probe, reason=sample.reason, trace_id=sample.trace_id)
        if sample.cancelled:
            self.journal.cancelled(sample.appointment_id)
        elif sample.appointment_id:
            self.journal.left(sample.appointment_id)
        if self.scoreboard.record(sample) and self.scoreboard.last:
            self._tell(self.scoreboard.last)

    def _tell(self, judged: Judged) -> None:
        verdict = judged.verdict
        self.log.info(
            "verdict",
            verdict=verdict.finding,
            p95_seconds=verdict.document()["p95_seconds"],
            samples=verdict.samples,
            reasons=verdict.reasons,
        )
        self.on_verdict(judged)

    async def _keep_sweeping(self) -> None:
        """Cancel what no probe will cancel any more, again and again, because the core may be down just now."""
        while True:
            for appointment_id in self.journal.leftovers:
                if await self.core.cancel(appointment_id):
                    self.journal.cancelled(appointment_id)
                    self.log.info("leftover_cancelled", appointment_id=appointment_id)
            self.scoreboard.orphans(len(self.journal.leftovers))
            await self.sleep(SWEEP_SECONDS)
