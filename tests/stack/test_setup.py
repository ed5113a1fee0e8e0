"""setup.sh, clean.sh and the Makefile, in a checkout and on a machine made up for the test."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stack.run_directory import CHECKOUT

SCRIPTS = ("stack/setup.sh", "stack/clean.sh", ".ci/run")
# What the scripts themselves use, and nothing that setup.sh looks for.
TOOLS = (
    *("bash", "cat", "chmod", "cp", "dirname", "env", "find", "flock", "grep", "id", "mkdir", "mktemp"),
    *("readlink", "rm", "sh", "sha256sum", "tail", "tee"),
)


class Sandbox:
    """A checkout with the scripts in it, and a PATH of our own."""

    def __init__(self, home: Path) -> None:
        self.checkout = home / "checkout"
        self.bin = home / "bin"
        self.said = home / "said"
        (self.checkout / "stack").mkdir(parents=True)
        self.bin.mkdir()
        for script in ("stack/setup.sh", "stack/clean.sh"):
            shutil.copy(CHECKOUT / script, self.checkout / script)
        for tool in TOOLS:
            if path := shutil.which(tool):
                (self.bin / tool).symlink_to(path)
        (self.checkout / "requirements-dev.lock").write_text("a==1\n")
        (self.checkout / "pyproject.toml").write_text("[project]\n")

    def program(self, name: str, script: str = "") -> None:
        """Add a program that notes how it was called."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/bash\necho "${{0##*/}} $*" >>"{self.said}"\n{script}\n')
        path.chmod(0o755)

    def with_all_programs(self) -> None:
        for name in ("postgres", "redis-server", "prometheus", "promtool", "prometheus-alertmanager", "amtool"):
            self.program(name)

    def with_finished_environment(self) -> None:
        python = self.checkout / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/bash\n")
        python.chmod(0o755)
        for stamp, file in (("packages", "requirements-dev.lock"), ("project", "pyproject.toml")):
            text = f"{self.checkout}\n".encode() + (self.checkout / file).read_bytes()
            (self.checkout / ".venv" / f"{stamp}.stamp").write_text(f"{hashlib.sha256(text).hexdigest()}  -\n")

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "HOME": str(self.checkout), "TMPDIR": str(self.bin.parent)}
        command = ["bash", str(self.checkout / script)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)

    def calls(self) -> list[str]:
        return self.said.read_text().splitlines() if self.said.exists() else []


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_valid_and_executable(script):
    subprocess.run(["bash", "-n", CHECKOUT / script], check=True)

    assert os.access(CHECKOUT / script, os.X_OK)


@pytest.mark.parametrize("file", [*SCRIPTS, "Makefile"])
def test_no_script_names_a_registry(file):
    assert re.findall(r"https?://|(?<!no-emit-)index-url|--extra-index", (CHECKOUT / file).read_text()) == []


def test_a_finished_set_up_calls_nobody_and_says_nothing(sandbox):
    sandbox.with_all_programs()
    sandbox.with_finished_environment()

    result = sandbox.run("stack/setup.sh")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert sandbox.calls() == []


def test_without_apt_what_is_missing_is_named_with_the_docker_way(sandbox):
    sandbox.with_all_programs()
    (sandbox.bin / "redis-server").unlink()
    (sandbox.bin / "amtool").unlink()
    sandbox.with_finished_environment()

    result = sandbox.run("stack/setup.sh")

    assert result.returncode == 2
    assert result.stderr.startswith(
        "slotwatch: missing: redis-server prometheus-alertmanager. There is no apt-get here"
    )
    assert "docker compose up" in result.stderr


def test_only_what_is_missing_is_installed_and_its_service_is_disabled(sandbox):
    sandbox.with_all_programs()
    (sandbox.bin / "redis-server").unlink()
    sandbox.with_finished_environment()
    sandbox.program("apt-get")
    sandbox.program("systemctl")
    # Whoever runs the test: nothing of the real machine is written.
    sandbox.program("id", "echo 1000")
    sandbox.program("sudo", 'case $1 in tee | chmod | rm) cat >/dev/null ;; *) "$@" ;; esac')

    result = sandbox.run("stack/setup.sh")

    assert result.returncode == 0, result.stderr
    installs = [call for call in sandbox.calls() if call.startswith("apt-get") and " install " in call]
    assert [call.rpartition(" install ")[2] for call in installs] == ["redis-server"]
    assert re.findall(r"^systemctl disable .*\S$", "\n".join(sandbox.calls()), re.MULTILINE) in (
        ["systemctl disable redis-server.service"],
        ["systemctl disable --now redis-server.service"],
    )


def test_a_failed_installation_shows_what_apt_said_and_the_docker_way(sandbox):
    sandbox.with_all_programs()
    (sandbox.bin / "redis-server").unlink()
    sandbox.with_finished_environment()
    sandbox.program("apt-get", "case $* in *install*) echo 'E: no network' >&2; exit 100 ;; esac")
    sandbox.program("id", "echo 1000")
    sandbox.program("sudo", 'case $1 in tee | chmod | rm) cat >/dev/null ;; *) "$@" ;; esac')

    result = sandbox.run("stack/setup.sh")

    assert result.returncode == 2
    assert "E: no network" in result.stderr
    assert "apt could not install redis-server; see above, or start everything in Docker" in result.stderr


def test_an_old_python_is_refused_by_its_version(sandbox):
    sandbox.with_all_programs()
    sandbox.program("apt-get")
    sandbox.program("systemctl")
    sandbox.program("id", "echo 1000")
    sandbox.program("sudo", 'case $1 in tee | chmod | rm) cat >/dev/null ;; *) "$@" ;; esac')
    sandbox.program("python3", '[ "$1" = -V ] && echo "Python 3.9.2" && exit; exit 1')

    result = sandbox.run("stack/setup.sh")

    assert result.returncode == 2
    assert "needs Python 3.11 or later, found Python 3.9.2" in result.stderr


def test_an_environment_that_was_left_half_finished_is_built_anew(sandbox):
    sandbox.with_all_programs()
    sandbox.with_finished_environment()
    (sandbox.checkout / ".venv" / "packages.stamp").unlink()
    inside = sandbox.checkout / ".venv" / "bin" / "python"
    # The made-up Python makes an environment in which it stands itself, and notes every call.
    sandbox.program("python3", f'case $* in *"-m venv"*) mkdir -p "{inside.parent}"; cp "$0" "{inside}" ;; esac')

    result = sandbox.run("stack/setup.sh")

    assert result.returncode == 0, result.stderr
    calls = "\n".join(sandbox.calls())
    assert f"python3 -m venv --clear {sandbox.checkout}/.venv" in calls
    assert "install --require-hashes -r requirements-dev.lock" in calls
    assert "install --no-deps --no-build-isolation -e ." in calls
    assert sandbox.run("stack/setup.sh").stdout == ""


def test_clean_removes_what_was_made_and_follows_no_foreign_link(sandbox, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (sandbox.checkout / ".run").symlink_to(precious)
    (sandbox.checkout / ".venv").mkdir()

    result = sandbox.run("stack/clean.sh")

    assert result.returncode == 0, result.stderr
    assert precious.is_dir()
    assert sorted(path.name for path in sandbox.checkout.iterdir()) == [
        "pyproject.toml",
        "requirements-dev.lock",
        "stack",
    ]


def test_clean_is_refused_while_a_chain_runs(sandbox):
    run = sandbox.checkout / ".run"
    run.mkdir()
    (run / "supervisord.pid").write_text(str(os.getpid()))

    result = sandbox.run("stack/clean.sh")

    assert result.returncode == 2
    assert result.stderr == "slotwatch: a chain is running from this checkout; end it with `make down`, then clean\n"
    assert run.is_dir()


def test_make_alone_lists_every_target():
    result = subprocess.run(
        ["make", "-C", CHECKOUT, "--no-print-directory"], capture_output=True, text=True, check=True
    )

    listed = [line.split()[1] for line in result.stdout.splitlines()]
    assert listed == [
        "up",
        "demo",
        "test",
        "check",
        "lint",
        "generate",
        "bench-core",
        "bench-exporter",
        "bench-dashboards",
        "bench-telemetry",
        "lock",
        "down",
        "clean",
        "help",
    ]
