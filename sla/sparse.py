"""Every counter and histogram once more, with few samples: what a dashboard draws of more than a day.

Copies, not sums: they keep every label and every restart, so a panel asks either the same question. Levels need none:
a panel reads one sample of them for each of its points, where a rate reads all.
"""

from __future__ import annotations

from collections.abc import Iterator

from sla.catalogue import Kind, Metric, catalogue
from sla.promql import GIVEN
from sla.recordings import Recording

ENDING = ":sparse"


def recordings() -> tuple[Recording, ...]:
    """Return the copy of everything that grows."""
    given = (name for name in GIVEN if name.endswith("_total"))
    return tuple(Recording(name + ENDING, name) for name in (*_counted(), *given))


def is_copy(recording: Recording) -> bool:
    """Say whether it is one of them."""
    return recording.name.endswith(ENDING)


def _counted() -> Iterator[str]:
    for metric in catalogue():
        yield from (metric.name + part for part in _parts(metric))


def _parts(metric: Metric) -> tuple[str, ...]:
    match metric.kind:
        case Kind.GAUGE:
            return ()
        case Kind.COUNTER:
            return ("",)
        case Kind.HISTOGRAM:
            return ("_bucket", "_count", "_sum")
