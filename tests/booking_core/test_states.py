"""The life of an appointment, as a table."""

from __future__ import annotations

from itertools import product

import pytest

from booking_core.domain import states
from booking_core.domain.models import OCCUPYING, State

ENDED = (State.RELEASED, State.FAILED, State.CANCELLED, State.MOVED)


def test_every_state_is_in_the_table():
    assert set(states.LAWFUL) == set(State)


def test_every_state_either_occupies_a_chair_or_has_ended():
    assert {*OCCUPYING, *ENDED} == set(State)


@pytest.mark.parametrize(("before", "after"), list(product(ENDED, State)))
def test_nothing_comes_back_from_an_end(before, after):
    assert not states.allows(before, after)


@pytest.mark.parametrize("before", OCCUPYING)
def test_whatever_occupies_a_chair_can_be_called_off(before):
    assert states.allows(before, State.CANCELLED)


@pytest.mark.parametrize("state", State)
def test_a_state_does_not_follow_itself(state):
    assert not states.allows(state, state)


def test_what_was_confirmed_is_cancelled_moved_or_missed_at_cal_com_and_nothing_else():
    assert states.LAWFUL[State.CONFIRMED] == {State.CANCELLING, State.CANCELLED, State.MOVED, State.UNKNOWN}


def test_what_is_certainly_not_at_cal_com_is_not_cancelled_there():
    assert not states.allows(State.QUEUED, State.CANCELLING)


@pytest.mark.parametrize("news", [State.CONFIRMED, State.PENDING])
@pytest.mark.parametrize("before", [State.CREATING, State.QUEUED, State.UNKNOWN])
def test_news_that_it_stands_reaches_whatever_waits_for_it(before, news):
    assert states.hears(before, news)


def test_the_salons_word_is_heard_once():
    assert states.hears(State.PENDING, State.CONFIRMED)
    assert not states.hears(State.CONFIRMED, State.PENDING)


def test_what_is_being_called_off_is_called_back_by_its_own_saga_only():
    assert not states.hears(State.CANCELLING, State.CONFIRMED)
    assert states.allows(State.CANCELLING, State.CONFIRMED)


def test_only_what_was_asked_of_cal_com_or_the_salon_can_be_refused():
    assert {state for state in State if states.allows(state, State.RELEASED)} == {State.CREATING, State.PENDING}


def test_a_step_that_no_appointment_takes_is_a_mistake():
    with pytest.raises(ValueError, match="never goes from failed to confirmed"):
        states.check(State.FAILED, State.CONFIRMED)
