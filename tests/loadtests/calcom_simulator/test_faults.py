"""Faults: what each does to a request, that it ends by itself, and that a wrong order is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from loadtests.calcom_simulator.fault_orders import FaultOrder, Operation
from loadtests.calcom_simulator.faults import FaultBoard
from sla import catalogue
from tests.loadtests.calcom_simulator.desk import OWNER, Desk, FrozenClock, settle


def test_a_fault_can_be_limited_to_every_operation_of_the_catalogue():
    assert set(catalogue.OPERATION.values) <= set(Operation)


async def test_an_outage_answers_everything_with_a_page_without_envelope(desk: Desk):
    await desk.order_fault("outage")

    answers = [await desk.profile(), await desk.create(), await desk.http.get("/v2/nowhere")]

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["content-type"] for answer in answers} == {"text/html; charset=utf-8"}
    assert all("x-ratelimit-limit-default" in answer.headers for answer in answers)


async def test_an_outage_commits_nothing_and_spares_the_control_api(desk: Desk):
    await desk.order_fault("outage")
    await desk.create()

    assert (await desk.http.get("/control/bookings")).json() == {"bookings": []}


async def test_an_outage_may_come_with_another_gateway_status(desk: Desk):
    await desk.order_fault("outage", status=502)

    assert (await desk.profile()).status_code == 502


async def test_a_fault_ends_by_itself_at_its_last_second(desk: Desk):
    await desk.order_fault("outage", seconds=60)

    desk.clock.advance(59.9)
    before = await desk.profile()
    desk.clock.advance(0.1)
    after = await desk.profile()

    assert (before.status_code, after.status_code) == (503, 200)
    assert (await desk.http.get("/control/faults")).json() == {"faults": []}


async def test_a_fault_limited_to_one_operation_spares_the_others(desk: Desk):
    await desk.order_fault("outage", operation="create")

    assert (await desk.create()).status_code == 503
    assert (await desk.profile()).status_code == 200


async def test_a_server_error_has_the_envelope_and_books_nothing(desk: Desk):
    await desk.order_fault("error_share", share=1)

    answer = await desk.create()

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "InternalServerErrorException")
    assert (await desk.http.get("/control/bookings")).json() == {"bookings": []}


async def test_a_gateway_error_comes_from_the_proxy_without_envelope(desk: Desk):
    await desk.order_fault("error_share", share=1, status=502)

    answer = await desk.profile()

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


async def test_a_share_strikes_about_that_share_and_the_same_calls_for_the_same_seed():
    async def strikes() -> list[bool]:
        board = FaultBoard(clock=FrozenClock(), seed=7)
        board.add(FaultOrder.model_validate_json('{"fault": "error_share", "seconds": 60, "share": 0.3}'))
        return [bool(board.draw(Operation.ME).drawn) for _ in range(1000)]

    first = await strikes()

    assert first == await strikes()
    assert 250 < sum(first) < 350


@pytest.mark.parametrize(("share", "status"), [(0, 200), (1, 500)])
async def test_no_share_strikes_nobody_and_the_whole_share_everybody(desk: Desk, share: float, status: int):
    await desk.order_fault("error_share", share=share)

    assert {(await desk.profile()).status_code for _ in range(20)} == {status}


async def test_latency_delays_the_answer_by_its_seconds(desk: Desk):
    await desk.order_fault("latency", delay_seconds=3)

    asking = asyncio.create_task(desk.profile())
    await settle()
    desk.clock.advance(2.9)
    await settle()
    assert not asking.done()
    desk.clock.advance(0.1)

    assert (await asking).status_code == 200


async def test_latency_comes_before_the_work(desk: Desk):
    await desk.order_fault("latency", delay_seconds=3, operation="create")

    asking = asyncio.create_task(desk.create())
    await settle()
    assert (await desk.http.get("/control/bookings")).json() == {"bookings": []}
    desk.clock.advance(3)

    assert (await asking).status_code == 201


async def test_a_hang_blocks_nobody_else_and_lets_go_when_it_ends(desk: Desk):
    await desk.order_fault("hang", operation="me")

    asking = asyncio.create_task(desk.profile())
    await settle()
    other = await desk.create()
    assert other.status_code == 201
    assert not asking.done()
    desk.clock.advance(60)

    assert (await asking).status_code == 200


async def test_a_hang_lets_go_when_it_is_ended_by_hand(desk: Desk):
    fault = await desk.order_fault("hang")
    asking = asyncio.create_task(desk.profile())
    await settle()

    await desk.http.delete(f"/control/faults/{fault['id']}")

    assert (await asking).status_code == 200


async def test_a_hung_call_whose_client_left_does_no_work_and_is_counted(desk: Desk):
    await desk.order_fault("hang", operation="cancel")
    booking = await desk.booked()

    status = await _call_and_leave(desk, f"/v2/bookings/{booking['uid']}/cancel")

    assert status == 499
    assert await desk.listed(status="upcoming") == [booking["uid"]]
    assert (await desk.http.get("/control/calls")).json()["calls"]["cancel"] == {"499": 1}


async def test_a_hung_call_is_cut_off_when_the_process_ends(desk: Desk):
    await desk.order_fault("hang")
    asking = asyncio.create_task(desk.profile())
    await settle()

    desk.simulator.board.close()

    assert (await asking).status_code == 503


async def test_a_hang_after_commit_books_first_and_then_says_nothing(desk: Desk):
    await desk.order_fault("hang_after_commit")

    asking = asyncio.create_task(desk.create(metadata={"bc_key": "lost"}))
    await settle()
    assert not asking.done()
    held = (await desk.http.get("/control/bookings")).json()["bookings"]
    assert [booking["metadata"] for booking in held] == [{"bc_key": "lost"}]
    assert len(await desk.listed(status="upcoming")) == 1
    desk.clock.advance(60)

    assert (await asking).status_code == 201


async def test_a_rate_limit_answers_429_with_the_time_to_wait(desk: Desk):
    await desk.order_fault("rate_limit", seconds=30)

    answer = await desk.create()

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "ThrottlerException")
    assert "Too many requests" in answer.json()["error"]["message"]
    assert answer.headers["x-ratelimit-remaining-default"] == "0"
    assert answer.headers["x-ratelimit-reset-default"] == "30"
    assert (await desk.http.get("/control/bookings")).json() == {"bookings": []}


async def test_two_faults_meet_in_the_order_of_their_kinds(desk: Desk):
    await desk.order_fault("outage")
    await desk.order_fault("latency", delay_seconds=3)

    asking = asyncio.create_task(desk.profile())
    await settle()
    assert not asking.done()
    desk.clock.advance(3)

    assert (await asking).status_code == 503


async def test_a_fault_in_force_tells_how_often_and_since_when_it_struck(desk: Desk):
    ordered = await desk.order_fault("outage")
    assert (ordered["strikes"], ordered["first_strike_at"]) == (0, None)
    desk.clock.advance(5)
    await desk.profile()
    desk.clock.advance(5)
    await desk.profile()

    [fault] = (await desk.http.get("/control/faults")).json()["faults"]

    assert fault == ordered | {"strikes": 2, "first_strike_at": "2026-11-23T08:00:05.000Z", "seconds_left": 50.0}


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"fault": "outige", "seconds": 5}, "unknown fault 'outige'; did you mean 'outage'?"),
        ({"fault": "zzz", "seconds": 5}, "it is one of latency, hang, outage"),
        ({"fualt": "outage", "seconds": 5}, "unknown key 'fualt'; did you mean 'fault'?"),
        ({"fault": "outage", "second": 5}, "unknown key 'second'; did you mean 'seconds'?"),
        ({"fault": "outage"}, "seconds is missing; add it"),
        ({"fault": "outage", "seconds": 5, "operation": "creat"}, "unknown operation 'creat'; did you mean 'create'?"),
        ({"fault": "outage", "seconds": 0}, "seconds: Input should be greater than 0"),
        ({"fault": "outage", "seconds": "5"}, "seconds: Input should be a valid number"),
        ({"fault": "outage", "seconds": 1e9}, "seconds: Input should be less than"),
        ({"fault": "error_share", "seconds": 5, "share": 1.5}, "share: Input should be less than or equal to 1"),
        (
            {"fault": "error_share", "seconds": 5, "share": 0.5, "status": 404},
            "error_share takes a status from 500 to 599, not 404",
        ),
        ({"fault": "error_share", "seconds": 5}, "error_share needs share"),
        ({"fault": "latency", "seconds": 5}, "latency needs delay_seconds"),
        ({"fault": "hang", "seconds": 5, "status": 500}, "hang takes no status"),
        ({"fault": "outage", "seconds": 5, "delay_seconds": 1}, "outage takes no delay_seconds"),
        (
            {"fault": "hang_after_commit", "seconds": 5, "operation": "slots"},
            "hang_after_commit strikes only cancel, change, confirm, create,",
        ),
        ([], "should be an object"),
    ],
)
async def test_a_wrong_order_is_refused_with_the_remedy_and_injects_nothing(desk: Desk, order: Any, sentence: str):
    answer = await desk.http.post("/control/faults", json=order)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert (await desk.http.get("/control/faults")).json() == {"faults": []}


async def test_an_order_that_is_no_json_is_refused(desk: Desk):
    answer = await desk.http.post("/control/faults", content=b"outage")

    assert (answer.status_code, "Invalid JSON" in answer.json()["error"]) == (422, True)


async def test_keys_without_meaning_for_the_fault_may_be_null(desk: Desk):
    nothing = {"operation": None, "share": None, "status": None, "delay_seconds": None}

    assert (await desk.order_fault("hang", **nothing))["fault"] == "hang"


async def _call_and_leave(desk: Desk, path: str) -> int:
    """Post to the application as a client that hangs up while it waits; return the status nobody will read."""
    messages = iter([{"type": "http.request", "body": b'{"cancellationReason": "x"}', "more_body": False}])
    statuses: list[int] = []

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    request = httpx.Request("POST", f"http://calcom{path}", headers=OWNER)
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(name.lower(), content) for name, content in request.headers.raw],
        "server": ("calcom", 80),
        "client": ("test", 1),
        "scheme": "http",
    }
    await desk.simulator.app(scope, receive, send)
    return statuses[0]
