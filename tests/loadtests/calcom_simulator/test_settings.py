"""Settings: a typo is refused, nonsense gets a sentence."""

from __future__ import annotations

import pytest

from loadtests.calcom_simulator.__main__ import main
from loadtests.calcom_simulator.fault_orders import FaultKind
from loadtests.calcom_simulator.settings import SimulatorSettings
from sla.environment import SettingsError


def test_a_misspelt_variable_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"SIMULATOR_PROT is not a setting.*did you mean SIMULATOR_PORT"):
        SimulatorSettings.refuse_unknown({"SIMULATOR_PROT": "1"})


def test_known_variables_and_those_of_others_pass():
    SimulatorSettings.refuse_unknown({"SIMULATOR_WEBHOOK_URL": "http://core", "BOOKING_PORT": "1"})


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("SIMULATOR_PORT", "many", "SIMULATOR_PORT: Input should be a valid integer"),
        ("SIMULATOR_PORT", "70000", "SIMULATOR_PORT: Input should be less than or equal to 65535"),
        ("SIMULATOR_WEBHOOK_URL", "core", "SIMULATOR_WEBHOOK_URL: "),
        ("SIMULATOR_SPEED", "1", "did you mean SIMULATOR_SEED"),
    ],
)
def test_a_wrong_setting_ends_with_a_sentence_and_code_two(
    name: str, content: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv(name, content)

    assert main([]) == 2
    assert sentence in capsys.readouterr().err


def test_help_names_every_setting_and_every_fault(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ending:
        main(["--help"])

    told = capsys.readouterr().out
    assert ending.value.code == 0
    assert all(f"SIMULATOR_{name.upper()}" in told for name in SimulatorSettings.model_fields)
    assert all(f"  {fault} " in told for fault in FaultKind)


def test_secrets_do_not_show():
    assert "cal_demo" not in repr(SimulatorSettings())


def test_two_salons_cannot_share_a_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("SIMULATOR_SECOND_API_KEY", "cal_demo")

    assert main([]) == 2
    assert "must differ" in capsys.readouterr().err
