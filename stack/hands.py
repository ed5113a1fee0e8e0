"""A drill's hands on the chain: kill, flush, cut, stop Cal.com, and read what is stored and who got letters.

Apart from the drills because only the owner of the processes may do this.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from functools import partial
from pathlib import Path
from random import Random
from threading import Timer

import psycopg
import redis
from psycopg.rows import class_row

from exporter.collectors.workers import holders
from loadtests.drills.worlds import Letter, Row
from sla.topology import Process
from stack import readiness
from stack.errors import Failed
from stack.native import Chain
from stack.postgres import PrivateCluster
from stack.redis import PrivateRedis
from stack.run_directory import RunDirectory
from stack.sweep import wait_until

_PATIENCE_SECONDS = 30.0
_FROZEN_SECONDS = 40.0

_ROWS = """
SELECT a.id::text, a.lineage::text, a.replaces::text, a.state, a.calcom_uid, c.phone, c.email, s.slug AS staff,
       to_char(lower(a.period) AT TIME ZONE t.time_zone, 'YYYY-MM-DD"T"HH24:MI') AS wished,
       lower(a.period) AS start, upper(a.period) AS "end", a.created_at
  FROM appointments a
  JOIN customers c ON c.id = a.customer_id
  JOIN staff s ON s.id = a.staff_id
  JOIN tenants t ON t.id = a.tenant_id
 WHERE NOT a.synthetic
"""

# As services/wording.py of the core writes it.
_ABOUT = re.compile(r"<(?P<appointment>[0-9a-f-]{36})\.(?P<kind>[a-z-]+)\.\d+@")

_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class ChainHands:
    """One chain's."""

    chain: Chain
    chance: Random

    @property
    def run(self) -> RunDirectory:
        return self.chain.run

    def kill_a_worker(self) -> str:
        """End one worker, of HTTP or of jobs, without a word to it; supervision replaces it."""
        living = holders(self.run.room("metrics"))
        if not living:
            return "nobody: no worker lives"
        slot = self.chance.choice(sorted(living))
        _signal(living[slot], signal.SIGKILL)
        return slot

    def flush_redis(self) -> None:
        with redis.Redis(unix_socket_path=str(PrivateRedis(self.run.redis).socket), socket_timeout=2) as client:
            client.flushall()

    def cut_database(self) -> int:
        """End every other connection to the database in the middle of what it does; return how many."""
        with psycopg.connect(PrivateCluster(self.run.postgres).url()) as connection:
            return connection.execute(_CUT).rowcount

    def restart_workers(self) -> None:
        """Replace the workers as a deployment does: those of HTTP one by one (SIGHUP), then those of jobs (SIGTERM)."""
        _signal(self.chain.supervisor.states()["core"].pid, signal.SIGHUP)
        self.chain.supervisor.stop(["worker"])
        wait_until(partial(self._has_ended, "worker"), seconds=_PATIENCE_SECONDS)
        self.chain.supervisor.start("worker")

    def _has_ended(self, name: str) -> bool:
        return self.chain.supervisor.states()[name].has_ended

    def freeze_a_job_worker(self) -> str:
        """Let one stand still for longer than it takes to be taken for dead, and then go on."""
        jobs = {slot: pid for slot, pid in holders(self.run.room("metrics")).items() if slot.startswith("jobs")}
        if not jobs:
            return "nobody: no job worker lives"
        slot = self.chance.choice(sorted(jobs))
        _signal(jobs[slot], signal.SIGSTOP)
        Timer(_FROZEN_SECONDS, _signal, (jobs[slot], signal.SIGCONT)).start()
        return slot

    def rows(self) -> Sequence[Row]:
        url = PrivateCluster(self.run.postgres).url()
        with psycopg.connect(url) as connection, connection.cursor(row_factory=class_row(Row)) as cursor:
            return cursor.execute(_ROWS).fetchall()

    def letters(self) -> Sequence[Letter]:
        """Return what customers were written, each letter as often as it arrived."""
        return list(letters_in(self.run.room("mail")))

    def unsent_letters(self) -> int:
        """Return how many letters were put down and have not come to an end."""
        with psycopg.connect(PrivateCluster(self.run.postgres).url()) as connection:
            ((number,),) = connection.execute("SELECT count(*) FROM letters WHERE result IS NULL").fetchall()
        return int(number)

    def stop_calcom(self) -> None:
        """Let nobody listen on Cal.com's port; what it held is forgotten."""
        self.chain.supervisor.stop(["simulator"])
        wait_until(partial(self._has_ended, "simulator"), seconds=_PATIENCE_SECONDS)

    def start_calcom(self) -> None:
        """Start it again, empty. Raises Failed when it does not come back."""
        place = self.chain.place
        self.chain.supervisor.start("simulator")
        answers = readiness.answers_http(place.host(Process.SIMULATOR), place.port(Process.SIMULATOR), "/livez")
        if not wait_until(answers, seconds=_PATIENCE_SECONDS):
            raise Failed(f"the simulator did not come back; see {self.run.log / 'simulator.log'}")


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def letters_in(mailbox: Path) -> Iterator[Letter]:
    """Yield what customers were written about their appointments, from a directory of messages."""
    for path in mailbox.glob("**/*.eml"):
        message = BytesHeaderParser(policy=policy.default).parsebytes(path.read_bytes())
        about = _ABOUT.search(str(message["Message-ID"]))
        # What the salon itself is written is about no appointment.
        if about is not None:
            yield Letter(about["appointment"], about["kind"], datetime.fromtimestamp(path.stat().st_mtime, UTC))
