import json
from datetime import timedelta

import httpx

from alerts.oncall import app
from alerts.oncall.notification import NotifiedAlert
from alerts.oncall.pages import KEPT, PageBook
from tests.alerts.oncall.conftest import NOON, told, webhook


async def test_a_page_tells_what_happened_and_how_long_it_took_to_tell(client, clock):
    clock.advance(7.25)

    await client.post("/pager", json=webhook(told(description="3 runs failed", impact="callers too")))

    assert (await client.get("/pages")).json() == [
        {
            "alertname": "BookingProbeFailing",
            "severity": "critical",
            "status": "firing",
            "fingerprint": "f1",
            "starts_at": "2026-12-01T12:00:00Z",
            "received_at": "2026-12-01T12:00:07.250000Z",
            "delivery_seconds": 7.25,
            "summary": "The light probe fails",
            "description": "3 runs failed",
            "impact": "callers too",
            "runbook_url": "https://runbooks.test/x.md",
            "dashboard_url": "",
            "resolved_at": None,
        }
    ]


async def test_a_repeated_page_is_one_page(client, clock):
    await client.post("/pager", json=webhook(told()))
    clock.advance(1800)
    await client.post("/pager", json=webhook(told()))

    (page,) = (await client.get("/pages")).json()
    assert page["delivery_seconds"] == 0


async def test_the_same_alert_beginning_again_is_a_second_page(client):
    await client.post("/pager", json=webhook(told()))
    await client.post("/pager", json=webhook(told(since=NOON + timedelta(hours=1))))

    assert len((await client.get("/pages")).json()) == 2


async def test_a_resolved_page_keeps_its_delivery_time_and_says_when_it_ended(client, clock):
    clock.advance(6)
    await client.post("/pager", json=webhook(told()))
    clock.advance(600)
    await client.post("/pager", json=webhook(told("resolved", until=NOON + timedelta(minutes=9))))

    (page,) = (await client.get("/pages")).json()
    assert (page["status"], page["resolved_at"]) == ("resolved", "2026-12-01T12:09:00Z")
    assert page["delivery_seconds"] == 6


async def test_a_late_repetition_does_not_reopen_a_resolved_page(client):
    await client.post("/pager", json=webhook(told("resolved", until=NOON)))
    await client.post("/pager", json=webhook(told()))

    (page,) = (await client.get("/pages")).json()
    assert page["status"] == "resolved"


async def test_an_alert_from_a_clock_ahead_of_ours_took_no_time(client):
    await client.post("/pager", json=webhook(told(since=NOON + timedelta(milliseconds=80))))

    assert (await client.get("/pages")).json()[0]["delivery_seconds"] == 0


async def test_prometheus_nanoseconds_are_understood(client):
    alert = told() | {"startsAt": "2026-12-01T11:59:59.123456789Z"}

    assert (await client.post("/pager", json=webhook(alert))).status_code == 200


async def test_audit_and_team_notifications_are_evidence_and_no_pages(client, state_directory):
    await client.post("/audit", json=webhook(told()))
    await client.post("/team", json=webhook(told(name="SomeWarning")))

    assert (await client.get("/pages")).json() == []
    lines = [json.loads(line) for line in (state_directory / "audit.jsonl").read_text().splitlines()]
    assert [(line["route"], line["alert"]["labels"]["alertname"]) for line in lines] == [
        ("audit", "BookingProbeFailing"),
        ("team", "SomeWarning"),
    ]


async def test_pages_survive_a_restart(client, clock, start):
    clock.advance(6)
    await client.post("/pager", json=webhook(told(), told(fingerprint="f2")))
    await client.post("/pager", json=webhook(told("resolved", fingerprint="f2", until=NOON + timedelta(minutes=1))))
    before = (await client.get("/pages")).json()

    transport = httpx.ASGITransport(app.build(start()))
    async with httpx.AsyncClient(transport=transport, base_url="http://oncall") as restarted:
        assert (await restarted.get("/pages")).json() == before


async def test_a_body_that_is_no_notification_is_refused_with_the_field_named(client):
    answer = await client.post("/pager", json={"alerts": [{"status": "on fire"}]})

    assert answer.status_code == 422
    assert ["body", "alerts", 0, "status"] in [error["loc"] for error in answer.json()["detail"]]
    assert (await client.get("/pages")).json() == []


async def test_it_lives(client):
    assert (await client.get("/livez")).json() == {"status": "alive"}


def test_memory_is_bounded_and_open_pages_are_forgotten_last():
    book = PageBook()
    book.take(NotifiedAlert.model_validate(told(fingerprint="open")), NOON)
    for number in range(2 * KEPT):
        book.take(NotifiedAlert.model_validate(told("resolved", fingerprint=str(number), until=NOON)), NOON)

    pages = book.newest_first()
    assert len(pages) == KEPT
    assert [page.fingerprint for page in pages if page.is_open] == ["open"]
