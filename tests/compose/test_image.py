"""The Dockerfile without an engine: what it copies is there, and its own commands, run here, give a complete wheel."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import HeaderParser
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.compose import hardening
from tests.compose.chain import ROOT, Chain

INSTRUCTIONS = re.sub(
    r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"))
).splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def arguments(instruction: str) -> list[str]:
    """Return what follows each use of an instruction."""
    return [line.removeprefix(f"{instruction} ").strip() for line in INSTRUCTIONS if line.startswith(f"{instruction} ")]


def copied() -> list[str]:
    """Return what comes from the checkout, not from another stage."""
    return [word for line in arguments("COPY") if not line.startswith("--from") for word in line.split()[:-1]]


def command(containing: str) -> str:
    (found,) = (line for line in arguments("RUN") if containing in line)
    return next(part.strip() for part in found.split("&&") if containing in part)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built as the Dockerfile builds it, from exactly what it copies."""
    room = tmp_path_factory.mktemp("image")
    for name in copied():
        (room / name).symlink_to(ROOT / name)
    words = command("hatchling build").replace("/wheels", str(room / "wheels")).split()
    assert words[0] == "python"
    subprocess.run([sys.executable, *words[1:]], cwd=room, check=True, capture_output=True)
    (path,) = (room / "wheels").glob("*.whl")
    return zipfile.ZipFile(path)


def test_everything_that_is_copied_exists_and_reaches_the_engine():
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"}

    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert set(copied()) == let_through


def test_every_package_of_the_project_is_copied():
    assert [package for package in PACKAGES if package not in copied()] == []


def test_the_lock_of_the_running_system_is_installed_with_its_hashes():
    installed = command("-r requirements.lock")

    assert "--require-hashes" in installed
    assert "--hash=sha256:" in (ROOT / "requirements.lock").read_text("utf-8")


def test_the_build_lock_names_all_that_the_builder_needs(tmp_path):
    excerpt = command("awk").replace("build.lock", str(tmp_path / "build.lock"))
    subprocess.run(excerpt, shell=True, cwd=ROOT, check=True)  # noqa: S602 - the Dockerfile's own shell command
    locked = set(re.findall(r"(?m)^([a-z0-9-]+)==", (tmp_path / "build.lock").read_text("utf-8")))
    needed = [Requirement(text) for text in requires("hatchling") or []]

    assert locked == {"hatchling"} | {canonicalize_name(r.name) for r in needed if not r.marker or r.marker.evaluate()}


def test_the_wheel_holds_every_file_of_every_package(wheel):
    ours = [path for package in PACKAGES for path in (ROOT / package).rglob("*")]
    expected = {str(p.relative_to(ROOT)) for p in ours if p.is_file() and "__pycache__" not in p.parts}

    assert expected - set(wheel.namelist()) == set()


@pytest.mark.parametrize(
    "needed",
    [
        "sla/sla.yaml",
        "booking_core/adapters/postgres/migrations/env.py",
        "booking_core/adapters/postgres/migrations/versions/0001_bookings.py",
        "alerts/generated/compose/prometheus.yml",
        "dashboards/generated/booking-kpis.json",
    ],
)
def test_the_wheel_holds_what_is_read_while_running(wheel, needed):
    assert needed in wheel.namelist()


def test_the_distribution_has_the_version_and_the_requirements_of_the_project(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = HeaderParser().parsestr(wheel.read(name).decode())

    assert (metadata["Name"], metadata["Version"]) == ("slotwatch", PROJECT["project"]["version"])


def test_the_label_says_the_version_of_the_project():
    (labels,) = arguments("LABEL")

    assert f'org.opencontainers.image.version="{PROJECT["project"]["version"]}"' in labels


def test_the_python_of_the_image_is_pinned_and_recent_enough():
    (image,) = (line.split()[0] for line in arguments("FROM") if ":" in line)

    assert hardening.is_pinned(image)
    assert image.startswith(f"python:{PROJECT['project']['requires-python'].removeprefix('>=')}.")


def test_the_last_stage_runs_modules_as_an_ordinary_user_without_an_installer():
    last = INSTRUCTIONS[max(n for n, line in enumerate(INSTRUCTIONS) if line.startswith("FROM")) :]

    assert 'ENTRYPOINT ["python", "-m"]' in last
    assert "USER 10001:10001" in last
    assert any("pip uninstall --yes pip setuptools wheel" in line for line in last)


def test_the_image_has_the_directories_that_volumes_cover_and_the_user_owns_them():
    (made,) = (line for line in arguments("RUN") if "install --directory" in line)
    (user,) = arguments("USER")
    owner = "uid={},gid={}".format(*user.split(":"))
    chain = Chain.read()
    targets = {mount.target for service in chain.ours() for mount in service.mounts if mount.is_volume}

    assert sorted(targets) == sorted(Path(word).as_posix() for word in made.split() if word.startswith("/var/lib"))
    assert owner in chain.volumes["metrics"]["driver_opts"]["o"]
    assert f"useradd --uid {user.partition(':')[0]} " in made
