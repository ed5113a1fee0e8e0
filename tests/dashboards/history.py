"""Ten minutes of a working chain as OpenMetrics text: every series of the catalogue and every recorded one.

Apart from the tests that ask a real Prometheus about it. The clock is fixed, so are the numbers: every counter grows
by one a step, every histogram by one in each bucket, every gauge is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sla import series, sparse
from sla.catalogue import Kind, Metric, catalogue
from sla.objectives import Promise
from sla.promql import GIVEN
from sla.topology import JOBS

START = 1_800_000_000
STEP_SECONDS = 15
STEPS = 41
END = START + STEP_SECONDS * (STEPS - 1)
# For labels whose values code cannot enumerate.
OPEN_VALUE = "0"


def open_metrics(promise: Promise) -> str:
    """Return the whole history; promtool turns it into blocks."""
    lines = []
    for metric in catalogue():
        lines += [f"# TYPE {metric.name.removesuffix('_total')} {metric.kind}", *_metric(metric)]
    targets = [{"job": job, "instance": "a"} for job in JOBS]
    gauges = {"up": targets}
    for name, labels in GIVEN.items():
        kind = "counter" if name.endswith("_total") else "gauge"
        lines.append(f"# TYPE {name.removesuffix('_total')} {kind}")
        for target in targets:
            lines += _samples(name, target | dict.fromkeys(labels, OPEN_VALUE), growth=int(kind == "counter"))
    for recording in series.recorded(promise):
        job = {"job": "booking"} if recording.name.startswith("job:") else {}
        gauges.setdefault(recording.name, []).append(job | dict(recording.labels))
    for name, children in gauges.items():
        lines.append(f"# TYPE {name} gauge")
        for labels in children:
            lines += _samples(name, labels, growth=0)
    lines += list(_copies(lines))
    return "\n".join([*lines, "# EOF", ""])


def _copies(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of all that grows once more, under the names of its copies; not as seldom as Prometheus would."""
    names = {entry.expression: entry.name for entry in sparse.recordings()}
    for line in lines:
        name, brace, rest = line.partition("{")
        if name in names:
            yield names[name] + brace + rest


def _metric(metric: Metric) -> Iterator[str]:
    target = {"job": "booking", "instance": "a"}
    for child in _children(metric):
        labels = {**target, **child}
        if metric.kind is Kind.HISTOGRAM:
            yield from _histogram(metric, labels)
        else:
            yield from _samples(metric.name, labels, growth=1 if metric.kind is Kind.COUNTER else 0)


def _children(metric: Metric) -> list[Mapping[str, str]]:
    if all(label.values for label in metric.labels):
        return list(metric.children())
    return [{label.name: label.values[0] if label.values else OPEN_VALUE for label in metric.labels}]


def _histogram(metric: Metric, labels: Mapping[str, str]) -> Iterator[str]:
    for rank, edge in enumerate((*map(float, metric.buckets), "+Inf"), start=1):
        yield from _samples(f"{metric.name}_bucket", {**labels, "le": str(edge)}, growth=rank)
    observations = len(metric.buckets) + 1
    yield from _samples(f"{metric.name}_count", labels, growth=observations)
    yield from _samples(f"{metric.name}_sum", labels, growth=observations)


def _samples(name: str, labels: Mapping[str, str], *, growth: int) -> Iterator[str]:
    inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
    for step in range(STEPS):
        yield f"{name}{{{inside}}} {1 + growth * step} {START + STEP_SECONDS * step}"
