"""The life of an appointment, as a table."""

from __future__ import annotations

from itertools import product

import pytest

from booking_core.domain import states
from booking_core.domain.models import OCCUPYING, State

ENDED = (State.RELEASED, State.FAILED, State.CANCELLED)


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


def test_what_was_confirmed_is_cancelled_or_missed_at_cal_com_and_nothing_else():
    assert states.LAWFUL[State.CONFIRMED] == {State.CANCELLED, State.UNKNOWN}


@pytest.mark.parametrize("before", [State.CREATING, State.QUEUED, State.UNKNOWN])
def test_a_confirmation_reaches_whatever_waits_for_one(before):
    assert states.allows(before, State.CONFIRMED)


def test_only_what_was_being_asked_for_can_be_refused():
    assert {state for state in State if states.allows(state, State.RELEASED)} == {State.CREATING}


def test_a_step_that_no_appointment_takes_is_a_mistake():
    with pytest.raises(ValueError, match="never goes from failed to confirmed"):
        states.check(State.FAILED, State.CONFIRMED)
