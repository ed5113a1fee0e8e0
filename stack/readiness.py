"""How to tell that a process works, one small check per way of listening.

Apart from the table of processes so that the start, the live view and doctor ask the same question.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

Check = Callable[[], bool]
_PATIENCE_SECONDS = 1.5


def answers_http(host: str, port: int, path: str) -> Check:
    """Return a check that is true when a GET is answered with success."""

    def check() -> bool:
        # The plain client: it knows no proxy, and builds no TLS context ten times a second.
        connection = HTTPConnection(host, port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("GET", path)
            return 200 <= connection.getresponse().status < 300
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    return check


def accepts_tcp(host: str, port: int) -> Check:
    """Return a check that is true when somebody accepts a connection."""

    def check() -> bool:
        try:
            socket.create_connection((host, port), timeout=_PATIENCE_SECONDS).close()
        except OSError:
            return False
        return True

    return check
