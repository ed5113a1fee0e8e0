"""What prometheus-operator accepts, cut down to what we write: anything else is refused, as a typing error would be.

Our own words for the CustomResourceDefinitions of prometheus-operator 0.93.0 (commit 6adcebc, 2026-08-08, folder
example/prometheus-operator-crd, those of prometheusrules, podmonitors and scrapeconfigs), which are 800 KB.
"""

# ruff: noqa: N815 - the names are theirs

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

# One number for each unit at most, the largest unit first.
_UNITS = "".join(rf"(\d+{unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms"))
Period = Annotated[str, StringConstraints(pattern=rf"^(0|{_UNITS})$", min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
LabelKey = Annotated[str, StringConstraints(pattern=r"^([a-z0-9.-]+/)?[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$")]
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?)?$", max_length=63)]
Text = Annotated[str, StringConstraints(min_length=1)]


class Known(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Known):
    name: Name
    labels: dict[LabelKey, LabelValue]


class Rule(Known):
    record: str | None = None
    alert: str | None = None
    expr: str
    for_: Period | None = Field(None, alias="for")
    keep_firing_for: Period | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    @model_validator(mode="after")
    def records_or_alerts(self) -> Rule:
        assert (self.record is None) != (self.alert is None)
        return self


class RuleGroup(Known):
    name: Text
    interval: Period
    rules: list[Rule]


class PrometheusRuleSpec(Known):
    groups: list[RuleGroup]


class Relabeling(Known):
    targetLabel: str
    replacement: str


class LabelSelector(Known):
    matchLabels: dict[LabelKey, LabelValue]


class PodMetricsEndpoint(Known):
    portNumber: Annotated[int, Field(ge=1, le=65535)]
    path: str
    interval: Period
    scrapeTimeout: Period
    relabelings: list[Relabeling]


class PodMonitorSpec(Known):
    selector: LabelSelector
    podMetricsEndpoints: list[PodMetricsEndpoint]


class StaticConfig(Known):
    targets: Annotated[list[Text], Field(min_length=1)]


class ScrapeConfigSpec(Known):
    staticConfigs: list[StaticConfig]
    scrapeInterval: Period
    scrapeTimeout: Period
    relabelings: list[Relabeling]


class PrometheusRule(Known):
    apiVersion: Literal["monitoring.coreos.com/v1"]
    kind: Literal["PrometheusRule"]
    metadata: Metadata
    spec: PrometheusRuleSpec


class PodMonitor(Known):
    apiVersion: Literal["monitoring.coreos.com/v1"]
    kind: Literal["PodMonitor"]
    metadata: Metadata
    spec: PodMonitorSpec


class ScrapeConfig(Known):
    apiVersion: Literal["monitoring.coreos.com/v1alpha1"]
    kind: Literal["ScrapeConfig"]
    metadata: Metadata
    spec: ScrapeConfigSpec


KINDS: dict[str, type[BaseModel]] = {kind.__name__: kind for kind in (PrometheusRule, PodMonitor, ScrapeConfig)}
