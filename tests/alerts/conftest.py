"""The promise as committed, and a way to edit it."""

import re
from importlib import resources

import pytest

from alerts import recording
from sla import objectives


@pytest.fixture(scope="session")
def promise():
    return objectives.load()


@pytest.fixture
def edited():
    """Return the committed promise with some of its text replaced."""

    def edit(**changes):
        text = resources.files("sla").joinpath("sla.yaml").read_text("utf-8")
        for old, new in changes.values():
            assert len(re.findall(re.escape(old), text)) == 1, old
            text = text.replace(old, new)
        return objectives.parse(text)

    return edit


@pytest.fixture(scope="session")
def alerts(promise):
    return recording.alerts(promise)
