"""What programs and voice agents get back over HTTP, good input or bad."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from booking_core.adapters import retell
from booking_core.domain.errors import CalcomCircuitOpen, CalcomOutcomeUnknown, CalcomRejected, CalcomUnavailable
from booking_core.domain.ports import CalcomStatus
from tests.booking_core.conftest import Stage
from tests.factories import API_KEY, NOW, READING_KEY, SALON, TEN_O_CLOCK, TEN_O_CLOCK_LOCAL

KEY = {"Authorization": f"Bearer {API_KEY}"}
BOOKING = {
    "service": "haircut",
    "start": TEN_O_CLOCK_LOCAL,
    "customer": {"name": "Erika Muster", "phone": "+4930901820"},
}
FUNCTIONS = f"/v1/retell/{SALON.token}/functions"


async def post(stage: Stage, path: str, body: object, **headers: str):
    async with stage.client() as client:
        return await client.post(path, json=body, headers={**KEY, **headers})


async def call(
    stage: Stage,
    name: str,
    args: dict,
    *,
    key: str = SALON.retell_api_key,
    path: str = FUNCTIONS,
    about: dict | None = None,
    **headers,
):
    """Call a function as Retell does; `about` is what the call object says besides the caller's number."""
    on_the_line = {"call_id": "call-1", "from_number": "+4930901820", **(about or {})}
    body = json.dumps({"name": name, "args": args, "call": on_the_line}).encode()
    signature = retell.sign(body, key, now=NOW)
    async with stage.client() as client:
        return await client.post(path, content=body, headers={retell.HEADER: signature, **headers})


async def test_a_program_books_an_appointment(stage):
    answer = await post(stage, "/v1/bookings", BOOKING)

    assert answer.status_code == 201
    booked = answer.json()
    assert booked.pop("appointment_id")
    assert booked == {
        "status": "confirmed",
        "calcom_uid": "uid-1",
        "service": "haircut",
        "staff": "anna",
        "start": "2026-12-02T09:00:00Z",
        "end": "2026-12-02T09:30:00Z",
        "local_start": TEN_O_CLOCK_LOCAL,
        "say": "Your Haircut with Anna is booked for Wednesday, 2 December at 10:00.",
    }


async def test_a_booking_can_be_cancelled_by_its_id(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/cancel", {"reason": "ill"})

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "cancelled",
            "appointment_id": booked["appointment_id"],
            "say": "Your appointment is cancelled.",
        },
    )
    assert stage.calcom.cancelled == ["uid-1"]


async def test_a_cancellation_that_cal_com_does_not_hear_is_noted_and_not_called_done(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    stage.calcom.error = CalcomUnavailable()

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/cancel", {"reason": "ill"})

    assert (answer.status_code, answer.json()["status"]) == (202, "noted")
    assert "will be carried out" in answer.json()["say"]


async def test_a_cancellation_that_is_refused_says_that_the_appointment_stands(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    stage.calcom.refuses_cancelling = True

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/cancel", {"reason": "ill"})

    assert (answer.status_code, answer.json()["reason"]) == (409, "cancellation_refused")
    assert "still stands" in answer.json()["message"]


async def test_the_agent_cancels_what_it_has_booked(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()

    answer = await call(stage, "cancel_appointment", {"appointment_id": booked["appointment_id"]})

    assert answer.json()["say"] == "Your appointment is cancelled."
    assert stage.calcom.cancelled == ["uid-1"]


async def test_a_caller_whose_cancellation_could_not_even_be_noted_hears_that_the_appointment_stands(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    # The salon is known from the first call, so that the second gets as far as the appointment.
    await call(stage, "check_availability", {"service": "haircut", "date": "2026-12-02"})
    stage.database.down = True

    answer = await call(stage, "cancel_appointment", {"appointment_id": booked["appointment_id"]})

    assert answer.json()["status"] == "failed"
    assert "your appointment stands" in answer.json()["say"]


async def test_what_the_salon_must_accept_is_answered_as_pending(stage):
    stage.calcom.status = CalcomStatus.PENDING

    answer = await post(stage, "/v1/bookings", BOOKING)

    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert "has to accept it" in answer.json()["say"]


async def test_the_nearest_free_slots_come_first(stage):
    stage.calcom.free = [TEN_O_CLOCK.replace(hour=hour) for hour in (8, 9, 10)]
    async with stage.client() as client:
        query = {"service": "cut", "date": "2026-12-02", "time": "11:00", "staff": "ben", "limit": "2"}
        answer = await client.get("/v1/availability", params=query, headers=KEY)

    assert [slot["local"] for slot in answer.json()["slots"]] == ["2026-12-02T11:00", "2026-12-02T10:00"]


async def test_our_own_hold_hides_a_slot_cal_com_still_lists(stage):
    await post(stage, "/v1/bookings", {**BOOKING, "staff": "anna"})
    stage.calcom.free = [TEN_O_CLOCK]
    async with stage.client() as client:
        answer = await client.get("/v1/availability", params={"service": "haircut", "date": "2026-12-02"}, headers=KEY)

    assert [slot["staff"] for slot in answer.json()["slots"]] == ["ben"]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {API_KEY}"}])
async def test_a_request_without_our_key_is_401_and_changes_nothing(stage, header):
    async with stage.client() as client:
        answer = await client.post("/v1/bookings", json=BOOKING, headers=header)

    assert (answer.status_code, answer.json()["reason"]) == (401, "unauthorised")
    assert stage.database.rows.appointments == {}


async def test_a_key_that_may_only_read_is_403_for_a_booking_and_says_what_it_lacks(stage):
    reads = {"Authorization": f"Bearer {READING_KEY}"}
    async with stage.client() as client:
        booking = await client.post("/v1/bookings", json=BOOKING, headers=reads)
        cancellation = await client.post(f"/v1/bookings/{UUID(int=1)}/cancel", json={"reason": "x"}, headers=reads)
        question = await client.get("/v1/availability?service=haircut&date=2026-12-02", headers=reads)

    assert (booking.status_code, booking.json()["reason"]) == (403, "scope_missing")
    assert "bookings:write" in booking.json()["message"]
    assert booking.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="bookings:write"'
    assert stage.database.rows.appointments == {}
    assert (cancellation.status_code, question.status_code) == (403, 200)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"start": None}, "start"),
        ({"customer": {"name": "Erika"}}, "customer.phone"),
        ({"customer": {"name": "Erika", "phone": "+4930901820", "emial": "x"}}, "customer.emial"),
        ({"customer": {"name": "Erika", "phone": "none"}}, "phone"),
        ({"start": "soon"}, "start"),
    ],
)
async def test_a_bad_body_is_422_and_names_the_field(stage, broken, field):
    answer = await post(stage, "/v1/bookings", {**BOOKING, **broken})

    assert answer.status_code == 422
    assert field in [each["field"] for each in answer.json()["errors"]]
    assert stage.database.rows.appointments == {}


async def test_a_body_that_is_no_json_is_422(stage):
    async with stage.client() as client:
        answer = await client.post("/v1/bookings", content=b"{", headers={**KEY, "content-type": "application/json"})

    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")


async def test_an_unknown_service_is_404_with_suggestions(stage):
    answer = await post(stage, "/v1/bookings", {**BOOKING, "service": "hairkut"})

    assert answer.status_code == 404
    assert (answer.json()["reason"], answer.json()["suggestions"]) == ("unknown_service", ["haircut"])


async def test_an_unknown_appointment_is_404(stage):
    answer = await post(stage, f"/v1/bookings/{SALON.id}/cancel", {"reason": "ill"})

    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_appointment")


async def test_a_declared_large_body_is_413(stage):
    answer = await post(stage, "/v1/bookings", {**BOOKING, "service": "x" * 1024 * 1024})

    assert (answer.status_code, answer.json()["reason"]) == (413, "invalid_request")


async def test_an_undeclared_large_body_is_413_as_well(stage):
    async def endless():
        for _ in range(20):
            yield b"x" * 65536 * 2

    async with stage.client() as client:
        answer = await client.post(
            "/v1/bookings", content=endless(), headers={**KEY, "content-type": "application/json"}
        )

    assert answer.status_code == 413


async def test_while_cal_com_is_away_a_booking_is_202_and_called_queued(stage):
    stage.calcom.error = CalcomUnavailable()

    answer = await post(stage, "/v1/bookings", BOOKING)

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.json()["calcom_uid"] is None


async def test_while_cal_com_is_away_free_slots_are_503_and_called_failed(stage):
    stage.calcom.error = CalcomCircuitOpen(retry_after_seconds=30)
    async with stage.client() as client:
        query = {"service": "haircut", "date": "2026-12-02"}
        answer = await client.get("/v1/availability", params=query, headers=KEY)

    assert (answer.status_code, answer.json()["status"]) == (503, "failed")
    assert answer.json()["reason"] == "calcom_unavailable"


async def test_a_voice_agent_books_with_the_number_the_caller_rings_from(stage):
    answer = await call(stage, "book_appointment", {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika"})

    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    (booked,) = stage.database.rows.appointments.values()
    assert (booked.customer.phone, booked.origin.channel) == ("+4930901820", "voice")


async def test_a_voice_agent_hears_free_times(stage):
    stage.calcom.free = [TEN_O_CLOCK]

    answer = (await call(stage, "check_availability", {"service": "cut", "date": "2026-12-02"})).json()

    assert (answer["status"], answer["slot_list"]) == ("ok", [TEN_O_CLOCK_LOCAL, TEN_O_CLOCK_LOCAL])
    assert "Wednesday, 2 December at 10:00" in answer["say"]


async def test_what_was_heard_unsurely_is_asked_for_again_and_only_that(stage):
    args = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika", "phone": "030 901820"}

    answer = (await call(stage, "book_appointment", args | {"confidence": {"phone": 0.3, "start": 0.9}})).json()

    assert (answer["status"], answer["reason"], answer["field"]) == ("refused", "unclear", "phone")
    assert answer["say"] == "I understood the telephone number +49 30 901820. Is that right?"
    assert stage.database.rows.appointments == {}


async def test_the_number_a_caller_rings_from_is_never_unsure(stage):
    args = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika", "confidence": {"phone": 0.1}}

    assert (await call(stage, "book_appointment", args)).json()["status"] == "confirmed"


async def test_another_name_than_the_known_one_is_told_to_whoever_rings_from_the_number(stage):
    asked = {"service": "cut", "name": "Erika"}
    await call(stage, "book_appointment", asked | {"start": TEN_O_CLOCK_LOCAL})

    other = {"service": "cut", "name": "Max"}
    from_it = (await call(stage, "book_appointment", other | {"start": "2026-12-02T11:00"})).json()
    about_it = other | {"start": "2026-12-02T12:00", "phone": "+4930901820"}
    by_another = (await call(stage, "book_appointment", about_it)).json()

    assert (from_it["name_differs"], from_it["known_as"]) == (True, "Erika")
    assert by_another["name_differs"] is True
    assert "known_as" not in by_another


@pytest.mark.parametrize("said", ["erika  muster", "Erika"])
async def test_a_known_name_in_other_letters_or_its_first_one_is_the_same_name(stage, said):
    await call(stage, "book_appointment", {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika Muster"})
    again = {"service": "cut", "start": "2026-12-02T11:00", "name": said}

    assert "name_differs" not in (await call(stage, "book_appointment", again)).json()


async def test_the_api_asks_again_for_everything_unclear_the_most_important_first(stage):
    unsure = BOOKING | {"confidence": {"name": 0.5, "start": 0.2, "service": 0.6}}

    answer = await post(stage, "/v1/bookings", unsure, **KEY)

    assert (answer.status_code, answer.json()["field"]) == (422, "start")
    assert [each["field"] for each in answer.json()["errors"]] == ["start", "name"]


async def test_a_voice_agent_may_ask_for_tomorrow_and_means_the_salons(stage):
    stage.calcom.free = [TEN_O_CLOCK]

    answer = (await call(stage, "check_availability", {"service": "cut", "date": "tomorrow"})).json()

    assert set(answer["slot_list"]) == {TEN_O_CLOCK_LOCAL}


@pytest.mark.parametrize(
    ("key", "path"),
    [("wrong", FUNCTIONS), (SALON.retell_api_key, "/v1/retell/nobody/functions"), ("", "/v1/retell/nobody/functions")],
)
async def test_a_wrongly_signed_call_is_401_and_changes_nothing(stage, key, path):
    args = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika"}

    answer = await call(stage, "book_appointment", args, key=key, path=path)

    assert answer.status_code == 401
    assert stage.database.rows.appointments == {}


async def test_an_unsigned_call_is_401(stage):
    answer = await post(stage, FUNCTIONS, {"name": "book_appointment", "args": {}, "call": {"call_id": "x"}})

    assert answer.status_code == 401


async def test_a_signed_call_without_a_name_is_422_and_names_the_field(stage):
    body = json.dumps({"args": {}, "call": {"call_id": "call-1"}}).encode()
    async with stage.client() as client:
        signature = retell.sign(body, SALON.retell_api_key, now=NOW)
        answer = await client.post(FUNCTIONS, content=body, headers={retell.HEADER: signature})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")


async def test_an_unknown_function_is_422_and_lists_those_there_are(stage):
    answer = await call(stage, "book_appointmint", {})

    assert answer.status_code == 422
    assert "book_appointment" in answer.json()["message"]


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"service": "cut", "name": "Erika"}, "invalid_request"),
        ({"service": "massage", "start": TEN_O_CLOCK_LOCAL, "name": "Erika"}, "unknown_service"),
        ({"service": "cut", "start": "2027-03-28T02:30", "name": "Erika"}, "time_not_bookable"),
    ],
)
async def test_a_refusal_on_the_phone_is_200_with_a_sentence_to_say(stage, args, reason):
    answer = await call(stage, "book_appointment", args)

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["reason"]) == ("refused", reason)
    assert answer.json()["say"]


async def test_a_caller_is_not_told_that_nothing_was_booked_when_nobody_knows(stage):
    args = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika"}
    stage.calcom.error = CalcomOutcomeUnknown()
    unknown = (await call(stage, "book_appointment", args)).json()
    stage.calcom.error = CalcomRejected()
    certain = (await call(stage, "book_appointment", {**args, "start": "2026-12-02T12:00"})).json()

    assert (unknown["status"], certain["status"]) == ("queued", "failed")
    assert "we will confirm" in unknown["say"]
    assert "I could not book it just now" in certain["say"]


async def test_a_probe_is_marked_in_the_row_and_in_the_counters(stage):
    args = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Probe"}

    await call(stage, "book_appointment", args, baggage="tenant=x, synthetic_request=true")

    (booked,) = stage.database.rows.appointments.values()
    assert booked.origin.traffic == "synthetic"
    route = {"route": "/v1/retell/{tenant}/functions", "method": "POST", "code_class": "2xx"}
    assert stage.count("booking_api_request_duration_seconds_count", **route, traffic="synthetic") == 1
    assert stage.count("booking_api_request_duration_seconds_count", **route, traffic="real") == 0


@pytest.mark.parametrize(
    ("about", "headers", "version"),
    [
        ({}, {}, None),
        ({}, {"x-prompt-version": "v1"}, "v1"),
        ({"metadata": {"prompt_version": "v1"}}, {}, "v1"),
        ({"retell_llm_dynamic_variables": {"prompt_version": "v2"}}, {}, "v2"),
        ({"metadata": {"prompt_version": "v1"}}, {"x-prompt-version": "v2"}, "v2"),
        ({"metadata": {"prompt_version": "v9"}, "retell_llm_dynamic_variables": {"prompt_version": "v1"}}, {}, "v1"),
        ({"metadata": "v1", "retell_llm_dynamic_variables": ["v1"]}, {"x-prompt-version": "v9"}, None),
    ],
)
async def test_the_prompt_that_spoke_is_known_by_the_surest_word_on_it(stage, about, headers, version):
    args = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika"}

    await call(stage, "book_appointment", args, about=about, **headers)

    (booked,) = stage.database.rows.appointments.values()
    assert booked.origin.prompt_version == version


async def test_a_request_repeated_with_its_key_gets_the_first_answer_word_for_word(stage):
    first = await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})
    booked = first.json()["appointment_id"]
    await post(stage, f"/v1/bookings/{booked}/cancel", {"reason": "ill"})

    again = await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert len(stage.calcom.created) == 1


async def test_a_refusal_is_repeated_too_even_when_it_would_succeed_now(stage):
    unknown = {**BOOKING, "service": "massage"}
    first = await post(stage, "/v1/bookings", unknown, **{"Idempotency-Key": "k1"})
    again = await post(stage, "/v1/bookings", unknown, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code) == (404, 404)
    labels = {"outcome": "refused", "reason": "unknown_service", "channel": "api", "traffic": "real"}
    assert stage.count("booking_attempts_total", **labels) == 1


async def test_what_is_not_final_is_not_repeated(stage):
    stage.calcom.error = CalcomUnavailable()
    queued = await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})
    stage.calcom.error = None
    await stage.core.settlement.settle(SALON.id, UUID(queued.json()["appointment_id"]), tries=0)

    again = await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})

    assert (queued.status_code, again.status_code) == (202, 201)
    assert again.json()["appointment_id"] == queued.json()["appointment_id"]


async def test_a_key_with_another_body_is_422_and_changes_nothing(stage):
    await post(stage, "/v1/bookings", BOOKING, **{"Idempotency-Key": "k1"})

    answer = await post(stage, "/v1/bookings", {**BOOKING, "start": "2026-12-02T12:00"}, **{"Idempotency-Key": "k1"})

    assert (answer.status_code, answer.json()["reason"]) == (422, "idempotency_key_reused")
    assert len(stage.calcom.created) == 1


async def test_a_booking_without_a_database_is_503_and_counted_as_our_failure(stage):
    await post(stage, "/v1/bookings", BOOKING)
    client = stage.client()
    async with client:
        await client.post("/v1/bookings", json=BOOKING, headers=KEY)
        stage.database.down = True
        answer = await client.post("/v1/bookings", json={**BOOKING, "start": "2026-12-02T12:00"}, headers=KEY)

    assert (answer.status_code, answer.json()["reason"]) == (503, "database_unavailable")
    labels = {"outcome": "failed", "reason": "database_unavailable", "channel": "api", "traffic": "real"}
    assert stage.count("booking_attempts_total", **labels) == 1


async def test_every_answer_carries_a_correlation_id_and_keeps_a_harmless_one(stage):
    async with stage.client() as client:
        kept = await client.get("/livez", headers={"x-request-id": "probe-7"})
        replaced = await client.get("/livez", headers={"x-request-id": 'evil"\t'})

    assert kept.headers["x-request-id"] == "probe-7"
    assert replaced.headers["x-request-id"] not in ("", 'evil"\t')


async def test_readiness_fails_with_the_database_and_degrades_with_the_rest(stage):
    async def broken():
        raise OSError

    stage.world.optional_pings["redis"] = broken
    async with stage.client() as client:
        degraded = await client.get("/readyz")
        stage.database.down = True
        unavailable = await client.get("/readyz")

    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert (unavailable.status_code, unavailable.json()["status"]) == (503, "unavailable")


async def test_a_program_moves_a_booking(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/reschedule", {"start": "2026-12-02T11:00"})

    told = answer.json()
    assert (answer.status_code, told["status"], told["local_start"]) == (200, "confirmed", "2026-12-02T11:00")
    assert told["say"] == "Your Haircut with Anna is moved to Wednesday, 2 December at 11:00."
    assert told["appointment_id"] != booked["appointment_id"]


async def test_a_move_while_cal_com_is_away_is_202_and_says_that_the_old_time_stands(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    stage.calcom.error = CalcomUnavailable()

    answer = await post(stage, f"/v1/bookings/{booked['appointment_id']}/reschedule", {"start": "2026-12-02T11:00"})

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert "Your old time stands until we confirm the new one" in answer.json()["say"]


async def test_a_move_repeated_with_its_key_is_answered_word_for_word(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    path, body = f"/v1/bookings/{booked['appointment_id']}/reschedule", {"start": "2026-12-02T11:00"}
    other = (await post(stage, "/v1/bookings", {**BOOKING, "start": "2026-12-02T14:00"})).json()

    first = await post(stage, path, body, **{"Idempotency-Key": "k"})
    again = await post(stage, path, body, **{"Idempotency-Key": "k"})
    elsewhere = await post(
        stage, f"/v1/bookings/{other['appointment_id']}/reschedule", body, **{"Idempotency-Key": "k"}
    )

    assert again.content == first.content
    assert elsewhere.status_code == 422


async def test_the_agent_moves_what_it_has_booked(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    args = {"appointment_id": booked["appointment_id"], "start": "2026-12-02T11:00"}

    answer = await call(stage, "reschedule_appointment", args)

    assert "is moved to Wednesday, 2 December at 11:00" in answer.json()["say"]


async def test_a_move_that_our_side_could_not_note_says_that_the_appointment_stands_as_it_was(stage):
    booked = (await post(stage, "/v1/bookings", BOOKING)).json()
    await call(stage, "check_availability", {"service": "haircut", "date": "2026-12-02"})
    stage.database.down = True

    answer = await call(
        stage, "reschedule_appointment", {"appointment_id": booked["appointment_id"], "start": "2026-12-02T11:00"}
    )

    assert "stands as it was" in answer.json()["say"]


async def test_a_probe_hears_cal_com_itself_and_not_what_is_remembered(stage):
    """Callers are served from memory while Cal.com is away; a probe that were, too, would call it alive."""
    query = {"service": "haircut", "date": "2026-12-02"}
    stage.calcom.free = [TEN_O_CLOCK]
    async with stage.client() as client:
        await client.get("/v1/availability", params=query, headers=KEY)
        stage.calcom.error = CalcomUnavailable()

        caller = await client.get("/v1/availability", params=query, headers=KEY)
        probe = await client.get("/v1/availability", params=query, headers=KEY | {"baggage": "synthetic_request=true"})

    assert (caller.status_code, probe.status_code) == (200, 503)
