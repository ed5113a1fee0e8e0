"""The benchmark of the dashboards: it asks what Grafana would, of a month that goes on where a slice ended."""

import re

import pytest

from loadtests.benchmarks import dashboards, month
from loadtests.benchmarks.month import Month
from sla import catalogue as c
from sla import objectives

SMALL = Month(days=6, step_seconds=3600, counters=8, histograms=2)


def test_every_variable_of_every_query_is_chosen():
    for targets in dashboards.boards().values():
        for _, target in targets:
            assert "$" not in dashboards.chosen(target["expr"], SMALL, 600)


def test_a_rate_looks_back_for_one_step_and_one_scrape_more():
    expression = "rate(x[$__rate_interval]) + increase(x[$__range])"

    assert dashboards.chosen(expression, SMALL, 600) == "rate(x[4200s]) + increase(x[518400s])"


def test_every_label_value_occurs_until_there_are_children_enough():
    few = Month(days=1, step_seconds=5, counters=99, histograms=99)
    outcomes = [name for name, _ in month.scraped(few) if name.startswith(f"{c.ATTEMPTS.name}{{")]

    assert {value for name in outcomes for value in re.findall(r'outcome="(\w+)"', name)} == set(c.OUTCOME.values)
    assert {value for name in outcomes for value in re.findall(r'reason="(\w+)"', name)} == set(c.REASON.values)


def test_every_recorded_series_is_in_the_month():
    promise = objectives.load()

    assert sorted(month.recorded(promise)) == [5, 60]


@pytest.mark.integration
def test_a_small_month_is_written_in_slices_and_asked_about(tmp_path):
    samples = list(month.write(SMALL, objectives.load(), tmp_path))

    with dashboards.prometheus(tmp_path) as client:
        loads = [dashboards.load(client, board, targets, SMALL) for board, targets in dashboards.boards().items()]
        counted = client.get("/api/v1/query", params={"query": f"resets({c.SYNC_RUNS.name}[6d])", "time": SMALL.end})

        held = dashboards.held(client, SMALL)

    assert len(samples) == 2
    assert held == 6 * 24
    assert {load.board: len(load.asked) for load in loads} == {b: len(t) for b, t in dashboards.boards().items()}
    # Where one slice ends the next goes on: a counter that fell would be a restart.
    assert [found["value"][1] for found in counted.json()["data"]["result"]] == ["0"]
