"""What one arrival does, and the sample it leaves."""

from datetime import date

import pytest

from loadtests.booking_api import BookingApi, Credentials, TimedOut
from loadtests.conversation import Prompt
from loadtests.probe.callers import Callers
from loadtests.probe.plan import Arrival
from loadtests.samples import Mode, Outcome, Probe
from loadtests.timetable import Timetable
from loadtests.voice_agent import VoiceAgent
from tests.loadtests.fake_core import API_KEY, RETELL_API_KEY, SERVICE, TENANT, FakeClock, FakeCore, FakeLine

NOW = 1_800_000_000.0


@pytest.fixture
def core():
    return FakeCore(wall_clock=lambda: NOW)


@pytest.fixture
def line(core):
    return FakeLine(core, FakeClock(100.0))


@pytest.fixture
def callers(line):
    agent = VoiceAgent(
        api=BookingApi(Credentials(TENANT, API_KEY, RETELL_API_KEY), lambda: NOW),
        line=line,
        service=SERVICE,
        prompt=Prompt.V2,
        limit_seconds=20.0,
        clock=line.clock,
        wall_clock=lambda: NOW,
    )
    return Callers(
        mode=Mode.WATCH,
        run="run",
        seed=1,
        agent=agent,
        timetable=Timetable("run", date(2026, 11, 22)),
        light_timeout_seconds=4.0,
        clock=line.clock,
        wall_clock=lambda: NOW,
    )


def test_a_light_check_asks_for_times_and_books_nothing(callers, core, line):
    sample = callers.serve(Arrival(99.5, Probe.LIGHT, 3))

    assert [kind for kind, *_ in core.seen] == ["availability"]
    assert (sample.probe, sample.mode, sample.outcome, sample.sequence) == (Probe.LIGHT, Mode.WATCH, Outcome.OK, 3)
    assert (sample.at, sample.lag_seconds, sample.modelled_seconds) == (NOW, 0.5, 0)
    assert sample.measured_seconds == pytest.approx(0.1)
    assert sample.response_seconds == pytest.approx(0.6)
    assert line.timeouts == [4.0]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [((503, {}), "http_503"), ((200, {"slots": []}), "no_slot_offered"), ((200, {}), "no_slot_offered")],
)
def test_a_light_check_fails_without_a_time_to_offer(callers, core, answer, reason):
    core.overrides["availability"] = answer

    sample = callers.serve(Arrival(100, Probe.LIGHT, 0))

    assert (sample.outcome, sample.reason) == (Outcome.FAILED, reason)


def test_a_light_check_that_times_out_counts_its_whole_time(callers, line):
    line.seconds = 9
    line.breaks["availability"] = TimedOut

    sample = callers.serve(Arrival(100, Probe.LIGHT, 0))

    assert (sample.outcome, sample.reason) == (Outcome.FAILED, "timed_out")
    assert sample.measured_seconds == pytest.approx(4)


def test_a_full_journey_carries_the_whole_result(callers, core):
    sample = callers.serve(Arrival(100, Probe.FULL, 5))

    assert (sample.outcome, sample.cancelled, sample.appointment_id != "") == (Outcome.OK, True, True)
    assert sample.modelled_seconds > 30
    assert core.seen[0][2]["call"]["call_id"] == "probe-run-5"
    assert f"00-{sample.trace_id}-" in core.seen[0][1]["traceparent"]


def test_the_same_seed_talks_the_same_in_any_order(callers):
    forwards = {n: callers.serve(Arrival(100, Probe.FULL, n)).modelled_seconds for n in (1, 2)}
    backwards = {n: callers.serve(Arrival(100, Probe.FULL, n)).modelled_seconds for n in (2, 1)}

    assert forwards == backwards
    assert forwards[1] != forwards[2]


def test_no_two_arrivals_share_a_trace(callers):
    arrivals = [Arrival(100, probe, n) for probe in Probe for n in range(3)]

    assert len({callers.serve(arrival).trace_id for arrival in arrivals}) == len(arrivals)


def test_a_leftover_is_cancelled(callers, core):
    core.bookings["a1"] = "some time"

    assert callers.cancel("a1")
    assert core.bookings == {}


def test_a_dropped_arrival_says_so(callers, core):
    sample = callers.dropped(Arrival(100, Probe.FULL, 5))

    assert (sample.outcome, sample.reason, core.seen) == (Outcome.DROPPED, "no_room", [])
