"""sla.yaml as frozen, validated objects: ratios as Decimal, durations in seconds.

Apart from the file so that every wrong line is refused with a sentence that names the key and the remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sla.contradictions import contradictions
from sla.hours import TeamHours, Zone
from sla.limits import Alerts
from sla.quantities import Count, Positive, Ratio, Seconds, Strict


class SlaError(ValueError):
    """The promise cannot be read; the message names the key and the remedy."""


class SuccessObjective(Strict):
    """A share of events that must be good."""

    title: str
    target: Ratio
    window: Seconds

    @property
    def budget(self) -> Decimal:
        """The share of events that may be bad."""
        return 1 - self.target


class LatencyObjective(SuccessObjective):
    """A share of requests that must be faster than a threshold, which must be a bucket edge."""

    threshold_seconds: Positive
    goal_seconds: Positive


class UptimeObjective(SuccessObjective):
    """A share of minutes that must be good; one is, when no more than `failed_ratio` of what was tried in it failed."""

    failed_ratio: Ratio


class Objectives(Strict):
    """What is promised over the long window."""

    booking_success: SuccessObjective
    journey_latency: LatencyObjective
    api_latency: LatencyObjective
    uptime: UptimeObjective


class RouteTimers(Strict):
    """Alertmanager's three timers of one route."""

    group_wait: Seconds
    group_interval: Seconds
    repeat_interval: Seconds


class Routes(Strict):
    """The timers of every route."""

    pager: RouteTimers
    team: RouteTimers
    audit: RouteTimers
    evidence: RouteTimers
    deadman: RouteTimers


class Timers(Strict):
    """How often the pipeline looks, and how long it waits."""

    scrape_interval: Seconds
    scrape_timeout: Seconds
    fast_evaluation_interval: Seconds
    evaluation_interval: Seconds
    budget_evaluation_interval: Seconds
    month_evaluation_interval: Seconds
    sparse_interval: Seconds
    sparse_beyond: Seconds
    resend_delay: Seconds
    retention: Seconds
    history_retention: Seconds
    history_resolution: Seconds
    deadman_silence: Seconds
    routes: Routes


class LightProbe(Strict):
    """The read-only check."""

    period: Seconds
    timeout: Seconds


class FullProbe(Strict):
    """One scripted conversation."""

    period: Seconds
    timeout: Seconds


class VerdictRun(Strict):
    """The burst of conversations that bounds P95."""

    journeys: Count
    per_second: Positive
    confidence: Ratio
    period: Seconds
    window: Seconds
    maximum_schedule_lag_seconds: Positive


class Probe(Strict):
    """The synthetic probe's schedule and sample sizes."""

    light: LightProbe
    full: FullProbe
    verdict: VerdictRun


class ReportSettings(Strict):
    """How months are cut, and how much of one must have been seen for a report to say anything."""

    time_zone: Zone
    least_coverage: Ratio


class Promise(Strict):
    """The whole of sla.yaml."""

    service: str
    team: str
    runbook_base_url: str
    dashboard_base_url: str
    objectives: Objectives
    time_to_page: Seconds
    team_hours: TeamHours
    alerts: Alerts
    timers: Timers
    probe: Probe
    report: ReportSettings


def load(path: Path | None = None) -> Promise:
    """Read the promise from `path`, or the one that ships with the package.

    Raises SlaError for an unreadable file, an unknown or missing key, a value out of range, a threshold that is
    not a bucket edge, or a scrape timeout longer than its interval.
    """
    try:
        text = path.read_text("utf-8") if path else resources.files("sla").joinpath("sla.yaml").read_text("utf-8")
    except OSError as error:
        raise SlaError(f"cannot read {path}: {error.strerror}") from error
    return parse(text)


def parse(text: str) -> Promise:
    """Turn the text of a sla.yaml into a Promise; raises SlaError as `load` does."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SlaError(f"sla.yaml is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise SlaError("sla.yaml must be a mapping; begin with `service: …`")
    try:
        promise = Promise.model_validate(document)
    except ValidationError as error:
        raise SlaError("\n".join(_sentence(detail) for detail in error.errors())) from error
    problems = list(contradictions(promise))
    if problems:
        raise SlaError("\n".join(problems))
    return promise


def _sentence(detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key{_nearest(detail['loc'])}; remove it or correct its spelling"
        case "missing":
            return f"{key}: missing; add it (sla/sla.yaml in the repository shows every key)"
        case "greater_than" | "less_than" | "greater_than_equal":
            return f"{key}: {detail['input']} is out of range; {_bounds(detail['ctx'])}"
        case _:
            return f"{key}: {detail['msg'].removeprefix('Value error, ')}"


def _bounds(context: Mapping[str, Any]) -> str:
    words = {"gt": "it must be greater than", "lt": "it must be less than", "ge": "it must be at least"}
    return ", ".join(f"{words[name]} {bound}" for name, bound in context.items())


def _nearest(location: tuple[int | str, ...]) -> str:
    model: type[BaseModel] = Promise
    for part in location[:-1]:
        field = next(f for name, f in model.model_fields.items() if part in (name, f.alias))
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return ""
        model = field.annotation
    names = [field.alias or name for name, field in model.model_fields.items()]
    close = get_close_matches(str(location[-1]), names, n=1)
    return f" (did you mean {close[0]!r}?)" if close else f" (known here: {', '.join(names)})"
