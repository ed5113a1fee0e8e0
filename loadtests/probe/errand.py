"""Puts one run together: plan, callers and ledger, from settings, the promise and the wishes of whoever started it.

Apart from the entry points because two of them need it: `python -m loadtests.probe` and Locust's own command line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from loadtests.booking_api import BookingApi, Line
from loadtests.conversation import Prompt, longest_seconds
from loadtests.probe.callers import Callers
from loadtests.probe.ledger import Ledger, Report
from loadtests.probe.plan import Plan, Wishes, plan
from loadtests.samples import Mode, Probe
from loadtests.settings import LoadtestSettings
from loadtests.timetable import Timetable
from loadtests.voice_agent import VoiceAgent, no_sleep
from sla.objectives import Promise


@dataclass(frozen=True, slots=True)
class Options:
    """What the person who starts a run may choose."""

    mode: Mode
    wishes: Wishes = field(default_factory=Wishes)
    prompt: Prompt = Prompt.V2
    is_real_time: bool = False
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Errand:
    """One run, ready to be sent off: only the line to the core is still missing."""

    settings: LoadtestSettings
    promise: Promise
    options: Options
    plan: Plan
    ledger: Ledger
    run: str

    @classmethod
    def of(cls, settings: LoadtestSettings, promise: Promise, options: Options, report: Report) -> Errand:
        wanted = plan(options.mode, promise, options.wishes)
        return cls(settings, promise, options, wanted, Ledger(report), uuid4().hex[:12])

    def callers(self, line: Line, sleep: Callable[[float], None]) -> Callers:
        """Return those who serve the arrivals over this line; `sleep` is only used in real time."""
        agent = VoiceAgent(
            api=BookingApi(self.settings.credentials, time.time),
            line=line,
            service=self.settings.service,
            prompt=self.options.prompt,
            limit_seconds=self.promise.probe.full.timeout.seconds,
            clock=time.perf_counter,
            wall_clock=time.time,
            sleep=sleep if self.options.is_real_time else no_sleep,
            on_booked=self.ledger.booked,
        )
        return Callers(
            mode=self.options.mode,
            run=self.run,
            seed=self.options.seed,
            agent=agent,
            timetable=Timetable(self.run, datetime.now(UTC).date()),
            light_timeout_seconds=self.promise.probe.light.timeout.seconds,
            clock=time.perf_counter,
            wall_clock=time.time,
        )

    def hold_seconds(self, probe: Probe) -> float:
        """Return the longest that one arrival can be under way."""
        if probe is Probe.LIGHT:
            return self.promise.probe.light.timeout.seconds
        talk = longest_seconds(self.options.prompt) if self.options.is_real_time else 0.0
        # The journey and its cancelling may each take the whole timeout.
        return talk + 2 * self.promise.probe.full.timeout.seconds
