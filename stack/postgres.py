"""A private PostgreSQL cluster: unix socket only, in a directory of its own, for the chain and for tests.

Apart, because PostgreSQL does not run as root: everything about that other user is decided here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from stack import binaries
from stack.errors import Failed, Refused
from stack.own_server import OwnServer
from stack.run_directory import User, postgres_user
from stack.tether import tethered

# Makes and owns everything. The other two are made by the migrations, which name them; the core's tenants are kept
# apart only because its role is no superuser.
OWNER = "slotwatch"
CORE = "slotwatch_core"
SIDECAR = "slotwatch_sidecar"
DATABASE = "slotwatch"
_MAINTENANCE_DATABASE = "postgres"

# Small, because the whole chain promises to stay under 1.5 GB; two core workers, a job worker and tests share these.
_OPTIONS = {"max_connections": "100", "shared_buffers": "48MB", "listen_addresses": "", "timezone": "UTC"}
# For clusters whose data nobody will miss: tests run two to three times as fast.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(slots=True)
class PrivateCluster:
    """One cluster in one directory, which also holds its socket. For root: user `postgres` must be able to reach it."""

    directory: Path
    durable: bool = True
    user: User | None = field(default_factory=postgres_user)
    _server: OwnServer | None = None

    @property
    def data(self) -> Path:
        """Named after the major version: another PostgreSQL starts a fresh cluster instead of failing on this one."""
        return self.directory / f"data-{binaries.postgres().get().parent.parent.name}"

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"

    def initialise(self) -> None:
        """Create the cluster with role and database, unless it is there. An interrupted attempt leaves nothing."""
        self._make_directory()
        if self._exists():
            return
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._run(binaries.initdb(), *_initdb_options(fresh))
        self._run(
            binaries.postgres(),
            "--single",
            "-D",
            str(fresh),
            _MAINTENANCE_DATABASE,
            stdin=f"CREATE DATABASE {DATABASE}\n",
        )
        fresh.rename(self.data)

    def _make_directory(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user is not None:
            os.chown(self.directory, self.user.uid, -1)

    def _exists(self) -> bool:
        try:
            return (self.data / "PG_VERSION").exists()
        except PermissionError as error:
            raise Refused(
                f"{self.directory} belongs to another user, probably from a run as root; "
                "run this as that user, or remove it (it holds demo data only)"
            ) from error

    def _run(self, binary: binaries.Binary, *arguments: str, stdin: str = "") -> None:
        command = self._as_server_user(str(binary.get()), *arguments)
        result = subprocess.run(
            command, input=stdin, cwd=self.directory, env=_environment(), capture_output=True, text=True, check=False
        )
        # Single-user mode reports a failed statement and still ends with 0.
        if result.returncode or "ERROR:" in result.stderr:
            raise Failed(f"{binary.name} could not create the cluster in {self.directory}: {result.stderr.strip()}")

    def _as_server_user(self, *command: str) -> tuple[str, ...]:
        return tethered(command, signal="INT", user=self.user.name if self.user else None)

    def command(self) -> tuple[str, ...]:
        """Return how to run the server in the foreground; SIGINT ends it quickly and cleanly."""
        options = {**_OPTIONS, "unix_socket_directories": f'"{self.directory}"', "unix_socket_permissions": "0700"}
        if not self.durable:
            options |= _FORGETFUL
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return self._as_server_user(str(binaries.postgres().get()), "-D", str(self.data), *flags)

    def is_ready(self) -> bool:
        """True once it lets us in."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start the server as our own child and wait until it is ready. Raises Failed with the end of its log."""
        self._server = OwnServer(self.command(), log=self.log, stop_signal=signal.SIGINT)
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

    def url(self, database: str = DATABASE, *, scheme: str = "postgresql", role: str = OWNER) -> str:
        """Return the address; SQLAlchemy wants the scheme `postgresql+psycopg`."""
        return f"{scheme}://{role}@/{database}?host={quote(str(self.directory))}"

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Create a database, as a copy of another one where named; nobody may be connected to that one."""
        # Not page by page through the log: 55 ms instead of 140, and nothing here has to survive a crash half-way.
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        statement = copy.format(sql.Identifier(name), sql.Identifier(template))
        self._execute(statement)

    def drop_database(self, name: str) -> None:
        """Drop a database, with whoever is still connected to it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(_MAINTENANCE_DATABASE), autocommit=True) as connection:
            connection.execute(statement)


def _initdb_options(directory: Path) -> tuple[str, ...]:
    return (
        f"--pgdata={directory}",
        f"--username={OWNER}",
        # Whoever can reach the socket may enter; its directory is closed to everybody else.
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
        "--no-sync",
    )


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA or PGOPTIONS there would lead astray."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
