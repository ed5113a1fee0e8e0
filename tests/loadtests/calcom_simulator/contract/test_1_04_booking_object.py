"""Research part 1.4: the booking object of every kind, one test per statement."""

from __future__ import annotations

from tests.loadtests.calcom_simulator.desk import (
    ANNA_HAIRCUT,
    COURSE,
    FORMER_BOOKINGS,
    MAX,
    OWNER,
    PHYSIO,
    TEN,
    WEEKLY_COURSE,
    Desk,
)

REQUIRED = {
    "id",
    "uid",
    "title",
    "description",
    "hosts",
    "status",
    "start",
    "end",
    "duration",
    "eventTypeId",
    "eventType",
    "location",
    "absentHost",
    "createdAt",
    "updatedAt",
    "attendees",
}
SEATED_ATTENDEE = {"name", "email", "displayEmail", "timeZone", "absent", "seatUid", "bookingFieldsResponses"}


async def test_required_fields_are_there_whatever_the_kind(desk: Desk):
    ordinary = await desk.booked()
    seated = await desk.booked(eventTypeId=COURSE)
    [recurring, *_] = await desk.booked(eventTypeId=PHYSIO, start="2026-11-24T13:00:00Z")

    assert ordinary.keys() >= REQUIRED | {"bookingFieldsResponses"}
    assert recurring.keys() >= REQUIRED | {"bookingFieldsResponses", "recurringBookingUid"}
    assert seated.keys() >= REQUIRED | {"seatUid"}


async def test_uid_is_short_and_opaque_and_times_have_milliseconds(desk: Desk):
    booking = await desk.booked()

    assert len(booking["uid"]) == 22
    assert booking["start"].endswith(":00.000Z")


async def test_recurring_adds_its_uid_and_create_returns_an_array(desk: Desk):
    series = await desk.booked(eventTypeId=PHYSIO)

    assert [type(series), len(series)] == [list, 4]
    assert len({row["recurringBookingUid"] for row in series}) == 1
    assert len({row["uid"] for row in series}) == 4


async def test_seated_has_seat_uid_responses_and_metadata_on_the_seat_not_on_the_booking(desk: Desk):
    first = await desk.booked(eventTypeId=COURSE, metadata={"bc_key": "k1"})
    second = await desk.booked(eventTypeId=COURSE, metadata={"bc_key": "k2"}, attendee=MAX)

    assert first["uid"] == second["uid"]
    assert second["metadata"] == {}
    assert [who["metadata"] for who in second["attendees"]] == [{"bc_key": "k1"}, {"bc_key": "k2"}]
    assert second["attendees"][1].keys() >= SEATED_ATTENDEE
    assert second["seatUid"] == second["attendees"][1]["seatUid"]


async def test_recurring_and_seated_is_an_array_of_seats(desk: Desk):
    series = await desk.booked(eventTypeId=WEEKLY_COURSE)

    assert [row.keys() >= {"seatUid", "recurringBookingUid"} for row in series] == [True] * 4
    assert len({row["seatUid"] for row in series}) == 4


async def test_a_cancelled_seated_booking_keeps_its_attendees_only_in_the_newest_version(desk: Desk):
    seated = await desk.booked(eventTypeId=COURSE)
    await desk.cancel(seated["uid"])

    newest = await desk.got(f"/v2/bookings/{seated['uid']}")
    former = await desk.got(f"/v2/bookings/{seated['uid']}", OWNER | FORMER_BOOKINGS)

    assert [who["name"] for who in newest["attendees"]] == ["Eva"]
    assert former == newest | {"attendees": []}


async def test_optional_fields_of_a_reschedule_link_both_ways(desk: Desk):
    old = await desk.booked()
    new = (await desk.reschedule(old["uid"])).json()["data"]

    assert new["rescheduledFromUid"] == old["uid"]
    assert (await desk.got(f"/v2/bookings/{old['uid']}"))["rescheduledToUid"] == new["uid"]
    assert "rescheduledToUid" not in new


async def test_a_host_missing_in_the_database_is_the_word_unknown(desk: Desk):
    booking = await desk.booked()

    await desk.mutate(ANNA_HAIRCUT, hosts_deleted=True)

    [host] = (await desk.got(f"/v2/bookings/{booking['uid']}"))["hosts"]
    assert (host["id"], host["name"], host["email"]) == ("unknown", "unknown", "unknown")


async def test_an_event_type_missing_in_the_database_is_null(desk: Desk):
    booking = await desk.booked()

    await desk.mutate(ANNA_HAIRCUT, is_deleted=True)

    found = await desk.got(f"/v2/bookings/{booking['uid']}")
    assert (found["eventTypeId"], found["eventType"], found["start"][:16]) == (None, None, TEN[:16])
    assert await desk.listed(eventTypeId=ANNA_HAIRCUT) == []
    assert await desk.listed() == [booking["uid"]]
