from io import StringIO

import pytest
from rich.console import Console

from stack.screen import Screen, verdict_lines
from stack.startup import Health, Status

VERDICT = {
    "verdict": "pass",
    "p95_seconds": 42.23,
    "upper_bound_seconds": 43.2,
    "measured_p95_seconds": 0.111,
    "measured_share": 0.0016,
    "modelled_share": 0.9984,
    "samples": 66,
    "failed": 0,
    "threshold_seconds": 50.0,
    "goal_seconds": 45.0,
    "confidence": 0.95,
    "reasons": ["P95 42.23 s, at most 43.20 s; meets the goal of 45 s"],
}


def test_a_verdict_tells_p95_promise_samples_and_what_was_measured():
    assert verdict_lines(VERDICT) == [
        "PASS: P95 of the booking journey is 42.2 s (promise: under 50 s, goal 45 s)",
        "at most 43.2 s with 95 % confidence, from 66 samples, 0 failed",
        "of that time 0.16 % was measured on the server (P95 0.111 s), 99.8 % is modelled talk",
        "- P95 42.23 s, at most 43.20 s; meets the goal of 45 s",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(None, "is unknown"), ("+Inf", "is +Inf s")])
def test_a_verdict_without_a_number_is_still_told(seconds, words):
    assert words in verdict_lines(VERDICT | {"p95_seconds": seconds, "measured_share": None})[0]


def plain(*shows: list[Status]) -> list[str]:
    output = StringIO()
    with Screen(Console(file=output, width=20)) as screen:
        for statuses in shows:
            screen.show(statuses)
    return output.getvalue().splitlines()


def test_without_a_terminal_each_change_is_one_line_however_narrow():
    starting = Status("core", Health.STARTING, "http://127.0.0.1:8000")
    ready = Status("core", Health.READY, "http://127.0.0.1:8000", pid=7, seconds=1.24)

    assert plain([starting], [ready], [ready]) == ["core         ready after 1.2 s  http://127.0.0.1:8000"]


def test_a_process_that_stops_answering_is_told_again():
    ready = Status("core", Health.READY, "x", seconds=1)
    deaf = Status("core", Health.UNHEALTHY, "x")

    assert plain([ready], [deaf], [ready])[1:] == ["core         not answering  x", "core         ready after 1.0 s  x"]


def test_on_a_terminal_there_is_a_table_with_health_and_addresses():
    output = StringIO()
    with Screen(Console(file=output, force_terminal=True, width=100)) as screen:
        screen.show([Status("core", Health.READY, "http://127.0.0.1:8000", pid=7)])
        screen.verdict(VERDICT)
        screen.show([Status("core", Health.READY, "http://127.0.0.1:8000", pid=7)])

    assert "http://127.0.0.1:8000" in output.getvalue()
    assert "first probe verdict" in output.getvalue()
