from importlib.util import find_spec
from pathlib import Path

import pytest

from sla import objectives
from sla.topology import NATIVE, Place, Process
from stack import ports
from stack.monitoring import MonitoringFiles
from stack.processes import Program, programs
from stack.run_directory import RunDirectory
from stack.startup import waves

RUN = RunDirectory(Path("/nowhere/.run"))


@pytest.fixture(scope="module")
def table() -> dict[str, Program]:
    return {program.name: program for program in programs(RUN, NATIVE, objectives.load())}


def modules(table: dict[str, Program]) -> dict[str, str]:
    return {name: p.command[p.command.index("-m") + 1] for name, p in table.items() if "-m" in p.command}


def test_every_process_that_listens_is_started(table):
    assert {process.value for process in ports.STARTED} <= set(table)


def test_every_module_that_is_started_exists(table):
    assert [module for module in modules(table).values() if find_spec(f"{module}") is None] == []
    assert set(modules(table).values()) == {
        "loadtests.calcom_simulator",
        "loadtests.mail_sink",
        "booking_core",
        "exporter",
        "alerts.oncall",
        "loadtests.daemon",
    }


def test_the_chain_can_be_brought_up_in_waves(table):
    first, *_, last = waves(list(table.values()))

    assert {"postgres", "redis", "simulator", "prometheus"} <= {program.name for program in first}
    assert [program.name for program in last] == ["probe"]


def test_everything_is_tethered_to_supervisord(table):
    assert [name for name, program in table.items() if not program.command[1].startswith("--pdeathsig=")] == []


def test_another_port_reaches_everyone_who_needs_it():
    place = Place("native", ports={Process.CORE: 18000, Process.SIMULATOR: 18090})

    table = {program.name: program for program in programs(RUN, place, objectives.load())}

    assert table["core"].environment["BOOKING_PORT"] == "18000"
    assert table["core"].environment["BOOKING_CALCOM_URL"] == "http://127.0.0.1:18090/v2"
    assert table["probe"].environment["LOADTEST_TARGET_URL"] == "http://127.0.0.1:18000"
    assert table["simulator"].environment["SIMULATOR_WEBHOOK_URL"] == "http://127.0.0.1:18000/v1/webhooks/calcom/demo"


def test_on_the_default_ports_the_committed_files_are_what_runs():
    files = MonitoringFiles(RUN, NATIVE, objectives.load())

    assert files.directory.parts[-3:] == ("alerts", "generated", "native")
    assert (files.directory / "prometheus.yml").is_file()


def test_on_other_ports_the_same_text_is_written_for_them(tmp_path):
    run = RunDirectory(tmp_path)
    run.configuration.mkdir()
    place = Place("native", ports={Process.ONCALL: 19466})
    files = MonitoringFiles(run, place, objectives.load())

    files.prepare()

    assert "127.0.0.1:19466/pager" in (run.configuration / "alertmanager.yml").read_text()
    assert "127.0.0.1:19466" in (run.configuration / "prometheus.yml").read_text()


def test_what_an_earlier_chain_has_paged_is_forgotten(tmp_path):
    run = RunDirectory(tmp_path)
    old = run.room("alertmanager") / "nflog"
    old.parent.mkdir()
    old.touch()

    MonitoringFiles(run, NATIVE, objectives.load()).prepare()

    assert not old.exists()
