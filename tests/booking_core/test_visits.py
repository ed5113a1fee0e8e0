"""A service in several segments: only they are taken, and the gap between them is somebody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from booking_core.domain import visits
from booking_core.domain.models import AvailabilityRequest, Offering, State
from tests.booking_core.conftest import Stage
from tests.factories import SALON, TEN_O_CLOCK, a_colour, a_request, a_wish, an_id, an_offering, an_origin

# Work and pause, work and pause, in minutes.
PATTERNS = st.lists(st.tuples(st.integers(5, 60), st.integers(5, 60)), min_size=1, max_size=4)
STATES = st.lists(st.sampled_from(State), min_size=1, max_size=4)


def a_pattern(lengths: list[tuple[int, int]], staff: str = "anna") -> tuple[Offering, ...]:
    offset, segments = 0, []
    for number, (work, pause) in enumerate(lengths):
        segments.append(replace(an_offering(staff), segment=number, offset_minutes=offset, minutes=work))
        offset += work + pause
    return tuple(segments)


def minutes(stretch: visits.Stretch) -> tuple[int, int]:
    begin, end = ((moment - TEN_O_CLOCK) // timedelta(minutes=1) for moment in stretch)
    return begin, end


def test_the_offerings_of_several_people_are_told_apart():
    listed = [*a_colour("anna"), *a_colour("ben")]

    assert visits.patterns(listed) == [a_colour("anna"), a_colour("ben")]


def test_a_colour_takes_its_segments_and_not_the_gap():
    assert [minutes(each) for each in visits.stretches(a_colour("anna"), TEN_O_CLOCK)] == [(0, 45), (75, 120)]


@given(PATTERNS)
def test_segments_follow_one_another_and_never_touch_the_gap(lengths):
    taken = visits.stretches(a_pattern(lengths), TEN_O_CLOCK)

    assert [end - begin for begin, end in map(minutes, taken)] == [work for work, _ in lengths]
    assert all(end < begin for (_, end), (begin, _) in pairwise(taken))


@given(PATTERNS, PATTERNS)
def test_certainly_taken_is_only_what_everybody_takes(some, others):
    offered = [a_pattern(some), a_pattern(others, "ben")]

    for begin, end in visits.certain_stretches(offered, TEN_O_CLOCK):
        for pattern in offered:
            assert any(first <= begin and end <= last for first, last in visits.stretches(pattern, TEN_O_CLOCK))


def test_the_first_segment_has_the_key_of_the_wish_and_the_others_their_own():
    keys = [visits.segment_key(an_id("wish"), number) for number in range(4)]

    assert keys[0] == an_id("wish")
    assert len(set(keys)) == 4


@given(STATES)
def test_a_visit_stands_only_if_all_of_it_does_and_is_cancelled_only_if_all_of_it_is(states):
    whole = visits.standing(states)

    assert whole in states
    assert (whole is State.CANCELLED) == (set(states) == {State.CANCELLED})
    assert whole is not State.CONFIRMED or set(states) <= {State.CONFIRMED, State.CANCELLED}


async def test_a_colour_is_offered_where_every_segment_is_free_at_cal_com(stage):
    half_hours = [TEN_O_CLOCK + timedelta(minutes=15 * number) for number in range(12)]
    first, second = (each.calcom_event_type_id for each in a_colour("anna"))
    stage.calcom.free_for = {first: half_hours[:4], second: [half_hours[5], half_hours[7], half_hours[8]]}

    assert await offered(stage) == [0, 30, 45]


async def test_a_colour_is_offered_around_what_is_booked_and_its_gap_as_well(stage):
    stage.calcom.free = [TEN_O_CLOCK + timedelta(minutes=15 * number) for number in range(-8, 16)]
    # Fits into the gap of a colour that begins at ten exactly.
    start = TEN_O_CLOCK + timedelta(minutes=45)
    haircut = a_request(start=f"2026-12-02T{start.hour + 1}:{start.minute}", staff="anna", wish=a_wish())
    await stage.core.orchestrator.book(SALON, haircut, an_origin())

    starts = await offered(stage)

    assert [each for each in starts if -75 <= each <= 75] == [-75, 0, 75]


async def offered(stage: Stage) -> list[int]:
    """Return the starts at Anna's, in minutes after ten."""
    request = AvailabilityRequest("colour", TEN_O_CLOCK.date(), staff="anna", limit=100)
    _, slots = await stage.core.slots.find(SALON, request)
    return [minutes((slot.start, slot.start))[0] for slot in slots]
