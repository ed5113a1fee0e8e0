"""A server started by hand for as long as it is needed: how tests hold PostgreSQL and Redis without supervisord."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from stack.errors import Failed

_PATIENCE_SECONDS = 60.0
_STEP_SECONDS = 0.02


class OwnServer:
    """One child process, from its start until it is certainly gone."""

    def __init__(
        self,
        command: tuple[str, ...],
        *,
        log: Path,
        stop_signal: signal.Signals,
        patience_seconds: float = _PATIENCE_SECONDS,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._environment = environment
        self._patience_seconds = patience_seconds
        self._log = log
        self._stop_signal = stop_signal
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool]) -> None:
        """Start it and wait until it is ready. Raises Failed, with the log's end, when it is not in time."""
        with self._log.open("ab") as log:
            self._child = self._spawn(log)
        deadline = time.monotonic() + self._patience_seconds
        while not ready():
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Failed(f"{Path(self._command[0]).name} did not start; its log ends with:\n{tail(self._log)}")
            time.sleep(_STEP_SECONDS)

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in the terminal is for us, we then stop the server in order.
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self._log.parent,
            env=self._environment,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process. Raises Failed when it was not started."""
        if self._child is None:
            raise Failed(f"{Path(self._command[0]).name} does not run")
        return self._child.pid

    def stop(self) -> None:
        """End it, with the signal it likes and, failing that, without asking."""
        if self._child is None:
            return
        self._child.send_signal(self._stop_signal)
        try:
            self._child.wait(self._patience_seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None


def tail(log: Path, lines: int = 8) -> str:
    """Return the end of a log, for an error message."""
    try:
        text = log.read_text("utf-8", errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "(empty log)"
