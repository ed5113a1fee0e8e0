"""The audit log: one JSON line per alert told. It is the evidence, and the memory after a restart."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from alerts.oncall.notification import NotifiedAlert

_log = structlog.get_logger()


class Route(StrEnum):
    """By which of our paths an alert came."""

    PAGER = "pager"
    AUDIT = "audit"
    TEAM = "team"
    DEADMAN = "deadman"


class Entry(BaseModel):
    """One line of the audit log."""

    model_config = ConfigDict(frozen=True)

    received_at: AwareDatetime
    route: Route
    alert: NotifiedAlert


class Journal:
    """Appends to audit.jsonl and reads it back; opens it anew each time, so that it may be rotated or cleaned away."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "audit.jsonl"

    def append(self, entries: Iterable[Entry]) -> None:
        """Write and flush all entries; raises OSError when the disk is full or the directory cannot be written."""
        lines = "".join(f"{entry.model_dump_json()}\n" for entry in entries).encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            file.write(_end_of_torn_line(file.seek(0, os.SEEK_END), self.path) + lines)
            file.flush()

    def entries(self) -> Iterator[Entry]:
        """Yield what was written before; a line that cannot be read is logged and skipped."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        for number, line in enumerate(lines, start=1):
            try:
                yield Entry.model_validate_json(line)
            except ValidationError as error:
                _log.warning("audit_line_unreadable", path=str(self.path), line=number, error=str(error))


def _end_of_torn_line(size: int, path: Path) -> bytes:
    """Return the newline that a full disk or a kill -9 kept from being written."""
    if size == 0:
        return b""
    with path.open("rb") as file:
        file.seek(size - 1)
        return b"" if file.read(1) == b"\n" else b"\n"
