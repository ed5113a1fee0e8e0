"""Who is told what: Alertmanager's route tree, inhibition, receivers and start flags."""

from __future__ import annotations

from typing import Any

from alerts import causes, meta, outside, symptoms
from alerts.alert import Category, Component, Severity
from alerts.outside import Ways
from sla.hours import TeamHours
from sla.objectives import Promise, RouteTimers
from sla.topology import Place, Process

AUDIT, PAGER, TEAM, DEADMAN, CANARY = "audit-log", "oncall-pager", "team-channel", "deadman", "canary"

TEAM_HOURS = "team-hours"

# Each receiver is one path of the on-call receiver.
PATHS = {AUDIT: "/audit", PAGER: "/pager", TEAM: "/team", DEADMAN: "/deadman", CANARY: "/canary"}


def document(place: Place, promise: Promise, ways: Ways = outside.NONE) -> dict[str, Any]:
    """Return alertmanager.yml for a place and the ways out that are open; valid for Alertmanager 0.25 and later."""
    return {
        "route": _route_tree(promise),
        "time_intervals": [{"name": TEAM_HOURS, "time_intervals": [_interval(promise.team_hours)]}],
        # `name` would help readers here, but amtool 0.25 refuses it.
        "inhibit_rules": inhibitions(),
        "receivers": [_receiver(name, place, ways) for name in PATHS],
    }


def _route_tree(promise: Promise) -> dict[str, Any]:
    timers = promise.timers.routes
    by_alert = ["alertname", "service", "component"]
    return {
        # What no branch below takes ends in the log: nothing is lost, nobody is woken.
        **_route(AUDIT, timers.audit, group_by=["alertname", "service"]),
        "routes": [
            _route(DEADMAN, timers.deadman, _is("alertname", meta.WATCHDOG), group_by=["alertname"]),
            # Timed like a page, by the same waits: its delay is theirs.
            _route(CANARY, timers.pager, _is("alertname", meta.CANARY), group_by=["alertname"]),
            # Every page leaves a line in the audit log too, in time to be compared with the page itself.
            _route(AUDIT, timers.evidence, _is("severity", Severity.CRITICAL), group_by=by_alert) | {"continue": True},
            # Grouped by alertname: a second, different problem must not wait for the group_interval of the first.
            _route(PAGER, timers.pager, _is("severity", Severity.CRITICAL), group_by=by_alert),
            # A warning at night is told in the morning, if it still is one; the log has it in any case.
            _route(AUDIT, timers.audit, _is("severity", Severity.WARNING), group_by=by_alert) | {"continue": True},
            _route(TEAM, timers.team, _is("severity", Severity.WARNING), group_by=["service", "category"])
            | {"active_time_intervals": [TEAM_HOURS]},
        ],
    }


def _route(receiver: str, timers: RouteTimers, *matchers: str, group_by: list[str]) -> dict[str, Any]:
    return {
        "receiver": receiver,
        **({"matchers": list(matchers)} if matchers else {}),
        "group_by": group_by,
        "group_wait": str(timers.group_wait),
        "group_interval": str(timers.group_interval),
        "repeat_interval": str(timers.repeat_interval),
    }


def _interval(hours: TeamHours) -> dict[str, Any]:
    return {
        "weekdays": [day.value for day in hours.days],
        "times": [{"start_time": f"{hours.begin:%H:%M}", "end_time": f"{hours.end:%H:%M}"}],
        "location": hours.time_zone.key,
    }


def inhibitions() -> list[dict[str, Any]]:
    """Return which alert mutes which. Every alert must carry the `equal` labels: a missing one equals a missing one.

    A page is muted only by the one that says the same better, never by a mere warning.
    """
    warning, cause = _is("severity", Severity.WARNING), _is("category", Category.CAUSE)
    return [
        _inhibition(_is("severity", Severity.CRITICAL), mutes=[warning], equal=["alertname", "service"]),
        _inhibition(_is("alertname", symptoms.SERVICE_DOWN), mutes=[_one_of("category", *_FELT)], equal=["service"]),
        _inhibition(_is("alertname", symptoms.SERVICE_DOWN), mutes=[warning, cause], equal=["service"]),
        # While Cal.com is left alone, everything about Cal.com is said already.
        _inhibition(
            _is("alertname", causes.BREAKER_OPEN),
            mutes=[warning, _is("component", Component.CALCOM)],
            equal=["service"],
        ),
        # What is not measured cannot be judged.
        _inhibition(_is("alertname", meta.TELEMETRY), mutes=[warning, cause], equal=["service"]),
    ]


# What callers feel, now or over the month.
_FELT = (Category.SYMPTOM, Category.BUDGET)


def _inhibition(source: str, *, mutes: list[str], equal: list[str]) -> dict[str, Any]:
    return {"source_matchers": [source], "target_matchers": mutes, "equal": equal}


def _is(label: str, value: str) -> str:
    return f'{label}="{value}"'


def _one_of(label: str, *values: str) -> str:
    return f'{label}=~"{"|".join(values)}"'


def _receiver(name: str, place: Place, ways: Ways) -> dict[str, Any]:
    webhook: dict[str, Any] = {"url": f"{place.url(Process.ONCALL)}{PATHS[name]}"}
    # A Watchdog that "resolves" is a dead Prometheus; the dead-man learns that from the silence.
    ours = [webhook | {"send_resolved": name != DEADMAN}]
    beside = {PAGER: ways.pager, TEAM: ways.team}.get(name, {})
    return {"name": name, **beside, "webhook_configs": [*ours, *beside.get("webhook_configs", ())]}


def alertmanager_flags(promise: Promise) -> list[str]:
    """Return the flags every start of Alertmanager needs; addresses and directories are the starter's."""
    hours = promise.timers.retention.seconds / 3600
    return [
        # Silences explain the month's report, so they live as long as the samples. Go knows no days.
        f"--data.retention={hours:.0f}h",
        # We run one Alertmanager: a cluster port would listen on every address and delay the first page to settle.
        "--cluster.listen-address=",
    ]
