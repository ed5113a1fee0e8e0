"""The database port's contract, held by the fake and by PostgreSQL alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import ProgrammingError

from booking_core.adapters.postgres import tables
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.adapters.postgres.keys import digest
from booking_core.domain.access import ApiKey, Bearer, KeyScope
from booking_core.domain.assignment import Workload
from booking_core.domain.engagement import Engagement
from booking_core.domain.errors import IdempotencyKeyReused, RequestInFlight
from booking_core.domain.models import OCCUPYING, Appointment, Former, KnownCaller, PromptVersion, Reply, State, Traffic
from booking_core.domain.ports import EVERY_TENANT, Database
from booking_core.domain.rules import folded
from booking_core.domain.visits import stretches
from tests.factories import (
    API_KEY,
    COLOUR,
    HAIRCUT,
    NOW,
    OTHER_SALON,
    SALON,
    TEN_O_CLOCK,
    a_colour,
    a_wish,
    an_api_key,
    an_id,
    an_offering,
    an_origin,
    open_salon,
)
from tests.fakes import FakeClock, FakeDatabase
from tests.fakes.sight import ForeignRow


@pytest.fixture(params=["fake", pytest.param("postgres", marks=pytest.mark.integration)])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    if request.param == "fake":
        fake = FakeDatabase(FakeClock(NOW))
        open_salon(fake)
        yield fake
        return
    fill(request.getfixturevalue("owner_url"))
    real = PostgresDatabase(request.getfixturevalue("database_url"))
    yield real
    await real.close()


def fill(url: str, *staff: str) -> None:
    """Store the salon of tests/factories.py in PostgreSQL."""
    engine = create_engine(url)
    keys = {SALON.id: API_KEY, OTHER_SALON.id: "sk_other"}
    with engine.begin() as connection:
        for salon in (SALON, OTHER_SALON):
            row = {
                "id": salon.id,
                "token": salon.token,
                "name": salon.name,
                "time_zone": salon.time_zone.key,
                "country": salon.country,
                "retell_api_key": salon.retell_api_key,
                "calcom_api_key": salon.calcom_api_key,
                "calcom_webhook_secret": salon.calcom_webhook_secret,
            }
            connection.execute(tables.tenants.insert().values(row))
            key = an_api_key(salon)
            stored = {**asdict(key), "scopes": sorted(key.scopes), "digest": digest(keys[salon.id])}
            connection.execute(tables.api_keys.insert().values(stored))
        for service in (HAIRCUT, COLOUR):
            aliases = list(service.aliases)
            spoken = [folded(word) for word in (service.slug, service.name, *aliases)]
            row = {"slug": service.slug, "name": service.name, "aliases": aliases, "spoken_names": spoken}
            connection.execute(tables.services.insert().values(id=service.id, tenant_id=SALON.id, **row))
    engine.dispose()
    hire(url, *staff or ("anna", "ben"))


def hire(url: str, *staff: str) -> None:
    """Let more people offer everything."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for name in staff:
            person = {"id": an_id(name), "tenant_id": SALON.id, "slug": name, "name": name.title()}
            connection.execute(tables.staff.insert().values(person))
            for offering in (an_offering(name), *a_colour(name)):
                names = ("service_id", "staff_id", "segment", "offset_minutes", "minutes", "calcom_event_type_id")
                row = {name: getattr(offering, name) for name in names}
                connection.execute(tables.offerings.insert().values(tenant_id=SALON.id, **row))
    engine.dispose()


async def an_appointment(database: Database, *, minutes: int = 0, traffic: Traffic = Traffic.REAL) -> Appointment:
    async with database.begin(SALON.id) as stores:
        customer = await stores.customers.resolve(SALON.id, a_wish(email="erika@example.org"))
    start = TEN_O_CLOCK + timedelta(minutes=minutes)
    offering, origin = an_offering("anna"), an_origin(traffic)
    end = start + timedelta(minutes=offering.minutes)
    return Appointment(uuid4(), SALON.id, offering, customer, start, end, origin, State.CREATING, uuid4(), NOW)


async def hold(database: Database, appointment: Appointment) -> bool:
    async with database.begin(SALON.id) as stores:
        return await stores.appointments.hold(appointment) is not None


async def settle(database: Database, seen: Appointment, state: State, uid: str | None = None) -> Appointment | None:
    async with database.begin(SALON.id) as stores:
        return await stores.appointments.settle(seen, state, calcom_uid=uid)


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


async def test_one_phone_number_is_one_customer_whose_name_stays(database):
    async with database.begin(SALON.id) as stores:
        first = await stores.customers.resolve(SALON.id, a_wish("Erika"))
        again = await stores.customers.resolve(SALON.id, a_wish("Erich", email="new@example.org"))

    assert again == replace(first, email="new@example.org")


async def test_a_caller_is_known_by_number_and_by_the_newest_appointment_that_stands(database):
    async with database.begin(EVERY_TENANT) as stores:
        await stores.customers.resolve(SALON.id, a_wish("Erika", "+4930901821"))
    appointment = await an_appointment(database)
    await hold(database, appointment)
    known = []
    for state in (State.CONFIRMED, State.CANCELLED):
        appointment = await settle(database, appointment, state, "uid-1") or appointment
        async with database.begin(EVERY_TENANT) as stores:
            known.append(await stores.customers.find_known(SALON.id, appointment.customer.phone))
    async with database.begin(EVERY_TENANT) as stores:
        new = await stores.customers.find_known(SALON.id, "+4930901821")
        strangers = [
            await stores.customers.find_known(SALON.id, "+4930901822"),
            await stores.customers.find_known(OTHER_SALON.id, "+4930901821"),
        ]

    assert known == [KnownCaller("Erika Muster", "Haircut"), KnownCaller("Erika Muster", None)]
    assert new == KnownCaller("Erika", None)
    assert strangers == [None, None]


async def test_touching_appointments_fit_and_overlapping_ones_do_not(database):
    appointments = [await an_appointment(database, minutes=minutes) for minutes in (0, 30, 15, -29)]

    assert [await hold(database, each) for each in appointments] == [True, True, False, False]


async def a_visit(database: Database, *, minutes: int = 0) -> list[Appointment]:
    """Return a visit for a colour, at Anna's, so long after ten o'clock."""
    whole = await an_appointment(database)
    ids, start = [uuid4(), uuid4()], TEN_O_CLOCK + timedelta(minutes=minutes)
    states = (State.CREATING, State.QUEUED)
    return [
        replace(
            whole,
            id=each,
            key=uuid4(),
            offering=segment,
            start=begin,
            end=end,
            visit_id=ids[0],
            state=states[segment.segment],
        )
        for each, segment, (begin, end) in zip(ids, a_colour("anna"), stretches(a_colour("anna"), start), strict=True)
    ]


async def test_the_segments_of_a_visit_are_held_and_come_back_together(database):
    visit = await a_visit(database)

    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.hold(*visit)
        assert list(await stores.appointments.visit(SALON.id, visit[0].id)) == visit


@pytest.mark.parametrize("taken", [0, 75])
async def test_a_visit_of_which_one_segment_is_taken_is_not_held_at_all(database, taken):
    somebody = await an_appointment(database, minutes=taken)
    assert await hold(database, somebody)
    visit = await a_visit(database)

    async with database.begin(SALON.id) as stores:
        assert not await stores.appointments.hold(*visit)
        assert [await stores.appointments.find(SALON.id, each.id) for each in visit] == [None, None]
        # And the transaction goes on.
        assert await stores.appointments.hold(*await a_visit(database, minutes=200))


async def test_a_chair_is_kept_until_another_end_unless_somebody_comes_before(database):
    seen = await an_appointment(database)
    assert await hold(database, seen)
    assert await hold(database, await an_appointment(database, minutes=60))
    hour, longer = seen.start + timedelta(hours=1), seen.start + timedelta(minutes=61)

    async with database.begin(SALON.id) as stores:
        kept = await stores.appointments.keep_until(seen, hour)
        assert kept is not None
        assert await stores.appointments.keep_until(seen, hour) is None  # a version that is no longer
        assert await stores.appointments.keep_until(kept, longer) is None
        assert await stores.appointments.find(SALON.id, seen.id) == kept

    assert (kept.start, kept.end) == (seen.start, hour)


async def test_in_the_gap_of_a_visit_somebody_else_may_come(database):
    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.hold(*await a_visit(database))

    assert [await hold(database, await an_appointment(database, minutes=minutes)) for minutes in (44, 45, 46)] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("version", [*PromptVersion, None])
async def test_an_appointment_comes_back_with_all_that_is_known_of_its_origin(database, version):
    appointment = await an_appointment(database)
    appointment = replace(appointment, origin=an_origin(prompt_version=version))
    await hold(database, appointment)

    async with database.begin(SALON.id) as stores:
        stored = await stores.appointments.find(SALON.id, appointment.id)

    assert stored is not None
    assert stored.origin == appointment.origin


@pytest.mark.parametrize("state", [State.RELEASED, State.FAILED, State.CANCELLED])
async def test_a_settled_loss_frees_the_chair(database, state):
    await hold(database, replace(await an_appointment(database), state=state))

    assert await hold(database, await an_appointment(database))


@pytest.mark.parametrize("state", OCCUPYING)
async def test_whatever_may_exist_at_cal_com_keeps_the_chair(database, state):
    await hold(database, replace(await an_appointment(database), state=state))

    assert not await hold(database, await an_appointment(database))


async def test_a_stored_appointment_is_found_by_its_own_salon_only(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    await settle(database, appointment, State.CONFIRMED, "uid-1")

    async with database.begin(EVERY_TENANT) as stores:
        found = await stores.appointments.find(SALON.id, appointment.id)
        foreign = await stores.appointments.find(OTHER_SALON.id, appointment.id)

    assert found is not None
    assert (found.state, found.calcom_uid) == (State.CONFIRMED, "uid-1")
    assert foreign is None


async def test_occupied_stretches_are_those_that_touch_the_period(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    staff = [appointment.offering.staff_id]

    async with database.begin(SALON.id) as stores:
        during = await stores.appointments.occupied(SALON.id, staff, appointment.start, appointment.end)
        after = await stores.appointments.occupied(
            SALON.id, staff, appointment.end, appointment.end + timedelta(hours=1)
        )

    assert list(during) == [(appointment.offering.staff_id, appointment.start, appointment.end)]
    assert list(after) == []


async def test_a_workload_is_the_booked_time_of_the_day_the_last_turn_and_freedom(database):
    long_ago = await an_appointment(database, minutes=-7 * 1440)
    overnight = await an_appointment(database)
    overnight = replace(overnight, start=TEN_O_CLOCK - timedelta(hours=10), asked_at=NOW - timedelta(hours=1))
    lost = await an_appointment(database, minutes=60)
    for each in (long_ago, overnight, lost):
        assert await hold(database, each)
    await settle(database, lost, State.RELEASED)
    anna, ben = an_offering("anna").staff_id, an_offering("ben").staff_id
    day = (TEN_O_CLOCK - timedelta(hours=9), TEN_O_CLOCK + timedelta(hours=15))

    async with database.begin(SALON.id) as stores:
        found = {
            minutes: await stores.appointments.workloads(
                SALON.id, [anna, ben], day=day, wanted=[(TEN_O_CLOCK + timedelta(minutes=minutes), day[1])]
            )
            for minutes in (29, 30)
        }

    idle = Workload(ben, timedelta(), None, is_free=True)
    # Ten hours and a half, of which one lies in the day before.
    busy = Workload(anna, timedelta(hours=9, minutes=30), NOW, is_free=False)
    assert sorted(found[29], key=lambda each: each.booked) == [idle, busy]
    assert sorted(found[30], key=lambda each: each.booked) == [idle, replace(busy, is_free=True)]


async def test_only_confirmed_synthetic_appointments_are_abandoned(database):
    probe = await an_appointment(database, traffic=Traffic.SYNTHETIC)
    real = await an_appointment(database, minutes=60)
    for each in (probe, real):
        await hold(database, each)
        await settle(database, each, State.CONFIRMED, "uid")

    async with database.begin(EVERY_TENANT) as stores:
        left = await stores.appointments.abandoned_synthetic(NOW + timedelta(days=3650), at_most=10)
        young = await stores.appointments.abandoned_synthetic(NOW - timedelta(days=3650), at_most=10)

    assert [each.id for each in left] == [probe.id]
    assert list(young) == []


async def test_what_waits_for_cal_com_too_long_is_called_unknown(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)

    async with database.begin(EVERY_TENANT) as stores:
        given_up = await stores.appointments.give_up_creating(NOW + timedelta(days=3650))
        found = await stores.appointments.find(SALON.id, appointment.id)

    assert given_up == 1
    assert found is not None
    assert found.state is State.UNKNOWN


async def test_one_wish_is_one_living_appointment_whoever_would_do_it(database):
    first = await an_appointment(database)
    again = replace(first, id=uuid4(), offering=an_offering("ben"))
    assert await hold(database, first)

    assert not await hold(database, again)
    async with database.begin(EVERY_TENANT) as stores:
        living = await stores.appointments.find_living(SALON.id, first.key)
        foreign = await stores.appointments.find_living(OTHER_SALON.id, first.key)
    assert living is not None
    assert (living.id, foreign) == (first.id, None)

    await settle(database, first, State.CANCELLED)
    assert await hold(database, again)


async def test_of_two_writers_who_saw_the_same_only_the_first_is_heard(database):
    seen = await an_appointment(database)
    await hold(database, seen)

    first = await settle(database, seen, State.UNKNOWN)
    second = await settle(database, seen, State.CONFIRMED, "uid-late")

    assert first is not None
    assert (first.state, second) == (State.UNKNOWN, None)
    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.find(SALON.id, seen.id) == first


async def test_a_step_that_no_appointment_takes_is_a_mistake(database):
    seen = replace(await an_appointment(database), state=State.CANCELLED)
    await hold(database, seen)

    with pytest.raises(ValueError, match="never goes from cancelled to confirmed"):
        await settle(database, seen, State.CONFIRMED)


async def test_calling_the_outcome_unknown_counts_as_writing(database):
    seen = await an_appointment(database)
    await hold(database, seen)
    async with database.begin(SALON.id) as stores:
        await stores.appointments.give_up_creating(NOW + timedelta(days=3650))

    assert await settle(database, seen, State.CONFIRMED, "uid-late") is None


async def test_what_is_stored_comes_back_whole(database):
    appointment = await an_appointment(database, traffic=Traffic.SYNTHETIC)
    await hold(database, appointment)

    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.find(SALON.id, appointment.id) == appointment


async def test_doubt_begins_when_it_becomes_unknown_and_looks_are_counted(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)
    unknown = await settle(database, appointment, State.UNKNOWN)
    assert unknown is not None
    async with database.begin(SALON.id) as stores:
        await stores.appointments.looked(appointment.id)
        await stores.appointments.looked(appointment.id)
        doubted = await stores.appointments.find(SALON.id, appointment.id)

    assert doubted is not None
    assert doubted.doubted_at is not None
    assert doubted.looks == 2

    creating = await settle(database, unknown, State.CREATING)
    assert creating is not None
    await settle(database, creating, State.UNKNOWN)
    async with database.begin(SALON.id) as stores:
        anew = await stores.appointments.find(SALON.id, appointment.id)
    assert anew is not None
    assert anew.looks == 0


async def test_only_what_a_job_must_bring_further_is_unsettled(database):
    for minutes, state in enumerate(State):
        await hold(database, replace(await an_appointment(database, minutes=60 * minutes), state=state))

    async with database.begin(EVERY_TENANT) as stores:
        left = await stores.appointments.unsettled(at_most=10)
        states = {(await stores.appointments.find(*each)).state for each in left}

    assert states == {State.QUEUED, State.UNKNOWN, State.PENDING, State.CANCELLING}


def taking_the_place_of(former: Appointment, *, minutes: int) -> Appointment:
    later = timedelta(minutes=minutes)
    return replace(
        former,
        id=uuid4(),
        key=uuid4(),
        start=former.start + later,
        end=former.end + later,
        asked_at=NOW + timedelta(minutes=1),
        state=State.CREATING,
        calcom_uid=None,
        former=Former(former.id, former.state, former.calcom_uid, former.start),
        first_id=former.lineage,
    )


async def test_a_visit_may_be_moved_onto_its_own_time_and_nobody_elses(database):
    former = replace(await an_appointment(database), state=State.CONFIRMED, calcom_uid=None)
    other = await an_appointment(database, minutes=60)
    await hold(database, former)
    await hold(database, other)

    assert not await hold(database, taking_the_place_of(former, minutes=45))
    assert await hold(database, taking_the_place_of(former, minutes=15))
    assert not await hold(database, await an_appointment(database, minutes=30))


async def test_nothing_is_moved_to_two_times_at_once(database):
    former = replace(await an_appointment(database), state=State.CONFIRMED)
    await hold(database, former)

    held = await asyncio.gather(
        *(hold(database, taking_the_place_of(former, minutes=minutes)) for minutes in (60, 120, 180))
    )

    assert sorted(held) == [False, False, True]


async def test_a_visit_is_what_occupies_a_chair_at_whatever_time_the_oldest_first(database):
    former = replace(await an_appointment(database), state=State.CONFIRMED)
    moving = taking_the_place_of(former, minutes=60)
    for each in (former, moving, await an_appointment(database, minutes=120)):
        await hold(database, each)

    async with database.begin(SALON.id) as stores:
        both = await stores.appointments.of_lineage(SALON.id, former.id)
        known = await stores.appointments.by_ids(SALON.id, {former.id})
        foreign = await stores.appointments.of_lineage(OTHER_SALON.id, former.id)
    await settle(database, former, State.MOVED)
    async with database.begin(SALON.id) as stores:
        left = await stores.appointments.of_lineage(SALON.id, former.id)

    assert list(both) == [former, moving]
    assert {each.id for each in known} == {former.id, moving.id}
    assert list(foreign) == []
    assert [(each.id, each.former.state) for each in left] == [(moving.id, State.MOVED)]


async def test_a_cancellation_that_waits_remembers_why_and_since_when(database):
    seen = replace(await an_appointment(database), state=State.CONFIRMED)
    await hold(database, seen)

    async with database.begin(SALON.id) as stores:
        await stores.appointments.settle(seen, State.CANCELLING, reason="ill")
        cancelling = await stores.appointments.find(SALON.id, seen.id)

    assert cancelling is not None
    assert cancelling.cancellation_reason == "ill"
    assert cancelling.doubted_at is not None


async def test_a_transaction_that_raises_leaves_no_trace(database):
    appointment = await an_appointment(database)

    async def hold_and_fail():
        async with database.begin(SALON.id) as stores:
            await stores.appointments.hold(appointment)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hold_and_fail()

    async with database.begin(SALON.id) as stores:
        assert await stores.appointments.find(SALON.id, appointment.id) is None


async def test_a_row_of_another_tenant_is_neither_seen_nor_changed(database):
    appointment = await an_appointment(database)
    await hold(database, appointment)

    async with database.begin(OTHER_SALON.id) as stores:
        assert await stores.appointments.settle(appointment, State.CONFIRMED) is None
        await stores.appointments.looked(appointment.id)
        seen = [
            await stores.appointments.find(SALON.id, appointment.id),
            await stores.appointments.find_living(SALON.id, appointment.key),
            await stores.tenants.find_by_token(SALON.token),
            await stores.keys.find_bearer(API_KEY),
            *await stores.services.names(SALON.id),
            *await stores.services.offerings(SALON.id, "haircut"),
            *await stores.appointments.unsettled(at_most=10),
        ]
    async with database.begin(SALON.id) as stores:
        unchanged = await stores.appointments.find(SALON.id, appointment.id)

    assert [each for each in seen if each is not None] == []
    assert unchanged == appointment


async def test_a_row_of_another_tenant_cannot_be_made(database):
    with pytest.raises((ProgrammingError, ForeignRow)):
        async with database.begin(OTHER_SALON.id) as stores:
            await stores.customers.resolve(SALON.id, a_wish())


async def test_of_many_callers_for_one_slot_exactly_one_gets_it(database):
    appointments = [await an_appointment(database) for _ in range(8)]

    held = await asyncio.gather(*(hold(database, each) for each in appointments))

    assert sorted(held) == [False] * 7 + [True]


async def claim(database: Database, fingerprint: str = "f", *, minutes: int = 0) -> Reply | None:
    now = NOW + timedelta(minutes=minutes)
    async with database.begin(SALON.id) as stores:
        return await stores.requests.claim(
            SALON.id, "key-1", fingerprint, now=now, abandoned_before=now - timedelta(minutes=1)
        )


async def test_the_first_of_many_copies_goes_ahead_and_the_others_are_told_to_wait(database):
    claims = await asyncio.gather(*(claim(database) for _ in range(6)), return_exceptions=True)

    assert claims.count(None) == 1
    assert [type(each) for each in claims if each is not None] == [RequestInFlight] * 5


async def test_a_remembered_answer_is_given_again_and_only_to_the_same_request(database):
    await claim(database)
    reply = Reply(201, {"status": "confirmed", "say": "Schön."})
    async with database.begin(SALON.id) as stores:
        await stores.requests.remember(SALON.id, "key-1", reply)

    assert await claim(database, minutes=5) == reply
    with pytest.raises(IdempotencyKeyReused):
        await claim(database, "another")


async def test_a_request_whose_answer_never_came_may_go_ahead_again(database):
    await claim(database)

    assert await claim(database, minutes=2) is None
    with pytest.raises(RequestInFlight):
        await claim(database, minutes=2)


async def test_a_forgotten_request_is_a_new_one(database):
    await claim(database)
    async with database.begin(EVERY_TENANT) as stores:
        await stores.requests.forget(SALON.id, "key-1")
    assert await claim(database) is None
    async with database.begin(EVERY_TENANT) as stores:
        assert await stores.requests.forget_older(NOW + timedelta(seconds=1)) == 1
    assert await claim(database, "another") is None


async def test_what_a_customer_did_is_counted_once_and_probes_apart(database):
    states = (State.CONFIRMED, State.CONFIRMED, State.CANCELLED, State.RELEASED)
    appointments = [await an_appointment(database, minutes=60 * number) for number in range(len(states))]
    probe = await an_appointment(database, minutes=600, traffic=Traffic.SYNTHETIC)
    for appointment, state in zip((*appointments, probe), (*states, State.CONFIRMED), strict=True):
        assert await hold(database, appointment)
        confirmed = await settle(database, appointment, State.CONFIRMED) if state is State.CANCELLED else None
        await settle(database, confirmed or appointment, state)

    async with database.begin(EVERY_TENANT) as stores:
        counted = await stores.customers.engagement([each.id for each in appointments])
        await stores.customers.scored({counted[0].customer_id: 20})

    assert counted == [Engagement(appointments[0].customer.id, 2, 1, appointments[1].start)]
