"""Salons, their keys and what they offer: one contract for the fake and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from booking_core.domain.access import ApiKey, Bearer, KeyScope
from booking_core.domain.ports import EVERY_TENANT
from tests.factories import (
    COLOUR,
    HAIRCUT,
    NOW,
    OTHER_SALON,
    SALON,
    a_colour,
    an_offering,
)


async def test_a_tenant_is_found_by_token_and_id(database):
    async with database.begin(EVERY_TENANT) as stores:
        found = [await stores.tenants.find_by_token(SALON.token), await stores.tenants.get(SALON.id)]
        unknown = await stores.tenants.find_by_token("nobody")

    assert found == [SALON] * 2
    assert unknown is None


async def test_a_key_tells_whose_it_is_and_what_it_allows_until_it_is_revoked(database):
    reader = ApiKey(uuid4(), SALON.id, "kiosk", frozenset({KeyScope.BOOKINGS_READ}), NOW)
    async with database.begin(SALON.id) as stores:
        await stores.keys.add(reader, "sk_kiosk")
    async with database.begin(EVERY_TENANT) as stores:
        found = await stores.keys.find_bearer("sk_kiosk")
        stranger = await stores.keys.find_bearer("sk_wrong")

    assert found == Bearer(reader.id, SALON, reader.scopes)
    assert stranger is None

    async with database.begin(SALON.id) as stores:
        ended = [await stores.keys.revoke(SALON.id, each, at=NOW) for each in (reader.id, reader.id, uuid4())]
        listed = {each.label: each for each in await stores.keys.all_of(SALON.id)}
    async with database.begin(EVERY_TENANT) as stores:
        assert await stores.keys.find_bearer("sk_kiosk") is None

    assert ended == [True, False, False]
    assert listed["kiosk"] == replace(reader, revoked_at=NOW)


@pytest.mark.parametrize("spoken", ["haircut", "Hair-Cut", "TRIM", str(HAIRCUT.id)])
async def test_offerings_are_found_by_every_name_of_the_service(database, spoken):
    async with database.begin(SALON.id) as stores:
        assert list(await stores.services.offerings(SALON.id, spoken)) == [an_offering("anna"), an_offering("ben")]


async def test_the_segments_of_a_service_are_listed_in_order_and_by_member_of_staff(database):
    async with database.begin(SALON.id) as stores:
        assert list(await stores.services.offerings(SALON.id, "dye")) == [*a_colour("anna"), *a_colour("ben")]


async def test_another_salons_services_are_not_found(database):
    async with database.begin(EVERY_TENANT) as stores:
        assert list(await stores.services.offerings(OTHER_SALON.id, "haircut")) == []
        assert list(await stores.services.names(OTHER_SALON.id)) == []
        assert list(await stores.services.names(SALON.id)) == [COLOUR, HAIRCUT]
