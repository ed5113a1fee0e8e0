from configparser import ConfigParser
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from stack import supervision
from stack.processes import Program
from stack.run_directory import RunDirectory

SERVER = Program(
    "core", ("/usr/bin/env", "python", "-m", "core", "100%"), "http://core", environment={"KEY": "50%, ok"}
)
STEP = Program("migrate", ("migrate",), "runs once", once=True, stop_signal="INT")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    (tmp_path / "log").mkdir()
    return RunDirectory(tmp_path)


def sections(run: RunDirectory, *, is_root: bool = False) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read_string(supervision.configuration([SERVER, STEP], run, is_root=is_root))
    return parser


def test_nothing_starts_by_itself_and_only_servers_are_restarted(run):
    written = sections(run)

    assert {written[name]["autostart"] for name in ("program:core", "program:migrate")} == {"false"}
    assert written["program:core"]["autorestart"] == "true"
    assert written["program:migrate"]["autorestart"] == "false"


def test_every_process_has_its_own_log_of_limited_size(run):
    section = sections(run)["program:core"]

    assert section["stdout_logfile"] == str(run.log / "core.log")
    assert (section["stdout_logfile_maxbytes"], section["stdout_logfile_backups"]) == ("5MB", "2")
    assert section["redirect_stderr"] == "true"


def test_the_socket_is_for_its_owner_alone(run):
    assert sections(run)["unix_http_server"]["chmod"] == "0700"


def test_root_is_named_only_where_we_are_root(run):
    assert "user" not in sections(run)["supervisord"]
    assert sections(run, is_root=True)["supervisord"]["user"] == "root"


def test_supervisord_reads_the_file_as_it_was_meant(run):
    path = run.supervisor_configuration
    path.write_text(supervision.configuration([SERVER, STEP], run, is_root=False))
    options = ServerOptions()

    options.realize(["-c", str(path)])

    core, migrate = (group.process_configs[0] for group in sorted(options.process_group_configs, key=lambda g: g.name))
    assert (core.command, core.environment) == ("/usr/bin/env python -m core 100%", {"KEY": "50%, ok"})
    assert (core.priority, migrate.priority) == (0, 1)
    assert migrate.startsecs == 0


@pytest.mark.parametrize(
    ("state", "status", "failed"),
    [("FATAL", 0, True), ("EXITED", 3, True), ("EXITED", 0, False), ("RUNNING", 0, False)],
)
def test_a_process_has_failed_when_it_was_given_up_or_ended_badly(state, status, failed):
    assert supervision.ProgramState("core", state, 1, status).has_failed is failed
