"""Alerts about the monitoring itself: can it see, does it judge, and does what it says arrive?"""

from __future__ import annotations

from collections.abc import Callable

from alerts import wording
from alerts.alert import Alert, Board, Category, Component, Severity
from alerts.cases import Case, Check, Firing, Proof, Series, case, foreign, gauge, sample
from alerts.level_cases import Growth, Level, growth, level
from sla import catalogue, promql
from sla.limits import GrowthLimits, LevelLimits
from sla.objectives import Promise
from sla.topology import BOOKING_JOB

WATCHDOG = "Watchdog"
CANARY = "AlertPipelineCanary"
TELEMETRY = "TelemetryMissing"


def warnings(promise: Promise) -> tuple[Alert, ...]:
    """Return those of the slow group."""
    return (
        _telemetry_missing(promise),
        _scrape_too_slow(promise),
        _failing(
            promise,
            "PrometheusRuleFailures",
            promql.RULE_FAILURES,
            promise.alerts.rule_failures,
            job="prometheus",
            summary="Prometheus cannot evaluate a rule",
            what="rule evaluations failed",
            impact="An alert that cannot be evaluated cannot fire.",
        ),
        _failing(
            promise,
            "AlertmanagerNotificationsFailing",
            promql.NOTIFICATION_FAILURES,
            promise.alerts.notification_failures,
            job="alertmanager",
            summary="Alertmanager cannot deliver",
            what="notifications failed",
            impact="A page may not arrive; if none does, the dead-man pages by its own path.",
        ),
        _deployed(promise),
    )


def watchdog(promise: Promise) -> Alert:
    """Return the alert that always fires: the dead-man pages when it is no longer heard."""
    silence = promise.timers.deadman_silence
    always = Check(at_seconds=0, firing=(Firing(labels={}, facts={}),))
    return Alert(
        name=WATCHDOG,
        severity=Severity.NONE,
        category=Category.META,
        component=Component.MONITORING,
        expression="vector(1)",
        summary="The way from rule to on-call is alive",
        description=f"Always firing. If the on-call receiver does not hear it for {silence}, it pages by its own path.",
        impact="None while it fires. When it falls silent, no other page can be trusted to arrive.",
        board=Board.MONITORING,
        cases=(case("fires always, with no data at all", Proof.FIRES, Proof.NO_DATA, checks=(always,)),),
    )


def canary(promise: Promise) -> Alert:
    """Return the alert that comes and goes by the clock, so that the way to on-call is timed all day."""
    period = promise.alerts.pipeline_canary.period.seconds
    half = period / 2
    firing = Firing({}, {})
    return Alert(
        name=CANARY,
        severity=Severity.NONE,
        category=Category.META,
        component=Component.MONITORING,
        expression=f"vector(time()) % {period:g} < {half:g}",
        summary="The way from rule to on-call is being timed",
        description=f"Fires for {half:g} s of every {period:g} s; the receiver measures how late it comes.",
        impact="None. Its delay is the delay of every page.",
        board=Board.MONITORING,
        cases=(
            case(
                "comes and goes by the clock alone",
                Proof.FIRES,
                Proof.NO_DATA,
                checks=(
                    Check(0, (firing,)),
                    Check(half - 5, (firing,)),
                    Check(half + 5),
                    Check(period, (Firing({}),)),
                ),
            ),
        ),
    )


def _telemetry_missing(promise: Promise) -> Alert:
    limits = promise.alerts.telemetry_age_seconds
    age = f"{promql.max_by(f'time() - {promql.selector(catalogue.LAST_READ)}', 'job')} > {limits.over:g}"
    gone = f"absent({promql.selector(catalogue.ATTEMPTS, job=BOOKING_JOB)})"
    return Alert(
        name=TELEMETRY,
        severity=Severity.WARNING,
        category=Category.META,
        component=Component.MONITORING,
        expression=promql.any_of(age, gone),
        summary="What the workers count is not seen",
        description=(
            f"For {limits.for_}: the workers' metric files were not read for more than {limits.over:g} s, "
            "or hold no booking attempts."
        ),
        impact="Every number that looks good may only look so; no rule about bookings can fire.",
        board=Board.MONITORING,
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        cases=_telemetry_cases(limits, promise),
    )


def _telemetry_cases(limits: LevelLimits, promise: Promise) -> tuple[Case, ...]:
    step, evaluation = promise.timers.scrape_interval.seconds, promise.timers.evaluation_interval.seconds
    long, job = 2_000, {"job": BOOKING_JOB}
    labels = {"outcome": "confirmed", "reason": catalogue.NO_REASON, "channel": "voice", "traffic": "real"}
    attempts = sample(catalogue.ATTEMPTS, gauge((0, long)), job=BOOKING_JOB, **labels)
    fresh = sample(catalogue.LAST_READ, f"0+{step:g}x{long}", job=BOOKING_JOB)
    # Read until this second, a whole number of evaluations, and then no more.
    until = 4 * evaluation
    scrapes = int(until / step)
    stuck = sample(catalogue.LAST_READ, f"0+{step:g}x{scrapes} {until:g}+0x{long}", job=BOOKING_JOB)
    seen_at = until + evaluation
    fires_at = seen_at + limits.for_.seconds
    silent = (Check(fires_at), Check(10 * fires_at))
    recovering = sample(
        catalogue.LAST_READ,
        f"0+{step:g}x{scrapes} {until:g}+0x{int((fires_at - until) / step)} {fires_at + step:g}+{step:g}x{long}",
        job=BOOKING_JOB,
    )
    resolved = fires_at + limits.keep_firing_for.seconds + 3 * evaluation
    return (
        case(
            f"fires when nothing is read for {limits.for_}, and not one step earlier",
            Proof.FIRES,
            Proof.NOT_EARLY,
            series=(attempts, stuck),
            checks=(Check(fires_at - evaluation), Check(fires_at, (Firing(job, {}),))),
        ),
        case(
            "fires when the files hold no attempts",
            Proof.NO_DATA,
            series=(fresh,),
            checks=(Check(limits.for_.seconds - evaluation), Check(limits.for_.seconds, (Firing(job, {}),))),
        ),
        case("is silent while nobody books", Proof.LOW_TRAFFIC, series=(attempts, fresh), checks=silent),
        case(
            "resolves when the files are read again",
            Proof.RESOLVES,
            series=(attempts, recovering),
            checks=(Check(fires_at, (Firing(job),)), Check(resolved)),
        ),
    )


def _scrape_too_slow(promise: Promise) -> Alert:
    limits = promise.alerts.scrape_seconds

    def scrapes(values: str) -> tuple[Series, ...]:
        return (foreign(promql.SCRAPE_SECONDS, values, job=BOOKING_JOB),)

    return Alert(
        name="ScrapeTooSlow",
        severity=Severity.WARNING,
        category=Category.META,
        component=Component.MONITORING,
        expression=f"{promql.max_by(promql.SCRAPE_SECONDS, 'job')} > {limits.over:g}",
        summary="A scrape of {job} takes long",
        description=(
            f"A scrape of {{job}} takes {{seconds}} s; warning above {limits.over:g} s for {limits.for_}. "
            f"At {promise.timers.scrape_timeout} it is given up and the target is down."
        ),
        facts={"job": wording.label("job"), "seconds": "{{ $value | printf `%.2g` }}"},
        impact="None yet; every alert becomes as much later, and then blind.",
        board=Board.MONITORING,
        hold=limits.for_,
        keep_firing=limits.keep_firing_for,
        cases=level(
            Level(
                scrapes,
                right=limits.over,
                wrong=2 * limits.over,
                labels={"job": BOOKING_JOB},
                facts={"job": BOOKING_JOB, "seconds": f"{2 * limits.over:.2g}"},
            ),
            hold=limits.for_,
            keep_firing=limits.keep_firing_for,
            scrape=promise.timers.scrape_interval,
            evaluation=promise.timers.evaluation_interval,
        ),
    )


def _failing(  # noqa: PLR0913 - what differs from one to the next
    promise: Promise,
    name: str,
    metric: str,
    limits: GrowthLimits,
    *,
    job: str,
    summary: str,
    what: str,
    impact: str,
) -> Alert:
    grown = promql.sum_by(f"increase({promql.given(metric, window=str(limits.window), job=job)})", "job")
    return Alert(
        name=name,
        severity=Severity.WARNING,
        category=Category.META,
        component=Component.MONITORING,
        expression=promql.at_least(grown, limits.count),
        summary=summary,
        description=f"{{count}} {what} in {limits.window}.",
        facts={"count": wording.value_as_count()},
        impact=impact,
        board=Board.MONITORING,
        keep_firing=limits.keep_firing_for,
        cases=growth(
            Growth(_one(metric, job), {"job": job}),
            limits,
            scrape=promise.timers.scrape_interval,
            evaluation=promise.timers.evaluation_interval,
        ),
    )


def _one(metric: str, job: str) -> Callable[[str], tuple[Series, ...]]:
    return lambda values: (foreign(metric, values, job=job),)


def _deployed(promise: Promise) -> Alert:
    new_for = promise.alerts.deployed.new_for
    versions = f"sum by (job, version) ({promql.selector(catalogue.BUILD_INFO)})"
    before = f"sum by (job, version) ({promql.selector(catalogue.BUILD_INFO)} offset {new_for})"
    labels = {"job": BOOKING_JOB, "version": "2"}

    def running(version: str, values: str) -> Series:
        return sample(catalogue.BUILD_INFO, values, job=BOOKING_JOB, version=version)

    old, new = running("1", f"{gauge((1, 200))} stale"), running("2", f"_x199 {gauge((1, 2_000))}")
    return Alert(
        name="BookingDeployed",
        severity=Severity.INFO,
        category=Category.INFO,
        component=Component.CORE,
        # Another version must have run before: the first start of all is no deployment.
        expression=f"{versions} unless {before} and on (job) count by (job) ({before})",
        summary="Version {version} is running now",
        description="Version {version} runs, which did not {ago} ago.",
        facts={"version": wording.label("version"), "ago": str(new_for)},
        impact="None; what broke after this may have been broken by this.",
        board=Board.MONITORING,
        cases=(
            case(
                "tells of a version that was not there before",
                Proof.FIRES,
                series=(old, new),
                checks=(
                    Check(180 * promise.timers.scrape_interval.seconds),
                    Check(
                        216 * promise.timers.scrape_interval.seconds,
                        (Firing(labels, {"version": "2", "ago": str(new_for)}),),
                    ),
                    Check(300 * promise.timers.scrape_interval.seconds),
                ),
            ),
            case(
                "says nothing about the first start",
                Proof.NO_DATA,
                series=(running("1", gauge((1, 2_000))),),
                checks=(Check(60), Check(900)),
            ),
        ),
    )
