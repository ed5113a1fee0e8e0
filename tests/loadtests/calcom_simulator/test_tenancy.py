"""Two salons in one Cal.com: what each key sees, and what it may not touch."""

from __future__ import annotations

import pytest

from loadtests.calcom_simulator.accounts import BRANCHES, branch_key
from tests.loadtests.calcom_simulator.desk import (
    ANNA_HAIRCUT,
    BOOKINGS,
    CLARA_HAIRCUT,
    EVENT_TYPES,
    OWNER,
    STRANGER,
    TEN,
    Desk,
    booking_body,
)


async def _slugs(desk: Desk, key: dict[str, str], **query: str) -> list[tuple[int, str, str]]:
    answer = await desk.http.get("/v2/event-types", params=query, headers=EVENT_TYPES | key)
    return [(kind["id"], kind["slug"], kind["users"][0]["username"]) for kind in answer.json()["data"]]


async def test_each_key_lists_its_own_event_types_and_no_others(desk: Desk):
    assert [event_type for event_type, _, _ in await _slugs(desk, OWNER)] == list(range(1001, 1012))
    assert await _slugs(desk, STRANGER) == [
        (2001, "haircut", "clara"),
        (2002, "manicure", "clara"),
        (2003, "haircut", "david"),
        (2004, "manicure", "david"),
    ]


async def test_the_studio_is_listed_only_when_it_is_asked_for(desk: Desk):
    answer = await desk.http.get("/v2/event-types", params={"username": "studio"}, headers=EVENT_TYPES | OWNER)

    assert [kind["id"] for kind in answer.json()["data"]] == list(range(1101, 1114))


async def test_a_foreign_event_type_cannot_be_looked_into(desk: Desk):
    foreign = await desk.http.get(f"/v2/event-types/{CLARA_HAIRCUT}", headers=EVENT_TYPES | OWNER)
    without = await desk.http.get(f"/v2/event-types/{CLARA_HAIRCUT}", headers=EVENT_TYPES)

    assert (foreign.status_code, without.status_code) == (404, 401)


async def test_one_hosts_bookings_do_not_touch_the_other_salon(desk: Desk):
    await desk.booked()

    theirs = await desk.http.post(
        "/v2/bookings", json=booking_body(eventTypeId=CLARA_HAIRCUT), headers=BOOKINGS | STRANGER
    )

    assert (theirs.status_code, theirs.json()["data"]["hosts"][0]["username"]) == (201, "clara")


async def test_the_second_salon_opens_by_its_own_clock(desk: Desk):
    days = await desk.slots(CLARA_HAIRCUT, timeZone="Europe/London")

    assert days["2026-11-24"][0]["start"] == "2026-11-24T09:00:00.000+00:00"


async def test_a_webhook_hears_only_of_its_own_salon(desk: Desk):
    await desk.subscribe()

    await desk.http.post("/v2/bookings", json=booking_body(eventTypeId=CLARA_HAIRCUT), headers=BOOKINGS | STRANGER)
    await desk.booked()

    assert [body["payload"]["eventTypeId"] for body in desk.inbox.bodies()] == [ANNA_HAIRCUT]


@pytest.mark.parametrize("call", ["confirm", "decline", "request-reschedule", "mark-absent", "guests", "attendees"])
async def test_a_foreign_key_may_not_act_as_the_host(desk: Desk, call: str):
    booking = await desk.booked()

    answer = await desk.post(f"/v2/bookings/{booking['uid']}/{call}", {}, STRANGER)

    assert answer.status_code == 403
    assert await desk.held() == [booking]


async def test_a_foreign_webhook_cannot_be_read_changed_or_removed(desk: Desk):
    path = f"/v2/webhooks/{(await desk.subscribe())['id']}"

    answers = [
        await desk.http.request(method, path, json={}, headers=STRANGER) for method in ("GET", "PATCH", "DELETE")
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len(await desk.got("/v2/webhooks")) == 1


async def test_a_foreign_key_cancels_as_an_attendee_not_as_the_host(desk: Desk):
    booking = await desk.booked(start=TEN)

    answer = await desk.post(f"/v2/bookings/{booking['uid']}/cancel", {}, STRANGER)

    assert (answer.status_code, "cancelledByEmail" in answer.json()["data"]) == (200, False)


async def test_every_branch_is_a_salon_of_its_own_with_a_key_of_its_own(desk: Desk):
    offered = {}
    for branch in BRANCHES:
        headers = EVENT_TYPES | {"authorization": f"Bearer {branch_key(branch)}"}
        answer = await desk.http.get("/v2/event-types", headers=headers)
        offered[branch.username] = {(kind["id"], kind["users"][0]["username"]) for kind in answer.json()["data"]}

    assert {len(kinds) for kinds in offered.values()} == {6}
    assert len(set.union(*offered.values())) == 6 * len(BRANCHES)
