"""What nobody expected is counted once, logged with its traceback, and told without a customer's words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from booking_core.domain.errors import AppointmentDatabaseError, CalcomOutcomeUnknown
from booking_core.telemetry import sentry
from booking_core.telemetry.surprises import Surprises
from sla import logs
from tests.booking_core.conftest import Stage
from tests.factories import SALON, a_request, an_origin


@pytest.fixture
def log(capsys) -> Iterator[None]:
    """Let a test configure the log, and take it back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configured(stage: Stage, *reporters) -> None:
    logs.configure(surprised=Surprises(stage.world.recorder.surprised, *reporters))
    # Loggers that remember this configuration would keep it for the tests after this one.
    structlog.configure(cache_logger_on_first_use=False)


def fail(error: Exception) -> Exception:
    """Give an error a traceback."""
    try:
        raise error
    except type(error) as raised:
        return raised


def counted(stage: Stage) -> float:
    return stage.count("booking_unexpected_errors_total")


@pytest.mark.usefixtures("log")
def test_a_surprise_is_counted_and_its_line_has_the_traceback_and_the_correlation_id(stage, capsys):
    configured(stage)
    structlog.contextvars.bind_contextvars(correlation_id="call-1")

    structlog.get_logger("a").error("it_broke", exc_info=fail(ZeroDivisionError("oh")))

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["correlation_id"]) == ("it_broke", "call-1")
    assert "ZeroDivisionError: oh" in line["exception"]
    assert "in fail" in line["exception"]
    assert counted(stage) == 1


@pytest.mark.usefixtures("log")
def test_what_a_library_logs_with_its_traceback_is_a_surprise_too(stage):
    configured(stage)

    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=fail(ZeroDivisionError()))

    assert counted(stage) == 1


@pytest.mark.usefixtures("log")
def test_an_error_that_is_logged_twice_on_its_way_out_is_counted_once(stage):
    configured(stage)
    error = fail(ZeroDivisionError())

    structlog.get_logger("b").error("inside", exc_info=error)
    logging.getLogger("outside").error("outside", exc_info=error)

    assert counted(stage) == 1


@pytest.mark.usefixtures("log")
def test_what_has_a_name_and_what_is_no_error_is_no_surprise(stage):
    configured(stage)

    structlog.get_logger("c").error("the database is away", exc_info=fail(AppointmentDatabaseError()))
    structlog.get_logger("c").warning("retried", exc_info=fail(ZeroDivisionError()))
    structlog.get_logger("c").error("no traceback")

    assert counted(stage) == 0


@pytest.mark.usefixtures("log")
async def test_a_surprise_in_the_middle_of_a_booking_is_counted(stage):
    configured(stage)
    stage.calcom.error = ZeroDivisionError()

    with pytest.raises(CalcomOutcomeUnknown):
        await stage.core.orchestrator.book(SALON, a_request(), an_origin())

    assert counted(stage) == 1


@pytest.mark.usefixtures("log")
def test_a_reporter_that_fails_harms_nobody(stage, capsys):
    def broken(_error):
        raise ConnectionError

    configured(stage, broken)

    structlog.get_logger("d").error("it_broke", exc_info=fail(ZeroDivisionError()))

    assert json.loads(capsys.readouterr().err)["event"] == "it_broke"


def told(error: BaseException, **bound: str) -> dict:
    """Return what Sentry would be told of an error."""
    sent: list[Envelope] = []

    class Wire(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            sent.append(envelope)

    report = sentry.reporter("https://key@sentry.example/1", release="1.0", transport=Wire)
    with structlog.contextvars.bound_contextvars(**bound):
        report(error)
    (envelope,) = sent
    return envelope.get_event()


def book_with_a_secret() -> None:
    phone = "+4930901820"
    raise RuntimeError(f"cannot book for Erika Muster, {phone}")


def test_sentry_hears_the_type_the_place_and_the_ids():
    with pytest.raises(RuntimeError) as raised:
        book_with_a_secret()

    event = told(raised.value, correlation_id="call-1", phone="+4930901820")

    (error,) = event["exception"]["values"]
    assert error["type"] == "RuntimeError"
    assert error["stacktrace"]["frames"][-1]["function"] == "book_with_a_secret"
    assert event["tags"] == {"correlation_id": "call-1"}


def test_sentry_hears_nothing_a_customer_said():
    with pytest.raises(RuntimeError) as raised:
        book_with_a_secret()
    event = told(raised.value)
    # The line of source code that raised is ours, and travels.
    for frame in event["exception"]["values"][0]["stacktrace"]["frames"]:
        for name in ("context_line", "pre_context", "post_context"):
            frame.pop(name, None)

    text = json.dumps(event)
    assert "Erika" not in text
    assert "4930901820" not in text


def test_requests_users_and_breadcrumbs_are_dropped_whatever_put_them_there():
    event = {
        "event_id": "1",
        "request": {"data": "Erika", "headers": {"authorization": "Bearer sk"}},
        "user": {"ip_address": "192.0.2.1"},
        "breadcrumbs": {"values": []},
        "extra": {"sql": "INSERT"},
        "exception": {"values": [{"type": "X", "value": "Erika", "stacktrace": {"frames": [{"vars": {"a": 1}}]}}]},
    }

    assert sentry.scrubbed(event, {}) == {
        "event_id": "1",
        "exception": {"values": [{"type": "X", "stacktrace": {"frames": [{}]}}]},
    }
