"""What the comparison of both worlds finds, and what is to be done about it; nothing else, and never to a stranger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from booking_core.domain.discrepancies import (
    Action,
    Comparison,
    Finding,
    Kind,
    ListedBooking,
    Sighting,
    Window,
    remedy,
)
from booking_core.domain.models import OCCUPYING, Appointment, Customer, Former, State
from tests.factories import NOW, OTHER_SALON, SALON, TEN_O_CLOCK, an_id, an_offering, an_origin

HALF_AN_HOUR = timedelta(minutes=30)
COMPARISON = Comparison(
    SALON.id, Window(NOW - timedelta(hours=1), NOW + timedelta(days=30)), NOW, stuck_after=timedelta(minutes=15)
)


def a_row(**changes) -> Appointment:
    row = Appointment(
        id=an_id("appointment"),
        tenant_id=SALON.id,
        offering=an_offering("anna"),
        customer=Customer(an_id("customer"), "+4930901820", "Erika", None),
        start=TEN_O_CLOCK,
        end=TEN_O_CLOCK + HALF_AN_HOUR,
        origin=an_origin(),
        state=State.CONFIRMED,
        key=an_id("wish"),
        asked_at=NOW - timedelta(hours=1),
        calcom_uid="uid-1",
    )
    return replace(row, **changes)


def a_booking(**changes) -> ListedBooking:
    booking = ListedBooking(
        uid="uid-1",
        status="accepted",
        event_type_id=1001,
        start=TEN_O_CLOCK,
        end=TEN_O_CLOCK + HALF_AN_HOUR,
        created_at=NOW - timedelta(hours=1),
        appointment_id=an_id("appointment"),
        tenant_id=SALON.id,
    )
    return replace(booking, **changes)


def found(rows: list[Appointment], bookings: list[ListedBooking]) -> list[Finding]:
    return list(COMPARISON.findings(rows, bookings))


def test_an_appointment_that_stands_alike_in_both_worlds_is_no_difference():
    assert found([a_row()], [a_booking()]) == []


@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED, State.RELEASED])
def test_a_booking_whose_appointment_is_over_here_is_an_orphan_there(state):
    row, booking = a_row(state=state), a_booking()

    assert found([row], [booking]) == [Finding(Kind.ORPHAN_THERE, row, booking)]
    assert remedy(Finding(Kind.ORPHAN_THERE, row, booking)) is Action.CANCEL_THERE


@pytest.mark.parametrize("state", OCCUPYING)
def test_a_booking_whose_appointment_lives_here_in_any_state_is_no_orphan(state):
    assert [each for each in found([a_row(state=state)], [a_booking()]) if each.kind is Kind.ORPHAN_THERE] == []


def test_a_booking_of_ours_that_we_have_no_row_of_is_left_to_a_person():
    (finding,) = found([], [a_booking()])

    assert (finding.kind, finding.appointment) == (Kind.ORPHAN_THERE, None)
    assert remedy(finding) is Action.ASK_A_PERSON


def test_a_booking_younger_than_the_longest_call_may_still_be_somebodys_work():
    young = a_booking(created_at=NOW - timedelta(seconds=119))

    assert found([a_row(state=State.FAILED)], [young]) == []


def test_a_second_booking_of_one_appointment_is_an_orphan_and_its_own_is_not():
    second = a_booking(uid="uid-2")

    assert found([a_row()], [a_booking(), second]) == [Finding(Kind.ORPHAN_THERE, a_row(), second)]


@pytest.mark.parametrize(
    "stranger",
    [
        a_booking(appointment_id=None, tenant_id=None),
        a_booking(tenant_id=OTHER_SALON.id),
        a_booking(tenant_id=None),
    ],
)
def test_what_is_not_ours_by_all_of_its_metadata_is_foreign(stranger):
    assert found([a_row(calcom_uid="another", start=NOW)], [stranger])[-1] == Finding(Kind.FOREIGN, booking=stranger)
    assert remedy(Finding(Kind.FOREIGN, booking=stranger)) is Action.LEAVE_ALONE


def test_a_booking_we_know_by_its_uid_is_ours_even_without_metadata():
    assert found([a_row()], [a_booking(appointment_id=None, tenant_id=None)]) == []


@pytest.mark.parametrize("status", ["cancelled", "rejected"])
def test_what_cal_com_has_ended_is_an_orphan_here_and_ends_here_too(status):
    row, booking = a_row(), a_booking(status=status)

    assert found([row], [booking]) == [Finding(Kind.ORPHAN_HERE, row, booking)]
    assert remedy(Finding(Kind.ORPHAN_HERE, row, booking)) is Action.CANCEL_HERE


def test_what_cal_com_does_not_list_at_all_is_made_again_rather_than_cancelled():
    (finding,) = found([a_row()], [])

    assert (finding.kind, finding.booking) == (Kind.ORPHAN_HERE, None)
    assert remedy(finding) is Action.MAKE_AGAIN


def test_nothing_is_called_absent_that_was_not_asked_for():
    outside = COMPARISON.window.end

    assert found([a_row(start=outside, end=outside + HALF_AN_HOUR)], []) == []


def test_what_has_begun_already_is_left_alone():
    begun = {"start": NOW - timedelta(minutes=1), "end": NOW + timedelta(minutes=29)}

    assert found([a_row(**begun)], []) == []
    assert found([a_row(state=State.FAILED, **begun)], [a_booking(**begun)]) == []


@pytest.mark.parametrize(
    "moved",
    [
        a_booking(start=TEN_O_CLOCK + HALF_AN_HOUR, end=TEN_O_CLOCK + 2 * HALF_AN_HOUR),
        a_booking(event_type_id=1004),
        a_booking(uid="uid-2"),
    ],
)
def test_another_time_event_type_or_uid_there_is_a_mismatch_and_cal_coms_word_counts(moved):
    assert found([a_row()], [moved]) == [Finding(Kind.MISMATCH, a_row(), moved)]
    assert remedy(Finding(Kind.MISMATCH, a_row(), moved)) is Action.ADOPT


def test_a_booking_that_was_moved_there_is_neither_cancelled_nor_doubled():
    former = a_booking(status="cancelled")
    moved = a_booking(uid="uid-2", start=TEN_O_CLOCK + HALF_AN_HOUR, end=TEN_O_CLOCK + 2 * HALF_AN_HOUR)

    assert found([a_row()], [former, moved]) == [Finding(Kind.MISMATCH, a_row(), moved)]


def moved_row(**changes) -> Appointment:
    """Return what took the place of `a_row()`."""
    first = a_row()
    start = TEN_O_CLOCK + 2 * HALF_AN_HOUR
    own = {
        "id": an_id("moved"),
        "start": start,
        "end": start + HALF_AN_HOUR,
        "calcom_uid": "uid-2",
        "former": Former(first.id, State.MOVED, first.calcom_uid, first.start),
        "first_id": first.id,
    }
    return a_row(**own | changes)


def moved_booking() -> ListedBooking:
    """Return its booking, which carries the first one's id, as Cal.com keeps metadata in a move."""
    return a_booking(uid="uid-2", start=moved_row().start, end=moved_row().end)


def test_what_we_moved_ourselves_differs_from_nothing():
    rows = [a_row(state=State.MOVED), moved_row()]

    assert found(rows, [a_booking(status="cancelled"), moved_booking()]) == []


def test_what_is_just_being_moved_is_nobodys_orphan():
    former = Former(an_id("appointment"), State.CONFIRMED, "uid-1", TEN_O_CLOCK)
    moving = moved_row(state=State.UNKNOWN, calcom_uid=None, asked_at=NOW, former=former)

    kinds = {finding.kind for finding in found([a_row(), moving], [a_booking(status="cancelled"), moved_booking()])}

    # That its old booking is gone is looked into, and found to have been moved; the new one is left alone.
    assert kinds == {Kind.ORPHAN_HERE}


def test_a_second_booking_beside_the_moved_one_is_an_orphan():
    rows = [a_row(state=State.MOVED), moved_row()]
    double = a_booking(uid="uid-3", start=TEN_O_CLOCK + 4 * HALF_AN_HOUR, end=TEN_O_CLOCK + 5 * HALF_AN_HOUR)

    (finding,) = found(rows, [moved_booking(), double])

    assert (finding.kind, finding.appointment, finding.subject) == (Kind.ORPHAN_THERE, moved_row(), "uid-3")


def test_an_event_type_that_was_deleted_is_no_mismatch():
    assert found([a_row()], [a_booking(event_type_id=None)]) == []


def test_what_the_salon_has_not_accepted_yet_is_not_stuck():
    assert found([a_row(state=State.PENDING, asked_at=NOW - timedelta(days=2))], [a_booking(status="pending")]) == []


@pytest.mark.parametrize("state", [State.CREATING, State.QUEUED, State.UNKNOWN, State.CANCELLING])
def test_what_is_unsettled_for_longer_than_allowed_is_stuck(state):
    late = a_row(state=state, calcom_uid=None, asked_at=NOW - timedelta(minutes=15))

    assert found([late], []) == [Finding(Kind.STUCK, late)]
    assert found([replace(late, asked_at=NOW - timedelta(minutes=14))], []) == []


def a_sighting(**changes) -> Sighting:
    return replace(Sighting(Kind.STUCK, "subject", NOW - timedelta(seconds=60), NOW, sightings=2), **changes)


def test_a_difference_is_believed_at_its_second_sighting_a_minute_later():
    assert a_sighting().is_due(now=NOW)
    assert not a_sighting(sightings=1).is_due(now=NOW)
    assert not a_sighting(first_seen=NOW - timedelta(seconds=59)).is_due(now=NOW)


def test_what_was_done_is_not_done_again_in_every_run():
    assert not a_sighting(acted_at=NOW - timedelta(minutes=59)).is_due(now=NOW)
    assert a_sighting(acted_at=NOW - timedelta(minutes=60)).is_due(now=NOW)
