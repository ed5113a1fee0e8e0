"""The programs we start but did not write: where they are, what they are called, which Debian package brings them.

Apart, because setup.sh installs them, doctor lists them, and the native start, the tests and the demo look them up.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stack.errors import Refused

# Debian keeps one directory per PostgreSQL major version and puts none of them on the PATH.
POSTGRES_HOME = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Binary:
    """A program, under the names it goes by (Debian's first)."""

    names: tuple[str, ...]
    package: str
    directories: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        return self.names[0]

    def find(self) -> Path | None:
        """Return where it is, looking in its own directories before the PATH."""
        for name in self.names:
            for directory in self.directories:
                if (directory / name).is_file():
                    return directory / name
            if found := shutil.which(name):
                return Path(found)
        return None

    def get(self) -> Path:
        """Return where it is. Raises Refused when it is nowhere."""
        require((self,))
        found = self.find()
        assert found is not None  # noqa: S101 - `require` has just seen it
        return found


def _postgres_directories() -> tuple[Path, ...]:
    """Newest major version first; the number decides, not the text (9.6 is older than 15)."""
    versions = [path for path in POSTGRES_HOME.glob("*/bin") if path.parent.name.replace(".", "").isdigit()]
    return tuple(sorted(versions, key=lambda path: float(path.parent.name), reverse=True))


def postgres() -> Binary:
    return Binary(("postgres",), "postgresql", directories=_postgres_directories())


def initdb() -> Binary:
    return Binary(("initdb",), "postgresql", directories=_postgres_directories())


def pgbench() -> Binary:
    """Comes with the server; only benchmarks use it."""
    return Binary(("pgbench",), "postgresql", directories=_postgres_directories())


REDIS = Binary(("redis-server",), "redis-server")
PROMETHEUS = Binary(("prometheus",), "prometheus")
PROMTOOL = Binary(("promtool",), "prometheus")
ALERTMANAGER = Binary(("prometheus-alertmanager", "alertmanager"), "prometheus-alertmanager")
AMTOOL = Binary(("amtool",), "prometheus-alertmanager")
SETPRIV = Binary(("setpriv",), "util-linux")


def needed() -> tuple[Binary, ...]:
    """Return every program of the native start, in the order doctor lists them."""
    return (postgres(), initdb(), REDIS, PROMETHEUS, PROMTOOL, ALERTMANAGER, AMTOOL, SETPRIV)


def require(binaries: Iterable[Binary]) -> None:
    """Raise Refused, naming all that are missing at once and both ways to get them."""
    missing = [binary for binary in binaries if binary.find() is None]
    if missing:
        names = ", ".join(binary.name for binary in missing)
        packages = " ".join(dict.fromkeys(binary.package for binary in missing))
        raise Refused(
            f"{names} not found; on Debian `make up` installs what is missing "
            f"(or: apt-get install {packages}), elsewhere start everything in Docker with `docker compose up`"
        )


def version(path: Path) -> str:
    """Return the number the program gives as its version."""
    result = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    number = re.search(r"\d+(\.\d+)+", result.stdout + result.stderr)
    return number[0] if number else "of unknown version"
