"""Turns events and observations into samples; the only place of the core that knows the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from booking_core.domain.events import (
    AppointmentBooked,
    AppointmentBookingFailed,
    CalcomSyncRequired,
    CallMeasured,
    Effort,
    Event,
    InconsistencyDetected,
)
from booking_core.domain.letters import DueLetter, LetterKind, LetterResult
from booking_core.resilience.circuit_breaker import BreakerTransition
from booking_core.resilience.retry import Retried
from booking_core.telemetry.cells import Distribution
from booking_core.telemetry.exemplars import Exemplars, TellingDistribution
from sla import catalogue as c
from sla.catalogue import Kind, Metric

_LETTERS: Mapping[LetterKind, str] = {
    LetterKind.CONFIRMED: "confirmation_email",
    LetterKind.NOT_POSSIBLE: "regret_email",
    LetterKind.CANCELLED: "cancellation_email",
    LetterKind.CALLED_OFF: "cancellation_email",
    LetterKind.MOVED: "moved_email",
    LetterKind.NOT_MOVED: "regret_email",
    LetterKind.NOT_CANCELLED: "cancellation_refused_email",
}

# Those whose observation is made within the request or job that it is about.
_TOLD = (c.API_DURATION, c.STEP_DURATION, c.CALCOM_DURATION, c.DB_QUERY_DURATION, c.CONFIRMATION_DELAY)

Instrument = Counter | Gauge | Histogram
Labels = tuple[tuple[str, str], ...]


class Recorder:
    """Every core metric, each child created at once: a first failure must be an increase, not a new series.

    Without `exemplars`, as where nothing is traced, there are none.
    """

    def __init__(self, registry: CollectorRegistry, *, exemplars: Exemplars | None = None) -> None:
        self._children: dict[tuple[str, ...], Any] = {}
        self._registry = registry
        for metric in c.of(c.Home.CORE):
            made = instrument(metric, registry)
            for labels in metric.children():
                child = made.labels(**labels) if labels else made
                told = exemplars if metric in _TOLD else None
                self._children[metric.name, *labels.values()] = self._counting(child, metric, labels, told)

    def _counting(self, child: Instrument, metric: Metric, labels: Mapping[str, str], told: Exemplars | None) -> Any:
        """Return what is counted with: what the client asks at each count, the catalogue has settled once."""
        if not isinstance(child, Histogram):
            return child._value
        if told is None:
            return Distribution(child)
        return TellingDistribution(child, metric, labels, exemplars=told, lost=self._exemplar_lost)

    def attempt_ended(self, event: AppointmentBooked | AppointmentBookingFailed) -> None:
        if isinstance(event, AppointmentBooked) and event.waited_seconds is not None:
            # Counted as queued when the caller was answered; what is new is how long the confirmation took.
            self._child(c.CONFIRMATION_DELAY).observe(event.waited_seconds)
            return
        outcome, reason = "confirmed", c.NO_REASON
        if isinstance(event, AppointmentBookingFailed):
            outcome, reason = event.outcome, event.reason
        self._child(c.ATTEMPTS, outcome, reason, event.origin.channel.value, event.origin.traffic.value).inc(1)
        self._spent(event.effort)

    def _spent(self, effort: Effort) -> None:
        if not effort.step_seconds:
            return  # a job's ending: its cost is not that of a request
        self._child(c.DB_QUERIES_PER_BOOKING).observe(effort.queries)
        for step, seconds in effort.step_seconds.items():
            self._child(c.STEP_DURATION, step).observe(seconds)

    def booking_put_down(self, event: CalcomSyncRequired) -> None:
        """Count an attempt whose caller was told that we will confirm: good, until it turns out otherwise."""
        self._child(c.ATTEMPTS, "queued", c.NO_REASON, event.origin.channel.value, event.origin.traffic.value).inc(1)
        self._spent(event.effort)

    def inconsistency_detected(self, event: InconsistencyDetected) -> None:
        self._child(c.INCONSISTENCIES, event.kind, event.action).inc(1)

    def surprised(self) -> None:
        self._child(c.UNEXPECTED_ERRORS).inc(1)

    def sync_ran(self) -> None:
        self._child(c.SYNC_RUNS).inc(1)

    def sync_failed(self, reason: str) -> None:
        self._child(c.SYNC_FAILURES, reason).inc(1)

    def breaker_moved(self, transition: BreakerTransition) -> None:
        self._child(c.BREAKER_TRANSITIONS, transition.name, transition.to.value).inc(1)

    def breaker_fell_back(self) -> None:
        self._child(c.BREAKER_FALLBACKS).inc(1)

    def calcom_retried(self, _retried: Retried) -> None:
        self._child(c.CALCOM_RETRIES).inc(1)

    def calcom_not_permitted(self, operation: str) -> None:
        self._child(c.CALCOM_CALLS, operation, "not_permitted").inc(1)

    def cache_looked(self, family: str, result: str) -> None:
        self._child(c.CACHE_REQUESTS, family, result).inc(1)

    def published(self, event: Event) -> None:
        self._child(c.EVENTS, type(event).__name__).inc(1)

    def listener_failed(self, listener: str) -> None:
        self._child(c.LISTENER_FAILURES, listener).inc(1)

    def call_measured(self, event: CallMeasured) -> None:
        traffic, version = event.origin.traffic.value, event.origin.prompt_version
        spoke_by = version.value if version else c.UNKNOWN_PROMPT
        if event.figures.journey_seconds is not None:
            channel = event.origin.channel.value
            self._child(c.JOURNEY_DURATION, channel, spoke_by, traffic).observe(event.figures.journey_seconds)
        for seconds in event.figures.turn_seconds:
            self._child(c.AGENT_TURN_DURATION, spoke_by, traffic).observe(seconds)

    def webhook(self, source: str, event: str, result: str) -> None:
        self._child(c.WEBHOOKS, source, event, result).inc(1)

    def notified(self, kind: str, result: str) -> None:
        self._child(c.NOTIFICATIONS, kind, result).inc(1)

    def letter_tried(self, letter: DueLetter, result: LetterResult | None) -> None:
        self.notified(_LETTERS[letter.kind], result.value if result else "postponed")

    def answered(self, route: str, method: str, status: int, traffic: str, seconds: float) -> None:
        """Count one HTTP answer; routes outside the catalogue (health, documentation) leave no sample."""
        child = self._children.get((c.API_DURATION.name, route, method, f"{status // 100}xx", traffic))
        if child is not None:
            child.observe(seconds)

    def calcom_called(self, operation: str, kind: str, seconds: float) -> None:
        self._child(c.CALCOM_CALLS, operation, kind).inc(1)
        self._child(c.CALCOM_DURATION, operation, kind).observe(seconds)

    def statement_ran(self, verb: str, seconds: float, error: BaseException | None = None) -> None:
        """Count a statement that was answered; what became of the others is counted with what they belong to."""
        if error is None:
            known = self._children.get((c.DB_QUERY_DURATION.name, verb))
            (known or self._child(c.DB_QUERY_DURATION, "other")).observe(seconds)

    def database_lost(self, kind: str) -> None:
        self._child(c.DB_CONNECTION_ERRORS, kind).inc(1)

    def swept(self, bookings: int) -> None:
        self._child(c.SWEPT).inc(bookings)

    def samples(self, name: str) -> Mapping[Labels, float]:
        """Return what this slot has counted so far under a sample's name, predecessors included."""
        families = self._registry.restricted_registry([name]).collect()
        return {tuple(sample.labels.items()): sample.value for family in families for sample in family.samples}

    def _exemplar_lost(self) -> None:
        self._child(c.EXEMPLARS_LOST).inc(1)

    def _child(self, metric: Metric, *labels: str) -> Any:
        return self._children[metric.name, *labels]


def instrument(metric: Metric, registry: CollectorRegistry) -> Instrument:
    """Make the instrument that the catalogue describes."""
    make: Callable[..., Instrument]
    match metric.kind:
        case Kind.COUNTER:
            make = Counter
        case Kind.GAUGE:
            make = Gauge
        case Kind.HISTOGRAM:
            return Histogram(metric.name, metric.help, metric.label_names, buckets=metric.buckets, registry=registry)
    return make(metric.name, metric.help, metric.label_names, registry=registry)
