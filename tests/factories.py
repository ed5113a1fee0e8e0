"""Ready-made nouns for tests: one salon in Berlin with two hairdressers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from booking_core.domain.access import ApiKey, KeyScope
from booking_core.domain.models import (
    BookingRequest,
    Channel,
    CustomerWish,
    Offering,
    Origin,
    PromptVersion,
    ServiceNames,
    Tenant,
    Traffic,
)
from tests.fakes import FakeDatabase

# A Tuesday; Berlin is one hour ahead of UTC.
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
TEN_O_CLOCK = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
TEN_O_CLOCK_LOCAL = "2026-12-02T10:00"
BERLIN = ZoneInfo("Europe/Berlin")
API_KEY = "sk_test"
READING_KEY = "sk_reader"

_SPACE = UUID("7b0f6f3e-7f5c-4a7e-8a43-0d2c5a0b1c2d")


def an_id(name: str) -> UUID:
    return uuid5(_SPACE, name)


SALON = Tenant(an_id("salon"), "salon-token", "Salon Test", BERLIN, "DE", "retell-key", "calcom-key", "whsec")
OTHER_SALON = Tenant(an_id("other"), "other-token", "Other Salon", BERLIN, "DE", "other-retell", "other-calcom")
HAIRCUT = ServiceNames(an_id("haircut"), "haircut", "Haircut", ("cut", "trim"))


COLOUR = ServiceNames(an_id("colour"), "colour", "Colour", ("dye",))


def a_colour(staff: str) -> tuple[Offering, ...]:
    """Three quarters of an hour of work, half an hour in which the colour takes effect, and again as much work."""
    segments = [(0, 0, 45, 1201), (1, 75, 45, 1202)]
    return tuple(
        Offering(COLOUR.id, "colour", "Colour", minutes, an_id(staff), staff, staff.title(), event_type, number, offset)
        for number, offset, minutes, event_type in segments
    )


def an_api_key(salon: Tenant, *scopes: KeyScope) -> ApiKey:
    """Return a key of the salon; without scopes one that may do everything."""
    allowed = frozenset(scopes or KeyScope)
    return ApiKey(an_id(f"{salon.token}: {sorted(allowed)}"), salon.id, "test", allowed, NOW)


def an_offering(staff: str) -> Offering:
    return Offering(HAIRCUT.id, "haircut", "Haircut", 30, an_id(staff), staff, staff.title(), 1001)


def a_wish(name: str = "Erika Muster", phone: str = "+4930901820", email: str | None = None) -> CustomerWish:
    return CustomerWish(name, phone, email)


def a_request(
    *,
    start: str = TEN_O_CLOCK_LOCAL,
    service: str = "haircut",
    staff: str | None = None,
    wish: CustomerWish | None = None,
) -> BookingRequest:
    return BookingRequest(service, start, wish or a_wish(), staff)


def an_origin(
    traffic: Traffic = Traffic.REAL,
    channel: Channel = Channel.VOICE,
    prompt_version: PromptVersion | None = PromptVersion.V2,
) -> Origin:
    return Origin(channel, traffic, "correlation-1", prompt_version)


def open_salon(database: FakeDatabase, *staff: str) -> None:
    """Fill the fake database with the salon, what it offers and its staff."""
    rows = database.rows
    rows.tenants = {API_KEY: SALON, "sk_other": OTHER_SALON}
    rows.keys = {API_KEY: an_api_key(SALON), READING_KEY: an_api_key(SALON, KeyScope.BOOKINGS_READ)}
    rows.keys["sk_other"] = an_api_key(OTHER_SALON)
    rows.services = {each.id: (SALON.id, each) for each in (HAIRCUT, COLOUR)}
    rows.offerings = [each for name in staff or ("anna", "ben") for each in (an_offering(name), *a_colour(name))]
