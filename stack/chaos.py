"""The drill's hands on the chain: kill workers, flush Redis, cut PostgreSQL, read what is stored and who got mail.

Apart from the drill because only the owner of the processes may do this.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path
from random import Random

import httpx
import psycopg
import redis
from psycopg.rows import class_row

from exporter.collectors.workers import holders
from loadtests.drills import mishaps, wishes
from loadtests.drills.chaos import Chaos
from loadtests.drills.comparison import Findings, Row
from sla.topology import Process
from stack.native import Chain
from stack.postgres import PrivateCluster
from stack.processes import DEMO
from stack.redis import PrivateRedis
from stack.run_directory import RunDirectory

# For the drill: doubted sooner, so that it ends in minutes, yet later than the longest call of a job.
QUICK = {"BOOKING_ABANDONED_SECONDS": "45"}

# Two a second: what Cal.com allows for one key.
_BOOKINGS_A_SECOND = 2.0

_ROWS = """
SELECT a.id::text, a.state, a.calcom_uid, c.phone, c.email, s.slug AS staff,
       to_char(lower(a.period) AT TIME ZONE t.time_zone, 'YYYY-MM-DD"T"HH24:MI') AS wished,
       lower(a.period) AS start, upper(a.period) AS "end", a.created_at
  FROM appointments a
  JOIN customers c ON c.id = a.customer_id
  JOIN staff s ON s.id = a.staff_id
  JOIN tenants t ON t.id = a.tenant_id
 WHERE NOT a.synthetic
"""

_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class ChainHands:
    """One chain's."""

    run: RunDirectory
    chance: Random

    def kill_a_worker(self) -> str:
        """End one worker, of HTTP or of jobs, without a word to it; supervision replaces it."""
        living = holders(self.run.room("metrics"))
        if not living:
            return "nobody: no worker lives"
        slot = self.chance.choice(sorted(living))
        with suppress(ProcessLookupError):
            os.kill(living[slot], signal.SIGKILL)
        return slot

    def flush_redis(self) -> None:
        with redis.Redis(unix_socket_path=str(PrivateRedis(self.run.redis).socket), socket_timeout=2) as client:
            client.flushall()

    def cut_database(self) -> int:
        """End every other connection to the database in the middle of what it does; return how many."""
        with psycopg.connect(PrivateCluster(self.run.postgres).url()) as connection:
            return connection.execute(_CUT).rowcount

    def rows(self) -> Sequence[Row]:
        url = PrivateCluster(self.run.postgres).url()
        with psycopg.connect(url) as connection, connection.cursor(row_factory=class_row(Row)) as cursor:
            return cursor.execute(_ROWS).fetchall()

    def noticed(self) -> Set[str]:
        """Return every address that a letter went to."""
        return {_addressee(path) for path in self.run.room("mail").glob("**/*.eml")}


def _addressee(letter: Path) -> str:
    return str(message_from_bytes(letter.read_bytes(), policy=policy.default)["To"])


def drill(chain: Chain, *, bookings: int, seed: int, settle_seconds: float, tell: Callable[[str], None]) -> Findings:
    """Run the drill on a started chain."""
    chance = Random(seed)  # noqa: S311 - repeatable on purpose
    seconds = bookings / _BOOKINGS_A_SECOND
    # From the clock's day: starts must lie ahead.
    planned = wishes.calls(chance, bookings=bookings, seconds=seconds, today=date.today())  # noqa: DTZ011
    going_wrong = mishaps.mishaps(chance, seconds=seconds)
    hands = ChainHands(chain.run, chance)

    async def run() -> Findings:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(trust_env=False, timeout=20, limits=limits) as client:
            core, simulator = chain.place.url(Process.CORE), chain.place.url(Process.SIMULATOR)
            chaos = Chaos(client, core, simulator, DEMO.api_key, hands, tell)
            return await chaos.run(planned, going_wrong, settle_seconds=settle_seconds)

    return asyncio.run(run())
