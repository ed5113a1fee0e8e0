"""Small JSON documents that survive a restart of the daemon.

Apart from what is in them: the journal of bookings and the last verdict are written the same way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class StateUnusable(RuntimeError):
    """The state directory cannot be used; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class StateFile:
    """One document. A reader sees the old one or the new one, never half of one."""

    path: Path
    complain: Callable[[str], object]

    @classmethod
    def in_directory(cls, directory: Path, name: str, *, complain: Callable[[str], object]) -> StateFile:
        """Make the directory if need be; raises StateUnusable when nothing can be written there."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
            trial = directory / ".writable"
            trial.touch()
            trial.unlink()
        except OSError as error:
            raise StateUnusable(
                f"cannot write in {directory}: {error.strerror}; set LOADTEST_STATE_DIRECTORY to a directory of ours"
            ) from error
        return cls(directory / name, complain)

    def read(self) -> Any:
        """Return the document; None if there is none, or none that can be read."""
        try:
            return json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def write(self, document: object) -> None:
        """Write the document; a full disk is complained of, but must not end the watching."""
        # Renaming survives a kill of this process. A power cut may cost the last second; the core sweeps after that.
        draft = self.path.with_suffix(".new")
        try:
            draft.write_text(json.dumps(document, indent=1), "utf-8")
            draft.replace(self.path)
        except OSError as error:
            self.complain(f"cannot write {self.path}: {error.strerror}")
