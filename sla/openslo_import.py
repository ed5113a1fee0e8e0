"""An OpenSLO v1 file as the `objectives` of sla.yaml, and a sentence for everything in it that cannot become one.

Apart from the export because it trusts nothing: the file was written by others, for other tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import yaml

from sla import catalogue, objectives, openslo
from sla.objectives import LatencyObjective, Promise, SlaError, SuccessObjective, UptimeObjective
from sla.openslo import OCCURRENCES, TIMESLICES
from sla.quantities import Duration

_EDGE = re.compile(r'le="([0-9.]+)"')
_METRIC = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(?=\{)")
_SUFFIX = re.compile(r"_(bucket|count|sum)$")
_MINUTE = "1m"


def imported(text: str, promise: Promise) -> dict[str, dict[str, Any]]:
    """Return the objectives of the file by their keys in sla.yaml, beside those it does not name, as they are.

    Raises SlaError with a sentence for each thing that sla.yaml cannot say.
    """
    wanted = {key: _plain(getattr(promise.objectives, key)) for key in openslo.indicators(promise)}
    problems: list[str] = []
    found = 0
    for document in _slos(text):
        found += 1
        try:
            key, wanted_now = _objective(document, promise)
        except _CannotSayError as error:
            problems += [f"{_name(document)}: {problem}" for problem in error.problems]
        else:
            wanted[key] = wanted_now
    if not found:
        problems.append(f"no SLO in it; an objective is a document with `apiVersion: {openslo.VERSION}`, `kind: SLO`")
    if problems:
        raise SlaError("\n".join(problems))
    _judge(wanted)
    return wanted


class _CannotSayError(ValueError):
    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems


def _slos(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise SlaError(f"the file is not YAML: {error}") from error
    for document in documents:
        if not isinstance(document, dict) or "kind" not in document:
            raise SlaError("the file holds something that is no OpenSLO object; each begins with apiVersion and kind")
        if document.get("apiVersion") != openslo.VERSION:
            version = document.get("apiVersion")
            raise SlaError(f"{_name(document)}: {version!r} is not read; only {openslo.VERSION} is")
        # Other kinds say where to measure and whom to tell: both stand elsewhere in sla.yaml.
        if document["kind"] == "SLO":
            yield document


def _name(document: Mapping[str, Any]) -> str:
    return str(_part(document, "metadata").get("name", "(an object without a name)"))


def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = document.get(key)
    return part if isinstance(part, dict) else {}


def _objective(document: Mapping[str, Any], promise: Promise) -> tuple[str, dict[str, Any]]:
    key = _name(document).replace("-", "_")
    known = openslo.indicators(promise)
    if key not in known:
        names = ", ".join(name.replace("_", "-") for name in known)
        raise _CannotSayError(f"nothing like it is promised; give an objective one of the names {names}")
    now: SuccessObjective = getattr(promise.objectives, key)
    spec, stated = _part(document, "spec"), _Statement(document)
    written = {"title": stated.title(now), "target": stated.target(), "window": stated.window()}
    stated.must_budget(TIMESLICES if isinstance(now, UptimeObjective) else OCCURRENCES)
    stated.must_count(known[key].metrics, key)
    if isinstance(now, LatencyObjective):
        written |= {"threshold_seconds": stated.threshold(), "goal_seconds": stated.goal(now)}
    if isinstance(now, UptimeObjective):
        written["failed_ratio"] = stated.failed_ratio()
    if "indicatorRef" in spec and "indicator" not in spec:
        stated.problems.append("its indicator lies in another object; write it into the SLO, as `indicator`")
    if stated.problems:
        raise _CannotSayError(*stated.problems)
    return key, written


class _Statement:
    """One SLO, asked for what sla.yaml must know; what it cannot answer becomes a problem."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._metadata, self._spec = _part(document, "metadata"), _part(document, "spec")
        self.problems: list[str] = []
        listed = self._spec.get("objectives")
        several = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        if len(several) != 1:
            self.problems.append(f"{len(several)} objectives in one; sla.yaml has one target for each, split it up")
        self._objective: Mapping[str, Any] = several[0] if several else {}

    def title(self, now: SuccessObjective) -> str:
        return str(self._metadata.get("displayName") or now.title)

    def target(self) -> float | None:
        if "target" in self._objective:
            return self._number("target", self._objective["target"])
        percent = self._number("targetPercent", self._objective.get("targetPercent"))
        return None if percent is None else round(percent / 100, 10)

    def window(self) -> str | None:
        listed = self._spec.get("timeWindow")
        if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
            self.problems.append("timeWindow must hold exactly one window, such as {duration: 30d, isRolling: true}")
            return None
        if not listed[0].get("isRolling"):
            self.problems.append(
                "its window follows the calendar; sla.yaml has only rolling ones (reports have months)"
            )
        try:
            return str(_window(listed[0].get("duration")))
        except ValueError as error:
            self.problems.append(f"timeWindow: {error}")
            return None

    def must_budget(self, method: str) -> None:
        if self._spec.get("budgetingMethod") != method:
            self.problems.append(f"budgetingMethod is {self._spec.get('budgetingMethod')}; here it is always {method}")

    def must_count(self, metrics: tuple[catalogue.Metric, ...], key: str) -> None:
        indicator = _part(_part(self._spec, "indicator"), "spec")
        if "thresholdMetric" in indicator:
            self.problems.append("it compares a level with a threshold; only events are counted here, as a ratioMetric")
        if "raw" in self._ratio():
            self.problems.append("it is given as a ready ratio; events must be countable, write good or bad and total")
        counted = {_SUFFIX.sub("", name) for query in self._queries() for name in _METRIC.findall(query)}
        foreign = counted - {metric.name for metric in metrics}
        if foreign:
            ours = ", ".join(metric.name for metric in metrics)
            self.problems.append(f"it counts {', '.join(sorted(foreign))}; {key} can only be counted from {ours}")

    def threshold(self) -> float | None:
        """Return the limit: as we annotate it, else the bucket edge that the good events are counted at."""
        stated = _part(self._metadata, "annotations").get(openslo.THRESHOLD)
        edges = {edge for query in self._queries() for edge in _EDGE.findall(query)}
        if stated is None and len(edges) != 1:
            self.problems.append(
                f'no limit in seconds; write the annotation {openslo.THRESHOLD}, or le="2.0" in `good`'
            )
            return None
        limit = self._number(openslo.THRESHOLD, stated if stated is not None else next(iter(edges)))
        if edges and limit is not None and edges != {str(float(limit))}:
            self.problems.append(
                f"the annotation says {limit:g} s, its query le={', '.join(sorted(edges))}; make them agree"
            )
        return limit

    def goal(self, now: LatencyObjective) -> float | None:
        stated = _part(self._metadata, "annotations").get(openslo.GOAL, now.goal_seconds)
        return self._number(openslo.GOAL, stated)

    def failed_ratio(self) -> float | None:
        if self._objective.get("timeSliceWindow") not in (_MINUTE, 1):
            slice_ = self._objective.get("timeSliceWindow")
            self.problems.append(f"its time slices are {slice_}; uptime is counted in minutes, write {_MINUTE}")
        good = self._number("timeSliceTarget", self._objective.get("timeSliceTarget"))
        return None if good is None else round(1 - good, 10)

    def _ratio(self) -> Mapping[str, Any]:
        return _part(_part(_part(self._spec, "indicator"), "spec"), "ratioMetric")

    def _queries(self) -> list[str]:
        sides = (_part(_part(self._ratio(), side), "metricSource") for side in ("good", "bad", "total"))
        return [str(_part(source, "spec").get("query", "")) for source in sides]

    def _number(self, key: str, value: object) -> float | None:
        try:
            return float(str(value))
        except ValueError:
            self.problems.append(f"{key} is {value}; it must be a number")
            return None


def _window(text: object) -> Duration:
    """Read a duration of OpenSLO; raises ValueError for months, quarters and years, of which none is like another."""
    written = str(text)
    if written.endswith("w") and written[:-1].isdigit():
        written = f"{7 * int(written[:-1])}d"
    if written[-1:] in {"M", "Q", "Y"}:
        message = f"{written} is not always equally long; write days, such as 30d"
        raise ValueError(message)
    return Duration.parse(written)


def _plain(objective: SuccessObjective) -> dict[str, Any]:
    plain = {name: getattr(objective, name) for name in type(objective).model_fields}
    plain |= {"target": float(objective.target), "window": str(objective.window)}
    if isinstance(objective, UptimeObjective):
        plain["failed_ratio"] = float(objective.failed_ratio)
    return plain


def _judge(wanted: dict[str, dict[str, Any]]) -> None:
    """Raise SlaError when sla.yaml could not hold these: a limit between two bucket edges, a target out of range."""
    document = yaml.safe_load(resources.files("sla").joinpath("sla.yaml").read_text("utf-8"))
    objectives.parse(yaml.safe_dump(document | {"objectives": wanted}))
