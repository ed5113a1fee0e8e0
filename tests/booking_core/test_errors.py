"""The error tree is the SLA rule: what is refused and what failed must be the same everywhere."""

from booking_core.domain import errors
from booking_core.http import answers
from sla import catalogue


def test_every_reason_is_in_the_catalogue_and_none_besides():
    assert set(errors.reasons(errors.BookingRefused)) == set(catalogue.REFUSAL_REASONS)
    assert set(errors.reasons(errors.BookingFailed)) == set(catalogue.FAILURE_REASONS)


def test_every_error_with_a_reason_has_a_status():
    named = {error for family in (errors.BookingRefused, errors.BookingFailed) for error in _below(family)}

    assert {error for error in named if "reason" in vars(error)} == set(answers.STATUS)


def _below(family):
    for error in family.__subclasses__():
        yield error
        yield from _below(error)


def test_an_error_without_a_message_speaks_with_its_docstring():
    assert str(errors.SlotTaken()) == "Another appointment already holds this slot."
