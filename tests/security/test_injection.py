"""Whatever is written into a text field is text: stored as it is, or refused in words, and never a failure of ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client import CollectorRegistry

from booking_core.adapters import calcom_webhooks, retell
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.app import Core, World, assemble, web
from booking_core.domain.webhooks import DeliveryState
from booking_core.services.inbox import ATTEMPTS
from booking_core.telemetry.recorder import Recorder
from tests.contracts.rows import fill
from tests.factories import API_KEY, NOW, SALON
from tests.fakes import FakeCalcom, FakeClock, FakeMailer
from tests.security.salons import snapshot

pytestmark = pytest.mark.integration

CALL = {"call_id": "c", "from_number": "+4930901820"}
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
async def world(database_url, owner_url) -> AsyncIterator[World]:
    fill(owner_url)
    database, recorder = PostgresDatabase(database_url), Recorder(CollectorRegistry())
    yield World(database, FakeCalcom(), FakeMailer(), FakeClock(NOW), recorder)
    await database.close()


@pytest.fixture
async def core(world) -> AsyncIterator[Core]:
    core = assemble(world, mail_sender="salon@slotwatch.example", confidence_threshold=0.6, scores_after_seconds=0)
    yield core
    await core.bus.drain()


@pytest.fixture
async def client(world, core) -> AsyncIterator[httpx.AsyncClient]:
    app = web(world, core, body_limit_bytes=1024 * 1024, prompt_v2_percent=0)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://core") as client:
        yield client


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


@pytest.mark.parametrize(
    "path", ["retell/{}/functions", "retell/{}/inbound", "webhooks/calcom/{}", "webhooks/retell/{}"]
)
async def test_a_nul_in_an_address_is_nobodys_address(client, path):
    answer = await client.post("/v1/" + path.format("nul%00byte"), content=b"{}")

    assert answer.status_code == 401


async def test_a_nul_in_a_call_s_id_or_number_is_no_failure_of_ours(client):
    nul = {"call_id": "c\x00", "from_number": "+49\x00"}
    called = await signed(client, "check_availability", {"service": "haircut", "date": "2026-12-02"}, call=nul)
    booked = await signed(client, "book_appointment", {**booking("name", "Erika"), "name": "Erika"}, call=nul)
    rung = await posted(client, f"/v1/retell/{SALON.token}/inbound", {"call_inbound": nul})

    assert [called.status_code, booked.status_code, rung.status_code] == [200, 200, 200]
    assert booked.json()["status"] == "refused"


DONE, LEFT_TO_A_PERSON = (DeliveryState.PROCESSED, 0), (DeliveryState.FAILED, ATTEMPTS)


@pytest.mark.parametrize(
    ("where", "end"),
    [
        ("triggerEvent", DONE),
        ("createdAt", DONE),
        ("bc_booking", DONE),
        ("uid", LEFT_TO_A_PERSON),
        ("rescheduleUid", LEFT_TO_A_PERSON),
        ("username", LEFT_TO_A_PERSON),
    ],
)
async def test_a_nul_in_a_webhook_of_cal_com_s_is_kept_and_comes_to_an_end(client, core, where, end):
    metadata = {"bc_tenant": str(SALON.id), "bc_booking": str(UUID(int=7))}
    payload: dict[str, Any] = {"uid": "uid-1", "organizer": {"username": "anna"}, "metadata": metadata}
    told: dict[str, Any] = {"triggerEvent": "BOOKING_CREATED", "createdAt": "2026-12-01T08:00:00Z", "payload": payload}
    place = next((each for each in (told, payload["organizer"], metadata) if where in each), payload)
    place[where] = f"{place.get(where, '')}\x00"
    raw = json.dumps(told).encode()
    header = {calcom_webhooks.HEADER: calcom_webhooks.sign(raw, SALON.calcom_webhook_secret or "")}

    answer = await client.post(f"/v1/webhooks/calcom/{SALON.token}", content=raw, headers=header)
    assert answer.status_code == 204
    assert await end_of_the_delivery(core) == end


async def test_a_nul_in_a_webhook_of_retell_s_is_kept_and_comes_to_an_end(client, core):
    answer = await posted(
        client,
        f"/v1/webhooks/retell/{SALON.token}",
        {"event": "call_ended\x00", "call": {"call_id": "c\x00", "metadata": {"prompt_version": "v2\x00"}}},
    )

    assert answer.status_code == 204
    assert await end_of_the_delivery(core) == DONE


async def end_of_the_delivery(core: Core) -> tuple[DeliveryState, int]:
    """Let the job try as often as it does; return how the one delivery ended, and after how many stumbles."""
    for _ in range(ATTEMPTS):
        async with core.inbox.database.begin(SALON.id) as stores:
            (delivery,) = await stores.inbox.listed(states=list(DeliveryState), since=None, at_most=9)
        await core.inbox.process(SALON.id, delivery.id)
    async with core.inbox.database.begin(SALON.id) as stores:
        (delivery,) = await stores.inbox.listed(states=list(DeliveryState), since=None, at_most=9)
    return delivery.state, delivery.attempts


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


async def signed(
    client: httpx.AsyncClient,
    function: str,
    args: dict[str, Any],
    *,
    token: str = SALON.token,
    call: dict[str, str] = CALL,
) -> httpx.Response:
    return await posted(client, f"/v1/retell/{token}/functions", {"name": function, "args": args, "call": call})


async def posted(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    """Post as Retell does."""
    raw = json.dumps(body).encode()
    return await client.post(
        path, content=raw, headers={retell.HEADER: retell.sign(raw, SALON.retell_api_key, now=NOW)}
    )
