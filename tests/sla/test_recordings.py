import promql_parser
import pytest

from sla import objectives, recordings, series

PROMISE = objectives.load()
EVERY = series.recorded(PROMISE)


@pytest.mark.parametrize("recording", EVERY, ids=lambda recording: f"{recording.name}{dict(recording.labels) or ''}")
def test_every_recording_parses_and_is_named_level_metric_operations(recording):
    promql_parser.parse(recording.expression)
    assert recording.name.count(":") == 2


def test_no_series_is_recorded_twice():
    identities = [(recording.name, recording.labels) for recording in EVERY]
    assert len(identities) == len(set(identities))


def test_both_severities_have_their_window_recorded():
    alerts = PROMISE.alerts.success_rate

    names = {recording.name for recording in recordings.fast(PROMISE)}

    for window in (alerts.critical.window, alerts.warning.window):
        assert {recordings.failures(window).name, recordings.attempts(window).name} <= names


def test_one_window_for_both_severities_is_recorded_once():
    alerts = PROMISE.alerts.success_rate
    same = alerts.critical.model_copy(update={"window": alerts.warning.window})
    rates = alerts.model_copy(update={"critical": same})
    promise = PROMISE.model_copy(update={"alerts": PROMISE.alerts.model_copy(update={"success_rate": rates})})

    assert len([r for r in recordings.fast(promise) if "failures" in r.name or "attempts" in r.name]) == 3


def test_only_real_attempts_that_count_are_in_the_ratio():
    window = PROMISE.alerts.success_rate.critical.window

    assert 'outcome!="refused",traffic="real"' in recordings.attempts(window).expression
    assert 'outcome="failed",traffic="real"' in recordings.failures(window).expression


def test_targets_and_limits_are_series_that_panels_can_draw():
    lines = {(r.name, dict(r.labels).get("slo")): r.expression for r in series.recorded(PROMISE)}

    assert lines["slo:objective:ratio", "booking_success"] == "vector(0.98)"
    assert lines["slo:threshold:seconds", "journey_latency"] == "vector(50)"
