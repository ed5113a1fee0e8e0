"""Faults of Cal.com's own work: lost answers, lagging reads, wrong clocks, races, one tenant's trouble."""

from __future__ import annotations

import asyncio
import json
from email.utils import parsedate_to_datetime

import pytest

from tests.loadtests.calcom_simulator.desk import (
    CONSULTATION,
    COURSE,
    ELEVEN,
    MONDAY,
    PHYSIO,
    STRANGER,
    Desk,
    settle,
)


@pytest.mark.parametrize(("status", "is_json"), [(500, True), (502, False), (504, False)])
async def test_an_error_after_commit_books_first(desk: Desk, status: int, is_json: bool):
    await desk.order_fault("error_after_commit", status=status)

    answer = await desk.create(metadata={"bc_key": "k1"})

    assert (answer.status_code, answer.headers["content-type"].startswith("application/json")) == (status, is_json)
    assert [row["metadata"] for row in await desk.held()] == [{"bc_key": "k1"}]


async def test_an_error_after_commit_strikes_moves_and_cancellations_too(desk: Desk):
    booking = await desk.booked()
    await desk.order_fault("error_after_commit")

    moved = await desk.reschedule(booking["uid"])
    successor = (await desk.got(f"/v2/bookings/{booking['uid']}"))["rescheduledToUid"]
    cancelled = await desk.cancel(successor)

    assert (moved.status_code, cancelled.status_code) == (500, 500)
    assert [row["status"] for row in await desk.held()] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("fault", ["error_after_commit", "hang_after_commit"])
async def test_a_refusal_commits_nothing_and_is_answered_as_it_is(desk: Desk, fault: str):
    await desk.booked()
    await desk.order_fault(fault)

    refused = await desk.create()

    [ordered] = (await desk.http.get("/control/faults")).json()["faults"]
    assert (refused.status_code, ordered["strikes"]) == (400, 0)


async def test_a_truncated_answer_is_half_of_the_json_after_the_work(desk: Desk):
    await desk.order_fault("truncated_json", operation="create")

    answer = await desk.create()

    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    whole = json.dumps({"status": "success", "data": (await desk.held())[0]}, separators=(",", ":"))
    assert whole.startswith(answer.text)


async def test_a_lagging_read_does_not_see_what_was_written_just_now(desk: Desk):
    await desk.order_fault("read_lag", delay_seconds=30)
    booking = await desk.booked()

    first = (await desk.ask("GET", f"/v2/bookings/{booking['uid']}")).status_code, await desk.listed()
    desk.clock.advance(29)
    second = (await desk.ask("GET", f"/v2/bookings/{booking['uid']}")).status_code, await desk.listed()
    desk.clock.advance(1)
    third = (await desk.ask("GET", f"/v2/bookings/{booking['uid']}")).status_code, await desk.listed()

    assert (first, second, third) == ((404, []), (404, []), (200, [booking["uid"]]))


async def test_a_lagging_read_still_sees_the_row_as_it_was(desk: Desk):
    uid = (await desk.booked())["uid"]
    desk.clock.advance(60)
    await desk.order_fault("read_lag", delay_seconds=30)
    await desk.cancel(uid)

    assert (await desk.got(f"/v2/bookings/{uid}"))["status"] == "accepted"
    assert (await desk.listed(status="upcoming"), await desk.listed(status="cancelled")) == ([uid], [])
    desk.clock.advance(30)
    assert (await desk.got(f"/v2/bookings/{uid}"))["status"] == "cancelled"
    assert (await desk.listed(status="upcoming"), await desk.listed(status="cancelled")) == ([], [uid])


async def test_a_lagging_read_hides_series_and_seats_but_no_write_lags(desk: Desk):
    await desk.order_fault("read_lag", delay_seconds=30)
    series = await desk.booked(eventTypeId=PHYSIO)
    seated = await desk.booked(eventTypeId=COURSE, start="2026-11-24T13:00:00Z")

    paths = (f"/v2/bookings/{series[0]['recurringBookingUid']}", f"/v2/bookings/by-seat/{seated['seatUid']}")

    assert [(await desk.ask("GET", path)).status_code for path in paths] == [404, 404]
    assert (await desk.cancel(seated["uid"])).status_code == 200


async def test_a_narrow_and_a_wide_window_agree_while_reads_lag(desk: Desk):
    kept = await desk.booked()
    moved = await desk.booked(start=ELEVEN)
    desk.clock.advance(60)
    await desk.order_fault("read_lag", delay_seconds=30)
    await desk.cancel(moved["uid"])
    await desk.booked(start="2026-11-24T12:00:00Z")

    query = {"eventTypeId": 1001, "status": "upcoming", "afterStart": "2026-11-24"}
    narrow = await desk.listed(**query, beforeEnd="2026-11-25")
    wide = await desk.listed(**query, beforeEnd="2027-11-25")

    assert narrow == wide == [kept["uid"], moved["uid"]]


@pytest.mark.parametrize("offset", [-120.0, 120.0])
async def test_a_clock_offset_shows_in_the_date_and_in_what_cal_com_believes(desk: Desk, offset: float):
    await desk.order_fault("clock_offset", offset_seconds=offset)

    answer = await desk.create()
    date = parsedate_to_datetime(answer.headers["date"])
    created = answer.json()["data"]["createdAt"]

    assert (date - MONDAY).total_seconds() == offset
    assert created == {-120.0: "2026-11-23T07:58:00.000Z", 120.0: "2026-11-23T08:02:00.000Z"}[offset]


async def test_a_clock_that_is_ahead_refuses_what_is_not_yet_too_late(desk: Desk):
    start = "2026-11-23T09:01:00Z"
    await desk.order_fault("clock_offset", offset_seconds=120)
    ahead = await desk.create(start=start)
    await desk.http.delete("/control/faults")

    assert (ahead.status_code, (await desk.create(start=start)).status_code) == (400, 201)


async def test_the_date_is_right_without_a_fault(desk: Desk):
    answer = await desk.profile()

    assert parsedate_to_datetime(answer.headers["date"]) == MONDAY


async def test_a_racy_create_checks_waits_and_inserts(desk: Desk):
    await desk.order_fault("racy", delay_seconds=2)

    asking = asyncio.create_task(desk.create())
    await settle()
    before = await desk.held()
    desk.clock.advance(2)
    answer = await asking

    assert (before, answer.status_code) == ([], 201)


async def test_a_fault_of_one_account_spares_the_other(desk: Desk):
    await desk.order_fault("rate_limit", account="salon")

    own = await desk.profile()
    other = await desk.http.get("/v2/me", headers=STRANGER)
    nobody = await desk.http.get("/v2/bookings/nothing")

    assert (own.status_code, other.status_code, nobody.status_code) == (429, 200, 404)


async def test_a_refused_slot_is_refused_by_every_way_to_it(desk: Desk):
    booking = await desk.booked()
    await desk.order_fault("slot_refused")

    answers = [await desk.reschedule(booking["uid"]), await desk.create(eventTypeId=CONSULTATION)]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert (await desk.got(f"/v2/bookings/{booking['uid']}")) == booking


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"fault": "clock_offset", "seconds": 5}, "clock_offset needs offset_seconds"),
        ({"fault": "clock_offset", "seconds": 5, "offset_seconds": 5, "share": 1}, "clock_offset takes no share"),
        ({"fault": "read_lag", "seconds": 5, "delay_seconds": 1, "operation": "create"}, "strikes only get, list"),
        ({"fault": "read_lag", "seconds": 5, "delay_seconds": 4000}, "at most 3600 delay_seconds"),
        ({"fault": "library_error", "seconds": 5, "status": 502}, "takes a status of (400, 409, 500), not 502"),
        ({"fault": "webhook_late", "seconds": 5}, "webhook_late needs delay_seconds"),
        ({"fault": "webhook_never", "seconds": 5, "operation": "slots"}, "webhook_never strikes only"),
        ({"fault": "webhook_nevr", "seconds": 5}, "did you mean 'webhook_never'?"),
        ({"fault": "outage", "seconds": 5, "account": "saloon"}, "did you mean 'salon'?"),
        ({"fault": "racy", "seconds": 5, "delay_seconds": 1, "status": 409}, "racy takes no status"),
    ],
)
async def test_a_wrong_order_names_the_remedy(desk: Desk, order: dict[str, object], sentence: str):
    answer = await desk.http.post("/control/faults", json=order)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
