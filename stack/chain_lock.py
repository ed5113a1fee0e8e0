"""At most one chain per run directory: a lock that the kernel releases when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO


class ChainLock:
    """The lock file of one run directory; it also tells who holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Take the lock; False if another process has it."""
        file = self._path.open("a+", encoding="utf-8")
        if not _lock(file):
            file.close()
            return False
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def holder(self) -> int | None:
        """Return the process that holds the lock; None when it is free. Do not ask while holding it."""
        if not self._path.exists():
            return None
        with self._path.open("r+", encoding="utf-8") as file:
            if _lock(file):
                return None
            return int(file.read() or 0)


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
