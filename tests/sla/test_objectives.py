from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla import objectives
from sla.objectives import SlaError
from sla.quantities import UNIT_SECONDS, Duration

TEXT = resources.files("sla").joinpath("sla.yaml").read_text("utf-8")


def edited(old, new):
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_the_committed_promise_is_what_the_contract_says():
    promise = objectives.load()

    assert promise.objectives.booking_success.target == Decimal("0.98")
    assert promise.objectives.booking_success.budget == Decimal("0.02")
    assert promise.objectives.journey_latency.threshold_seconds == 50
    assert promise.objectives.api_latency.threshold_seconds == 2
    assert promise.time_to_page.seconds == 60
    assert promise.alerts.success_rate.critical.ratio == Decimal("0.10")
    assert promise.alerts.success_rate.warning.ratio == Decimal("0.05")


def test_the_promise_cannot_be_changed_once_read():
    with pytest.raises(ValueError, match="frozen"):
        objectives.load().service = "other"  # type: ignore[misc]


def test_a_promise_can_be_read_from_another_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(edited("team: booking", "team: night"))

    assert objectives.load(path).team == "night"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SlaError, match=r"cannot read .*absent\.yaml: No such file or directory"):
        objectives.load(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            '"18:00"',
            "18:00",
            'team_hours.end: 1080 is no time of day; write it in quotation marks, such as "08:00"',
            id="a time that YAML takes for a number",
        ),
        pytest.param(
            '"18:00"',
            '"07:00"',
            "team_hours: they end at 07:00, before they begin at 08:00; they may not span midnight",
            id="hours over midnight",
        ),
        pytest.param("thursday, friday", "thursday, fridag", "team_hours.days.4: ", id="no day of the week"),
        pytest.param(
            "days: [monday, tuesday, wednesday, thursday, friday]", "days: []", "team_hours.days: ", id="no day at all"
        ),
        pytest.param(
            "scrape_timeout: 4s",
            "scrape_timout: 4s",
            "timers.scrape_timout: unknown key (did you mean 'scrape_timeout'?)",
            id="a misspelt key names the nearest",
        ),
        pytest.param(
            "team: booking\n",
            "team: booking\nzzz: 1\n",
            "zzz: unknown key (known here: service, team,",
            id="a key like none names all",
        ),
        pytest.param("time_to_page: 60s\n", "", "time_to_page: missing; add it", id="a missing key"),
        pytest.param("target: 0.98", "target: 98", "objectives.booking_success.target: 98 is out of range", id="98 %"),
        pytest.param("target: 0.98", "target: 1.0", "it must be less than 1", id="a promise without any budget"),
        pytest.param("target: 0.98", "target: almost", "'almost' is not a number", id="no number"),
        pytest.param("target: 0.98", "target: .nan", "nan is not a number", id="not a number by name"),
        pytest.param("target: 0.98", "target: [1]", "[1] is not a number", id="a list"),
        pytest.param("target: 0.98", "target: true", "True is not a number", id="a truth value"),
        pytest.param(
            "time_to_page: 60s",
            "time_to_page: 60",
            "time_to_page: 60 is not a duration; write a whole number and a unit, such as 30s, 5m or 30d",
            id="a duration without unit",
        ),
        pytest.param(
            "window: 1m, count: 4",
            "window: 1m, count: 0",
            "count: 0 is out of range; it must be at least 1",
            id="no failure",
        ),
        pytest.param(
            "window: 1m, count: 4", "window: 1m, count: 4.5", "alerts.success_rate.critical.count:", id="half a failure"
        ),
        pytest.param(
            "threshold_seconds: 50",
            "threshold_seconds: 52",
            "objectives.journey_latency.threshold_seconds: 52 is not a bucket edge of booking_probe_duration_seconds; "
            "choose one of 5, 10,",
            id="a threshold between two edges",
        ),
        pytest.param(
            "goal_seconds: 1.5", "goal_seconds: 1.4", "1.4 is not a bucket edge", id="a goal between two edges"
        ),
        pytest.param(
            "calcom_latency: {over: 5,",
            "calcom_latency: {over: 6,",
            "alerts.calcom_latency.over: 6 is not",
            id="no edge",
        ),
        pytest.param(
            "scrape_timeout: 4s",
            "scrape_timeout: 6s",
            "timers.scrape_timeout: 6s is longer than scrape_interval 5s",
            id="a timeout longer than its interval",
        ),
        pytest.param(
            "ratio: 0.10, window: 1m",
            "ratio: 0.10, window: 15s",
            "alerts.success_rate.critical.window: 15s holds fewer than four scrapes of 5s; choose at least 20s",
            id="a window of too few scrapes",
        ),
        pytest.param(
            "ratio: 0.05, window: 5m, count: 5, for: 1m",
            "ratio: 0.2, window: 5m, count: 5, for: 1m",
            "alerts.success_rate.warning.ratio: 0.2 is not below the critical 0.1",
            id="a warning that comes last",
        ),
        pytest.param(
            "goal_seconds: 45",
            "goal_seconds: 60",
            "objectives.journey_latency.goal_seconds: 60 is easier than the promise of 50; choose at most that",
            id="a goal beyond the promise",
        ),
        pytest.param(
            "noted_below: 0.5",
            "noted_below: 0.05",
            "alerts.error_budget_left.scarce_below: 0.1 is not below noted_below 0.05; choose a smaller one",
            id="scarce before it is noted",
        ),
        pytest.param(
            "deadman_silence: 3m",
            "deadman_silence: 2m",
            "timers.deadman_silence: 2m would page after one lost repetition of the Watchdog; choose at least 180s",
            id="an impatient dead-man",
        ),
        pytest.param(
            "sparse_beyond: 1d",
            "sparse_beyond: 15m",
            "timers.sparse_beyond: 15m holds fewer than four copies, one in 5m, and Grafana draws rates over four; "
            "choose at least 1200s",
            id="copies too few to be drawn",
        ),
    ],
)
def test_a_wrong_line_is_refused_with_its_key_and_the_remedy(old, new, sentence):
    with pytest.raises(SlaError) as refused:
        objectives.parse(edited(old, new))

    assert sentence in str(refused.value)


def test_every_wrong_line_is_named_at_once():
    text = edited("target: 0.98", "target: 98").replace("window: 1m, count: 4", "window: 1m, count: 0")

    with pytest.raises(SlaError) as refused:
        objectives.parse(text)

    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["", "- a list", "{unfinished"])
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(SlaError, match=r"sla\.yaml (is not YAML|must be a mapping)"):
        objectives.parse(text)


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNIT_SECONDS)))
def test_a_duration_keeps_how_it_was_written(number, unit):
    duration = Duration.parse(f"{number}{unit}")

    assert str(duration) == f"{number}{unit}"
    assert duration.seconds == number * UNIT_SECONDS[unit]


@pytest.mark.parametrize("text", ["5", "m", "1.5m", "-5m", "5 m", "5w", "1h30m", ""])
def test_what_promql_could_not_read_as_one_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        Duration.parse(text)


def test_durations_compare_by_length_and_not_by_spelling():
    assert Duration.parse("90s") > Duration.parse("1m")
