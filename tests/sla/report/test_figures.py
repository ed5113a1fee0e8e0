"""The report's arithmetic against months that were worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.quantile import quantile
from sla.report import figures, period
from sla.report.exclusions import Exclusion
from sla.report.figures import Share, Step
from tests.sla.report.months import BERLIN

FIVE = timedelta(minutes=5)
OCTOBER = period.month("2026-10", BERLIN)
SUCCESS = "booking_success"


def a_step(start: datetime, events: float = 0, bad: float = 0, *, seen=5.0, valid=5.0, good=5.0, **reasons) -> Step:
    return Step(start, start + FIVE, {SUCCESS: events}, {SUCCESS: bad}, reasons, seen, valid, good)


def kept(steps, *, exclusions=(), target="0.98"):
    return figures.kept(SUCCESS, "Bookings", Decimal(target), steps=steps, period=OCTOBER, exclusions=exclusions)


def test_a_quiet_day_with_one_bad_hour_is_judged_by_its_bookings_and_not_by_its_hours():
    hours = [a_step(OCTOBER.start + timedelta(hours=hour), events=1) for hour in range(23)]
    burst = a_step(OCTOBER.start + timedelta(hours=23), events=100, bad=50)

    # 50 of 123 failed: 59.3 %. The mean of the hours' rates would be 97.9 %, and is a lie.
    assert kept([*hours, burst]).raw.value == pytest.approx(73 / 123)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=60), st.integers(1, 59))
def test_however_events_are_cut_into_steps_the_share_is_that_of_the_events(counts, parts):
    events = [(good, bad) for good, bad in counts]
    single = [event for good, bad in events for event in [False] * good + [True] * bad]
    chunks = [single[index::parts] for index in range(parts)]
    steps = [a_step(OCTOBER.start + index * FIVE, len(chunk), sum(chunk)) for index, chunk in enumerate(chunks)]

    share = kept(steps).raw

    assert share.all == len(single)
    assert share.value == (pytest.approx(1 - sum(single) / len(single)) if single else None)


def test_what_is_in_agreed_maintenance_is_left_out_of_the_adjusted_figure_only():
    at_two = OCTOBER.start + timedelta(hours=2)
    steps = [a_step(OCTOBER.start, events=98, bad=0), a_step(at_two, events=2, bad=2)]
    agreed = Exclusion(start=at_two, end=at_two + FIVE, reason="new database", approved_by="Ada")

    both = kept(steps, exclusions=[agreed])

    assert (both.raw.value, both.adjusted.value) == (0.98, 1.0)


def test_a_step_that_maintenance_touches_is_left_out_whole_and_its_neighbours_stay():
    steps = [a_step(OCTOBER.start + index * FIVE, events=1) for index in range(3)]
    agreed = Exclusion(
        start=OCTOBER.start + timedelta(minutes=7),
        end=OCTOBER.start + timedelta(minutes=10),
        reason="new database",
        approved_by="Ada",
    )

    assert [step.start for step in figures.without(steps, [agreed])] == [steps[0].start, steps[2].start]


def test_the_budget_is_what_the_target_allows_and_each_week_shows_what_it_took():
    first_week, last_week = OCTOBER.start, OCTOBER.end - FIVE
    made = kept([a_step(first_week, events=600, bad=3), a_step(last_week, events=400, bad=9)])

    # 2 % of 1 000 bookings may fail: 20 did not, 12 did.
    assert made.budget_events == pytest.approx(20)
    assert made.budget_used == pytest.approx(0.6)
    assert [(week.name, week.budget_used) for week in made.weeks if week.share.all] == [
        ("2026-W40", pytest.approx(0.15)),
        ("2026-W44", pytest.approx(0.45)),
    ]


def test_nothing_counted_is_nothing_known():
    made = kept([])

    assert made.raw.value is None
    assert made.raw.keeps(made.target) is None
    assert made.budget_used is None


def test_minutes_in_which_nobody_tried_are_in_no_uptime():
    steps = [a_step(OCTOBER.start, valid=5, good=4), a_step(OCTOBER.start + FIVE, valid=0, good=0)]

    assert figures.minutes_of(steps) == Share(5, 1)


def test_coverage_counts_the_minutes_that_were_looked_at_of_all_there_were():
    # October has 31 days and the hour that is given back in its last week.
    minutes = (31 * 24 + 1) * 60

    half = [a_step(OCTOBER.start + index * FIVE) for index in range(minutes // 5 // 2)]

    assert figures.coverage(half, OCTOBER) == pytest.approx(0.5, abs=0.001)
    assert figures.coverage([], OCTOBER) == 0


def test_the_most_frequent_reason_comes_first_and_a_trace_of_extrapolation_is_no_failure():
    steps = [a_step(OCTOBER.start, expired=2.0, slot_lost=0.02), a_step(OCTOBER.start + FIVE, internal_error=5.0)]

    assert figures.reasons(steps) == [("internal_error", 5.0), ("expired", 2.0)]


def test_a_quantile_is_estimated_within_its_bucket_as_prometheus_does():
    buckets = {1.0: 50.0, 2.0: 100.0, inf: 100.0}

    made = figures.latency("answers", buckets, (1.0, 2.0))

    assert (made.p50, made.p95, made.p99) == (1.0, pytest.approx(1.9), pytest.approx(1.98))
    assert made.within == {1.0: 0.5, 2.0: 1.0}


def test_what_lies_beyond_the_last_edge_is_at_least_that_edge():
    assert quantile(0.99, {1.0: 10.0, inf: 100.0}) == 1.0


@pytest.mark.parametrize(("buckets", "count"), [({}, None), ({1.0: 0.0, inf: 0.0}, 0.0)])
def test_without_observations_no_latency_is_made_up_and_what_was_not_recorded_is_not_counted_as_none(buckets, count):
    made = figures.latency("answers", buckets, (1.0,))

    assert (made.count, made.p95, made.within) == (count, None, {})


def test_few_events_give_a_wide_interval_and_many_a_narrow_one():
    few, many = Share(20, 1).interval(), Share(20_000, 1_000).interval()

    assert few == (pytest.approx(0.764, abs=0.001), pytest.approx(0.991, abs=0.001))
    assert many == (pytest.approx(0.947, abs=0.001), pytest.approx(0.953, abs=0.001))


def test_moments_of_one_page_are_one_incident_and_a_pause_makes_two():
    minute, noon = timedelta(minutes=1), datetime(2026, 10, 5, 12, tzinfo=UTC)
    firing = {"BookingServiceDown": [noon, noon + minute, noon + 2 * minute, noon + 9 * minute]}

    found = figures.incidents(firing, minute, delivery=lambda name, start, end: 31.0, runbook=lambda name: f"{name}.md")

    assert [(each.start, each.end) for each in found] == [
        (noon, noon + 2 * minute),
        (noon + 9 * minute, noon + 9 * minute),
    ]
    assert {(each.seconds_to_page, each.runbook) for each in found} == {(31.0, "BookingServiceDown.md")}
