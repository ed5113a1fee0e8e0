"""Reads one metric file of a worker, again and again, cheaply, and whatever state it is in.

The format is prometheus-client's (mmap_dict.py): an int of the bytes in use, padding to 8, then records of an int key
length, the key in JSON padded to 8, a double for the value and one for its time. Files only ever grow at the end, so
what was parsed once stays where it is: a later read fetches the bytes and picks the doubles out, without parsing.
The file is read, not mapped: a file that somebody truncates would kill a process that has it mapped.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

_INT = struct.Struct("i")
_HEADER_BYTES = 8
_VALUE_BYTES = 16


class Unreadable(Exception):
    """This file cannot be used now; `reason` is a label value of FILES_SKIPPED in the catalogue."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Series(NamedTuple):
    """What a key of a metric file names. `sample` is the family's name with a suffix such as `_bucket`."""

    family: str
    sample: str
    labels: tuple[tuple[str, str], ...]
    help: str


class MetricFile:
    """One worker's values of one kind. `values` belong to `series`, in order; both are of the last good read."""

    series: tuple[Series, ...]
    values: Sequence[float]

    _inode: tuple[int, int] | None
    _bytes: bytearray
    _parsed: int
    _places: Sequence[int]
    _pick: Callable[[Sequence[float]], Sequence[float]]

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    @property
    def kind(self) -> str:
        """`counter`, `histogram`, `summary` or `gauge`: the file's name begins with it."""
        return self.path.name.partition("_")[0]

    def read(self) -> None:
        """Bring `series` and `values` up to date; raises Unreadable and leaves them as they were."""
        try:
            with self.path.open("rb", buffering=0) as file:
                used = self._fetch(file)
        except OSError as error:
            raise Unreadable("unreadable") from error
        if used > self._parsed:
            self._learn(used)
        with memoryview(self._bytes) as raw, raw[: self._parsed].cast("d") as doubles:
            self.values = self._pick(doubles)

    def _forget(self) -> None:
        self.series, self.values = (), ()
        self._inode = None
        self._bytes = bytearray(_HEADER_BYTES)
        self._parsed = _HEADER_BYTES
        self._places = ()
        self._pick = _picker(())

    def _fetch(self, file: BinaryIO) -> int:
        """Read all bytes in use into our own memory and return how many they are."""
        status = os.fstat(file.fileno())
        inode = (status.st_dev, status.st_ino)
        header = os.pread(file.fileno(), _INT.size, 0)
        used = _INT.unpack(header)[0] if len(header) == _INT.size else 0
        if used == 0:
            raise Unreadable("empty")
        if used < _HEADER_BYTES or used % _HEADER_BYTES:
            raise Unreadable("foreign")
        if used > status.st_size:
            raise Unreadable("truncated")
        if used < self._parsed or inode != self._inode:
            self._forget()
            self._inode = inode
        # A worker may grow the file meanwhile; what it adds is seen at the next read.
        fresh = bytearray(used) if used > len(self._bytes) else self._bytes
        with memoryview(fresh) as raw:
            if os.preadv(file.fileno(), [raw[:used]], 0) < used:
                raise Unreadable("truncated")
        self._bytes = fresh
        return used

    def _learn(self, used: int) -> None:
        """Parse the records that were added since the last read."""
        learned, places, at = list(self.series), list(self._places), self._parsed
        while at < used:
            (length,) = _INT.unpack_from(self._bytes, at)
            key_at = at + _INT.size
            value_at = key_at + length + 8 - (length + _INT.size) % 8
            if length <= 0 or value_at + _VALUE_BYTES > used:
                raise Unreadable("foreign")
            learned.append(_series(bytes(self._bytes[key_at : key_at + length])))
            places.append(value_at // 8)
            at = value_at + _VALUE_BYTES
        self.series, self._places, self._parsed, self._pick = tuple(learned), places, used, _picker(places)


def _picker(places: Sequence[int]) -> Callable[[Sequence[float]], Sequence[float]]:
    """Return what takes the doubles at these places, in C; `itemgetter` returns no tuple for fewer than two."""
    if len(places) < 2:
        return lambda doubles: tuple(doubles[place] for place in places)
    return itemgetter(*places)


@lru_cache(maxsize=100_000)
def _series(key: bytes) -> Series:
    """Every slot has the same keys: one parse and one object for all of them."""
    try:
        family, sample, labels, text = json.loads(key)
        series = Series(family, sample, tuple(sorted(labels.items())), text)
    except (ValueError, TypeError, AttributeError) as error:
        raise Unreadable("foreign") from error
    if not all(isinstance(word, str) for word in (family, sample, text, *labels, *labels.values())):
        raise Unreadable("foreign")
    return series
