"""The probe's environment."""

import pytest

from loadtests.settings import LoadtestSettings
from sla.environment import SettingsError
from sla.objectives import SlaError


def test_the_defaults_fit_the_native_start():
    settings = LoadtestSettings.read({})

    assert (settings.target, settings.port, settings.service) == ("http://127.0.0.1:8000", 9465, "probe")


def test_variables_are_read(monkeypatch):
    monkeypatch.setenv("LOADTEST_TARGET_URL", "http://core:8000/")
    monkeypatch.setenv("LOADTEST_API_KEY", "sk_other")

    settings = LoadtestSettings.read({})

    assert (settings.target, settings.credentials.api_key) == ("http://core:8000", "sk_other")


def test_a_misspelt_variable_is_refused_and_the_right_one_named():
    with pytest.raises(SettingsError, match=r"LOADTEST_TARGT_URL is not a setting.*did you mean LOADTEST_TARGET_URL\?"):
        LoadtestSettings.read({"LOADTEST_TARGT_URL": "x"})


def test_variables_of_others_are_none_of_our_business():
    LoadtestSettings.refuse_unknown({"BOOKING_PORT": "1", "PATH": "/bin"})


@pytest.mark.parametrize(("name", "value"), [("LOADTEST_PORT", "70000"), ("LOADTEST_TARGET_URL", "core:8000")])
def test_a_wrong_value_is_refused_with_the_variables_name(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=name):
        LoadtestSettings.read({name: value})


def test_secrets_do_not_show():
    settings = LoadtestSettings.read({})

    assert "sk_demo" not in repr(settings) + repr(settings.credentials) + LoadtestSettings.help_text()


def test_help_lists_every_variable():
    assert all(f"LOADTEST_{name.upper()}\n" in LoadtestSettings.help_text() for name in LoadtestSettings.model_fields)


def test_another_promise_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("LOADTEST_SLA_FILE", str(tmp_path / "missing.yaml"))

    with pytest.raises(SlaError, match="cannot read"):
        LoadtestSettings.read({}).promise()
