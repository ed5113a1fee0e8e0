"""sla.yaml as frozen, validated objects: ratios as Decimal, durations in seconds.

Apart from the file so that every wrong line is refused with a sentence that names the key and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from sla.contradictions import contradictions

UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")


class SlaError(ValueError):
    """The promise cannot be read; the message names the key and the remedy."""


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time that keeps how it was written, so `5m` stays `5m` in PromQL."""

    seconds: float
    text: str

    @classmethod
    def parse(cls, text: object) -> Duration:
        match = _DURATION.fullmatch(str(text))
        if match is None:
            message = f"{text!r} is not a duration; write a whole number and a unit, such as 30s, 5m or 30d"
            raise ValueError(message)
        return cls(int(match[1]) * UNIT_SECONDS[match[2]], str(text))

    def __str__(self) -> str:
        return self.text


def _decimal(number: object) -> Decimal:
    """YAML reads 0.98 as a binary float; its shortest text is what the SRE wrote."""
    message = f"{number!r} is not a number"
    if isinstance(number, bool):
        raise ValueError(message)
    try:
        parsed = Decimal(str(number))
    except InvalidOperation as error:
        raise ValueError(message) from error
    if not parsed.is_finite():
        raise ValueError(message)
    return parsed


Seconds = Annotated[Duration, BeforeValidator(Duration.parse)]
Ratio = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, strict=True)]
Positive = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class SuccessObjective(_Strict):
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


class Objectives(_Strict):
    """What is promised over the long window."""

    booking_success: SuccessObjective
    journey_latency: LatencyObjective
    api_latency: LatencyObjective


class SuccessRateAlert(_Strict):
    """Fires when the failed share exceeds the ratio and enough failures stand behind it."""

    failed_ratio: Ratio
    window: Seconds
    failures: Count
    for_: Seconds = Field(alias="for")
    keep_firing_for: Seconds


class SuccessRateAlerts(_Strict):
    """Both severities of the success-rate alert."""

    critical: SuccessRateAlert
    warning: SuccessRateAlert


class ProbeAlert(_Strict):
    """Fires after so many failed probe runs in a row."""

    consecutive_failures: Count
    keep_firing_for: Seconds


class DownAlert(_Strict):
    """Fires when the booking service cannot be scraped or has no worker."""

    for_: Seconds = Field(alias="for")


class BreakerAlert(_Strict):
    """Fires when a circuit has not been closed for so long."""

    open_for: Seconds
    keep_firing_for: Seconds


class Alerts(_Strict):
    """Thresholds, windows and evidence counts of every alert."""

    success_rate: SuccessRateAlerts
    probe_failing: ProbeAlert
    service_down: DownAlert
    circuit_breaker_open: BreakerAlert


class RouteTimers(_Strict):
    """Alertmanager's three timers of one route."""

    group_wait: Seconds
    group_interval: Seconds
    repeat_interval: Seconds


class Routes(_Strict):
    """The timers of every route."""

    pager: RouteTimers
    team: RouteTimers
    audit: RouteTimers
    evidence: RouteTimers
    deadman: RouteTimers


class Timers(_Strict):
    """How often the pipeline looks, and how long it waits."""

    scrape_interval: Seconds
    scrape_timeout: Seconds
    fast_evaluation_interval: Seconds
    evaluation_interval: Seconds
    resend_delay: Seconds
    retention: Seconds
    deadman_silence: Seconds
    routes: Routes


class LightProbe(_Strict):
    """The read-only check."""

    period: Seconds
    timeout: Seconds


class FullProbe(_Strict):
    """One scripted conversation."""

    period: Seconds
    timeout: Seconds


class VerdictRun(_Strict):
    """The burst of conversations that bounds P95."""

    journeys: Count
    per_second: Positive
    confidence: Ratio
    period: Seconds
    window: Seconds
    maximum_schedule_lag_seconds: Positive


class Probe(_Strict):
    """The synthetic probe's schedule and sample sizes."""

    light: LightProbe
    full: FullProbe
    verdict: VerdictRun


class Promise(_Strict):
    """The whole of sla.yaml."""

    service: str
    team: str
    runbook_base_url: str
    dashboard_base_url: str
    objectives: Objectives
    time_to_page: Seconds
    alerts: Alerts
    timers: Timers
    probe: Probe


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
