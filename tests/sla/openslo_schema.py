"""What the OpenSLO v1 specification allows, cut down to what we write.

The project publishes its v1 as text, not as a schema; this is that text (README.md of OpenSLO/OpenSLO at commit
aa5cb78, 2025-09-03) in our own words.
"""

# ruff: noqa: N815 - the names are theirs

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
Shorthand = Annotated[str, StringConstraints(pattern=r"^[1-9]\d*[mhdwMQY]$")]
Description = Annotated[str, StringConstraints(max_length=1050)]
AnnotationKey = Annotated[str, StringConstraints(pattern=r"^([a-z0-9.-]+/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$")]
Operator = Literal["lte", "gte", "lt", "gt"]


class Known(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Known):
    name: Name
    displayName: str | None = None
    annotations: dict[AnnotationKey, str] = {}


class MetricSource(Known):
    metricSourceRef: Name | None = None
    type: str | None = None
    spec: dict[str, Any]


class Metric(Known):
    metricSource: MetricSource


class RatioMetric(Known):
    counter: bool
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric

    @model_validator(mode="after")
    def good_or_bad(self) -> RatioMetric:
        assert (self.good is None) != (self.bad is None)
        return self


class SliSpec(Known):
    description: Description | None = None
    ratioMetric: RatioMetric


class Sli(Known):
    metadata: Metadata
    spec: SliSpec


class RollingWindow(Known):
    duration: Shorthand
    isRolling: Literal[True]


class Objective(Known):
    displayName: str | None = None
    target: Annotated[float, Field(ge=0, lt=1)]
    timeSliceTarget: Annotated[float, Field(gt=0, le=1)] | None = None
    timeSliceWindow: Shorthand | None = None


class PolicyRef(Known):
    alertPolicyRef: Name


class SloSpec(Known):
    description: Description | None = None
    service: Name
    indicator: Sli
    timeWindow: Annotated[list[RollingWindow], Field(min_length=1, max_length=1)]
    budgetingMethod: Literal["Occurrences", "Timeslices", "RatioTimeslices"]
    objectives: Annotated[list[Objective], Field(min_length=1)]
    alertPolicies: list[PolicyRef] = []

    @model_validator(mode="after")
    def slices_where_there_are_slices(self) -> SloSpec:
        sliced = self.budgetingMethod == "Timeslices"
        assert all((one.timeSliceTarget is not None) == sliced for one in self.objectives)
        assert all((one.timeSliceWindow is not None) == sliced for one in self.objectives)
        return self


class Condition(Known):
    kind: Literal["burnrate"]
    op: Operator
    threshold: float
    lookbackWindow: Shorthand
    alertAfter: Shorthand


class ConditionSpec(Known):
    description: Description | None = None
    severity: str
    condition: Condition


class InlineCondition(Known):
    kind: Literal["AlertCondition"]
    metadata: Metadata
    spec: ConditionSpec


class TargetRef(Known):
    targetRef: Name


class PolicySpec(Known):
    description: Description | None = None
    alertWhenBreaching: bool
    alertWhenResolved: bool
    alertWhenNoData: bool
    conditions: Annotated[list[InlineCondition], Field(min_length=1, max_length=1)]
    notificationTargets: list[TargetRef]


class DataSourceSpec(Known):
    description: Description | None = None
    type: str
    connectionDetails: dict[str, Any]


class ServiceSpec(Known):
    description: Description | None = None


class TargetSpec(Known):
    target: str
    description: Description | None = None


SPECS: dict[str, type[BaseModel]] = {
    "SLO": SloSpec,
    "AlertPolicy": PolicySpec,
    "DataSource": DataSourceSpec,
    "Service": ServiceSpec,
    "AlertNotificationTarget": TargetSpec,
}


class Thing(Known):
    apiVersion: Literal["openslo/v1"]
    kind: str
    metadata: Metadata
    spec: dict[str, Any]

    @model_validator(mode="after")
    def spec_of_its_kind(self) -> Thing:
        SPECS[self.kind].model_validate(self.spec)
        return self
