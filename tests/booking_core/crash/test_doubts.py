"""A database lost in a commit, which was done or was not: whatever the caller hears is true in the end."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from booking_core.domain.errors import BookingError, CalcomOutcomeUnknown, CommitUnknown
from booking_core.domain.models import State
from tests.booking_core.conftest import Stage
from tests.booking_core.crash.dying import DoubtfulDatabase, Reaper, assembled, live
from tests.booking_core.crash.flows import (
    FLOWS,
    Flow,
    a_scene,
    assert_worlds_agree,
    book,
    cancel,
    healed,
    recover,
)

CALLERS = {name: flow for name, flow in FLOWS.items() if flow.doomed in (book, cancel)}
# "We could not find out, the salon will check" is true whatever comes of it.
CANNOT_SAY = (CommitUnknown, CalcomOutcomeUnknown)


async def answered(flow: Flow, stage: Stage, database: DoubtfulDatabase) -> BookingError | None:
    """Run the flow; return the error that the caller heard, None for a promise."""
    doubtful: Any = replace(stage.world, database=database)
    core = assembled(doubtful)
    try:
        await flow.doomed(stage, core)
    except BookingError as error:
        return error
    finally:
        await core.bus.drain()
        healed(stage)
    return None


@pytest.mark.parametrize("was_done", [True, False])
@pytest.mark.parametrize("name", CALLERS)
async def test_a_commit_in_doubt_makes_no_answer_untrue(name, was_done):
    flow = CALLERS[name]
    for at in count(1):
        stage = await a_scene(flow)
        database = DoubtfulDatabase(stage.database, at, was_done)
        error = await answered(flow, stage, database)
        await live(stage.world, Reaper(), lambda core, stage=stage: recover(stage, core))

        assert_worlds_agree(stage)
        states = [each.state for each in stage.database.rows.appointments.values()]
        if error is None:
            assert states == [State.CANCELLED if flow.doomed is cancel else State.CONFIRMED]
        elif not isinstance(error, CANNOT_SAY):
            assert (State.CONFIRMED in states) is (flow.doomed is cancel)
        if database.commits < at:
            break

    assert at >= 2
