import asyncio

import pytest
from structlog.testing import capture_logs

from alerts.oncall import app
from tests.alerts.oncall.conftest import told, webhook

WATCHDOG = webhook(told(name="Watchdog", fingerprint="w"))


@pytest.fixture
def silence_seconds(promise):
    return promise.timers.deadman_silence.seconds


async def test_a_watchdog_heard_in_time_pages_nobody(client, clock, receiver, silence_seconds):
    for _ in range(3):
        clock.advance(silence_seconds - 1)
        receiver.watch()
        await client.post("/deadman", json=WATCHDOG)

    assert (await client.get("/pages")).json() == []


def test_a_silent_watchdog_pages_at_the_promised_moment_and_not_before(receiver, clock, silence_seconds):
    clock.advance(silence_seconds - 1)
    receiver.watch()
    assert receiver.pages() == []

    clock.advance(1)
    with capture_logs() as logs:
        receiver.watch()

    (page,) = receiver.pages()
    assert (page.alertname, page.severity, page.status, page.starts_at) == ("DeadMan", "critical", "firing", clock())
    assert page.runbook_url.endswith("/Watchdog.md")
    assert ("deadman", "error") in [(line["event"], line["log_level"]) for line in logs]


def test_ongoing_silence_is_one_page(receiver, clock, silence_seconds):
    for _ in range(5):
        clock.advance(silence_seconds)
        receiver.watch()

    assert len(receiver.pages()) == 1


async def test_the_page_is_resolved_when_the_watchdog_is_heard_again(client, clock, receiver, silence_seconds):
    clock.advance(silence_seconds)
    receiver.watch()
    clock.advance(30)

    await client.post("/deadman", json=WATCHDOG)

    (page,) = receiver.pages()
    assert (page.status, page.resolved_at) == ("resolved", clock())


def test_silence_goes_on_through_a_restart(start, clock, silence_seconds):
    first = start()
    clock.advance(silence_seconds)
    first.watch()

    second = start()
    second.watch()

    assert [page.status for page in second.pages()] == ["firing"]


async def test_a_restart_after_recovery_begins_with_patience(start, client, receiver, clock, silence_seconds):
    clock.advance(silence_seconds)
    receiver.watch()
    await client.post("/deadman", json=WATCHDOG)

    second = start()
    clock.advance(silence_seconds - 1)
    second.watch()

    assert [page.status for page in second.pages()] == ["resolved"]


@pytest.mark.parametrize(
    "body",
    [webhook(told(name="BookingServiceDown")), webhook(told("resolved", name="Watchdog")), webhook()],
    ids=["another alert", "a resolved Watchdog", "nothing"],
)
async def test_only_a_firing_watchdog_is_a_sign_of_life(body, client, clock, receiver, silence_seconds):
    clock.advance(silence_seconds - 1)
    await client.post("/deadman", json=body)
    clock.advance(1)
    receiver.watch()

    assert [page.alertname for page in receiver.pages()] == ["DeadMan"]


def test_a_full_disk_does_not_keep_the_dead_man_from_paging(receiver, clock, silence_seconds, state_directory):
    state_directory.write_text("a file where the directory should be")
    clock.advance(silence_seconds)

    with capture_logs() as logs:
        receiver.watch()

    assert len(receiver.pages()) == 1
    assert "audit_log_unwritable" in [line["event"] for line in logs]


async def test_the_watchdog_leaves_no_line_in_the_audit_log(client, state_directory):
    await client.post("/deadman", json=WATCHDOG)

    assert not (state_directory / "audit.jsonl").exists()


async def test_the_application_watches_by_itself_while_it_lives(receiver, clock, silence_seconds, monkeypatch):
    monkeypatch.setattr(app, "WATCH_SECONDS", 0)
    built = app.build(receiver)
    clock.advance(silence_seconds)

    async with built.router.lifespan_context(built):
        await asyncio.sleep(0)

    assert [page.alertname for page in receiver.pages()] == ["DeadMan"]
