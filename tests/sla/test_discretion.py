"""What a discreet log line says, and what it keeps to itself."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from booking_core.telemetry.log_fields import FIELDS
from sla import discretion, logs

CORE = Path(__file__).resolve().parents[2] / "booking_core"


class Lines:
    """Log lines as they were written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def last(self) -> dict[str, object]:
        line: dict[str, object] = json.loads(self.stream.getvalue().splitlines()[-1])
        return {name: value for name, value in line.items() if name != "timestamp"}


@pytest.fixture
def lines(monkeypatch) -> Iterator[Lines]:
    written, root = Lines(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", written.stream)
    logs.configure("debug", fields={"reason", "said"})
    structlog.configure(cache_logger_on_first_use=False)
    yield written
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_field_that_nobody_allowed_is_named_and_not_printed(lines):
    structlog.get_logger().warning("booked", reason="late", caller="Erika")

    assert lines.last() == {"event": "booked", "level": "warning", "reason": "late", "dropped": ["caller"]}


def test_what_looks_like_an_address_or_a_number_is_blotted_out_of_words(lines):
    structlog.get_logger().info("refused", said="Erika at erika@example.org, +49 30 901820 or 030/901820, was refused")

    assert lines.last()["said"] == "Erika at <e-mail>, <number> or <number>, was refused"


def test_half_a_character_costs_neither_the_line_nor_its_meaning(lines):
    structlog.get_logger().info("refused", said="cut \ud83d", reason="Größe")

    assert lines.last() == {"event": "refused", "level": "info", "said": "cut \ud83d", "reason": "Größe"}


class Full(io.StringIO):
    """A disk without room."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_stream_that_takes_no_more_costs_the_line_and_nothing_else(lines, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Full())
    logs.configure("debug")

    structlog.get_logger().error("booked")


def test_an_event_is_a_name_and_not_a_sentence(lines):
    structlog.get_logger().info("Erika Muster called")

    assert lines.last()["event"] == "unnamed_event"


def test_an_exception_is_told_by_its_kind_and_place_without_its_words(lines):
    try:
        try:
            raise KeyError("Erika")
        except KeyError as error:
            raise ConnectionRefusedError(111, "Connection refused") from error
    except OSError:
        structlog.get_logger().exception("surprised")

    told = str(lines.last()["exception"])
    assert "builtins.KeyError\nwhich led to" in told
    assert told.endswith("builtins.ConnectionRefusedError (Connection refused)")
    assert "test_discretion.py" in told
    assert "Erika" not in told.replace('KeyError("Erika")', "")


def test_a_library_is_quoted_without_what_fills_its_template(lines):
    logging.getLogger("some.driver").error("cannot store %s\nDETAIL: %s", "Erika", "Muster")
    assert (lines.last()["event"], lines.last()["logger"]) == ("cannot store %s", "some.driver")

    logging.getLogger("uvicorn.error").info("Started server process [%d]", 42)
    assert lines.last()["event"] == "Started server process [42]"


def test_the_core_logs_only_fields_that_it_may(lines):
    """What would be dropped is never written in the first place."""
    used = {
        keyword.arg
        for path in CORE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_log.")
        for keyword in node.keywords
        if keyword.arg is not None
    }

    assert used - FIELDS - discretion.ALWAYS == set()
    assert len(used) > 10
