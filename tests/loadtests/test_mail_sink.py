"""The mail sink: one file per message, whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loadtests.mail_sink import Letterbox, MailSettings, SettingsError, Sink, main

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _letterbox(directory: Path) -> Letterbox:
    return Letterbox(directory, lambda: NOON, lambda: "id1")


def _envelope(message: bytes) -> Any:
    return SimpleNamespace(original_content=message, rcpt_tos=["eva@example.com"])


def test_a_message_becomes_one_file_named_after_its_arrival(tmp_path: Path):
    _letterbox(tmp_path).keep(b"Subject: hello\r\n\r\nhi")

    [path] = tmp_path.iterdir()
    assert path.name == "20261123T120000.000000Z-id1.eml"
    assert path.read_bytes() == b"Subject: hello\r\n\r\nhi"


async def test_a_message_that_cannot_be_kept_is_refused_for_now(tmp_path: Path):
    answer = await Sink(_letterbox(tmp_path / "gone")).handle_DATA(None, None, _envelope(b"x"))  # type: ignore[arg-type]

    assert answer.startswith("452")


def test_a_misspelt_variable_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match="did you mean MAIL_DIRECTORY"):
        MailSettings.refuse_unknown({"MAIL_DIRECTROY": "/x"})


def test_a_wrong_setting_ends_with_a_sentence_and_code_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MAIL_PORT", "many")

    assert main([]) == 2
    assert "MAIL_PORT: Input should be a valid integer" in capsys.readouterr().err


def test_a_directory_that_cannot_be_made_ends_with_a_sentence_and_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").touch()

    assert main(["--directory", str(tmp_path / "file" / "mail")]) == 2
    assert "set MAIL_DIRECTORY" in capsys.readouterr().err


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_takes_mail_and_ends_with_code_zero_while_a_client_is_connected(
    tmp_path: Path, number: signal.Signals
):
    environment = os.environ | {"MAIL_PORT": "0", "MAIL_DIRECTORY": str(tmp_path / "mail")}
    command = [sys.executable, "-m", "loadtests.mail_sink"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process.stderr:
        port = json.loads(process.stderr.readline())["port"]
        client = smtplib.SMTP("127.0.0.1", port, timeout=10)
        client.send_message(_confirmation())
        logged = json.loads(process.stderr.readline())
        process.send_signal(number)
        assert process.wait(timeout=15) == 0
        rest = process.stderr.read()
    client.close()

    [path] = (tmp_path / "mail").glob("*.eml")
    assert message_from_bytes(path.read_bytes())["Subject"] == "Your appointment"
    assert (logged["event"], logged["file"], logged["recipients"]) == ("message", path.name, 1)
    assert "eva@example.com" not in json.dumps(logged)
    assert "Traceback" not in rest


def _confirmation() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Your appointment"
    message["From"] = "salon@example.com"
    message["To"] = "eva@example.com"
    message.set_content("Tomorrow at ten.")
    return message
