"""The verdict on every kind of run."""

import json
from math import inf

import pytest

from loadtests.samples import Outcome
from loadtests.verdict import Evidence, ExitCode, Finding, judge, judge_each
from tests.loadtests.factories import LIMITS, failed, sample


def _judge(*samples, **evidence):
    return judge(Evidence(samples=samples, **evidence), LIMITS)


def _good(count, **fields):
    return [sample(sequence=n, **fields) for n in range(count)]


@pytest.mark.parametrize(
    ("samples", "finding", "exit_code"),
    [
        pytest.param([], Finding.INCONCLUSIVE, ExitCode.INCONCLUSIVE, id="zero samples are no pass"),
        pytest.param(_good(20), Finding.INCONCLUSIVE, ExitCode.INCONCLUSIVE, id="20 good ones cannot bound P95"),
        pytest.param(_good(58), Finding.INCONCLUSIVE, ExitCode.INCONCLUSIVE, id="58 cannot either"),
        pytest.param(_good(59), Finding.PASS, ExitCode.PASS, id="59 can"),
        pytest.param(_good(66), Finding.PASS, ExitCode.PASS, id="a whole run"),
        pytest.param([failed()] * 66, Finding.FAIL, ExitCode.BUDGET_MISS, id="all 503, however fast"),
        pytest.param([failed("unreachable")] * 66, Finding.FAIL, ExitCode.UNREACHABLE, id="nobody there"),
        pytest.param([failed()] * 5, Finding.FAIL, ExitCode.BUDGET_MISS, id="five of five are no chance"),
        pytest.param([*_good(65), failed("timed_out")], Finding.INCONCLUSIVE, ExitCode.INCONCLUSIVE, id="one timeout"),
        pytest.param([*_good(62), *[failed()] * 4], Finding.FAIL, ExitCode.BUDGET_MISS, id="four of 66 failed"),
        pytest.param(_good(66, modelled_seconds=50), Finding.FAIL, ExitCode.SLA_MISS, id="all too slow"),
        pytest.param(
            [*_good(60), *_good(6, measured_seconds=20)], Finding.FAIL, ExitCode.SLA_MISS, id="P95 over the limit"
        ),
        pytest.param(
            [*_good(65), sample(measured_seconds=20)],
            Finding.INCONCLUSIVE,
            ExitCode.INCONCLUSIVE,
            id="P95 within the limit, its bound is not",
        ),
        pytest.param(_good(20, modelled_seconds=51), Finding.FAIL, ExitCode.SLA_MISS, id="20 slow ones are no chance"),
        pytest.param(
            [*_good(19), sample(modelled_seconds=51)],
            Finding.INCONCLUSIVE,
            ExitCode.INCONCLUSIVE,
            id="one of 20 may be",
        ),
    ],
)
def test_a_run_is_judged(samples, finding, exit_code):
    verdict = _judge(*samples)

    assert (verdict.finding, verdict.exit_code) == (finding, exit_code)


@pytest.mark.parametrize(
    "evidence",
    [
        {"samples": _good(66, lag_seconds=0.06)},
        {"samples": [*_good(66), sample(outcome=Outcome.DROPPED)]},
        {"samples": _good(66), "overloaded": True},
        {"samples": _good(66), "unfinished": True},
    ],
    ids=["late", "dropped", "overloaded", "unfinished"],
)
def test_a_generator_in_trouble_cannot_pass(evidence):
    verdict = judge(Evidence(**evidence), LIMITS)

    assert (verdict.finding, verdict.exit_code) == (Finding.INCONCLUSIVE, ExitCode.INCONCLUSIVE)


def test_our_own_delay_does_not_convict_the_core():
    late = _good(66, lag_seconds=15)

    assert _judge(*late).finding is Finding.INCONCLUSIVE
    assert _judge(*late).p95_seconds == pytest.approx(55.2)


def test_a_slow_core_is_convicted_although_we_were_late_too():
    assert _judge(*_good(66, lag_seconds=0.06, measured_seconds=20)).finding is Finding.FAIL


def test_bookings_left_behind_spoil_a_pass_and_have_a_code_of_their_own():
    verdict = _judge(*_good(66), orphans=2)

    assert (verdict.finding, verdict.exit_code) == (Finding.INCONCLUSIVE, ExitCode.CLEANUP_INCOMPLETE)
    assert "clean-up is incomplete: 2 synthetic bookings could not be cancelled" in verdict.reasons


def test_a_miss_outranks_an_incomplete_clean_up():
    assert _judge(*[failed()] * 66, orphans=2).exit_code is ExitCode.BUDGET_MISS


def test_failures_are_slower_than_anything():
    verdict = _judge(*_good(60), *[failed()] * 6)

    assert (verdict.p95_seconds, verdict.upper_bound_seconds) == (inf, inf)
    assert verdict.reasons == (
        "6 of 66 failed: 6 http_503",
        "P95 infinite (failures) is over the limit of 50 s",
    )


def test_a_dropped_arrival_is_no_sample():
    verdict = _judge(*_good(66), sample(outcome=Outcome.DROPPED))

    assert (verdict.samples, verdict.failed, verdict.dropped) == (66, 0, 1)


def test_p95_counts_from_the_intended_start():
    assert _judge(*_good(66, lag_seconds=0.03)).p95_seconds == pytest.approx(40.23)


def test_measured_and_modelled_time_are_told_apart():
    verdict = _judge(*_good(66, measured_seconds=10, modelled_seconds=30))

    assert (verdict.measured_share, verdict.modelled_share) == (0.25, 0.75)
    assert (verdict.measured_p95_seconds, verdict.p95_seconds) == (10, 40)


def test_a_pass_says_whether_the_goal_was_met():
    assert _judge(*_good(66)).reasons == ("P95 40.20 s, at most 40.20 s: meets the goal of 45 s",)
    assert _judge(*_good(66, modelled_seconds=47)).reasons == ("P95 47.20 s, at most 47.20 s: misses the goal of 45 s",)


def test_the_document_is_lawful_json_even_when_failures_decide():
    document = json.loads(json.dumps(_judge(*[failed()] * 66).document(), allow_nan=False))

    assert (document["verdict"], document["p95_seconds"], document["exit_code"]) == ("fail", "+Inf", 11)
    assert (document["measured_share"], document["threshold_seconds"], document["goal_seconds"]) == (None, 50, 45)


@pytest.mark.parametrize(
    ("samples", "finding", "exit_code"),
    [
        ([], Finding.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        (_good(1), Finding.PASS, ExitCode.PASS),
        ([*_good(30), failed()], Finding.FAIL, ExitCode.BUDGET_MISS),
        ([*_good(30), sample(modelled_seconds=60)], Finding.FAIL, ExitCode.SLA_MISS),
        ([failed("unreachable")], Finding.FAIL, ExitCode.UNREACHABLE),
        (_good(1, lag_seconds=1), Finding.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
    ],
)
def test_a_handful_of_checks_is_good_if_each_of_them_is(samples, finding, exit_code):
    verdict = judge_each(Evidence(samples=samples), LIMITS)

    assert (verdict.finding, verdict.exit_code) == (finding, exit_code)


def test_a_handful_of_checks_claims_nothing_about_p95():
    verdict = judge_each(Evidence(samples=_good(3)), LIMITS)

    assert verdict.upper_bound_seconds is None
    assert verdict.reasons == ("too few samples to bound P95: 3 of 59",)
