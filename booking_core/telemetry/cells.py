"""Where a worker's samples are kept: each has its place in one of the files of its slot, which the sidecar reads.

The client's own way looks a sample up by its name whenever it is counted, behind a lock that only threads need. Ours
are counted on the event loop, dozens of times a booking.
"""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from typing import Any, ClassVar

from prometheus_client import Histogram
from prometheus_client.mmap_dict import MmapedDict, mmap_key


class _File(MmapedDict):
    """The client's file, which also tells where in it a sample stands."""

    _doubles: memoryview[float] | None = None

    def place(self, key: str) -> tuple[memoryview[float], int]:
        """Return the file as numbers, and the sample's own among them, made at 0 if it is new."""
        self.read_value(key)  # type: ignore[no-untyped-call]
        # A file that had to grow is mapped anew; what was handed out before goes on showing the same bytes of it.
        if self._doubles is None or self._doubles.obj is not self._m:
            self._doubles = memoryview(self._m).cast("d")
        return self._doubles, self._positions[key] // self._doubles.itemsize

    def close(self) -> None:
        if self._doubles is not None:
            self._doubles.release()
        super().close()  # type: ignore[no-untyped-call]


class Cell:
    """One sample, written where it stands: a reader sees the number before or the one after, never half of it.

    What the client makes its metrics of; see `in_files_of`.
    """

    __slots__ = ("_at", "_doubles")

    _multiprocess = True
    _directory: ClassVar[Path]
    _slot: ClassVar[str]
    _files: ClassVar[dict[str, _File]]

    def __init__(
        self, kind: str, metric: str, sample: str, *described: Any, multiprocess_mode: str | None = None
    ) -> None:
        key = mmap_key(metric, sample, *described)
        file = self._file(kind if multiprocess_mode is None else f"{kind}_{multiprocess_mode}")
        self._doubles, self._at = file.place(key)

    @classmethod
    def _file(cls, kind: str) -> _File:
        if kind not in cls._files:
            path = cls._directory / f"{kind}_{cls._slot}.db"
            cls._files[kind] = _File(str(path))  # type: ignore[no-untyped-call]
        return cls._files[kind]

    @classmethod
    def close_all_files(cls) -> None:
        """Close them; nothing can be counted any more."""
        while cls._files:
            cls._files.popitem()[1].close()

    def inc(self, amount: float) -> None:
        self._doubles[self._at] += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        self._doubles[self._at] = value
        self._doubles[self._at + 1] = timestamp or 0.0

    def get(self) -> float:
        return self._doubles[self._at]

    def set_exemplar(self, _exemplar: object) -> None:
        """Keep none: they go to the sidecar another way."""

    def get_exemplar(self) -> None:
        return None


class Distribution:
    """A child of a histogram: its observations go straight to its samples.

    On its way there the client asks each time whether it has labels, and compares with every edge.
    """

    __slots__ = ("_buckets", "_edges", "_sum")

    def __init__(self, child: Histogram) -> None:
        self._edges = child._upper_bounds
        self._buckets, self._sum = child._buckets, child._sum

    def observe(self, amount: float) -> None:
        self._sum.inc(amount)
        self._buckets[bisect_left(self._edges, amount)].inc(1)


def in_files_of(slot: str, directory: Path) -> type[Cell]:
    """Return the class of values for a worker in this slot; what its predecessor counted is where it goes on."""
    return type("Cell", (Cell,), {"__slots__": (), "_slot": slot, "_directory": directory, "_files": {}})
