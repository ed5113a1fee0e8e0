"""The ways out of the house: open where a secret lies, closed where none does, and never half open."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from alerts import alertmanager, outside, render
from alerts.outside import SecretError
from sla.topology import NATIVE

EMAIL = {"to": "team@slotwatch.example", "from": "alerts@slotwatch.example", "smarthost": "mail.example:587"}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / outside.PAGERDUTY).write_text("r0ut1ng\n")
    (tmp_path / outside.SLACK).write_text("https://slack.example/hook\n")
    (tmp_path / outside.WEBHOOK).write_text("https://somewhere.example/alerts\n")
    (tmp_path / outside.EMAIL).write_text(json.dumps(EMAIL | {"username": "alerts"}))
    (tmp_path / outside.EMAIL_PASSWORD).write_text("hush\n")
    return tmp_path


def receivers(promise, directory: Path) -> dict[str, dict]:
    document = alertmanager.document(NATIVE, promise, outside.ways(directory))
    return {receiver["name"]: receiver for receiver in document["receivers"]}


def test_without_secrets_nothing_changes(promise, tmp_path):
    assert outside.ways(tmp_path / "nowhere") == outside.NONE
    assert render.configuration(NATIVE, promise=promise) == render.configuration(
        NATIVE, promise=promise, ways=outside.ways(tmp_path)
    )


def test_every_way_hears_pages_and_none_but_pagerduty_is_spared_warnings(promise, secrets):
    found = receivers(promise, secrets)

    ways = {"pagerduty_configs", "slack_configs", "email_configs", "webhook_configs"}
    assert found[alertmanager.PAGER].keys() - {"name"} == ways
    assert found[alertmanager.TEAM].keys() - {"name"} == ways - {"pagerduty_configs"}
    assert found[alertmanager.DEADMAN].keys() - {"name"} == {"webhook_configs"}


def test_our_own_receiver_stays_the_first_to_hear(promise, secrets):
    addresses = [way["url"] for way in receivers(promise, secrets)[alertmanager.PAGER]["webhook_configs"]]

    assert addresses == ["http://127.0.0.1:9466/pager", "https://somewhere.example/alerts"]


def test_no_secret_but_the_webhooks_address_is_in_the_configuration(promise, secrets):
    text = render.configuration(NATIVE, promise=promise, ways=outside.ways(secrets))["alertmanager.yml"]

    assert not [word for word in ("r0ut1ng", "slack.example", "hush") if word in text]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (outside.PAGERDUTY, "\n", "is empty; write the secret into it, or remove the file"),
        (outside.EMAIL, "{}", '"smarthost"'),
        (outside.EMAIL, "to: me", "write a JSON object"),
        (outside.EMAIL_PASSWORD, None, "No such file"),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_with_its_remedy(secrets, name, content, sentence):
    path = secrets / name
    path.unlink()
    if content is not None:
        path.write_text(content)

    with pytest.raises(SecretError, match=sentence):
        outside.ways(secrets)


@pytest.mark.integration
def test_alertmanager_accepts_every_way(promise, secrets, tmp_path):
    path = tmp_path / "alertmanager.yml"
    path.write_text(render.configuration(NATIVE, promise=promise, ways=outside.ways(secrets))["alertmanager.yml"])

    done = subprocess.run(["amtool", "check-config", path], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "pagerduty_configs" in yaml.safe_load(path.read_text())["receivers"][1]
