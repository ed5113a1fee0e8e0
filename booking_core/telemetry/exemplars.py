"""Now and then a histogram's observation is told to the sidecar, with its trace: the way from a number to its story.

It goes through a datagram socket that nobody waits for. Whatever is in the way costs the exemplar, never the booking.
"""

from __future__ import annotations

import json
import socket
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client import Histogram
from prometheus_client.utils import floatToGoString

from booking_core.telemetry.cells import Distribution
from booking_core.telemetry.traced import TRACED, Traced
from sla.catalogue import Metric

# In the directory of the metric files; the sidecar listens there.
SOCKET = "exemplars.sock"
# A bucket's exemplar is scraped every five seconds: more of them nobody would see.
SECONDS_BETWEEN = 5.0


class Exemplars:
    """Sends them. `now` is the time of day, `monotonic` the clock of the turns."""

    def __init__(
        self, directory: Path, *, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = str(directory / SOCKET)
        self._now = now
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.monotonic = monotonic

    def send(self, sample: str, labels: Mapping[str, str], value: float, traced: Traced) -> bool:
        """Tell of one observation in the bucket that `labels` name; False if the sidecar did not take it at once."""
        told = {
            "sample": sample,
            "labels": labels,
            "value": value,
            "time": self._now(),
            "trace_id": traced.trace_id,
            "span_id": traced.span_id,
        }
        try:
            # Addressed anew each time: a sidecar that was started again has another socket under the same name.
            self._socket.sendto(json.dumps(told).encode(), self._address)
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


class TellingDistribution(Distribution):
    """A child of a histogram that tells of some observations: each bucket has its turns, the rare slow one too."""

    __slots__ = ("_due", "_exemplars", "_labels", "_lost", "_sample")

    def __init__(
        self,
        child: Histogram,
        metric: Metric,
        labels: Mapping[str, str],
        *,
        exemplars: Exemplars,
        lost: Callable[[], None],
    ) -> None:
        super().__init__(child)
        self._sample = f"{metric.name}_bucket"
        self._labels = labels
        self._due = [0.0] * len(self._edges)
        self._exemplars = exemplars
        self._lost = lost

    def observe(self, amount: float) -> None:
        # Not by way of super(): most requests are not traced, and this is all that they pay for those that are.
        bucket = bisect_left(self._edges, amount)
        self._sum.inc(amount)
        self._buckets[bucket].inc(1)
        traced = TRACED.get()
        if traced is not None:
            self._tell(bucket, amount, traced)

    def _tell(self, bucket: int, amount: float, traced: Traced) -> None:
        now = self._exemplars.monotonic()
        if now < self._due[bucket]:
            return
        self._due[bucket] = now + SECONDS_BETWEEN
        edge = floatToGoString(self._edges[bucket])  # type: ignore[no-untyped-call]
        if not self._exemplars.send(self._sample, {**self._labels, "le": edge}, amount, traced):
            self._lost()
