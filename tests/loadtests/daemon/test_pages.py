"""What the daemon shows to whoever asks."""

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from loadtests.daemon.instruments import Instruments
from loadtests.daemon.pages import pages
from loadtests.daemon.scoreboard import Scoreboard
from sla import catalogue
from sla.catalogue import Home
from tests.loadtests.factories import LIMITS, failed, sample


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def board(registry):
    return Scoreboard(Instruments(registry), LIMITS, window_seconds=3600, clock=lambda: 1000.0)


@pytest.fixture
async def visitor(board, registry):
    app = pages(board, registry, previous={"verdict": "fail"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://probe") as client:
        yield client


async def test_before_the_first_verdict_there_is_none_but_the_last_daemons_is_shown(visitor):
    answer = await visitor.get("/verdict")

    assert answer.status_code == 503
    assert answer.json()["previous"] == {"verdict": "fail"}


async def test_the_verdict_is_shown_with_everything_behind_it(visitor, board):
    for _ in range(66):
        board.record(sample())
    board.conclude(is_unfinished=False)

    answer = await visitor.get("/verdict")

    told = answer.json()
    assert answer.status_code == 200
    assert (told["verdict"], told["samples"], told["at"]) == ("pass", 66, 1000.0)
    assert (told["threshold_seconds"], told["goal_seconds"]) == (50, 45)
    assert told["measured_share"] + told["modelled_share"] == pytest.approx(1)


async def test_a_verdict_made_of_failures_is_lawful_json_too(visitor, board):
    for _ in range(66):
        board.record(failed())
    board.conclude(is_unfinished=False)

    assert (await visitor.get("/verdict")).json()["p95_seconds"] == "+Inf"


async def test_every_metric_of_the_probe_is_served_and_no_other(visitor):
    answer = await visitor.get("/metrics")

    families = {family.name for family in text_string_to_metric_families(answer.text)}
    # The client adds these until the process's entry point switches them off.
    served = {name for name in families if not name.endswith("_created")}
    assert served == {metric.name.removesuffix("_total") for metric in catalogue.of(Home.PROBE)}
    assert answer.headers["content-type"].startswith("text/plain")


async def test_prometheus_is_given_the_format_it_asks_for(visitor):
    answer = await visitor.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_it_says_that_it_lives(visitor):
    assert (await visitor.get("/livez")).json()["status"] == "live"
