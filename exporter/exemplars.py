"""Exemplars that the core's workers send: the newest of each bucket of each series, kept for the next scrape.

A datagram is a JSON object: `sample` and `labels` name the bucket as in the exposition (`le` among the labels), `value`
is what was observed at the Unix time `time`, `trace_id` and `span_id` tell where, in hexadecimal.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NamedTuple

import structlog
from prometheus_client.metrics_core import Metric as Family
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from exporter.collectors import Unreachable, gauge_by
from exporter.totals import Labels
from sla import catalogue as c

# booking_core/telemetry/exemplars.py, which we may not import, sends to it; a test compares both.
SOCKET = "exemplars.sock"
# The core has about a thousand buckets; a sender gone mad has no end of them.
MOST = 2000
# The longest that a worker sends has 500.
_MOST_BYTES = 1024

_log = structlog.get_logger()


class Place(NamedTuple):
    """A bucket of a series: the sample's name and its labels in order, `le` among them."""

    sample: str
    labels: Labels


class Exemplar(NamedTuple):
    """One observation and where it was made; `seconds` are Unix time."""

    value: float
    trace_id: str
    span_id: str
    seconds: float


class _Datagram(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    sample: Annotated[str, Field(pattern="_bucket$")]
    labels: dict[str, str]
    value: FiniteFloat
    trace_id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    span_id: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    time: Annotated[FiniteFloat, Field(gt=0)]


class Exemplars:
    """What was received; a collector of how that went."""

    name = "exemplars"

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._newest: OrderedDict[Place, Exemplar] = OrderedDict()
        self._results: Counter[str] = Counter()
        # The scrape reads while the listener writes.
        self._lock = threading.Lock()
        self.is_heard = True

    def take(self, datagram: bytes) -> None:
        """Keep what a worker sent, or count that it is not one of ours."""
        try:
            told = _Datagram.model_validate_json(datagram)
            fits = told.value <= float(told.labels.get("le", "nan"))
        except (ValidationError, ValueError):
            fits = False
        with self._lock:
            self._results["kept" if fits else "malformed"] += 1
            if not fits:
                return
            place = Place(told.sample, tuple(sorted(told.labels.items())))
            self._newest[place] = Exemplar(told.value, told.trace_id, told.span_id, told.time)
            self._newest.move_to_end(place)
            if len(self._newest) > self._most:
                self._newest.popitem(last=False)
                self._results["evicted"] += 1

    def newest(self) -> Mapping[Place, Exemplar]:
        """Return the exemplars as they are now."""
        with self._lock:
            return dict(self._newest)

    def collect(self) -> Iterator[Family]:
        with self._lock:
            counted = gauge_by(c.EXEMPLARS, {result: self._results[result] for result in c.EXEMPLARS.labels[0].values})
        if not self.is_heard:
            raise Unreachable([counted])
        yield counted


class Listener:
    """Receives datagrams in a thread of its own, for as long as the block lasts."""

    def __init__(self, directory: Path, exemplars: Exemplars) -> None:
        self._path = directory / SOCKET
        self._exemplars = exemplars
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._listen, name="exemplars", daemon=True)

    def __enter__(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # A predecessor that was killed left its own behind.
            self._path.unlink(missing_ok=True)
            self._socket.bind(str(self._path))
        except OSError as error:
            # Numbers without exemplars are worth far more than none.
            self._exemplars.is_heard = False
            _log.warning("exemplars_not_heard", directory=str(self._path.parent), cause=str(error))
        else:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            # Wakes the thread with nothing.
            self._socket.shutdown(socket.SHUT_RDWR)
        # Not whether it lives: it may have ended since it was woken.
        if self._thread.ident is not None:
            self._thread.join()
            self._path.unlink(missing_ok=True)
        self._socket.close()

    def _listen(self) -> None:
        while datagram := self._socket.recv(_MOST_BYTES):
            self._exemplars.take(datagram)
