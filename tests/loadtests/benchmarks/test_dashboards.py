"""The benchmark of the dashboards: it asks what Grafana would, of a month that goes on where a slice ended."""

import re

import pytest

from loadtests.benchmarks import dashboards, month
from loadtests.benchmarks.month import Month
from sla import catalogue as c
from sla import objectives, sparse

SMALL = Month(days=6, step_seconds=3600, counters=8, histograms=2)


def test_every_variable_of_every_query_is_chosen():
    for board in dashboards.boards():
        for _, target in board.targets:
            switched = dict.fromkeys(board.switches, "")
            assert "$" not in dashboards.chosen(target["expr"], SMALL, 600, switched)


@pytest.mark.parametrize(
    ("step", "switched", "expected"),
    [
        pytest.param(600, {}, "14400s", id="four scrapes"),
        pytest.param(20_000, {}, "23600s", id="one step and one scrape"),
        pytest.param(600, {"step": "5m"}, "1200s", id="four copies"),
        pytest.param(2592, {"step": "5m"}, "2892s", id="one step and one copy"),
    ],
)
def test_a_rate_looks_back_as_far_as_grafana_lets_it(step, switched, expected):
    assert dashboards.chosen("[$__rate_interval]", SMALL, step, switched) == f"[{expected}]"


def test_the_range_on_show_is_the_whole_month():
    assert dashboards.chosen("increase(x[$__range])", SMALL, 600, {}) == "increase(x[518400s])"


def test_every_child_of_what_grows_has_a_copy():
    names = [name for name in month.copied() if name.startswith(f"{c.ATTEMPTS.name}{sparse.ENDING}{{")]

    assert len(names) == len(list(c.ATTEMPTS.children()))


def test_every_label_value_occurs_until_there_are_children_enough():
    few = Month(days=1, step_seconds=5, counters=99, histograms=99)
    outcomes = [name for name, _ in month.scraped(few) if name.startswith(f"{c.ATTEMPTS.name}{{")]

    assert {value for name in outcomes for value in re.findall(r'outcome="(\w+)"', name)} == set(c.OUTCOME.values)
    assert {value for name in outcomes for value in re.findall(r'reason="(\w+)"', name)} == set(c.REASON.values)


def test_all_children_are_there_for_a_limit_of_0():
    names = [name for name, _ in month.scraped(Month(days=1, step_seconds=5, counters=0, histograms=0))]

    assert len([name for name in names if name.startswith(f"{c.ATTEMPTS.name}{{")]) == len(list(c.ATTEMPTS.children()))


def test_every_recorded_series_is_in_the_month():
    promise = objectives.load()

    assert sorted(month.recorded(promise)) == [5, 60]


@pytest.mark.integration
def test_a_small_month_is_written_in_slices_and_asked_about(tmp_path):
    samples = list(month.write(SMALL, objectives.load(), tmp_path))

    with dashboards.prometheus(tmp_path) as client:
        loads = [dashboards.load(client, board, SMALL) for board in dashboards.boards()]
        counted = client.get("/api/v1/query", params={"query": f"resets({c.SYNC_RUNS.name}[6d])", "time": SMALL.end})

        held = dashboards.held(client, SMALL)

    assert len(samples) == 2
    assert held == 6 * 24
    assert [(load.board, len(load.asked)) for load in loads] == [(b.title, len(b.targets)) for b in dashboards.boards()]
    # Six days are more than one: what grows was asked of its copies, which this test's scrapes are too seldom to be.
    rates = [asked for load in loads for asked in load.asked if asked.panel == "Throughput"]
    assert [asked.is_empty for asked in rates] == [False]
    # Where one slice ends the next goes on: a counter that fell would be a restart.
    assert [found["value"][1] for found in counted.json()["data"]["result"]] == ["0"]
