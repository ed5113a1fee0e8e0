"""What voice agents get back, and what the caller hears."""

from __future__ import annotations

import json

import pytest

from booking_core.adapters import retell
from booking_core.domain.errors import CalcomOutcomeUnknown, CalcomRejected
from tests.booking_core.http.requests import BOOKING, FUNCTIONS, call, post
from tests.factories import NOW, SALON, TEN_O_CLOCK, TEN_O_CLOCK_LOCAL


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
