"""The Cal.com client: every answer, and every silence, becomes executed, not executed, or unknown."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest

from booking_core.adapters.calcom import CalcomClient
from booking_core.domain.discrepancies import ListedBooking, Window
from booking_core.domain.errors import (
    CalcomOutcomeUnknown,
    CalcomRateLimited,
    CalcomRejected,
    CalcomStatusUnknown,
    CalcomUnavailable,
    SlotTaken,
    TimeNotBookable,
)
from booking_core.domain.models import Appointment, Customer, State
from booking_core.domain.ports import CalcomBooking, CalcomStatus, Listing, Page
from tests.factories import NOW, SALON, TEN_O_CLOCK, an_id, an_offering, an_origin

APPOINTMENT = Appointment(
    id=an_id("appointment"),
    tenant_id=SALON.id,
    offering=an_offering("anna"),
    customer=Customer(an_id("customer"), "+4930901820", "Erika", None),
    start=TEN_O_CLOCK,
    end=TEN_O_CLOCK + timedelta(minutes=30),
    origin=an_origin(),
    state=State.CREATING,
    key=an_id("wish"),
    asked_at=NOW,
)


class Wire:
    """A Cal.com of one answer, and what was sent to it."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer
        self.sent: list[httpx.Request] = []
        self.calls: list[tuple[str, str]] = []
        client = httpx.AsyncClient(base_url="http://calcom/v2", transport=httpx.MockTransport(self._reply))
        self.client = CalcomClient(
            client, called=lambda operation, kind, _seconds: self.calls.append((operation, kind))
        )

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def create(self):
        return await self.client.create(SALON, APPOINTMENT)

    async def slots(self):
        return await self.client.slots(SALON, an_offering("anna"), NOW, NOW + timedelta(days=1))


def refusal(status: int, message: str) -> httpx.Response:
    error = {"code": "BadRequestException", "message": message}
    return httpx.Response(status, json={"status": "error", "error": error})


CREATED = httpx.Response(201, json={"status": "success", "data": {"uid": "abc", "status": "accepted", "id": 1}})


async def test_a_created_booking_carries_our_ids_and_nothing_personal_beyond_the_attendee():
    wire = Wire(CREATED)

    booking = await wire.create()

    assert booking.uid == "abc"
    body = json.loads(wire.sent[0].content)
    assert body == {
        "start": "2026-12-02T09:00:00Z",
        "eventTypeId": 1001,
        "attendee": {"name": "Erika", "phoneNumber": "+4930901820", "timeZone": "Europe/Berlin"},
        "metadata": {
            "bc_booking": str(APPOINTMENT.id),
            "bc_tenant": str(SALON.id),
            "bc_traffic": "real",
            "bc_v": "1",
        },
    }
    assert wire.sent[0].headers["cal-api-version"] == "2026-02-25"
    assert wire.sent[0].headers["authorization"] == "Bearer calcom-key"
    assert wire.calls == [("create", "successful")]


@pytest.mark.parametrize(
    ("answer", "error", "kind"),
    [
        (refusal(400, "User either already has booking at this time or is not available"), SlotTaken, "ignored"),
        (refusal(400, "One of the hosts either already has booking at this time"), SlotTaken, "ignored"),
        (refusal(409, "booking_conflict_error"), SlotTaken, "ignored"),
        (refusal(400, "Attempting to book a meeting in the past."), TimeNotBookable, "ignored"),
        (refusal(400, "metadata: too many keys"), CalcomRejected, "ignored"),
        (refusal(401, "Invalid API key"), CalcomRejected, "ignored"),
        (refusal(404, "Event type not found"), CalcomRejected, "ignored"),
        (refusal(429, "ThrottlerException: Too Many Requests"), CalcomRateLimited, "ignored"),
        (httpx.Response(502, html="<h1>Bad gateway</h1>"), CalcomOutcomeUnknown, "failed"),
        (httpx.ReadTimeout("silence"), CalcomOutcomeUnknown, "failed"),
        (httpx.RemoteProtocolError("cut off"), CalcomOutcomeUnknown, "failed"),
        (httpx.ConnectError("refused"), CalcomUnavailable, "failed"),
        (httpx.ConnectTimeout("no answer"), CalcomUnavailable, "failed"),
    ],
)
async def test_a_create_that_did_not_succeed_says_whether_it_may_exist(answer, error, kind):
    wire = Wire(answer)

    with pytest.raises(error):
        await wire.create()

    assert wire.calls == [("create", kind)]


async def test_a_read_that_was_lost_has_changed_nothing():
    for lost in (httpx.ReadTimeout("silence"), httpx.ConnectError("refused")):
        with pytest.raises(CalcomUnavailable):
            await Wire(lost).slots()


@pytest.mark.parametrize(
    "body", ['{"status": "success", "data": {"2026-12-02": [{"sta', "<h1>Hello</h1>", '{"status": "success"}']
)
async def test_a_read_whose_answer_is_cut_off_is_no_better_than_no_answer(body):
    wire = Wire(httpx.Response(200, text=body))

    with pytest.raises(CalcomUnavailable):
        await wire.slots()
    with pytest.raises(CalcomUnavailable):
        await wire.client.find(SALON, APPOINTMENT)


async def test_slots_come_back_as_instants():
    days = {"2026-12-02": [{"start": "2026-12-02T10:00:00.000+01:00"}]}

    assert list(await Wire(httpx.Response(200, json={"status": "success", "data": days})).slots()) == [TEN_O_CLOCK]


async def test_cancelling_what_is_already_cancelled_is_a_success():
    wire = Wire(refusal(400, "Can't cancel booking: it has already been cancelled"))

    await wire.client.cancel(SALON, "abc", reason="swept")

    assert json.loads(wire.sent[0].content) == {"cancellationReason": "swept"}


async def test_a_cancel_that_is_refused_is_not_a_success():
    with pytest.raises(CalcomRejected, match="disabled"):
        await Wire(refusal(400, "Cancelling is disabled")).client.cancel(SALON, "abc", reason="swept")


def success(data: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json={"status": "success", "data": data})


OURS = {"bc_booking": str(APPOINTMENT.id)}


@pytest.mark.parametrize(
    "listed",
    [
        {"uid": "abc", "status": "accepted", "metadata": OURS},
        {"uid": "abc", "status": "accepted", "metadata": {}, "attendees": [{"seatUid": "s", "metadata": OURS}]},
        {"uid": "abc", "status": "accepted", "metadata": OURS, "hosts": [{"id": "unknown"}], "attendees": None},
        {"uid": "abc", "status": "accepted", "metadata": OURS, "attendees": ["?"], "news": {"of": "2027"}},
    ],
)
async def test_our_booking_is_found_wherever_its_metadata_sits(listed):
    strangers = [{"uid": "x", "status": "accepted"}, {"uid": "y", "metadata": None}, "?", None]

    found = await Wire(success([*strangers, listed])).client.find(SALON, APPOINTMENT)

    assert found == CalcomBooking("abc")


async def test_a_series_stands_for_its_first_booking_that_lives():
    series = [{"uid": "a", "status": "cancelled"}, {"uid": "b", "status": "accepted"}]

    assert await Wire(success(series, 201)).create() == CalcomBooking("b")


async def test_a_booking_tells_its_time_and_its_successor():
    told = {"uid": "a", "status": "cancelled", "start": "2026-12-02T09:00:00.000Z", "rescheduledToUid": "b"}

    booking = await Wire(success(told)).client.get(SALON, "a")

    assert booking == CalcomBooking("a", CalcomStatus.CANCELLED, TEN_O_CLOCK, "b")


async def test_a_booking_that_cal_com_does_not_know_is_none():
    assert await Wire(refusal(404, "Booking with uid=a was not found")).client.get(SALON, "a") is None


async def test_a_booking_called_rejected_at_once_is_not_made():
    with pytest.raises(CalcomRejected, match="rejected"):
        await Wire(success({"uid": "a", "status": "rejected"}, 201)).create()


async def test_a_state_that_we_have_no_word_for_is_an_unknown_outcome():
    wire = Wire(success({"uid": "a", "status": "waitlisted"}, 201))

    with pytest.raises(CalcomStatusUnknown):
        await wire.create()
    with pytest.raises(CalcomStatusUnknown):
        await wire.client.get(SALON, "a")


@pytest.mark.parametrize("data", [None, 7, "uid", [], [None], {}, {"uid": 7, "status": "accepted"}, {"uid": None}])
async def test_no_shape_of_an_answer_is_more_than_an_unknown_outcome(data):
    wire = Wire(success(data, 201))

    with pytest.raises(CalcomOutcomeUnknown):
        await wire.create()
    with pytest.raises(CalcomUnavailable):
        await wire.client.get(SALON, "a")


async def test_a_move_says_when_to_and_why():
    wire = Wire(CREATED)

    booking = await wire.client.reschedule(SALON, "old", TEN_O_CLOCK, reason="caller asked")

    assert booking == CalcomBooking("abc")
    assert wire.sent[0].url.path == "/v2/bookings/old/reschedule"
    assert json.loads(wire.sent[0].content) == {"start": "2026-12-02T09:00:00Z", "reschedulingReason": "caller asked"}
    assert wire.calls == [("reschedule", "successful")]


LISTED = {
    "uid": "abc",
    "status": "accepted",
    "start": "2026-12-02T09:00:00.000Z",
    "end": "2026-12-02T09:30:00.000Z",
    "createdAt": "2026-12-01T08:00:00.000Z",
    "eventType": {"id": 1001, "slug": "haircut"},
    "hosts": [{"id": 1, "username": "anna"}],
    "metadata": {"bc_booking": str(APPOINTMENT.id), "bc_tenant": str(SALON.id)},
}


def a_page(*bookings, more: object = False) -> httpx.Response:
    body = {"status": "success", "data": list(bookings), "pagination": {"hasNextPage": more}}
    return httpx.Response(200, json=body)


async def test_a_list_asks_for_every_status_in_a_fixed_order_and_past_the_windows_end():
    wire = Wire(a_page(LISTED, more=True))
    listing = Listing(Window(NOW, NOW + timedelta(days=1)))

    page = await wire.client.listed(SALON, listing, skip=90, take=100)

    assert dict(wire.sent[0].url.params) == {
        "status": "upcoming,unconfirmed,recurring,past,cancelled",
        "sortCreated": "asc",
        "skip": "90",
        "take": "100",
        "afterStart": "2026-12-01T08:00:00Z",
        "beforeEnd": "2026-12-03T08:00:00Z",
    }
    assert page == Page(
        [
            ListedBooking(
                "abc",
                "accepted",
                1001,
                TEN_O_CLOCK,
                TEN_O_CLOCK + timedelta(minutes=30),
                NOW,
                APPOINTMENT.id,
                SALON.id,
                "anna",
            )
        ],
        has_more=True,
    )


@pytest.mark.parametrize("metadata", [None, {}, {"bc_booking": "17", "bc_tenant": 4}, {"videoCallUrl": "x"}])
async def test_what_strangers_write_into_their_metadata_is_no_id_of_ours(metadata):
    page = await Wire(a_page(LISTED | {"metadata": metadata})).client.listed(SALON, Listing(), skip=0, take=1)

    assert (page.bookings[0].appointment_id, page.bookings[0].tenant_id) == (None, None)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"status": "success", "data": []}),
        a_page({"uid": "abc"}),
        a_page("abc"),
    ],
)
async def test_half_a_list_never_passes_for_the_whole(answer):
    with pytest.raises(CalcomUnavailable):
        await Wire(answer).client.listed(SALON, Listing(changed_since=NOW), skip=0, take=1)
