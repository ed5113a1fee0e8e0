from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import pytest

from booking_core.caching import cache as caching
from booking_core.caching.cache import Cache
from booking_core.caching.keys import Key, Keys
from booking_core.caching.store import Lease
from booking_core.domain.models import Offering
from tests.factories import OTHER_SALON, SALON, an_offering
from tests.fakes import FakeCacheStore

KEYS = Keys("pepper")
ERIKA, MAX = KEYS.phone(SALON.id, "+4930901820"), KEYS.phone(SALON.id, "+4930901821")


class Desk:
    """A cache, and a database that counts how often it is asked."""

    def __init__(self) -> None:
        self.store = FakeCacheStore()
        self.looked: Counter[str] = Counter()
        self.now = 0.0
        self.slept: list[float] = []
        self.loads = 0
        self.answer: UUID | None = uuid4()
        self.cache = Cache(
            self.store,
            looked=lambda family, result: self.looked.update([result]),
            sleep=self._sleep,
            monotonic=lambda: self.now,
            jitter=lambda: 0.5,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def load(self) -> UUID | None:
        self.loads += 1
        await asyncio.sleep(0)
        return self.answer

    async def find(self, key: Key[UUID] = ERIKA) -> UUID | None:
        return await self.cache.find(key, self.load)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_what_was_found_once_is_remembered(desk):
    assert [await desk.find(), await desk.find()] == [desk.answer] * 2

    assert (desk.loads, desk.looked) == (1, {"miss": 1, "hit": 1})


async def test_of_many_who_ask_at_once_one_asks(desk):
    found = await asyncio.gather(*(desk.find() for _ in range(20)))

    assert found == [desk.answer] * 20
    assert (desk.loads, desk.store.questions) == (1, 2)


async def test_one_who_hangs_up_takes_the_answer_from_nobody(desk):
    first = asyncio.ensure_future(desk.find())
    await asyncio.sleep(0)
    second = asyncio.ensure_future(desk.find())
    await asyncio.sleep(0)
    first.cancel()

    assert await second == desk.answer
    assert desk.loads == 1


async def test_what_does_not_exist_is_remembered_for_half_a_minute_only(desk):
    desk.answer = None
    assert [await desk.find(), await desk.find()] == [None, None]

    assert desk.loads == 1
    assert list(desk.store.seconds.values()) == [30.0 * 0.95]


async def test_entries_end_a_little_apart(desk):
    await desk.find()

    assert list(desk.store.seconds.values()) == [3600 * 0.95]


async def test_a_store_that_fails_is_left_alone_for_a_second(desk):
    desk.store.down = True
    for _ in range(5):
        assert await desk.find() == desk.answer
    assert (desk.store.questions, desk.looked) == (1, {"error": 5})

    desk.now = 1.0
    desk.store.down = False
    await desk.find()
    await desk.find()
    assert (desk.loads, desk.looked) == (6, {"error": 5, "miss": 1, "hit": 1})


async def test_a_store_that_fails_while_it_is_filled_costs_nobody_the_answer(desk):
    async def load() -> UUID | None:
        desk.store.down = True
        return desk.answer

    assert await desk.cache.find(ERIKA, load) == desk.answer


async def test_what_was_read_before_a_drop_is_not_remembered_after_it(desk):
    async def load() -> UUID | None:
        await desk.cache.drop([ERIKA])
        return uuid4()

    await desk.cache.find(ERIKA, load)

    assert desk.store.entries == {}
    assert await desk.find() == desk.answer


async def test_who_asks_after_a_drop_does_not_get_what_is_being_loaded_from_before(desk):
    gate = asyncio.Event()

    async def slow() -> UUID | None:
        await gate.wait()
        return uuid4()

    before = asyncio.ensure_future(desk.cache.find(ERIKA, slow))
    await asyncio.sleep(0)
    await desk.cache.drop([ERIKA])

    assert await desk.find() == desk.answer
    gate.set()
    assert await before != desk.answer


async def test_another_process_that_loads_the_same_is_waited_for_and_not_for_ever(desk):
    await desk.store.look(str(ERIKA))

    assert await desk.find() == desk.answer
    assert desk.slept == [caching.WAIT_SECONDS] * caching.WAITS
    assert desk.store.entries == {}


@pytest.mark.parametrize("payload", [b"", b"{}", b"null", b'{"v": [1, 1], "key": "another", "value": null}', b"\xff"])
async def test_an_entry_that_is_not_ours_is_loaded_anew(desk, payload):
    await desk.store.fill(str(ERIKA), await _lease(desk), payload, seconds=1)

    assert await desk.find() == desk.answer
    assert await desk.find() == desk.answer
    assert await desk.find() == desk.answer
    assert desk.loads == 2


async def test_an_entry_under_anothers_name_is_not_believed(desk):
    await desk.find(MAX)
    desk.store.entries[str(ERIKA)] = desk.store.entries[str(MAX)]
    desk.answer = uuid4()

    assert await desk.find() == desk.answer


async def test_an_entry_of_another_release_is_not_believed(desk):
    await desk.find()
    desk.store.entries = {name: entry.replace(b"[1, 1]", b"[1, 2]") for name, entry in desk.store.entries.items()}

    await desk.find()

    assert desk.loads == 2


async def test_what_proved_wrong_is_not_asked_for_again_for_a_while(desk):
    await desk.find()
    kept = dict(desk.store.entries)
    await desk.cache.distrust([ERIKA])
    desk.store.entries = kept
    desk.answer = uuid4()

    assert await desk.find() == desk.answer
    desk.now = 1.0
    assert await desk.find() != desk.answer


async def test_a_load_that_fails_is_raised_to_everyone_and_the_next_may_try(desk):
    async def fail() -> UUID | None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    failed = await asyncio.gather(*(desk.cache.find(ERIKA, fail) for _ in range(3)), return_exceptions=True)

    assert [type(each) for each in failed] == [ZeroDivisionError] * 3
    assert await desk.find() == desk.answer


async def _lease(desk: Desk) -> Lease:
    answer = await desk.store.look(str(ERIKA))
    assert isinstance(answer, Lease)
    return answer


def test_a_key_begins_with_its_tenant_and_shows_neither_number_nor_words():
    names = [str(KEYS.phone(SALON.id, "+4930901820")), str(KEYS.service(SALON.id, "Frau Muster"))]

    assert all(name.startswith(f"company:{{{SALON.id}}}:") for name in names)
    assert not any(word in name for name in names for word in ("4930901820", "901820", "muster"))


def test_the_same_number_has_another_key_at_another_salon_and_in_another_deployment():
    phone = "+4930901820"
    rests = {
        KEYS.phone(SALON.id, phone).rest,
        KEYS.phone(OTHER_SALON.id, phone).rest,
        Keys("another").phone(SALON.id, phone).rest,
    }

    assert len(rests) == 3


def test_a_service_is_one_entry_however_it_is_spelt():
    assert KEYS.service(SALON.id, "Hair-Cut") == KEYS.service(SALON.id, "hair cut")


WORD = KEYS.service(SALON.id, "haircut")
HAIRCUTS = (an_offering("anna"),)


async def find_word(desk: Desk, offered: tuple[Offering, ...] = HAIRCUTS) -> tuple[Offering, ...] | None:
    async def load() -> tuple[Offering, ...]:
        return offered

    return await desk.cache.find(WORD, load)


async def test_what_every_booking_needs_is_asked_of_redis_every_five_seconds_only(desk):
    for _ in range(4):
        assert await find_word(desk) == HAIRCUTS
    # Looked and filled, then found; the others went without.
    assert desk.store.questions == 3

    desk.now = 5.0
    await find_word(desk)
    assert (desk.store.questions, desk.looked) == (4, {"miss": 1, "hit": 4})


async def test_what_is_kept_near_is_dropped_with_its_entry(desk):
    for _ in range(2):
        await find_word(desk)
    await desk.cache.drop([WORD])
    newer = (an_offering("ben"),)

    assert await find_word(desk, newer) == newer


async def test_what_is_kept_near_has_a_limit(desk, monkeypatch):
    monkeypatch.setattr(caching, "MOST_NEAR", 1)
    for word in ("a", "b", "a", "b"):
        await desk.cache.find(KEYS.service(SALON.id, word), lambda: _answer(HAIRCUTS))

    assert len(desk.cache._near) == 1


async def _answer(offered: tuple[Offering, ...]) -> tuple[Offering, ...]:
    return offered
