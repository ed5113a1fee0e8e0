"""A setting that is misspelt or out of range stops the process, with the remedy."""

import pytest

from booking_core.settings import Settings, UnknownSetting, refuse_unknown
from sla.topology import DEFAULT_PORTS, Process


def test_a_misspelt_variable_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownSetting, match="did you mean BOOKING_REDIS_URL"):
        refuse_unknown({"BOOKING_REDIS_URI": "x"})


def test_other_programs_variables_are_none_of_our_business():
    refuse_unknown({"PATH": "/bin", "BOOKING_PORT": "8000"})


def test_secrets_do_not_show_when_settings_are_printed():
    assert "s3cret" not in repr(Settings(database_url="postgresql+psycopg://user:s3cret@host/db"))


def test_the_default_port_is_the_one_the_others_expect():
    assert Settings().port == DEFAULT_PORTS[Process.CORE]


def test_every_setting_explains_itself():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
