"""What one arrival does when its time has come: a light availability check or a whole booking journey.

Apart from the generator, so that it runs in tests against a fake core, without Locust and without time passing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from random import Random

from loadtests.booking_api import Answer, NoAnswer, Trace
from loadtests.probe.plan import Arrival
from loadtests.samples import Mode, Outcome, Probe, Sample
from loadtests.timetable import Timetable
from loadtests.voice_agent import Caller, VoiceAgent


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Serves arrivals. The same seed gives every journey of a run the same modelled seconds, in whatever order."""

    mode: Mode
    run: str
    seed: int
    agent: VoiceAgent
    timetable: Timetable
    light_timeout_seconds: float
    clock: Callable[[], float]
    wall_clock: Callable[[], float]

    def serve(self, arrival: Arrival) -> Sample:
        """Do what the arrival is for and tell how it went; raises for nothing that the core does."""
        lag = max(self.clock() - arrival.due, 0.0)
        serve = self._check if arrival.probe is Probe.LIGHT else self._book
        return serve(arrival, partial(self._sample, arrival, lag_seconds=lag))

    def dropped(self, arrival: Arrival) -> Sample:
        """Tell that there was no room to start this arrival."""
        return self._sample(arrival, outcome=Outcome.DROPPED, reason="no_room")

    def cancel(self, appointment_id: str) -> bool:
        """Cancel a booking that its own journey could not."""
        return self.agent.cancel(appointment_id, Trace.begin(_dice(self.run, appointment_id)))

    def _check(self, arrival: Arrival, sample: Callable[..., Sample]) -> Sample:
        """Ask for free times, and change nothing."""
        trace = self._trace(arrival)
        day = self.timetable.wish(arrival.sequence).date
        request = self.agent.api.availability(service=self.agent.service, date=day, trace=trace)
        began = self.clock()
        try:
            reason = _problem(self.agent.line.send(request, timeout_seconds=self.light_timeout_seconds))
        except NoAnswer as error:
            reason = error.reason
        return sample(
            outcome=Outcome.FAILED if reason else Outcome.OK,
            reason=reason,
            measured_seconds=self.clock() - began,
            trace_id=trace.trace_id,
        )

    def _book(self, arrival: Arrival, sample: Callable[..., Sample]) -> Sample:
        """Play a whole call."""
        caller = Caller(
            call_id=f"probe-{self.run}-{arrival.sequence}",
            number=arrival.sequence,
            wish=self.timetable.wish(arrival.sequence),
            trace=self._trace(arrival),
        )
        return sample(**asdict(self.agent.hold(caller, _dice(self.seed, arrival.sequence))))

    def _trace(self, arrival: Arrival) -> Trace:
        return Trace.begin(_dice(self.run, arrival.probe, arrival.sequence))

    def _sample(self, arrival: Arrival, *, outcome: Outcome, reason: str, **measured: float | str | bool) -> Sample:
        return Sample(
            probe=arrival.probe,
            mode=self.mode,
            run=self.run,
            sequence=arrival.sequence,
            at=self.wall_clock(),
            outcome=outcome,
            reason=reason,
            **measured,  # type: ignore[arg-type]  # the names are Sample's own; a wrong one fails every test
        )


def _dice(*key: object) -> Random:
    return Random("/".join(map(str, key)))  # noqa: S311  speech and trace ids, not secrets


def _problem(answer: Answer) -> str:
    """Return what is wrong with an answer to the light check, or nothing."""
    if answer.status != 200:
        return f"http_{answer.status}"
    return "" if answer.body.get("slots") else "no_slot_offered"
