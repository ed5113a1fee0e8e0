"""A process killed at every commit and on both sides of every outside call; another one brings both worlds together.

Each flow is run again and again, killed one moment later each time until it comes through. After each death a worker
recovers, is itself killed at each of its moments, and the next one ends it. Then the caller says the same again.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from booking_core.app import Core
from booking_core.domain.errors import BookingError
from booking_core.domain.models import State
from booking_core.domain.ports import CalcomStatus
from tests.booking_core.conftest import Stage
from tests.booking_core.crash.dying import Reaper, live
from tests.booking_core.crash.flows import FLOWS
from tests.booking_core.crash.scene import Flow, a_scene, assert_worlds_agree, left_behind, recover
from tests.booking_core.crash.steps import healed
from tests.factories import SALON, TEN_O_CLOCK, an_origin


async def die(flow: Flow, stage: Stage, at: int | None) -> list[str] | None:
    """Run the flow; return its moments if it came through, None if it was killed."""
    reaper = Reaper(at)

    async def life(core: Core) -> None:
        with suppress(BookingError):  # an answer, too
            await flow.doomed(stage, core)

    survived = await live(stage.world, reaper, life)
    healed(stage)
    return reaper.moments if survived else None


@pytest.mark.parametrize("name", FLOWS)
async def test_killed_anywhere_both_worlds_come_together_and_the_same_wish_is_one_booking(name):
    flow = FLOWS[name]
    for at in count(1):
        stage = await a_scene(flow)
        moments = await die(flow, stage, at)
        await live(stage.world, Reaper(), lambda core, stage=stage: recover(flow, stage, core))

        assert_worlds_agree(stage)
        await assert_said_again_it_is_one_booking(flow, stage)
        if moments is not None:
            break

    assert at > 3
    assert at == len(moments) + 1


@pytest.mark.parametrize("name", FLOWS)
async def test_a_recovery_that_is_killed_anywhere_is_recovered_from(name):
    flow = FLOWS[name]
    reached = await die(flow, await a_scene(flow), None)
    seen = set()
    for at in range(1, len(reached) + 1):
        stage = await a_scene(flow)
        await die(flow, stage, at)
        if left_behind(stage) in seen:
            continue
        seen.add(left_behind(stage))
        for again in count(1):
            stage = await a_scene(flow)
            await die(flow, stage, at)
            survived = await live(stage.world, Reaper(again), lambda core, stage=stage: recover(flow, stage, core))
            await live(stage.world, Reaper(), lambda core, stage=stage: recover(flow, stage, core))

            assert_worlds_agree(stage)
            if survived:
                break


async def assert_said_again_it_is_one_booking(flow: Flow, stage: Stage) -> None:
    """The caller rings again: whatever became of the first call, there is one booking in the end, or a refusal."""
    stage.calcom.status = CalcomStatus.ACCEPTED
    if stage.clock.now() > TEN_O_CLOCK - timedelta(minutes=1):
        return
    with suppress(BookingError):
        if flow.again is not None:
            await flow.again(stage, stage.core)
        else:
            again = await stage.core.orchestrator.book(SALON, flow.wish, an_origin())
            assert again.state is State.CONFIRMED
    await live(stage.world, Reaper(), lambda core: recover(flow, stage, core))
    assert_worlds_agree(stage)
