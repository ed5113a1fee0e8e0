"""No durable job is dropped: not by an old worker, not by one that stops, not by an error that nobody foresaw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import procrastinate
import pytest
from procrastinate.jobs import Job
from structlog.contextvars import get_contextvars

from booking_core.adapters.postgres.queue import PAYLOAD_VERSION, seniority
from booking_core.domain.errors import CalcomUnavailable
from booking_core.durable import (
    MOST_STUMBLES,
    NEWER_AGAIN_SECONDS,
    POSTPONED_SECONDS,
    STUMBLED_AGAIN_SECONDS,
    Durable,
)

pytestmark = pytest.mark.integration


@dataclass
class Bench:
    """A real queue with one kind of job; what is put back comes at once."""

    app: procrastinate.App
    durable: Durable
    worked: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None

    async def work(self, _job: Job, **payload: Any) -> None:
        self.worked.append(payload)
        if self.error is not None:
            raise self.error

    async def put_down(self, name: str = "one", *, priority: int = 0, **payload: Any) -> None:
        job = self.app.configure_task("work", lock=name, queueing_lock=name, priority=priority)
        await job.defer_async(name=name, **payload)

    async def run(self) -> None:
        """Work off what is due now."""
        await self.app.run_worker_async(wait=False, listen_notify=False, delete_jobs="successful")

    async def jobs(self) -> list[tuple[str, dict[str, Any], float]]:
        """Return status, payload and seconds to go of every job that is left."""
        rows = await self.app.connector.execute_query_all_async(
            "SELECT status::text AS status, args, extract(epoch FROM scheduled_at - now())::float AS left"
            " FROM procrastinate_jobs ORDER BY id"
        )
        return [(row["status"], row["args"], row["left"]) for row in rows]

    async def advance(self) -> None:
        """Let the time come of everything that waits."""
        await self.app.connector.execute_query_async("UPDATE procrastinate_jobs SET scheduled_at = now()")


@pytest.fixture
async def bench(owner_url) -> AsyncIterator[Bench]:
    url = owner_url.replace("postgresql+psycopg://", "postgresql://")
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    bench = Bench(app, Durable(app))
    bench.durable.task("work", bench.work)
    async with app.open_async():
        yield bench


async def test_a_job_that_is_done_leaves_nothing(bench):
    await bench.put_down(version=PAYLOAD_VERSION)
    await bench.run()

    assert bench.worked == [{"name": "one"}]
    assert await bench.jobs() == []


async def test_what_a_job_logs_is_marked_with_the_job_until_the_work_knows_better(bench):
    seen: list[str] = []

    async def look(job: Job, **_payload: Any) -> None:
        seen.append(get_contextvars()["correlation_id"] + f" of {job.id}")

    bench.durable.task("look", look)
    number = await bench.app.configure_task("look", lock="one", queueing_lock="one").defer_async()
    await bench.run()

    assert seen == [f"job-{number} of {number}"]


async def test_a_job_of_a_newer_core_is_left_to_a_newer_worker_and_not_dropped(bench):
    await bench.put_down(version=PAYLOAD_VERSION + 1, unheard_of=True)
    await bench.run()

    assert bench.worked == []
    ((status, payload, left),) = await bench.jobs()
    assert (status, payload) == ("todo", {"name": "one", "version": PAYLOAD_VERSION + 1, "unheard_of": True})
    assert left == pytest.approx(NEWER_AGAIN_SECONDS, abs=5)


async def test_a_job_from_before_there_were_versions_is_understood(bench):
    await bench.put_down()
    await bench.run()

    assert bench.worked == [{"name": "one"}]


async def test_a_poisoned_job_is_tried_with_growing_pauses_then_stays_for_a_person_and_others_go_on(bench):
    bench.error = ZeroDivisionError("poison")
    await bench.put_down("poisoned")
    pauses = []
    for _ in range(MOST_STUMBLES - 1):
        await bench.run()
        ((status, _, left),) = await bench.jobs()
        assert status == "todo"
        pauses.append(left)
        await bench.advance()
    await bench.run()
    bench.error = None
    await bench.put_down("healthy")
    await bench.run()

    assert pauses == pytest.approx(STUMBLED_AGAIN_SECONDS, abs=5)
    assert [(status, payload["name"]) for status, payload, _ in await bench.jobs()] == [("failed", "poisoned")]
    assert [payload["name"] for payload in bench.worked] == ["poisoned"] * MOST_STUMBLES + ["healthy"]


async def test_a_job_that_meets_what_has_a_name_is_postponed_however_often_and_never_given_up(bench):
    bench.error = CalcomUnavailable()
    await bench.put_down(stumbles=1)
    for _ in range(MOST_STUMBLES + 1):
        await bench.run()
        ((status, payload, left),) = await bench.jobs()
        assert (status, payload["stumbles"]) == ("todo", 1)
        assert left == pytest.approx(POSTPONED_SECONDS, abs=5)
        await bench.advance()


async def test_a_job_that_a_stopping_worker_could_not_finish_is_handed_back(bench):
    begun = asyncio.Event()

    async def hang(_job: Job, **_payload: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    bench.durable.task("hang", hang)
    await bench.app.configure_task("hang", lock="one", queueing_lock="one").defer_async(name="one")
    worker = asyncio.create_task(
        bench.app.run_worker_async(install_signal_handlers=False, shutdown_graceful_timeout=0.05)
    )
    await begun.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)

    assert [(status, payload) for status, payload, _ in await bench.jobs()] == [
        ("aborted", {"name": "one"}),
        ("todo", {"name": "one"}),
    ]


async def test_of_those_whose_time_has_come_the_one_that_waits_longest_goes_first(bench):
    for name, since in (("young", 1_900_000_300), ("old", 1_900_000_000), ("middle", 1_900_000_100)):
        await bench.put_down(name, priority=seniority(since))

    await bench.run()

    assert [payload["name"] for payload in bench.worked] == ["old", "middle", "young"]


async def test_who_is_put_back_keeps_the_place_in_line(bench):
    await bench.put_down("old", priority=seniority(1_900_000_000))
    bench.error = ZeroDivisionError("once")
    await bench.run()
    bench.error = None
    await bench.put_down("young", priority=seniority(1_900_000_100))
    await bench.advance()
    await bench.run()

    assert [payload["name"] for payload in bench.worked] == ["old", "old", "young"]
