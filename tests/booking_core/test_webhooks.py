"""What Cal.com and Retell tell us is verified, stored once, and acknowledged before anybody acts upon it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_core.adapters import calcom_webhooks, retell, retell_webhooks
from booking_core.domain.models import Traffic
from booking_core.domain.webhooks import DeliveryState, Result, Source
from booking_core.services.inbox import replay
from tests.booking_core.conftest import Stage
from tests.factories import NOW, OTHER_SALON, SALON, an_id

CALCOM = f"/v1/webhooks/calcom/{SALON.token}"
RETELL = f"/v1/webhooks/retell/{SALON.token}"
SECRET = SALON.calcom_webhook_secret or ""


def told(trigger: str = "BOOKING_CREATED", *, uid: str = "uid-1", **metadata: str) -> bytes:
    payload = {"uid": uid, "iCalSequence": 0, "metadata": metadata}
    return json.dumps({"triggerEvent": trigger, "createdAt": "2026-12-01T08:00:00.000Z", "payload": payload}).encode()


def ours(name: str = "booking") -> dict[str, str]:
    return {"bc_booking": str(an_id(name)), "bc_tenant": str(SALON.id)}


async def calcom(stage: Stage, body: bytes, *, header: str | None = None, path: str = CALCOM) -> httpx.Response:
    signature = calcom_webhooks.sign(body, SECRET) if header is None else header
    async with stage.client() as client:
        return await client.post(path, content=body, headers={calcom_webhooks.HEADER: signature})


async def from_retell(stage: Stage, told: dict[str, Any], *, key: str = SALON.retell_api_key) -> httpx.Response:
    body = json.dumps(told).encode()
    async with stage.client() as client:
        return await client.post(RETELL, content=body, headers={retell.HEADER: retell.sign(body, key, now=NOW)})


async def work_off(stage: Stage) -> None:
    jobs, stage.database.rows.jobs = stage.database.rows.jobs, []
    for tenant_id, delivery_id in jobs:
        await stage.core.inbox.process(tenant_id, delivery_id)


def counted(stage: Stage, source: str, event: str, result: str) -> float:
    return stage.count("booking_webhooks_total", source=source, event=event, result=result)


async def test_a_webhook_is_stored_with_its_job_and_acknowledged(stage):
    body = told(**ours(), bc_traffic="synthetic")

    answer = await calcom(stage, body)

    assert (answer.status_code, answer.content) == (204, b"")
    (delivery,) = stage.database.rows.deliveries.values()
    assert (delivery.event, delivery.body, delivery.state) == ("BOOKING_CREATED", body, DeliveryState.RECEIVED)
    assert (delivery.subject, delivery.traffic) == (f"booking:{an_id('booking')}", Traffic.SYNTHETIC)
    assert stage.database.rows.jobs == [(SALON.id, delivery.id)]
    assert stage.count("booking_events_total", event="WebhookReceived") == 1


async def test_a_copy_gets_the_same_answer_and_is_stored_once(stage):
    answers = [(await calcom(stage, told())).status_code for _ in range(3)]

    assert answers == [204, 204, 204]
    assert len(stage.database.rows.deliveries) == len(stage.database.rows.jobs) == 1
    assert counted(stage, "calcom", "BOOKING_CREATED", "duplicate") == 2
    assert stage.count("booking_events_total", event="WebhookReceived") == 1


@pytest.mark.parametrize(
    "header",
    [
        "no-secret-provided",
        "",
        "0" * 64,
        calcom_webhooks.sign(told(), SECRET).upper(),
        calcom_webhooks.sign(told(), SECRET)[:-1],
        calcom_webhooks.sign(told(), "another"),
        calcom_webhooks.sign(told() + b" ", SECRET),
    ],
)
async def test_a_webhook_that_cal_com_did_not_sign_is_401_and_leaves_nothing(stage, header):
    answer = await calcom(stage, told(), header=header)

    assert (answer.status_code, answer.json()["reason"]) == (401, "unauthorised")
    assert stage.database.rows.deliveries == {}
    assert counted(stage, "calcom", "other", "refused") == 1


@pytest.mark.parametrize("token", [OTHER_SALON.token, "nobody"])
async def test_one_salons_secret_opens_no_other_door_and_both_doors_say_the_same(stage, token):
    answer = await calcom(stage, told(), path=f"/v1/webhooks/calcom/{token}")

    assert answer.json()["message"] == "The signature does not fit this body and address."


def test_a_salon_without_a_secret_believes_nobody():
    body = told()

    assert not calcom_webhooks.is_genuine(body, None, calcom_webhooks.sign(body, ""))
    assert not calcom_webhooks.is_genuine(body, "", calcom_webhooks.sign(body, ""))
    assert not calcom_webhooks.is_genuine(body, "x", "\N{SNOWMAN}")


async def test_what_we_do_not_act_upon_is_kept_and_left_alone(stage):
    for body in (b"payload=hello&uid=1", told("MEETING_ENDED"), b"\xff\x00", b"[1]", b'{"payload": 7}', told(uid="")):
        assert (await calcom(stage, body)).status_code == 204

    await work_off(stage)

    states = {(each.event, each.state, each.result) for each in stage.database.rows.deliveries.values()}
    assert states == {("other", DeliveryState.PROCESSED, Result.IGNORED)}
    assert counted(stage, "calcom", "other", "ignored") == 6
    assert stage.count("booking_events_total", event="WebhookProcessed") == 6


@given(
    body=st.binary(max_size=60)
    | st.recursive(st.none() | st.text(max_size=4), st.lists).map(json.dumps).map(str.encode)
)
def test_no_body_is_too_strange_to_be_read(body):
    assert calcom_webhooks.notice(body, SALON.id).source is Source.CALCOM
    assert retell_webhooks.notice(body).source is Source.RETELL


@pytest.mark.parametrize("metadata", [{}, {**ours(), "bc_tenant": str(OTHER_SALON.id)}, {**ours(), "bc_booking": "x"}])
def test_a_booking_that_does_not_carry_our_mark_is_not_ours(metadata):
    assert calcom_webhooks.notice(told(**metadata), SALON.id).subject == "calcom:uid-1"


async def test_a_job_for_a_delivery_that_is_not_there_does_nothing(stage):
    await stage.core.inbox.process(SALON.id, an_id("gone"))

    assert stage.count("booking_events_total", event="WebhookProcessed") == 0


async def test_a_database_that_is_away_is_said_so_that_retell_tells_us_again(stage):
    await calcom(stage, told())
    stage.database.down = True

    assert (await calcom(stage, told("BOOKING_CANCELLED"))).status_code == 503


async def test_of_a_call_not_a_word_is_kept(stage):
    call = {
        "call_id": "call-1",
        "call_status": "ended",
        "start_timestamp": 1796112000000,
        "from_number": "+4930901820",
        "metadata": {"synthetic": True},
        "transcript": "Agent: Hello, Erika Muster",
        "transcript_object": [{"role": "agent", "content": "Hello, Erika Muster"}],
        "transcript_with_tool_calls": a_call()["transcript_with_tool_calls"],
    }

    assert (await from_retell(stage, {"event": "call_ended", "call": call})).status_code == 204

    (delivery,) = stage.database.rows.deliveries.values()
    assert (delivery.event, delivery.key, delivery.subject) == ("call_ended", "call_ended:call-1", "call:call-1")
    assert delivery.traffic is Traffic.SYNTHETIC
    assert b"call-1" in delivery.body
    assert b"Erika" not in delivery.body
    assert b"4930901820" not in delivery.body


def a_call(call_id: str = "call-1", *, status: str = "confirmed", **parts: Any) -> dict[str, Any]:
    """A call as Retell describes it afterwards, in which the agent says at 41.5 s that the booking is confirmed."""
    return {
        "call_id": call_id,
        "metadata": {"prompt_version": "v2"},
        "latency": {"e2e": {"values": [900, 1250.5, "broken", None, -1], "p50": 900}},
        "transcript_with_tool_calls": [
            {"role": "agent", "content": "Hello, Erika Muster", "words": [{"word": "Hello", "start": 0.1, "end": 1.5}]},
            {"role": "tool_call_invocation", "tool_call_id": "t1", "name": "check_availability"},
            {"role": "tool_call_result", "tool_call_id": "t1", "content": '{"status": "confirmed"}'},
            {"role": "agent", "content": "Ten?", "words": [{"word": "Ten", "start": 20, "end": 21.0}]},
            {"role": "tool_call_invocation", "tool_call_id": "t2", "name": "book_appointment"},
            {"role": "tool_call_result", "tool_call_id": "t2", "content": json.dumps({"status": status})},
            {"role": "user", "content": "And?", "words": [{"word": "And", "start": 30, "end": 31}]},
            {"role": "agent", "content": "It is booked.", "words": [{"word": "It", "end": 40.2}, {"end": 41.5}]},
        ],
        **parts,
    }


def journeys(stage: Stage, what: str = "count", version: str = "v2", traffic: str = "real") -> float:
    labels = {"channel": "voice", "prompt_version": version, "traffic": traffic}
    return stage.count(f"booking_journey_duration_seconds_{what}", **labels)


def turns(stage: Stage, what: str = "count", version: str = "v2", traffic: str = "real") -> float:
    return stage.count(f"booking_agent_turn_duration_seconds_{what}", prompt_version=version, traffic=traffic)


async def test_the_times_of_a_call_are_measured_once_whichever_webhook_comes_first(stage):
    for event in ("call_started", "call_analyzed", "call_ended", "call_ended"):
        assert (await from_retell(stage, {"event": event, "call": a_call(), "n": len(event)})).status_code == 204
        await work_off(stage)

    assert (journeys(stage), journeys(stage, "sum")) == (1, 41.5)
    assert (turns(stage), turns(stage, "sum")) == (2, pytest.approx(2.1505))
    assert counted(stage, "retell", "call_analyzed", "applied") == 1
    assert counted(stage, "retell", "call_ended", "unchanged") == 1
    assert counted(stage, "retell", "call_started", "ignored") == 1


@pytest.mark.parametrize("status", ["queued", "refused", "failed"])
async def test_a_call_without_a_confirmed_booking_is_no_journey(stage, status):
    await from_retell(stage, {"event": "call_ended", "call": a_call(status=status)})
    await work_off(stage)

    assert (journeys(stage), turns(stage)) == (0, 2)


async def test_a_probes_call_is_counted_apart(stage):
    call = a_call(metadata={"synthetic": True, "prompt_version": "v1"})

    await from_retell(stage, {"event": "call_ended", "call": call})
    await work_off(stage)

    labels = {"version": "v1", "traffic": "synthetic"}
    assert (journeys(stage, **labels), turns(stage, **labels)) == (1, 2)
    assert journeys(stage, version="v1") == 0


async def test_the_prompt_is_also_known_from_the_dynamic_variables_and_else_unknown(stage):
    noted = a_call("call-1", metadata={}, retell_llm_dynamic_variables={"prompt_version": "v1"})
    for call in (noted, a_call("call-2", metadata={"prompt_version": "v9"})):
        await from_retell(stage, {"event": "call_ended", "call": call})
        await work_off(stage)

    assert (journeys(stage, version="v1"), journeys(stage, version="unknown")) == (1, 1)


async def test_a_call_object_of_another_shape_is_measured_as_far_as_it_goes(stage):
    for number, broken in enumerate(({"latency": []}, {"transcript_with_tool_calls": "none"}, {"latency": {"e2e": 3}})):
        await from_retell(stage, {"event": "call_ended", "call": a_call(f"call-{number}", **broken)})
        await work_off(stage)

    assert (journeys(stage), turns(stage)) == (2, 2)


async def test_a_webhook_that_retell_did_not_sign_is_401(stage):
    answer = await from_retell(stage, {"event": "call_ended", "call": {"call_id": "call-1"}}, key="wrong")

    assert answer.status_code == 401
    assert counted(stage, "retell", "other", "refused") == 1


async def test_a_replayed_call_is_not_measured_twice(stage):
    await from_retell(stage, {"event": "call_ended", "call": a_call()})
    await work_off(stage)
    for _ in range(2):
        (delivery,) = stage.database.rows.deliveries.values()
        async with stage.database.begin(SALON.id) as stores:
            await replay(stores, delivery)
        await work_off(stage)

    assert journeys(stage) == 1
    (delivery,) = stage.database.rows.deliveries.values()
    assert (delivery.state, delivery.result) == (DeliveryState.PROCESSED, Result.APPLIED)


async def test_what_a_webhook_said_is_forgotten_after_a_while_and_that_it_came_is_not(stage):
    await calcom(stage, told(**ours()))
    await work_off(stage)
    stage.clock.advance(14 * 86400 + 1)

    assert await stage.core.inbox.forget_bodies(older_than=timedelta(days=14)) == 1

    (delivery,) = stage.database.rows.deliveries.values()
    assert (delivery.body, delivery.event) == (None, "BOOKING_CREATED")
    assert (await calcom(stage, told(**ours()))).status_code == 204
    assert counted(stage, "calcom", "BOOKING_CREATED", "duplicate") == 1
