"""The contract of the store of letters, held by the fake and by PostgreSQL alike."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from booking_core.domain.letters import DueLetter, LetterKind, LetterResult
from booking_core.domain.models import Appointment
from booking_core.domain.ports import EVERY_TENANT, Database
from tests.contracts.rows import an_appointment, hold
from tests.factories import OTHER_SALON, SALON

FAR = timedelta(days=365 * 100)


@pytest.fixture
async def appointment(database: Database) -> Appointment:
    held = await an_appointment(database)
    await hold(database, held)
    return held


async def put_down(database: Database, appointment: Appointment, *kinds: LetterKind) -> None:
    async with database.begin(SALON.id) as stores:
        for kind in kinds:
            await stores.letters.put_down(appointment, kind)


async def waiting(database: Database, appointment: Appointment) -> list[DueLetter]:
    async with database.begin(SALON.id) as stores:
        return list(await stores.letters.untried(appointment.id))


async def test_a_letter_waits_from_when_it_is_put_down_and_each_kind_once(database, appointment):
    await put_down(database, appointment, LetterKind.CONFIRMED, LetterKind.NOT_CANCELLED, LetterKind.CONFIRMED)

    found = await waiting(database, appointment)

    assert {letter.kind for letter in found} == {LetterKind.CONFIRMED, LetterKind.NOT_CANCELLED}
    assert {(letter.tenant_id, letter.appointment_id, letter.tries) for letter in found} == {
        (SALON.id, appointment.id, 0)
    }


async def test_an_appointment_ends_once(database, appointment):
    await put_down(
        database,
        appointment,
        LetterKind.CONFIRMED,
        LetterKind.NOT_POSSIBLE,
        LetterKind.CALLED_OFF,
        LetterKind.CANCELLED,
    )

    kinds = {letter.kind for letter in await waiting(database, appointment)}

    assert kinds == {LetterKind.CONFIRMED, LetterKind.NOT_POSSIBLE}


async def test_a_letter_is_due_a_while_after_it_was_put_down_and_again_after_each_try(database, appointment):
    await put_down(database, appointment, LetterKind.CONFIRMED)
    (letter,) = await waiting(database, appointment)
    again_at = letter.put_down_at + timedelta(hours=1)

    async with database.begin(EVERY_TENANT) as stores:
        too_early = await stores.letters.due(letter.put_down_at, at_most=5)
        due = await stores.letters.due(letter.put_down_at + timedelta(minutes=1), at_most=5)
        claimed = await stores.letters.claim(letter, again_at=again_at)
        meanwhile = await stores.letters.due(again_at - timedelta(seconds=1), at_most=5)
        again = await stores.letters.due(again_at, at_most=5)

    assert (list(too_early), list(due), claimed) == ([], [letter], True)
    assert (list(meanwhile), list(again)) == ([], [replace(letter, tries=1)])
    assert await waiting(database, appointment) == []


async def test_of_many_who_read_a_letter_one_may_send_it(database, appointment):
    await put_down(database, appointment, LetterKind.CONFIRMED)
    (letter,) = await waiting(database, appointment)

    async def claim() -> bool:
        async with database.begin(SALON.id) as stores:
            return await stores.letters.claim(letter, again_at=letter.put_down_at + FAR)

    assert sorted(await asyncio.gather(*(claim() for _ in range(4)))) == [False, False, False, True]


@pytest.mark.parametrize("result", LetterResult)
async def test_a_closed_letter_is_neither_due_nor_put_down_again(database, appointment, result):
    await put_down(database, appointment, LetterKind.CONFIRMED)
    (letter,) = await waiting(database, appointment)
    async with database.begin(SALON.id) as stores:
        await stores.letters.claim(letter, again_at=letter.put_down_at)
        await stores.letters.close(letter, result)
    await put_down(database, appointment, LetterKind.CONFIRMED)

    async with database.begin(EVERY_TENANT) as stores:
        due = await stores.letters.due(letter.put_down_at + FAR, at_most=5)
        claimed = await stores.letters.claim(replace(letter, tries=1), again_at=letter.put_down_at)

    assert (list(due), claimed) == ([], False)


async def test_another_salon_sees_no_letter_of_ours(database, appointment):
    await put_down(database, appointment, LetterKind.CONFIRMED)
    (letter,) = await waiting(database, appointment)

    async with database.begin(OTHER_SALON.id) as stores:
        untried = await stores.letters.untried(appointment.id)
        due = await stores.letters.due(letter.put_down_at + FAR, at_most=5)
        claimed = await stores.letters.claim(letter, again_at=letter.put_down_at)

    assert (list(untried), list(due), claimed) == ([], [], False)
