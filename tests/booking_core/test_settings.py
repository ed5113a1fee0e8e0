"""A setting that is misspelt or out of range stops the process, with the remedy."""

import os

import pytest

from booking_core.settings import Settings
from sla.environment import SettingsError
from sla.topology import DEFAULT_PORTS, Process


def test_a_misspelt_variable_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match="did you mean BOOKING_REDIS_URL"):
        Settings.read({"BOOKING_REDIS_URI": "x"})


def test_a_value_out_of_range_is_refused_with_its_variable(monkeypatch):
    monkeypatch.setenv("BOOKING_WORKERS", "0")

    with pytest.raises(SettingsError, match=r"BOOKING_WORKERS: .*greater than or equal to 1"):
        Settings.read(os.environ)


def test_other_programs_variables_are_none_of_our_business():
    assert Settings.read({"PATH": "/bin", "BOOKING_PORT": "8000"}).workers == 2


def test_secrets_do_not_show_when_settings_are_printed():
    assert "s3cret" not in repr(Settings(database_url="postgresql+psycopg://user:s3cret@host/db"))


def test_the_default_port_is_the_one_the_others_expect():
    assert Settings().port == DEFAULT_PORTS[Process.CORE]


def test_every_setting_explains_itself():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
