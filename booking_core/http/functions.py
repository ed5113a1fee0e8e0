"""The functions a voice agent may call, and what each takes: one source for the endpoint and for the tools Retell gets.

Docstrings and descriptions are read by a language model, which asks the caller accordingly.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from booking_core.domain.hearing import Heard

STAFF = Field(None, max_length=200, description="Who should do it; only if the caller asks for somebody.")


class _Args(BaseModel):
    # A language model sends extra arguments now and then; they harm nothing.
    model_config = ConfigDict(extra="ignore")


class CheckAvailability(_Args):
    """Find the free times of one day. Call it before you offer or promise any time."""

    service: str = Field(
        min_length=1,
        max_length=200,
        description="What the caller wants done, in their words or by the name of the service, e.g. haircut.",
    )
    date: str = Field(
        min_length=1, max_length=40, description="The day at the salon, as YYYY-MM-DD, or just today or tomorrow."
    )
    time: dt.time | None = Field(
        None,
        description="The time the caller would like, as HH:MM on the salon's clock; the nearest come first.",
    )
    staff: str | None = Field(
        None, max_length=200, description="Who should do it; only if the caller asks for somebody."
    )


HOW_SURE = (
    "Only for what you may have misheard: how sure you are of each of these arguments, from 0 (a guess) to 1 (certain)."
)
Sureness = Mapping[Heard, Annotated[float, Field(ge=0, le=1)]]


class BookAppointment(_Args):
    """Book one time that check_availability found and the caller has agreed to. Repeating it books nothing twice."""

    service: str = Field(min_length=1, max_length=200, description="The service, as for check_availability.")
    start: str = Field(
        min_length=1,
        max_length=40,
        description="The start on the salon's clock, as YYYY-MM-DDTHH:MM without offset or zone; take it unchanged from"
        " `slot_list` of check_availability.",
    )
    name: str = Field(
        min_length=1, max_length=200, description="The caller's name. Use the one you have; ask only if there is none."
    )
    phone: str | None = Field(
        None,
        max_length=40,
        description="Leave it out to use the number the caller rings from. Only if they want to be reached at another:"
        " that one, with country code.",
    )
    email: str | None = Field(
        None, max_length=254, description="Only if the caller wants a written confirmation: their address."
    )
    confidence: Sureness = Field(default_factory=dict, description=HOW_SURE)
    staff: str | None = Field(
        None, max_length=200, description="Who should do it; only if the caller asks for somebody."
    )


class CancelAppointment(_Args):
    """Cancel an appointment that was booked in this call, once the caller has said that they do not want it."""

    appointment_id: UUID = Field(description="The `appointment_id` that book_appointment answered with.")
    reason: str = Field(
        "the caller does not want it any more", min_length=1, max_length=200, description="Why, if the caller says so."
    )


class RescheduleAppointment(_Args):
    """Move an appointment that was booked in this call to a time that check_availability found and the caller wants.

    The old time stands until the new one is confirmed. Repeating it moves nothing twice.
    """

    appointment_id: UUID = Field(description="The `appointment_id` that book_appointment answered with.")
    start: str = Field(min_length=1, max_length=40, description="The new start, as for book_appointment.")


Function = CheckAvailability | BookAppointment | CancelAppointment | RescheduleAppointment

# By the names the agent calls them.
FUNCTIONS: Mapping[str, type[Function]] = {
    "check_availability": CheckAvailability,
    "book_appointment": BookAppointment,
    "cancel_appointment": CancelAppointment,
    "reschedule_appointment": RescheduleAppointment,
}
