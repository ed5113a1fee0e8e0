"""Writes the workers' totals in the scraper's format: the text between the numbers is written once.

The client library itself writes that text, so names, labels and escapes are its own in every format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from exporter.exemplars import Exemplar, Place
from exporter.totals import Totals

Encode = Callable[[Collector], bytes]

# Every sample of a family without values reads so.
_VALUE = "0.0"


@dataclass(frozen=True, slots=True)
class _Template:
    families: Sequence[Family]
    before: Sequence[str]  # the text before each number
    places: Mapping[Place, int]  # which number is that of a bucket


class Templates:
    """The texts by format, made anew when the series change."""

    def __init__(self) -> None:
        self._by_format: dict[str, _Template] = {}

    def write(self, totals: Totals, *, encode: Encode, content_type: str, exemplars: Mapping[Place, Exemplar]) -> bytes:
        """Return the samples without an end mark: the other collectors' samples follow.

        The format must be one that knows exemplars if there are any.
        """
        template = self._by_format.get(content_type)
        if template is None or template.families is not totals.families:
            template = _Template(totals.families, _texts(totals.families, encode), _places(totals.families))
            self._by_format[content_type] = template
        parts = [""] * (2 * len(template.before))
        parts[::2] = template.before
        parts[1::2] = map(_number, totals.values)
        for place, exemplar in exemplars.items():
            number = template.places.get(place)
            # The core may know of a bucket before its file does.
            if number is not None:
                parts[2 * number + 1] += _exemplar(exemplar)
        return "".join((*parts, "\n" if parts else "")).encode()


def _texts(families: Sequence[Family], encode: Encode) -> Sequence[str]:
    """Return what stands before each number: the end of the line before, comments, name and labels."""
    texts: list[str] = []
    pending = ""
    for line in encode(_Given(families)).decode().split("\n"):
        if line.startswith("#"):
            pending += f"{line}\n"
        elif line:
            texts.append(f"{chr(10) if texts else ''}{pending}{line.removesuffix(_VALUE)}")
            pending = ""
    return texts


def _places(families: Sequence[Family]) -> Mapping[Place, int]:
    samples = (sample for family in families for sample in family.samples)
    return {
        Place(sample.name, tuple(sorted(sample.labels.items()))): number
        for number, sample in enumerate(samples)
        if sample.name.endswith("_bucket")
    }


def _exemplar(exemplar: Exemplar) -> str:
    return f' # {{trace_id="{exemplar.trace_id}"}} {_number(exemplar.value)} {exemplar.seconds:.3f}'


def _number(value: float) -> str:
    # Most samples are small whole numbers; the library's own function costs ten times as much.
    return repr(value) if 0.0 <= value < 1_000_000.0 else str(floatToGoString(value))  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Given:
    """A registry of families that are there already."""

    families: Sequence[Family]

    def collect(self) -> Iterable[Family]:
        return self.families
