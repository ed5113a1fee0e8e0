"""A database lost in a commit, which was done or was not: whatever the caller hears is true in the end."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from booking_core.domain.errors import BookingError, CalcomOutcomeUnknown, CommitUnknown
from booking_core.domain.letters import LetterKind
from tests.booking_core.conftest import Stage
from tests.booking_core.crash.dying import DoubtfulDatabase, Reaper, assembled, live
from tests.booking_core.crash.flows import FLOWS
from tests.booking_core.crash.scene import Flow, a_scene, assert_worlds_agree, recover
from tests.booking_core.crash.steps import healed

CALLERS = {name: flow for name, flow in FLOWS.items() if flow.is_done is not None}
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


def is_told_otherwise(stage: Stage) -> bool:
    kinds = {kind for _, kind, _ in stage.database.rows.letters}
    return bool(kinds & {LetterKind.NOT_POSSIBLE, LetterKind.NOT_MOVED})


@pytest.mark.parametrize("was_done", [True, False])
@pytest.mark.parametrize("name", CALLERS)
async def test_a_commit_in_doubt_makes_no_answer_untrue(name, was_done):
    flow = CALLERS[name]
    for at in count(1):
        stage = await a_scene(flow)
        database = DoubtfulDatabase(stage.database, at, was_done)
        error = await answered(flow, stage, database)
        await live(stage.world, Reaper(), lambda core, stage=stage: recover(flow, stage, core))

        assert_worlds_agree(stage)
        if error is None:
            assert flow.is_done(stage) or is_told_otherwise(stage)
        elif not isinstance(error, CANNOT_SAY):
            assert not flow.is_done(stage)
        if database.commits < at:
            break

    assert at >= 2
