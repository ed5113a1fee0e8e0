from alerts import recording, time_to_page
from alerts.alert import Severity


def test_every_page_of_a_total_failure_arrives_in_time(alerts, promise):
    slowest = {
        alert.name: time_to_page.worst_case_seconds(alert, promise)
        for alert in alerts
        if alert.severity is Severity.CRITICAL and alert.evidence_seconds is not None
    }

    assert slowest == {
        "BookingSuccessRateLow": 41,
        "BookingProbeFailing": 40,
        "BookingServiceDown": 31,
        "BookingApiLatencyHigh": 46,
        "CircuitBreakerOpen": 51,
        "DatabaseConnectionErrors": 26,
    }
    assert max(slowest.values()) < promise.time_to_page.seconds


def test_only_what_takes_minutes_by_nature_promises_no_time(alerts):
    unpromised = {
        alert.name for alert in alerts if alert.severity is Severity.CRITICAL and alert.evidence_seconds is None
    }

    assert unpromised == {"BookingErrorBudgetBurn", "CircuitBreakerFlapping"}


def test_waiting_longer_than_promised_is_refused_with_the_stages_named(alerts, edited):
    patient = edited(down=("service_down: {for: 10s}", "service_down: {for: 1m}"))

    problems = list(time_to_page.problems(recording.alerts(patient), patient))

    assert problems == [
        "BookingServiceDown pages after 81 s in the worst case (scrape_timeout 4, scrape_interval 5, "
        "fast_evaluation_interval 5, for 60, group_wait 5, send 2), which is not under time_to_page 60s; "
        "shorten one of these in sla/sla.yaml"
    ]


def test_a_warning_may_take_its_time(alerts, edited):
    slow = edited(page=("time_to_page: 60s", "time_to_page: 52s"))

    assert list(time_to_page.problems(alerts, slow)) == []


def test_for_counts_up_to_the_next_evaluation(edited):

    promise = edited(down=("service_down: {for: 10s}", "service_down: {for: 11s}"))
    down = next(alert for alert in recording.alerts(promise) if alert.name == "BookingServiceDown")

    assert time_to_page.stages(down, promise)["for"] == 15
