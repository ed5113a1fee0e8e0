"""The store and the rate limit on their own."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from loadtests.calcom_simulator.accounts import AccountName
from loadtests.calcom_simulator.availability import free_starts
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.errors import LostRace
from loadtests.calcom_simulator.event_types import EventType, Span
from loadtests.calcom_simulator.rows import Attendee, Booking, Order
from loadtests.calcom_simulator.salons import catalogue
from loadtests.calcom_simulator.throttle import Limit, Throttle
from tests.loadtests.calcom_simulator.desk import ANNA_HAIRCUT, BEN_HAIRCUT, MONDAY, PROBE, FrozenClock

TEN = datetime(2026, 11, 24, 9, tzinfo=UTC)
KINDS = catalogue()


def _store(*, seed: int = 1, clock: FrozenClock | None = None, cancelled_kept: int = 10_000) -> Bookings:
    return Bookings(seed=seed, first_id=1, clock=clock or FrozenClock(), cancelled_kept=cancelled_kept)


def _kind(event_type_id: int) -> EventType:
    found = KINDS.find(event_type_id)
    assert found is not None
    return found


def _insert(bookings: Bookings, start: datetime = TEN, event_type: int = ANNA_HAIRCUT) -> Booking:
    kind = _kind(event_type)
    order = Order(start, Attendee("Eva", "eva@example.com", "UTC"))
    return bookings.insert(Booking(kind, kind.hosts[0], kind.span_from(start), order, MONDAY))


def _cancel(bookings: Bookings, booking: Booking) -> None:
    bookings.put(booking.cancelled(reason="done", by=None, at=MONDAY))


def test_two_inserts_of_one_host_start_and_end_lose_on_the_unique_key():
    bookings = _store()
    _insert(bookings)
    _insert(bookings, event_type=BEN_HAIRCUT)

    with pytest.raises(LostRace, match="booking_conflict"):
        _insert(bookings)


def test_uids_follow_from_the_seed_and_the_time_and_never_repeat():
    first, twin, other = (_store(seed=seed) for seed in (1, 1, 2))

    uid = _insert(first).uid

    assert _insert(twin).uid == uid
    assert _insert(other).uid != uid
    assert _insert(first, event_type=BEN_HAIRCUT).uid != uid


def test_cancelling_clears_the_unique_key():
    bookings = _store()
    _cancel(bookings, _insert(bookings))

    assert _insert(bookings) in bookings.live


def test_only_the_last_cancelled_bookings_are_kept():
    bookings = _store(cancelled_kept=3)

    for _ in range(5):
        _cancel(bookings, _insert(bookings, event_type=PROBE))

    assert [booking.id for booking in bookings.ended] == [3, 4, 5]
    assert len(bookings.live) == 0


def test_a_cancelled_booking_leaves_nothing_behind_in_the_day_index():
    bookings = _store(cancelled_kept=0)
    booking = _insert(bookings)

    _cancel(bookings, booking)

    assert bookings.busy(booking.host, booking.span) == []
    assert bookings.live._by_day == {}
    assert bookings.ended._by_day == {}


def test_one_day_of_slots_stays_fast_with_thousands_of_bookings_stored():
    bookings = _store()
    for index in range(3000):
        _insert(bookings, TEN + index * timedelta(minutes=5), PROBE)
    for _ in range(1000):
        _cancel(bookings, _insert(bookings, TEN + timedelta(days=30), PROBE))
    kind = _kind(PROBE)
    day = Span(TEN + timedelta(days=30), TEN + timedelta(days=31))

    started = time.perf_counter()
    starts = list(free_starts(kind, kind.hosts[0], within=day, busy=bookings.busy(kind.hosts[0], day), now=MONDAY))
    seconds = time.perf_counter() - started

    assert len(starts) == 289
    # It takes about 1 ms; the bound leaves room for a busy machine.
    assert seconds < 0.05


def test_a_booking_across_midnight_is_found_from_both_days():
    bookings = _store()
    late = TEN.replace(hour=23, minute=58)
    booking = _insert(bookings, late, PROBE)
    next_day = booking.event_type.span_from(late + timedelta(minutes=3))

    assert bookings.busy(booking.host, next_day) == [booking.span]


def test_a_key_over_its_limit_is_blocked_for_a_minute_from_then_on():
    clock = FrozenClock()
    throttle = Throttle(limit=2, clock=clock)
    remaining = [throttle.take("key").rooms[0].remaining for _ in range(2)]
    clock.advance(50)

    blocked = throttle.take("key")
    clock.advance(59)
    still_blocked = throttle.take("key")
    clock.advance(1)
    free = throttle.take("key")

    assert remaining == [1, 0]
    assert (blocked.is_blocked, blocked.reset_seconds) == (True, 60)
    assert (still_blocked.is_blocked, still_blocked.reset_seconds) == (True, 1)
    # The counter went on during the block: its new window began with the call at 109 s.
    assert (free.is_blocked, free.rooms[0].remaining, free.reset_seconds) == (False, 0, 59)


def test_who_goes_on_calling_during_the_block_is_blocked_again_after_it():
    clock = FrozenClock()
    throttle = Throttle(limit=2, clock=clock)
    throttle.take("key")
    clock.advance(50)
    for _ in range(2):
        throttle.take("key")
    clock.advance(20)
    for _ in range(3):
        throttle.take("key")
    clock.advance(40)

    after_the_block = throttle.take("key")

    assert (after_the_block.is_blocked, after_the_block.reset_seconds) == (True, 60)


def test_only_who_exceeds_every_limit_is_blocked():
    clock = FrozenClock()
    throttle = Throttle(limit=1, clock=clock)
    throttle.limit(AccountName.SALON, [Limit(1, "short"), Limit(3, "long")])

    blocked = [throttle.take("salon").is_blocked for _ in range(4)]

    assert blocked == [False, False, False, True]
    assert throttle.take("salon").headers().keys() == {
        f"X-RateLimit-{word}-{name}" for word in ("Limit", "Remaining", "Reset") for name in ("Short", "Long")
    }


def test_one_blocked_key_does_not_block_another():
    throttle = Throttle(limit=1, clock=FrozenClock())
    throttle.take("one")
    throttle.take("one")

    assert not throttle.take("two").is_blocked


def test_the_busiest_minute_of_an_account_is_any_sixty_seconds():
    clock = FrozenClock()
    throttle = Throttle(limit=100, clock=clock)
    for seconds in (0, 30, 31, 60, 89, 200):
        clock.advance(seconds - clock.monotonic())
        throttle.take("salon")

    assert throttle.busiest_minutes() == {"salon": 4}


def test_callers_at_rest_are_forgotten_and_the_blocked_are_not():
    clock = FrozenClock()
    throttle = Throttle(limit=1, clock=clock)
    for number in range(999):
        throttle.take(f"address {number}")
    clock.advance(30)
    for _ in range(2):
        throttle.take("busy")
    clock.advance(31)
    throttle.take("one more")

    assert len(throttle._counters) == 2
    assert throttle.take("busy").is_blocked


def test_a_read_looks_back_an_hour_and_no_further():
    clock = FrozenClock()
    bookings = _store(clock=clock)
    booking = _insert(bookings)
    clock.advance(3601)
    other = _insert(bookings, event_type=BEN_HAIRCUT)

    assert bookings.before(10_000) == {other.uid: None}
    assert bookings.find(booking.uid) == booking


def test_a_series_shrinks_as_its_cancelled_bookings_are_forgotten():
    bookings = _store(cancelled_kept=1)
    rows = [_insert(bookings, TEN + timedelta(weeks=week)) for week in range(3)]
    for row in rows:
        bookings.put(replace(row, recurring_uid="series"))

    for row in bookings.series("series"):
        _cancel(bookings, row)

    assert [row.uid for row in bookings.series("series")] == [rows[-1].uid]
