"""A receiver with a clock of its own and a state directory that is thrown away."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from alerts.alert import runbook_url
from alerts.oncall import app
from alerts.oncall.deadman import DeadMan
from alerts.oncall.instruments import Instruments
from alerts.oncall.journal import Journal
from alerts.oncall.receiver import Receiver

NOON = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"


class FakeClock:
    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += timedelta(seconds=seconds)


def told(status="firing", *, name="BookingProbeFailing", fingerprint="f1", since=NOON, until=None, **annotations):
    """Return one alert as Alertmanager writes it."""
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "critical", "service": "booking"},
        "annotations": {"summary": "The light probe fails", "runbook_url": "https://runbooks.test/x.md"} | annotations,
        "startsAt": since.isoformat(),
        "endsAt": until.isoformat() if until else NEVER,
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": fingerprint,
    }


def webhook(*alerts):
    """Return a whole notification as Alertmanager writes it."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="x"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "oncall-pager",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": list(alerts),
    }


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def state_directory(tmp_path):
    return tmp_path / "oncall"


@pytest.fixture
def start(promise, clock, state_directory):
    """Start a receiver on the same state; called twice, it is a restart."""

    def started():
        receiver = Receiver(
            journal=Journal(state_directory),
            deadman=DeadMan(promise, runbook_url=runbook_url("Watchdog", promise), now=clock()),
            instruments=Instruments(expected=[("BookingProbeFailing", "critical")]),
            clock=clock,
        )
        receiver.remember()
        return receiver

    return started


@pytest.fixture
def receiver(start):
    return start()


@pytest.fixture
async def client(receiver):
    transport = httpx.ASGITransport(app.build(receiver))
    async with httpx.AsyncClient(transport=transport, base_url="http://oncall") as client:
        yield client
