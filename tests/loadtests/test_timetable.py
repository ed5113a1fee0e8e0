"""Side by side journeys never want the same slot, and every slot exists."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from loadtests.timetable import DAYS, FIRST_DAY, SLOTS_A_DAY, Timetable, Wish

TODAY = date(2026, 11, 22)


def test_the_journeys_of_a_run_all_want_different_slots():
    timetable = Timetable("run", TODAY)

    wishes = {timetable.wish(sequence) for sequence in range(3 * SLOTS_A_DAY)}

    assert len(wishes) == 3 * SLOTS_A_DAY


def test_a_slot_that_is_taken_pushes_a_journey_to_no_slot_of_the_next_fifty():
    timetable = Timetable("run", TODAY)
    starts = [datetime.fromisoformat(f"{wish.date}T{wish.time}") for wish in map(timetable.wish, range(50))]

    next_slots = {start + timedelta(minutes=5) for start in starts}

    assert not next_slots & set(starts)


def test_two_runs_want_different_days():
    assert Timetable("one", TODAY).wish(0).date != Timetable("another", TODAY).wish(0).date


@given(st.text(), st.integers(0, 100_000))
def test_every_wish_is_in_daylight_and_within_the_calendar(run, sequence):
    wish = Timetable(run, TODAY).wish(sequence)

    assert TODAY + timedelta(days=FIRST_DAY) <= date.fromisoformat(wish.date) < TODAY + timedelta(days=FIRST_DAY + DAYS)
    assert "06:00" <= wish.time <= "21:55"
    assert int(wish.time[-1]) in (0, 5)


def test_a_wish_is_written_as_the_agent_writes_it():
    assert Timetable("run", TODAY).wish(0) == Wish(date="2027-04-05", time="06:00")
