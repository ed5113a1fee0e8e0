"""Whatever is written into a text field is text: stored as it is, or refused in words, and never a failure of ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client import CollectorRegistry

from booking_core.adapters import retell
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.app import World, assemble, web
from booking_core.telemetry.recorder import Recorder
from tests.contracts.test_stores import fill
from tests.factories import API_KEY, NOW, SALON
from tests.fakes import FakeCalcom, FakeClock, FakeMailer
from tests.security.salons import snapshot

pytestmark = pytest.mark.integration

KEY = {"Authorization": f"Bearer {API_KEY}"}
WICKED = (
    "'; DROP TABLE customers; --",
    "' OR '1'='1",
    "\\'; UPDATE tenants SET name = 'x'; --",
    "$1; SELECT pg_sleep(9)",
    "%s %(name)s {0} ${jndi}",
    "'; SELECT set_config('slotwatch.tenant', 'every', false); --",
    "nul\x00byte",
    "line\r\nbreak",
    "nul\x00@example.org",
    "a@example.org\r\nBcc: everybody@example.org",
    "\u202eright to left",
    "😀" * 30,
)


@pytest.fixture
async def client(database_url, owner_url) -> AsyncIterator[httpx.AsyncClient]:
    fill(owner_url)
    database, recorder = PostgresDatabase(database_url), Recorder(CollectorRegistry())
    world = World(database, FakeCalcom(), FakeMailer(), FakeClock(NOW), recorder)
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6)
    app = web(world, core, body_limit_bytes=1024 * 1024, prompt_v2_percent=0)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://core") as client:
        yield client
    await core.bus.drain()
    await database.close()


def booking(field: str, text: str) -> dict[str, Any]:
    body: dict[str, Any] = {"service": "haircut", "start": "2026-12-02T10:00", "staff": "anna"}
    customer = {"name": "Erika", "phone": "+4930901820", "email": "erika@example.org"}
    return (
        {**body, "customer": {**customer, field: text}}
        if field in customer
        else {**body, "customer": customer, field: text}
    )


@pytest.mark.parametrize("field", ["service", "start", "staff", "name", "phone", "email"])
async def test_no_field_of_a_booking_is_more_than_text(client, owner_url, field):
    others = snapshot(owner_url, but=SALON.id)
    for text in WICKED:
        answer = await client.post("/v1/bookings", json=booking(field, text), headers=KEY)
        assert answer.status_code < 500, (text, answer.text)

        args = {**booking(field, text), **booking(field, text)["customer"]}
        called = await signed(client, "book_appointment", args)
        assert called.status_code < 500, (text, called.text)
        assert called.json()["status"] != "failed", (text, called.text)

    assert snapshot(owner_url, but=SALON.id) == others
    assert len(snapshot(owner_url)["tenants"]) == 2


async def test_a_name_with_quotes_is_stored_letter_by_letter(client, owner_url):
    answer = await client.post("/v1/bookings", json=booking("name", "Aoife O'Brien-D'Arcy"), headers=KEY)

    assert answer.status_code == 201
    assert any("Aoife O'Brien-D'Arcy" in row for row in snapshot(owner_url)["customers"])


@pytest.mark.parametrize("text", WICKED)
async def test_no_word_of_a_question_is_more_than_text(client, text):
    for field in ("service", "staff"):
        query = {"service": "haircut", "date": "2026-12-02", field: text}
        answer = await client.get("/v1/availability", params=query, headers=KEY)
        assert answer.status_code < 500, answer.text
    called = await signed(client, "check_availability", {"service": text, "date": text, "staff": text})
    assert called.json()["status"] == "refused"


@pytest.mark.parametrize("text", WICKED)
async def test_no_reason_for_a_cancellation_is_more_than_text(client, text):
    booked = (await client.post("/v1/bookings", json=booking("name", "Erika"), headers=KEY)).json()

    answer = await client.post(f"/v1/bookings/{booked['appointment_id']}/cancel", json={"reason": text}, headers=KEY)

    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("text", [each for each in WICKED if each.isascii() and each.isprintable()])
async def test_no_key_and_no_token_opens_anything_by_being_clever(client, text):
    by_key = await client.get("/v1/availability?service=x&date=2026-12-02", headers={"Authorization": f"Bearer {text}"})
    by_token = await signed(client, "check_availability", {}, token=text.replace("/", ""))

    assert (by_key.status_code, by_token.status_code) == (401, 401)


async def test_an_appointment_of_another_salon_does_not_exist(client):
    """404 and not 403: whoever asks does not even learn that there is one."""
    booked = (await client.post("/v1/bookings", json=booking("name", "Erika"), headers=KEY)).json()
    theirs, nobodys = booked["appointment_id"], str(UUID(int=7))

    answers = [
        await client.post(
            f"/v1/bookings/{each}/cancel", json={"reason": "x"}, headers={"Authorization": "Bearer sk_other"}
        )
        for each in (theirs, nobodys)
    ]

    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


async def signed(client: httpx.AsyncClient, function: str, args: dict[str, Any], *, token: str = SALON.token):
    raw = json.dumps({"name": function, "args": args, "call": {"call_id": "c", "from_number": "+4930901820"}}).encode()
    header = retell.sign(raw, SALON.retell_api_key, now=NOW)
    return await client.post(f"/v1/retell/{token}/functions", content=raw, headers={retell.HEADER: header})
