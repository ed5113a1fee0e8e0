"""The store and the rate limit on their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from loadtests.calcom_simulator.availability import free_starts
from loadtests.calcom_simulator.bookings import Attendee, Booking, Bookings, Order
from loadtests.calcom_simulator.errors import Conflict
from loadtests.calcom_simulator.event_types import Span, salon
from loadtests.calcom_simulator.throttle import Throttle
from tests.loadtests.calcom_simulator.desk import ANNA_HAIRCUT, BEN_HAIRCUT, MONDAY, PROBE, FrozenClock

TEN = datetime(2026, 11, 24, 9, tzinfo=UTC)


def _insert(bookings: Bookings, start: datetime = TEN, event_type: int = ANNA_HAIRCUT) -> Booking:
    kind = salon().by_id[event_type]
    return bookings.insert(Order(start, Attendee("Eva", "eva@example.com", "UTC")), kind, now=MONDAY)


def _cancel(bookings: Bookings, booking: Booking) -> None:
    bookings.cancel(booking.cancelled(reason="done", by=None, at=MONDAY))


def test_two_inserts_of_one_host_start_and_end_lose_on_the_unique_key():
    bookings = Bookings(seed=1, first_id=1)
    _insert(bookings)
    _insert(bookings, event_type=BEN_HAIRCUT)

    with pytest.raises(Conflict, match="booking_conflict"):
        _insert(bookings)


def test_uids_follow_from_the_seed_and_the_time_and_never_repeat():
    first, twin, other = (Bookings(seed=seed, first_id=1) for seed in (1, 1, 2))

    uid = _insert(first).uid

    assert _insert(twin).uid == uid
    assert _insert(other).uid != uid
    assert _insert(first, event_type=BEN_HAIRCUT).uid != uid


def test_cancelling_clears_the_unique_key():
    bookings = Bookings(seed=1, first_id=1)
    _cancel(bookings, _insert(bookings))

    assert _insert(bookings) in bookings.accepted


def test_only_the_last_cancelled_bookings_are_kept():
    bookings = Bookings(seed=1, first_id=1, cancelled_kept=3)

    for _ in range(5):
        _cancel(bookings, _insert(bookings, event_type=PROBE))

    assert [booking.id for booking in bookings.cancelled] == [3, 4, 5]
    assert len(bookings.accepted) == 0


def test_a_cancelled_booking_leaves_nothing_behind_in_the_day_index():
    bookings = Bookings(seed=1, first_id=1, cancelled_kept=0)
    booking = _insert(bookings)

    _cancel(bookings, booking)

    assert bookings.busy(booking.event_type, booking.span) == []
    assert bookings.accepted._by_day == {}
    assert bookings.cancelled._by_day == {}


def test_one_day_of_slots_stays_fast_with_thousands_of_bookings_stored():
    bookings = Bookings(seed=1, first_id=1)
    for index in range(5000):
        _insert(bookings, TEN + index * timedelta(minutes=5), PROBE)
    for _ in range(2000):
        _cancel(bookings, _insert(bookings, TEN + timedelta(days=30), PROBE))
    kind = salon().by_id[PROBE]
    day = Span(TEN + timedelta(days=30), TEN + timedelta(days=31))

    started = time.perf_counter()
    starts = list(free_starts(kind, within=day, busy=bookings.busy(kind, day), now=MONDAY))
    seconds = time.perf_counter() - started

    assert len(starts) == 289
    # It takes about 1 ms; the bound leaves room for a busy machine.
    assert seconds < 0.05


def test_a_booking_across_midnight_is_found_from_both_days():
    bookings = Bookings(seed=1, first_id=1)
    late = TEN.replace(hour=23, minute=58)
    booking = _insert(bookings, late, PROBE)
    next_day = booking.event_type.span_from(late + timedelta(minutes=3))

    assert bookings.busy(booking.event_type, next_day) == [booking.span]


def test_a_key_over_its_limit_is_blocked_for_a_further_minute():
    clock = FrozenClock()
    throttle = Throttle(limit=2, clock=clock)
    clock.advance(0)
    remaining = [throttle.take("key").remaining for _ in range(2)]
    clock.advance(50)

    blocked = throttle.take("key")
    clock.advance(59)
    still_blocked = throttle.take("key")
    clock.advance(1)
    free = throttle.take("key")

    assert remaining == [1, 0]
    assert (blocked.is_blocked, blocked.reset_seconds) == (True, 60)
    assert (still_blocked.is_blocked, still_blocked.reset_seconds) == (True, 1)
    assert (free.is_blocked, free.remaining) == (False, 1)


def test_one_blocked_key_does_not_block_another():
    throttle = Throttle(limit=1, clock=FrozenClock())
    throttle.take("one")
    throttle.take("one")

    assert not throttle.take("two").is_blocked
