"""The alerts for what makes bookings fail or wait, and tells on-call where to look: Cal.com, the database, the workers.

Apart from the symptoms: these may be firing while no caller has noticed anything yet.
"""

from __future__ import annotations

from alerts import cause_cases, shares, wording
from alerts.alert import Alert, Board, Category, Component, Severity
from alerts.cases import Case, Series, sample
from alerts.level_cases import Growth, Level, growth, level
from alerts.shares import ShareAlert
from sla import catalogue, promql, recordings
from sla.catalogue import Metric
from sla.limits import GrowthLimits, LevelLimits
from sla.objectives import Promise
from sla.quantities import Duration
from sla.topology import BOOKING_JOB

BREAKER_OPEN = "CircuitBreakerOpen"


def paging(promise: Promise) -> tuple[Alert, ...]:
    """Return those of the fast group."""
    return (circuit_breaker_open(promise), _flapping(promise), _database_connection_errors(promise))


def warnings(promise: Promise) -> tuple[Alert, ...]:
    """Return those of the slow group."""
    return (
        _cache_miss_rate(promise),
        _worker_memory(promise),
        _worker_cpu(promise),
        _probe_orphans(promise),
        _half_open(promise),
    )


def circuit_breaker_open(promise: Promise) -> Alert:
    """Return the alert for a dependency that has been left alone for too long."""
    limits = promise.alerts.circuit_breaker_open
    opened = promql.selector(catalogue.BREAKER_OPENED)
    return Alert(
        name=BREAKER_OPEN,
        severity=Severity.CRITICAL,
        category=Category.CAUSE,
        component=Component.CALCOM,
        # Not the one-hot state with `for`: every trial makes the circuit half-open for a moment and would restart it.
        expression=f"{promql.max_by(f'time() - ({opened} > 0)', 'job', 'name')} > {limits.open_for.seconds:g}",
        summary="The circuit to {name} does not close",
        description=(
            f"The circuit to {{name}} has not been closed for {{seconds}} s; critical after {limits.open_for}."
        ),
        facts={"name": wording.label("name"), "seconds": wording.value_as_count()},
        impact="New bookings are taken down and wait for Cal.com; callers hear only that we will confirm.",
        board=Board.OPERATIONAL,
        keep_firing=limits.keep_firing_for,
        # The scrape that sees the opening falls into this time, so the sum of all stages is more than ever passes.
        evidence_seconds=limits.open_for.seconds,
        cases=cause_cases.circuit_breaker_open(limits, promise.timers),
    )


def _flapping(promise: Promise) -> Alert:
    limits = promise.alerts.circuit_breaker_flapping
    name = catalogue.BREAKER.values[0]

    def moved(to: str, values: str) -> Series:
        return sample(catalogue.BREAKER_TRANSITIONS, values, job=BOOKING_JOB, name=name, to=to)

    return Alert(
        name="CircuitBreakerFlapping",
        severity=Severity.CRITICAL,
        category=Category.CAUSE,
        component=Component.CALCOM,
        expression=_increase(catalogue.BREAKER_TRANSITIONS, limits, "job", "name", to="open"),
        summary="The circuit to {name} opens again and again",
        description=f"The circuit to {{name}} opened {{count}} times in {limits.window}; critical from {limits.count}.",
        facts={"name": wording.label("name"), "count": wording.value_as_count()},
        impact="Cal.com fails in part: many bookings wait, though never long enough for CircuitBreakerOpen.",
        board=Board.OPERATIONAL,
        keep_firing=limits.keep_firing_for,
        # It takes as many openings, and each takes its time: nothing that one outage could show within a minute.
        evidence_seconds=None,
        cases=_grown(
            Growth(
                lambda values: (moved("open", values),),
                {"job": BOOKING_JOB, "name": name},
                other=lambda values: (moved("half_open", values),),
                facts={"name": name},
            ),
            limits,
            promise,
            promise.timers.fast_evaluation_interval,
        ),
    )


def _database_connection_errors(promise: Promise) -> Alert:
    limits = promise.alerts.database_connection_errors
    return Alert(
        name="DatabaseConnectionErrors",
        severity=Severity.CRITICAL,
        category=Category.CAUSE,
        component=Component.DATABASE,
        expression=_increase(catalogue.DB_CONNECTION_ERRORS, limits, "job"),
        summary="The booking database cannot be reached, or lets connections go",
        description=f"{{count}} connections failed or were lost in {limits.window}; critical from {limits.count}.",
        facts={"count": wording.value_as_count()},
        impact="Without PostgreSQL nothing can be held or booked; every caller is told to call again.",
        board=Board.OPERATIONAL,
        keep_firing=limits.keep_firing_for,
        evidence_seconds=promise.timers.scrape_interval.seconds,
        cases=_grown(
            Growth(
                lambda values: (sample(catalogue.DB_CONNECTION_ERRORS, values, job=BOOKING_JOB, kind="connect"),),
                {"job": BOOKING_JOB},
            ),
            limits,
            promise,
            promise.timers.fast_evaluation_interval,
        ),
    )


def _cache_miss_rate(promise: Promise) -> Alert:
    limits = promise.alerts.cache_misses
    return shares.alert(
        ShareAlert(
            name="CacheMissRateHigh",
            severity=Severity.WARNING,
            category=Category.CAUSE,
            component=Component.CACHE,
            limits=limits,
            share=recordings.missing(limits),
            counts_all=True,
            events=cause_cases.lookups(),
            of="questions to the cache",
            bad="found nothing remembered",
            impact="Each miss asks PostgreSQL or Cal.com: every call becomes slower, and Cal.com's allowance shrinks.",
            board=Board.PERFORMANCE,
            scrape=promise.timers.scrape_interval,
            evaluation=promise.timers.evaluation_interval,
        )
    )


def _worker_memory(promise: Promise) -> Alert:
    limits = promise.alerts.worker_memory_bytes
    return Alert(
        name="WorkerMemoryHigh",
        severity=Severity.WARNING,
        category=Category.CAUSE,
        component=Component.CORE,
        expression=f"{promql.max_by(promql.selector(catalogue.WORKER_MEMORY), 'job', 'slot')} > {limits.over:.0f}",
        summary="Worker {slot} holds much memory",
        description=f"Worker {{slot}} holds {{bytes}}B; warning above {_mebibytes(limits.over)} for {limits.for_}.",
        facts={"slot": wording.label("slot"), "bytes": "{{ $value | humanize1024 }}"},
        impact="None yet; a worker that the kernel kills drops the calls it is answering.",
        board=Board.OPERATIONAL,
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        cases=_exceeded(catalogue.WORKER_MEMORY, limits, promise, wrong=limits.over * 2, words="1Gi"),
    )


def _worker_cpu(promise: Promise) -> Alert:
    limits = promise.alerts.worker_cpu
    busy = promql.sum_by(promql.rate(catalogue.WORKER_CPU, str(limits.window)), "job", "slot")
    return Alert(
        name="WorkerCpuHigh",
        severity=Severity.WARNING,
        category=Category.CAUSE,
        component=Component.CORE,
        expression=f"{busy} > {limits.over:g}",
        summary="Worker {slot} is busy without a pause",
        description=f"Worker {{slot}} uses {{share}} of a CPU; warning above {limits.over:.0%} for {limits.for_}.",
        facts={"slot": wording.label("slot"), "share": wording.value_as_share()},
        impact="Requests queue behind one another; answers become slower before anything fails.",
        board=Board.OPERATIONAL,
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        cases=cause_cases.busy(limits, promise.timers),
    )


def _probe_orphans(promise: Promise) -> Alert:
    limits = promise.alerts.probe_orphans
    return Alert(
        name="ProbeOrphans",
        severity=Severity.WARNING,
        category=Category.CAUSE,
        component=Component.PROBE,
        expression=f"{promql.max_by(promql.selector(catalogue.PROBE_ORPHANS), 'job')} > {limits.over:g}",
        summary="Bookings of the probe are left over",
        description=f"{{count}} bookings of the probe could not be cancelled; warning after {limits.for_}.",
        facts={"count": wording.value_as_count()},
        impact="They block only the probe's own chair; but a caller's could not be cancelled either.",
        board=Board.OPERATIONAL,
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        cases=level(
            Level(
                lambda values: (sample(catalogue.PROBE_ORPHANS, values, job="probe"),),
                right=limits.over,
                wrong=limits.over + 1,
                labels={"job": "probe"},
                facts={"count": f"{limits.over + 1:g}"},
            ),
            hold=limits.for_,
            keep_firing=limits.keep_firing_for,
            scrape=promise.timers.scrape_interval,
            evaluation=promise.timers.evaluation_interval,
        ),
    )


def _half_open(promise: Promise) -> Alert:
    name = catalogue.BREAKER.values[0]
    state = promql.max_by(promql.selector(catalogue.BREAKER_NOW, state="half_open"), "job", "name")
    at_once = Duration.parse("0s")
    return Alert(
        name="CircuitBreakerHalfOpen",
        severity=Severity.INFO,
        category=Category.INFO,
        component=Component.CALCOM,
        expression=f"{state} == 1",
        summary="The circuit to {name} tries again",
        description="The next call to {name} is a trial: it closes the circuit, or opens it for another while.",
        facts={"name": wording.label("name")},
        impact="None by itself; it tells when an outage began to end.",
        board=Board.OPERATIONAL,
        cases=level(
            Level(
                lambda values: (sample(catalogue.BREAKER_NOW, values, job=BOOKING_JOB, name=name, state="half_open"),),
                right=0,
                wrong=1,
                labels={"job": BOOKING_JOB, "name": name},
                facts={"name": name},
            ),
            hold=at_once,
            keep_firing=at_once,
            scrape=promise.timers.scrape_interval,
            evaluation=promise.timers.evaluation_interval,
        ),
    )


def _increase(metric: Metric, limits: GrowthLimits, *by: str, **match: str) -> str:
    grown = promql.sum_by(promql.increase(metric, str(limits.window), **match), *by)
    return promql.at_least(grown, limits.count)


def _grown(what: Growth, limits: GrowthLimits, promise: Promise, evaluation: Duration) -> tuple[Case, ...]:
    return growth(what, limits, scrape=promise.timers.scrape_interval, evaluation=evaluation)


def _exceeded(metric: Metric, limits: LevelLimits, promise: Promise, *, wrong: float, words: str) -> tuple[Case, ...]:
    return level(
        Level(
            lambda values: (sample(metric, values, job=BOOKING_JOB, slot="http-0"),),
            right=limits.over,
            wrong=wrong,
            labels={"job": BOOKING_JOB, "slot": "http-0"},
            facts={"slot": "http-0", "bytes": words},
        ),
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        scrape=promise.timers.scrape_interval,
        evaluation=promise.timers.evaluation_interval,
    )


def _mebibytes(size: float) -> str:
    return f"{size / 2**20:.0f} MiB"
