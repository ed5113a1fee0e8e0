from pathlib import Path

import pytest

from alerts.oncall import __main__ as command
from alerts.oncall.settings import Settings
from sla.environment import SettingsError


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch):
    for name in Settings.variables():
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_the_native_addresses():
    assert Settings.read({}) == Settings(host="127.0.0.1", port=9466, state_directory=Path(".run/oncall"))


@pytest.mark.parametrize("port", ["-1", "65536", "ninety"])
def test_a_port_that_cannot_be_is_refused_by_its_variable(port, monkeypatch):
    monkeypatch.setenv("ONCALL_PORT", port)

    with pytest.raises(SettingsError, match=r"^ONCALL_PORT: "):
        Settings.read({"ONCALL_PORT": port})


def test_a_misspelt_variable_ends_the_start_with_the_nearest_name_and_code_2(monkeypatch, capsys):
    monkeypatch.setenv("ONCALL_STATE_DIR", "/nowhere")

    assert command.main([]) == 2
    assert capsys.readouterr().err == "ONCALL_STATE_DIR is not a setting; did you mean ONCALL_STATE_DIRECTORY?\n"


def test_variables_of_others_are_none_of_our_business():
    assert Settings.read({"BOOKING_PORT": "1"}).port == 9466


def test_help_names_every_variable(capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(["--help"])

    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert all(name in text for name in Settings.variables())
