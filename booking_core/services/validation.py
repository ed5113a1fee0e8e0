"""Checks what the caller said before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import phonenumbers

from booking_core.domain import rules
from booking_core.domain.errors import CustomerValidationError
from booking_core.domain.models import BookingRequest, CustomerWish, Tenant
from booking_core.domain.ports import Clock

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ValidBooking:
    """A request that makes sense: `start` is UTC, the phone number is E.164."""

    request: BookingRequest
    start: datetime

    @property
    def customer(self) -> CustomerWish:
        return self.request.customer


class BookingValidationService:
    """Turns what was heard into what can be booked, or says which field to ask again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def check(self, tenant: Tenant, request: BookingRequest) -> ValidBooking:
        start = rules.instant(request.start, tenant.time_zone)
        rules.check_notice(start, now=self._clock.now())
        customer = self._customer(tenant, request.customer)
        return ValidBooking(replace(request, customer=customer), start)

    def _customer(self, tenant: Tenant, wish: CustomerWish) -> CustomerWish:
        name = " ".join(wish.name.split())
        if not name or len(name) > LONGEST_NAME:
            raise CustomerValidationError("name", f"A name has between 1 and {LONGEST_NAME} characters.")
        return CustomerWish(name, e164(wish.phone, tenant.country), _email(wish.email))


def e164(phone: str, country: str) -> str:
    """Write a phone number as E.164; a number without a country code belongs to `country` (ISO 3166).

    Raises CustomerValidationError for what cannot be a phone number.
    """
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException as error:
        raise CustomerValidationError("phone", f"{phone!r} is not a phone number.") from error
    # Cal.com checks with the same library and would refuse the booking later, when it would count as our failure.
    if not phonenumbers.is_valid_number(number):
        raise CustomerValidationError("phone", f"{phone!r} is not a phone number anybody can have.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(email: str | None) -> str | None:
    """Only the letter itself proves an address; this catches what a voice agent mishears."""
    if not email:
        return None
    local, at, host = email.strip().rpartition("@")
    if not (local and at and "." in host) or any(character.isspace() for character in email.strip()):
        raise CustomerValidationError("email", f"{email!r} is not an e-mail address.")
    return email.strip()
