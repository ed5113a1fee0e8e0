"""The drills on a chain of their own: what it is told, who calls, and what is known in the end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from random import Random
from zoneinfo import ZoneInfo

import httpx

from loadtests.drills import mishaps, outage_plan, wishes
from loadtests.drills.chaos import Chaos
from loadtests.drills.comparison import Findings
from loadtests.drills.line import Line, Tell
from loadtests.drills.outage import Course, Outage
from loadtests.drills.outage_plan import Manner
from sla.topology import Process
from stack import branches
from stack.hands import ChainHands
from stack.native import Chain
from stack.processes import DEMO

# What the booking itself does not need: a drill asks both worlds directly, and wants the machine for its callers.
WATCHERS = frozenset({"exporter", "prometheus", "alertmanager", "oncall", "probe"})

# Doubted sooner, so that the drill ends in minutes, yet later than the longest call of a job.
# Both sides go by what the real Cal.com allows for one key.
OUTAGE: Mapping[str, str] = {"BOOKING_CALCOM_CALLS_PER_MINUTE": "110", "SIMULATOR_RATE_LIMIT": "120"}
CHAOS: Mapping[str, str] = {**OUTAGE, "BOOKING_ABANDONED_SECONDS": "45"}

# So many that each salon uses half of its key's allowance before anything goes wrong.
_BOOKINGS_A_SECOND_AND_SALON = 0.6
_BOOKINGS_A_SALON = 50
_TAKEN, _DURING_DRAIN = 5, 10
_ZONE = ZoneInfo("Europe/Berlin")


def chaos(chain: Chain, *, bookings: int, seed: int, settle_seconds: float, tell: Tell) -> Findings:
    """Run the chaos drill on a started chain."""
    chance = Random(seed)  # noqa: S311 - repeatable on purpose
    salons = min(math.ceil(bookings / _BOOKINGS_A_SALON), wishes.MOST_SALONS)
    seconds = bookings / (_BOOKINGS_A_SECOND_AND_SALON * salons)
    # From the clock's day: starts must lie ahead.
    today = date.today()  # noqa: DTZ011
    planned = wishes.calls(chance, bookings=bookings, seconds=seconds, today=today, salons=salons)
    going_wrong = mishaps.mishaps(chance, seconds=seconds)
    api_keys = [DEMO.api_key, *(branches.open_branch(chain, number) for number in range(1, salons))]
    tell(f"{bookings} callers of {salons} salons in {seconds:.0f} s")

    async def run() -> Findings:
        async with _line(chain, api_keys) as line:
            drill = Chaos(line, chain.place.url(Process.SIMULATOR), ChainHands(chain, chance), tell)
            return await drill.run(planned, going_wrong, settle_seconds=settle_seconds)

    return asyncio.run(run())


def outage(  # noqa: PLR0913 - the knobs of one drill
    chain: Chain, *, queued: int, a_second: float, manner: Manner, seed: int, settle_seconds: float, tell: Tell
) -> Course:
    """Run the outage drill on a started chain."""
    chance = Random(seed)  # noqa: S311 - repeatable on purpose
    plan = outage_plan.plan(
        chance,
        queued=queued,
        a_second=a_second,
        taken=_TAKEN,
        during_drain=_DURING_DRAIN,
        now=datetime.now(_ZONE),
        manner=manner,
    )

    async def run() -> Course:
        async with _line(chain, [DEMO.api_key]) as line:
            hands = ChainHands(chain, chance)
            drill = Outage(line, chain.place.url(Process.SIMULATOR), DEMO.calcom_api_key, hands, tell)
            return await drill.run(plan, manner, settle_seconds=settle_seconds)

    return asyncio.run(run())


@asynccontextmanager
async def _line(chain: Chain, api_keys: Sequence[str]) -> AsyncIterator[Line]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(trust_env=False, timeout=20, limits=limits) as client:
        yield Line(client, chain.place.url(Process.CORE), api_keys)
