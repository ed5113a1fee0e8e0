"""`.run`: where everything that runs keeps its data, its sockets and its logs.

Apart, because the place is a decision: PostgreSQL refuses to run as root and must still reach its directory, and the
kernel refuses unix socket paths beyond 107 bytes. Where the checkout is too private or too deep, `.run` becomes a link.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack.errors import Refused

CHECKOUT = Path(__file__).resolve().parent.parent
NAME = ".run"
# Survives a reboot, unlike /tmp, and is short and open to every user.
SHORT_HOME = Path("/var/tmp")  # noqa: S108 - we create our own directory in it, check its owner and never follow a link
PREFIX = "slotwatch-"
SOCKET_PATH_BYTES = 107
# supervisord writes `supervisor.sock.<pid>` first and then renames it.
LONGEST_SOCKET = "supervisor.sock.4194304"
# Others may pass through (PostgreSQL's own user does), nobody may look.
MODE = 0o711
ROOMS = ("log", "configuration", "mail", "metrics", "oncall", "probe")


@dataclass(frozen=True, slots=True)
class User:
    """The account that PostgreSQL's processes run under."""

    name: str
    uid: int
    groups: frozenset[int]


def postgres_user() -> User | None:
    """Return whom PostgreSQL runs as when we are root; None when it runs as ourselves.

    Raises Refused when we are root and the account is missing.
    """
    if os.geteuid() != 0:
        return None
    try:
        account = pwd.getpwnam("postgres")
    except KeyError as error:
        raise Refused(
            "PostgreSQL does not run as root and there is no user `postgres`; "
            "install Debian's postgresql package, or run this as an ordinary user"
        ) from error
    return User(account.pw_name, account.pw_uid, frozenset(os.getgrouplist(account.pw_name, account.pw_gid)))


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The rooms of one chain. The path is resolved: processes report where they are, not by which link they came."""

    path: Path

    @property
    def log(self) -> Path:
        return self.room("log")

    @property
    def postgres(self) -> Path:
        return self.room("postgres")

    @property
    def redis(self) -> Path:
        return self.room("redis")

    @property
    def configuration(self) -> Path:
        return self.room("configuration")

    @property
    def secrets(self) -> Path:
        """Where an operator puts what opens the ways out (alerts/outside.py); not there means that none is open."""
        return self.path / "secrets"

    @property
    def supervisor_socket(self) -> Path:
        return self.path / "supervisor.sock"

    @property
    def supervisor_pid(self) -> Path:
        return self.path / "supervisord.pid"

    @property
    def supervisor_configuration(self) -> Path:
        return self.path / "supervisord.conf"

    @property
    def lock(self) -> Path:
        return self.path / "chain.lock"

    @property
    def record(self) -> Path:
        return self.path / "chain.json"

    def room(self, name: str) -> Path:
        """Return a process's own directory; `prepare` has made those of ROOMS, servers make their own."""
        return self.path / name


def passable(path: Path, user: User) -> bool:
    """True if the user may walk through every directory down to `path`, as far as the mode bits say."""
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    return all(_may_enter(directory.stat(), user) for directory in (existing, *existing.parents))


def _may_enter(status: os.stat_result, user: User) -> bool:
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid in user.groups:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def short_enough(path: Path) -> bool:
    """True if every unix socket in it has a path the kernel takes."""
    return len(os.fsencode(path / LONGEST_SOCKET)) <= SOCKET_PATH_BYTES


def choose(checkout: Path, *, user: User | None) -> Path:
    """Return where the chain of this checkout lives: its `.run`, or a short open directory named after the checkout."""
    here = checkout / NAME
    if short_enough(here) and (user is None or passable(checkout, user)):
        return here
    digest = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:12]
    return SHORT_HOME / f"{PREFIX}{digest}"


def prepare(checkout: Path = CHECKOUT, *, at: Path | None = None) -> RunDirectory:
    """Make the run directory, with `.run` leading to it, or the one named with `at`.

    Raises Refused where something of somebody else is in the way.
    """
    user = postgres_user()
    place = at.absolute() if at else choose(checkout, user=user)
    if at is not None:
        _refuse_unusable(place, user)
    else:
        _lead(checkout / NAME, place)
    _own(place)
    run = RunDirectory(place.resolve())
    for name in ROOMS:
        run.room(name).mkdir(exist_ok=True)
    return run


def existing(checkout: Path = CHECKOUT, *, at: Path | None = None) -> RunDirectory | None:
    """Return the run directory if there is one; nothing is made."""
    place = at.absolute() if at else checkout / NAME
    return RunDirectory(place.resolve()) if place.is_dir() else None


def _refuse_unusable(place: Path, user: User | None) -> None:
    # We close it to others and fill it: never do that to somebody's home.
    if place.is_dir() and any(place.iterdir()) and not all((place / name).is_dir() for name in ROOMS):
        raise Refused(f"{place} holds something else already; name an empty or a new directory")
    if not short_enough(place):
        raise Refused(f"{place} is too long for unix sockets; choose a run directory of at most 80 characters")
    if user is not None and not passable(place.parent, user):
        raise Refused(f"PostgreSQL's user cannot reach {place}; choose a run directory that others may pass through")


def _lead(link: Path, target: Path) -> None:
    """Make `.run` lead to the chosen place: by being it, or by a link."""
    if link.is_symlink() and Path(os.readlink(link)) != target:
        link.unlink()
    if link == target or link.is_symlink():
        return
    if link.exists():
        raise Refused(
            f"{link} must become a link to {target}; run `make clean` to remove the data in it, then try again"
        )
    link.symlink_to(target)


def _own(place: Path) -> None:
    """Create the directory, or make sure that it is ours and no link: /var/tmp is open to everybody."""
    try:
        place.mkdir(mode=MODE, parents=False, exist_ok=True)
        status = place.lstat()
    except OSError as error:
        raise Refused(f"cannot make the run directory {place}: {error.strerror}") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise Refused(f"{place} belongs to another user; run this as that user, or remove it (it holds demo data only)")
    place.chmod(MODE)


@contextmanager
def temporary() -> Iterator[Path]:
    """Yield a short directory that PostgreSQL's user can reach, for tests (pytest's own is neither); then remove it."""
    path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=SHORT_HOME))
    path.chmod(MODE)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
