"""A private Redis server: unix socket only, nothing kept on disk, for the chain and for tests."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stack import binaries
from stack.errors import Failed
from stack.own_server import OwnServer
from stack.tether import tethered


@dataclass(slots=True)
class PrivateRedis:
    """One server in one directory, which also holds its socket."""

    directory: Path
    _server: OwnServer | None = None

    @property
    def socket(self) -> Path:
        return self.directory / "redis.sock"

    @property
    def log(self) -> Path:
        return self.directory / "redis.log"

    def initialise(self) -> None:
        """Make the directory; there is nothing else to keep."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self) -> tuple[str, ...]:
        """Return how to run the server in the foreground; SIGTERM ends it."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
        }
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        return tethered((str(binaries.REDIS.get()), *flags))

    def is_ready(self) -> bool:
        """True once it answers."""
        try:
            # Without retries: whoever waits asks again anyway.
            with redis.Redis(
                unix_socket_path=str(self.socket), socket_timeout=2, retry=Retry(NoBackoff(), 0)
            ) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def start(self) -> None:
        """Start the server as our own child and wait until it is ready. Raises Failed with the end of its log."""
        self.initialise()
        self._server = OwnServer(self.command(), log=self.log, stop_signal=signal.SIGTERM)
        self._server.start(self.is_ready)

    def stop(self) -> None:
        """End the server that `start` started."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def pid(self) -> int:
        """The server that `start` started."""
        if self._server is None:
            raise Failed(f"no server of ours runs in {self.directory}")
        return self._server.pid

    def url(self, database: int = 0) -> str:
        """Return the address in redis-py's way of writing it."""
        return f"unix://{self.socket}?db={database}"
