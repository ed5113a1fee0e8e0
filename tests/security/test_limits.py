"""Whoever asks too often hears so, in the way that whoever asks understands; everybody hears what is left."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from booking_core.adapters import retell
from booking_core.resilience.limits import limits
from tests.booking_core.conftest import Stage
from tests.booking_core.http.requests import BOOKING, FUNCTIONS, KEY, call
from tests.factories import NOW, READING_KEY, SALON
from tests.fakes.limits import FakeLimitStore

AVAILABILITY = "/v1/availability?service=haircut&date=2026-12-02"


@pytest.fixture
def store() -> FakeLimitStore:
    return FakeLimitStore()


@pytest.fixture
def limited(stage: Stage, store: FakeLimitStore) -> Stage:
    return replace(stage, world=replace(stage.world, limits=limits(store, key=3, phone=2, call=2)))


async def test_every_answer_tells_what_is_left_of_the_key(limited):
    async with limited.client() as client:
        answer = await client.get(AVAILABILITY, headers=KEY)

    assert answer.headers["ratelimit-policy"] == '"key";q=3;w=60'
    assert answer.headers["ratelimit"] == '"key";r=2;t=60'


async def test_a_key_that_asks_too_often_is_429_and_is_told_when_to_come_again(limited, store):
    async with limited.client() as client:
        answers = [await client.get(AVAILABILITY, headers=KEY) for _ in range(4)]
        other = await client.get(AVAILABILITY, headers={"Authorization": f"Bearer {READING_KEY}"})
        store.now += int(answers[-1].headers["retry-after"])
        again = await client.get(AVAILABILITY, headers=KEY)

    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["reason"] == "too_many_requests"
    assert (other.status_code, again.status_code) == (200, 200)


async def test_one_telephone_is_one_however_it_is_written(limited):
    written = ["+4930901820", "030 901820", "0049-30-901820"]
    async with limited.client() as client:
        answers = [
            await client.post(
                "/v1/bookings",
                json={**BOOKING, "start": f"2026-12-02T1{hour}:00", "customer": {"name": "E", "phone": phone}},
                headers=KEY,
            )
            for hour, phone in enumerate(written)
        ]

    assert [each.status_code for each in answers] == [201, 201, 429]
    assert answers[0].headers["ratelimit-policy"] == '"key";q=3;w=60, "phone";q=2;w=60'
    assert len(limited.database.rows.appointments) == 2


async def test_a_voice_agent_that_asks_too_often_is_given_a_sentence_to_say(limited):
    answers = [await call(limited, "check_availability", {"service": "cut", "date": "2026-12-02"}) for _ in range(3)]

    assert [each.status_code for each in answers] == [200] * 3
    assert (answers[-1].json()["status"], answers[-1].json()["reason"]) == ("refused", "too_many_requests")
    assert "wait a minute" in answers[-1].json()["say"]


async def test_callers_who_hide_their_number_do_not_share_a_limit(limited):
    async with limited.client() as client:
        answers = []
        for number in range(3):
            about = {"call_id": f"call-{number}", "from_number": "anonymous"}
            body = {"name": "check_availability", "args": {"service": "cut", "date": "2026-12-02"}, "call": about}
            raw = json.dumps(body).encode()
            signature = {retell.HEADER: retell.sign(raw, SALON.retell_api_key, now=NOW)}
            answers.append(await client.post(FUNCTIONS, content=raw, headers=signature))

    assert [each.json()["status"] for each in answers] == ["ok"] * 3


async def test_without_redis_nobody_is_kept_out(limited, store):
    store.down = True
    async with limited.client() as client:
        answers = [await client.get(AVAILABILITY, headers=KEY) for _ in range(5)]

    assert {each.status_code for each in answers} == {200}
    assert "ratelimit" not in answers[-1].headers
