"""Checks what the caller said before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import phonenumbers

from booking_core.domain import hearing, rules
from booking_core.domain.errors import CustomerValidationError, HeardUnclearly
from booking_core.domain.hearing import Heard
from booking_core.domain.models import BookingRequest, CustomerWish, Tenant
from booking_core.domain.ports import Clock


@dataclass(frozen=True, slots=True)
class ValidBooking:
    """A request that makes sense: `start` is UTC, the phone number is E.164."""

    request: BookingRequest
    start: datetime

    @property
    def customer(self) -> CustomerWish:
        return self.request.customer


class BookingValidationService:
    """Turns what was heard into what can be booked, or says which field to ask again.

    What was heard with less confidence than the threshold, from 0 to 1, is asked for again before it is believed.
    """

    def __init__(self, clock: Clock, *, confidence_threshold: float) -> None:
        self._clock = clock
        self._confidence_threshold = confidence_threshold

    def check(self, tenant: Tenant, request: BookingRequest) -> ValidBooking:
        self._check_hearing(tenant, request)
        start = self.start(tenant, request.start)
        customer = self._customer(tenant, request.customer)
        return ValidBooking(replace(request, customer=customer), start)

    def start(self, tenant: Tenant, said: str) -> datetime:
        """Return the instant that is meant, if it can be booked. Raises InvalidRequest and TimeNotBookable."""
        start = rules.instant(said, tenant.time_zone)
        rules.check_notice(start, now=self._clock.now())
        return start

    def _check_hearing(self, tenant: Tenant, request: BookingRequest) -> None:
        customer = request.customer
        given = {
            Heard.START: request.start,
            Heard.SERVICE: request.service,
            Heard.PHONE: customer.phone,
            Heard.NAME: customer.name,
            Heard.STAFF: request.staff,
            Heard.EMAIL: customer.email,
        }
        fields = hearing.unclear(request.confidence, given, at_least=self._confidence_threshold)
        if fields:
            is_number = fields[0] is Heard.PHONE
            question = read_back(customer.phone, tenant.country) if is_number else hearing.QUESTIONS[fields[0]]
            raise HeardUnclearly(fields, question)

    def _customer(self, tenant: Tenant, wish: CustomerWish) -> CustomerWish:
        name = hearing.tidy_name(wish.name)
        if name is None:
            raise CustomerValidationError("name", f"A name has up to {hearing.LONGEST_NAME} letters, and no digits.")
        return CustomerWish(name, e164(wish.phone, tenant.country), _email(wish.email))


# A request asks twice, for the limit of its telephone and for the customer; the second time is for nothing.
@lru_cache(maxsize=64)
def e164(phone: str, country: str) -> str:
    """Write a phone number as E.164; a number without a country code belongs to `country` (ISO 3166).

    Raises CustomerValidationError for what cannot be a phone number.
    """
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException as error:
        raise CustomerValidationError("phone", "This is not a phone number.") from error
    # Cal.com checks with the same library and would refuse the booking later, when it would count as our failure.
    if not phonenumbers.is_valid_number(number):
        raise CustomerValidationError("phone", "This is not a phone number anybody can have.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_back(phone: str, country: str) -> str:
    """Return a question that reads the number back in groups, as one would say it."""
    number = phonenumbers.parse(e164(phone, country))
    grouped = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return f"I understood the telephone number {grouped}. Is that right?"


def _email(email: str | None) -> str | None:
    """Only the letter itself proves an address; this catches what a voice agent mishears."""
    if not email:
        return None
    local, at, host = email.strip().rpartition("@")
    has_odd_letters = any(each.isspace() or not each.isprintable() for each in email.strip())
    if not (local and at and "." in host) or has_odd_letters:
        raise CustomerValidationError("email", "This is not an e-mail address.")
    return email.strip()
