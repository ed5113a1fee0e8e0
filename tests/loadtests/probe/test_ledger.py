"""What a run remembers, and how it ends."""

import pytest

from loadtests.probe.ledger import Ledger, conclude
from loadtests.probe.plan import Wishes, plan
from loadtests.samples import Booked, Cancelled, Mode, Overloaded, Probe
from loadtests.verdict import ExitCode, Finding
from sla import objectives
from tests.loadtests.factories import failed, sample


@pytest.fixture
def told():
    return []


@pytest.fixture
def ledger(told):
    return Ledger(told.append)


def _conclude(ledger, mode=Mode.VERDICT, *, aborted=False):
    promise = objectives.load()
    return conclude(ledger, plan(mode, promise, Wishes()), promise, aborted=aborted)


def test_everything_is_passed_on_as_it_happens(ledger, told):
    ledger.booked("a1")
    ledger.finished(sample(appointment_id="a1"))
    ledger.cancelled("a2")
    ledger.generator_overloaded(7.0)

    assert told == [Booked("a1"), sample(appointment_id="a1"), Cancelled("a2"), Overloaded(7.0)]


def test_a_cancelled_booking_is_no_leftover(ledger):
    ledger.booked("a1")
    ledger.booked("a2")
    ledger.booked("a3")

    ledger.finished(sample(appointment_id="a1", cancelled=True))
    ledger.finished(sample(appointment_id="a2", cancelled=False))
    ledger.cancelled("a3")

    assert ledger.leftovers == {"a2"}


def test_a_run_of_good_journeys_passes(ledger):
    for _ in range(66):
        ledger.finished(sample())

    conclusion = _conclude(ledger)

    assert (conclusion.verdict.finding, conclusion.exit_code) == (Finding.PASS, ExitCode.PASS)


def test_a_run_that_was_aborted_ends_with_16_whatever_it_saw(ledger):
    for _ in range(66):
        ledger.finished(sample())

    conclusion = _conclude(ledger, aborted=True)

    assert (conclusion.verdict.finding, conclusion.exit_code) == (Finding.INCONCLUSIVE, ExitCode.ABORTED)


def test_a_run_without_any_sample_is_inconclusive(ledger):
    assert _conclude(ledger).exit_code is ExitCode.INCONCLUSIVE


def test_bookings_that_nobody_cancelled_spoil_the_run(ledger):
    for _ in range(66):
        ledger.finished(sample())
    ledger.booked("a1")

    assert _conclude(ledger).exit_code is ExitCode.CLEANUP_INCOMPLETE


def test_an_overloaded_generator_spoils_the_run(ledger):
    for _ in range(66):
        ledger.finished(sample())
    ledger.generator_overloaded(7.0)

    assert _conclude(ledger).verdict.finding is Finding.INCONCLUSIVE


def test_one_journey_by_hand_is_good_if_it_was_good(ledger):
    ledger.finished(sample(mode=Mode.FULL))

    assert _conclude(ledger, Mode.FULL).exit_code is ExitCode.PASS


def test_light_checks_are_held_against_the_promise_on_one_answer(ledger):
    ledger.finished(sample(probe=Probe.LIGHT, mode=Mode.LIGHT, measured_seconds=2.5, modelled_seconds=0))

    assert _conclude(ledger, Mode.LIGHT).exit_code is ExitCode.SLA_MISS


def test_a_watch_is_judged_by_its_journeys_alone(ledger):
    for _ in range(66):
        ledger.finished(failed(probe=Probe.LIGHT, mode=Mode.WATCH))
        ledger.finished(sample(mode=Mode.WATCH))

    assert _conclude(ledger, Mode.WATCH).verdict.samples == 66
    assert _conclude(ledger, Mode.WATCH).exit_code is ExitCode.PASS
