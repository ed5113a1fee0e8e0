"""What the voice agent gets to read: short, flat, and in the salon's time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.booking_core.http.requests import call
from tests.factories import TEN_O_CLOCK, TEN_O_CLOCK_LOCAL

LONGEST_OCTETS = 1500
LONG = "x" * 200
BOOKING = {"service": "cut", "start": TEN_O_CLOCK_LOCAL, "name": "Erika", "staff": "anna"}


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("check_availability", {"service": "cut", "date": "2026-12-02"}),
        ("book_appointment", BOOKING),
        ("book_appointment", {}),
        ("book_appointment", BOOKING | {"service": LONG}),
        ("book_appointment", BOOKING | {"staff": LONG}),
        ("book_appointment", BOOKING | {"name": "Y" * 100}),
        ("book_appointment", BOOKING | {"confidence": {"name": 0.1, "service": 0.1, "start": 0.1}}),
        ("cancel_appointment", {"appointment_id": "7b0f6f3e-7f5c-4a7e-8a43-0d2c5a0b1c2d"}),
    ],
)
async def test_every_answer_is_short_and_has_a_sentence_to_say(stage, name, args):
    stage.calcom.free = [TEN_O_CLOCK + timedelta(minutes=30 * number) for number in range(20)]

    answer = await call(stage, name, args)

    assert len(answer.content) <= LONGEST_OCTETS
    assert answer.json()["say"].endswith((".", "?"))


async def test_who_comes_too_late_hears_the_next_free_times(stage):
    await call(stage, "book_appointment", BOOKING)
    stage.calcom.free = [TEN_O_CLOCK + timedelta(hours=hour) for hour in (1, 2)]

    told = (await call(stage, "book_appointment", BOOKING | {"name": "Max", "phone": "+4930901821"})).json()

    assert (told["reason"], told["alternatives"]) == ("slot_taken", ["2026-12-02T11:00", "2026-12-02T12:00"])
    assert told["say"] == (
        "That time has just been taken. I can offer Wednesday, 2 December at 11:00, Wednesday, 2 December at 12:00."
    )


async def test_a_salon_that_offers_nothing_suggests_nothing(stage):
    stage.database.rows.services = {}

    assert (await call(stage, "book_appointment", BOOKING)).json()["say"] == "I could not find that."
