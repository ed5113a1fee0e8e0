"""What an event type asks of an order beyond its form: a key, a length, a code, answers to its questions.

Apart from the validation of the body because these refusals depend on what is booked, and who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadtests.calcom_simulator import locations
from loadtests.calcom_simulator.callers import Caller
from loadtests.calcom_simulator.errors import BadRequest, Forbidden, Unauthorized, UnprocessableEntity
from loadtests.calcom_simulator.event_types import EventType, Question
from loadtests.calcom_simulator.rows import Order

# What a person would have found in their mail.
VERIFICATION_CODE = "123456"


def refuse_unfit(order: Order, event_type: EventType, caller: Caller) -> None:
    """Raise the first thing that Cal.com would not accept, in its order."""
    _refuse_stranger(event_type, caller)
    if event_type.team is not None and not event_type.hosts:
        raise UnprocessableEntity("Can't book this team event type because it has no hosts; add one and try again.")
    if order.is_instant:
        raise BadRequest(_no_instant(event_type))
    _refuse_missing_answers(order, event_type)
    refuse_length(order.minutes, event_type, field="lengthInMinutes")
    _refuse_recurrences(order, event_type)
    if order.location is not None:
        locations.refuse_unoffered(event_type, order.location)
    if event_type.needs_code and order.code != VERIFICATION_CODE:
        fault = "is missing" if order.code is None else "is not the one that was sent"
        raise BadRequest(f"The event type requires email verification, and emailVerificationCode {fault}.")


def refuse_length(minutes: int | None, event_type: EventType, *, field: str) -> None:
    """Raise BadRequest for a length that the event type does not have."""
    if minutes is None:
        return
    if not event_type.lengths:
        raise BadRequest(
            f"Can't specify '{field}' because the event type does not have several lengths; remove the field."
        )
    if minutes not in event_type.lengths:
        listed = ", ".join(map(str, event_type.lengths))
        raise BadRequest(f"'{field}' is not one of the possible lengths of the event type, which are: {listed}")


def _refuse_stranger(event_type: EventType, caller: Caller) -> None:
    if not event_type.needs_key:
        return
    if caller.account is None:
        raise Unauthorized("This event type requires authentication: pass the key of its owner.")
    if not caller.owns(event_type):
        raise Forbidden("This event type can only be booked with the key of its owner.")


def _no_instant(event_type: EventType) -> str:
    if event_type.team is None:
        return "Can't book an instant meeting because the event type does not belong to a team."
    return "Can't book an instant meeting because the event type does not offer them."


def _refuse_recurrences(order: Order, event_type: EventType) -> None:
    if order.recurrences is None:
        return
    if event_type.recurrence is None:
        raise BadRequest("Can't specify 'recurrenceCount' because the event type is not recurring; remove the field.")
    if order.recurrences > event_type.recurrence.occurrences:
        most = event_type.recurrence.occurrences
        raise BadRequest(f"The recurrence count is higher than that of the event type, which is {most}.")


def _refuse_missing_answers(order: Order, event_type: EventType) -> None:
    answers = {**order.responses, "attendeePhoneNumber": order.attendee.phone_number}
    for question in event_type.questions:
        answer = answers.get(question.slug)
        if answer is not None:
            _refuse_wrong_answer(question, answer)
        elif question.is_required and question.slug == "attendeePhoneNumber":
            raise BadRequest("Missing attendee phone number: the event type requires it as attendee.phoneNumber.")
        elif question.is_required:
            raise BadRequest(f"Missing required booking field response: {question.slug}")


def _refuse_wrong_answer(question: Question, answer: object) -> None:
    if not _FITS.get(question.type, _is_text)(answer):
        raise BadRequest(f"The response to booking field {question.slug!r} must be of type {question.type}")
    chosen = answer if isinstance(answer, list) else [answer]
    if question.options and not {str(each) for each in chosen} <= set(question.options):
        raise BadRequest(f"Invalid option for booking field {question.slug!r}: one of {', '.join(question.options)}")


def _is_text(answer: object) -> bool:
    return isinstance(answer, str)


def _is_number(answer: object) -> bool:
    return isinstance(answer, int | float) and not isinstance(answer, bool)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "number": _is_number,
    "boolean": lambda answer: isinstance(answer, bool),
    "multiselect": lambda answer: isinstance(answer, list),
    "select": lambda answer: _is_text(answer) or _is_number(answer),
}
