"""Months and weeks as people in one place cut them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from sla.report import period
from sla.report.period import PeriodError
from tests.sla.report.months import BERLIN


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("2026-02", 28 * 24),
        ("2028-02", 29 * 24),
        ("2026-03", 31 * 24 - 1),  # clocks go forward
        ("2026-10", 31 * 24 + 1),  # and back
        ("2026-12", 31 * 24),
    ],
)
def test_a_month_is_as_long_as_it_is_on_the_clock(name, hours):
    assert period.month(name, BERLIN).seconds == hours * 3600


def test_months_touch_and_neither_overlap_nor_leave_a_gap():
    assert period.month("2026-12", BERLIN).end == period.month("2027-01", BERLIN).start


@pytest.mark.parametrize("name", ["2026-02", "2026-10", "2026-12", "2027-01"])
def test_weeks_cover_a_month_without_gap_or_overlap_and_begin_on_mondays(name):
    month = period.month(name, BERLIN)
    weeks = list(month.weeks())

    assert (weeks[0].start, weeks[-1].end) == (month.start, month.end)
    assert all(left.end == right.start for left, right in pairwise(weeks))
    assert all(week.start.astimezone(BERLIN).weekday() == 0 for week in weeks[1:])


def test_a_week_belongs_to_the_year_that_the_calendar_says():
    assert next(period.month("2027-01", BERLIN).weeks()).name == "2026-W53"


def test_the_months_before_go_back_over_the_year():
    before = period.months_before(period.month("2026-02", BERLIN), 3)

    assert [month.name for month in before] == ["2025-11", "2025-12", "2026-01"]


def test_moments_without_an_offset_are_local():
    made = period.between("2026-10-01", "2026-10-01T01:30", BERLIN)

    assert made.start == period.month("2026-10", BERLIN).start
    assert made.end - made.start == timedelta(minutes=90)


@pytest.mark.parametrize("text", ["October", "2026-13", "2026-1", "26-10"])
def test_what_is_no_month_is_refused_with_an_example(text):
    with pytest.raises(PeriodError, match=r"write one like 2026-10"):
        period.month(text, BERLIN)


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(PeriodError, match="exchange them"):
        period.between("2026-10-02", "2026-10-01", BERLIN)


def test_what_is_no_moment_is_refused_with_an_example():
    with pytest.raises(PeriodError, match="2026-10-01T08:30"):
        period.between("yesterday", "2026-10-01", BERLIN)
