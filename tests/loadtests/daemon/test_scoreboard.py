"""From samples to metrics and the rolling verdict."""

from math import inf, isnan

import pytest
from prometheus_client import CollectorRegistry

from loadtests.daemon.instruments import Instruments
from loadtests.daemon.scoreboard import Scoreboard
from loadtests.samples import Mode, Outcome, Probe
from loadtests.verdict import Finding
from sla import catalogue
from sla.catalogue import Home, Kind
from tests.loadtests.factories import LIMITS, failed, sample
from tests.loadtests.fake_core import FakeClock

HOUR = 3600.0


@pytest.fixture
def clock():
    return FakeClock(10_000.0)


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def board(registry, clock):
    return Scoreboard(Instruments(registry), LIMITS, window_seconds=HOUR, clock=clock)


@pytest.fixture
def value(registry):
    return lambda metric, suffix="", **labels: registry.get_sample_value(metric.name + suffix, labels)


def _watched(make=sample, **fields):
    return make(mode=Mode.WATCH, **fields)


def _light(make=sample, **fields):
    return make(mode=Mode.WATCH, probe=Probe.LIGHT, **fields)


def _verdict_run(board, clock, count=66, make=sample):
    for _ in range(count):
        board.record(make(at=clock.now))
    return board.conclude(is_unfinished=False)


def test_every_series_is_there_before_anything_happened(registry):
    Instruments(registry)

    for metric in catalogue.of(Home.PROBE):
        suffix = "_count" if metric.kind is Kind.HISTOGRAM else ""
        for labels in metric.children() if metric.labels else [{}]:
            assert registry.get_sample_value(metric.name + suffix, labels) is not None


def test_nothing_measured_yet_does_not_read_as_zero_seconds(board, value):
    assert isnan(value(catalogue.PROBE_P95))
    assert isnan(value(catalogue.PROBE_UPPER_BOUND))
    assert board.last is None


def test_samples_are_counted_by_kind_and_result(board, value):
    board.record(_light())
    board.record(_light(failed))
    board.record(_watched(at=1234.5))

    total = catalogue.PROBE_CHECKS
    assert value(total, probe="light", result="ok") == 1
    assert value(total, probe="light", result="failed") == 1
    assert value(total, probe="full", result="ok") == 1
    assert value(catalogue.PROBE_LAST_RUN, probe="full") == 1234.5


def test_failures_in_a_row_are_counted_until_the_next_good_check(board, value):
    streak = catalogue.PROBE_CONSECUTIVE_FAILURES

    for _ in range(3):
        board.record(_light(failed))
    assert (value(streak, probe="light"), value(streak, probe="full")) == (3, 0)

    board.record(_light())
    assert value(streak, probe="light") == 0


def test_failures_of_a_burst_are_not_failures_in_a_row(board, clock, value):
    _verdict_run(board, clock, make=failed)

    assert value(catalogue.PROBE_CONSECUTIVE_FAILURES, probe="full") == 0


def test_the_death_of_the_watching_child_is_a_failed_light_check(board, value):
    board.watch_died()

    assert value(catalogue.PROBE_CONSECUTIVE_FAILURES, probe="light") == 1
    assert value(catalogue.PROBE_CHECKS, probe="light", result="failed") == 1
    assert value(catalogue.PROBE_LAST_RUN, probe="light") == 10_000


def test_a_journey_is_observed_with_its_time_from_the_intended_start(board, value):
    board.record(sample(lag_seconds=4.9))

    assert value(catalogue.PROBE_DURATION, "_bucket", le="45.0") == 0
    assert value(catalogue.PROBE_DURATION, "_bucket", le="50.0") == 1
    assert value(catalogue.PROBE_DURATION, "_sum") == pytest.approx(45.1)


def test_a_failed_journey_is_slower_than_every_bucket(board, value):
    board.record(failed())

    assert value(catalogue.PROBE_DURATION, "_bucket", le="150.0") == 0
    assert value(catalogue.PROBE_DURATION, "_count") == 1
    assert value(catalogue.PROBE_DURATION, "_sum") == inf


def test_light_checks_are_no_journeys(board, value):
    board.record(_light())

    assert value(catalogue.PROBE_DURATION, "_count") == 0


def test_a_dropped_arrival_is_neither_good_nor_bad(board, value):
    board.record(_watched(outcome=Outcome.DROPPED))

    assert value(catalogue.PROBE_CHECKS, probe="full", result="failed") == 0
    assert value(catalogue.PROBE_CONSECUTIVE_FAILURES, probe="full") == 0


def test_a_verdict_run_gives_a_verdict_and_publishes_it(board, clock, value):
    judged = _verdict_run(board, clock)

    assert (judged.verdict.finding, judged.at) == (Finding.PASS, 10_000)
    assert value(catalogue.PROBE_RUNS, verdict="pass") == 1
    assert value(catalogue.PROBE_P95) == pytest.approx(40.2)
    assert value(catalogue.PROBE_UPPER_BOUND) == pytest.approx(40.2)
    assert value(catalogue.PROBE_SAMPLES) == 66
    assert value(catalogue.PROBE_SCHEDULE_LAG) == 0


def test_one_watched_journey_is_not_the_first_verdict(board, clock):
    assert not board.record(_watched(at=clock.now))
    assert board.last is None


def test_every_watched_journey_moves_the_verdict_but_counts_as_no_run(board, clock, value):
    _verdict_run(board, clock)

    assert board.record(_watched(at=clock.now))
    assert board.last.verdict.samples == 67
    assert value(catalogue.PROBE_RUNS, verdict="pass") == 1


def test_a_light_check_moves_no_verdict(board, clock):
    _verdict_run(board, clock)

    assert not board.record(_light(failed))


def test_a_broken_system_turns_the_verdict_within_minutes(board, clock):
    _verdict_run(board, clock)
    findings = []

    for _ in range(6):
        clock.advance(60)
        board.record(_watched(failed, at=clock.now))
        findings.append(board.last.verdict.finding)

    assert findings[0] is Finding.INCONCLUSIVE
    assert findings.index(Finding.FAIL) <= 4
    assert findings[-1] is Finding.FAIL


def test_what_is_older_than_the_window_is_forgotten(board, clock):
    _verdict_run(board, clock, make=failed)
    clock.advance(HOUR + 1)

    judged = _verdict_run(board, clock)

    assert (judged.verdict.finding, judged.verdict.samples) == (Finding.PASS, 66)


def test_no_sample_at_all_is_inconclusive(board, value):
    judged = board.conclude(is_unfinished=True)

    assert judged.verdict.finding is Finding.INCONCLUSIVE
    assert value(catalogue.PROBE_RUNS, verdict="inconclusive") == 1
    assert isnan(value(catalogue.PROBE_P95))


def test_a_run_cut_short_taints_the_verdict_until_the_next_whole_one(board, clock):
    for _ in range(66):
        board.record(sample(at=clock.now))
    board.conclude(is_unfinished=True)
    board.record(_watched(at=clock.now))
    assert board.last.verdict.finding is Finding.INCONCLUSIVE

    assert _verdict_run(board, clock).verdict.finding is Finding.PASS


def test_an_overloaded_generator_taints_the_verdict_for_the_window(board, clock):
    board.overloaded(clock.now)
    assert _verdict_run(board, clock).verdict.finding is Finding.INCONCLUSIVE

    clock.advance(HOUR + 1)
    assert _verdict_run(board, clock).verdict.finding is Finding.PASS


def test_orphans_are_published_and_spoil_a_pass(board, clock, value):
    board.orphans(2)

    assert value(catalogue.PROBE_ORPHANS) == 2
    assert _verdict_run(board, clock).verdict.finding is Finding.INCONCLUSIVE


def test_infinite_percentiles_are_published_as_such(board, clock, value):
    _verdict_run(board, clock, make=failed)

    assert value(catalogue.PROBE_P95) == inf
    assert board.last.document()["p95_seconds"] == "+Inf"
