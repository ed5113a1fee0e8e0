import pytest
from typer.testing import CliRunner

from sla.objectives import SlaError
from stack.cli import app


def slotwatch(*arguments: str):
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("command", ["up", "demo", "doctor"])
def test_a_misspelt_process_is_refused_in_one_sentence(command):
    result = slotwatch(command, "--port", "cor=1")

    assert result.exit_code == 2
    assert result.stderr == "--port cor=1: no process is called 'cor'; did you mean core?\n"


def test_help_names_every_command():
    text = slotwatch("--help").output

    assert [
        name for name in ("up", "demo", "chaos", "outage", "down", "core", "doctor", "generate") if name not in text
    ] == []


def test_where_nothing_runs_down_says_so(tmp_path):
    result = slotwatch("down", "--run-directory", str(tmp_path / "none"))

    assert (result.exit_code, result.output) == (0, "Nothing of this checkout was running.\n")


def test_a_command_for_the_core_of_a_chain_that_does_not_run_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SLOTWATCH_RUN_DIRECTORY", str(tmp_path / "none"))

    result = slotwatch("core", "breaker", "status")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "no chain of this checkout is running; start one with `make up`\n"


def test_memory_of_a_chain_that_does_not_run_is_a_sentence(tmp_path):
    result = slotwatch("doctor", "--running", "--run-directory", str(tmp_path))

    assert result.exit_code == 1
    assert result.stderr == "no chain runs from this checkout; start one with `make up`\n"


def test_a_run_directory_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "letters.txt").touch()

    result = slotwatch("up", "--run-directory", str(tmp_path))

    assert result.exit_code == 2
    assert "holds something else already" in result.stderr


def test_a_promise_that_is_refused_is_refused_once_and_nothing_is_written(monkeypatch):
    def refused() -> None:
        raise SlaError("threshold_seconds: 47 is not a bucket edge")

    started: list[object] = []
    monkeypatch.setattr("stack.cli.objectives.load", refused)
    monkeypatch.setattr("stack.cli.subprocess.run", lambda command, **_: started.append(command))

    result = slotwatch("generate")

    assert (result.exit_code, result.stderr) == (2, "threshold_seconds: 47 is not a bucket edge\n")
    assert started == []
