"""Events reach every listener, whatever the others do."""

import pytest

from booking_core.bus import Bus
from booking_core.domain.events import ALL, AppointmentBookingInitiated
from tests.factories import SALON, an_origin

EVENT = AppointmentBookingInitiated(an_origin(), SALON.id)


def a_bus(*listeners, **hooks):
    return Bus(dict.fromkeys(ALL, listeners), **hooks)


def test_an_event_without_a_line_in_the_table_is_a_start_up_error():
    with pytest.raises(ValueError, match="AppointmentBookingInitiated"):
        Bus({})


async def test_a_plain_listener_has_run_when_publish_returns():
    seen = []

    a_bus(seen.append).publish(EVENT)

    assert seen == [EVENT]


async def test_a_coroutine_listener_runs_behind_and_is_waited_for_by_drain():
    seen = []

    async def later(event):
        seen.append(event)

    bus = a_bus(later)
    bus.publish(EVENT)
    assert seen == []
    await bus.drain()

    assert seen == [EVENT]


async def test_a_listener_that_raises_is_reported_and_stops_nobody():
    seen, failed = [], []

    def poison(event):
        raise RuntimeError

    async def slow_poison(event):
        raise RuntimeError

    bus = a_bus(poison, slow_poison, seen.append, listener_failed=failed.append)
    bus.publish(EVENT)
    await bus.drain()

    assert (seen, failed) == ([EVENT], ["poison", "slow_poison"])
