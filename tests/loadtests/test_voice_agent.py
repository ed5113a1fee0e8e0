"""A whole scripted call against a fake core, on a clock that moves only when told."""

import json
from dataclasses import replace
from random import Random

import pytest

from loadtests.booking_api import BookingApi, Credentials, TimedOut, Trace, Unreachable, retell_signature
from loadtests.conversation import Prompt, paced
from loadtests.samples import Outcome
from loadtests.timetable import Wish
from loadtests.voice_agent import PHONE, REGULARS, SALON_NUMBER, Caller, VoiceAgent
from tests.loadtests.fake_core import API_KEY, RETELL_API_KEY, SERVICE, TENANT, FakeClock, FakeCore, FakeLine

NOW = 1_800_000_000.0


@pytest.fixture
def core():
    return FakeCore(wall_clock=lambda: NOW)


@pytest.fixture
def line(core):
    return FakeLine(core, FakeClock())


@pytest.fixture
def heard():
    return []


@pytest.fixture
def agent(line, heard):
    return VoiceAgent(
        api=BookingApi(Credentials(TENANT, API_KEY, RETELL_API_KEY), lambda: NOW),
        line=line,
        service=SERVICE,
        prompt=Prompt.V2,
        limit_seconds=20.0,
        clock=line.clock,
        wall_clock=lambda: NOW,
        on_booked=heard.append,
    )


def _caller(number: int = 7) -> Caller:
    return Caller("call-7", number, Wish("2027-01-24", "10:00"), Trace("ab" * 16, Random(1)))


def _hold(agent):
    return agent.hold(_caller(), Random(1))


def test_a_call_books_the_first_slot_offered_and_cancels_it_again(agent, core, heard):
    result = _hold(agent)

    assert (result.outcome, result.reason, result.cancelled) == (Outcome.OK, "", True)
    assert [kind for kind, *_ in core.seen] == ["check_availability", "book_appointment", "cancel"]
    assert core.seen[1][2]["args"]["start"] == "2027-01-24T10:00"
    assert core.bookings == {}
    assert heard == [result.appointment_id]


def test_retells_webhooks_tell_how_long_things_took_and_are_in_no_measured_time(agent, core):
    result = _hold(agent)

    assert [told["event"] for told in core.told] == ["call_started", "call_ended", "call_analyzed"]
    call = core.told[1]["call"]
    last = call["transcript_with_tool_calls"][-1]
    assert (last["role"], last["words"][-1]["end"]) == ("agent", result.measured_seconds + result.modelled_seconds)
    turns = call["latency"]["e2e"]["values"]
    assert len(turns) == len([line for line in call["transcript_object"] if line["role"] == "agent"]) - 1
    assert all(0 < turn < 5000 for turn in turns)
    assert call["metadata"] == {"synthetic": True, "prompt_version": "v2"}
    assert (call["call_status"], "latency" in core.told[0]["call"]) == ("ended", False)


@pytest.mark.parametrize("error", [TimedOut, Unreachable])
def test_a_webhook_that_is_lost_costs_no_journey(agent, line, error):
    line.breaks["webhook"] = error

    assert _hold(agent).outcome is Outcome.OK


def test_measured_time_is_the_two_function_calls_and_not_the_cancelling(agent):
    assert _hold(agent).measured_seconds == pytest.approx(0.2)


def test_modelled_time_is_the_script_of_the_prompt(agent):
    talk = sum(pace.seconds for _, pace in paced(Prompt.V2, Random(1)))

    assert _hold(agent).modelled_seconds == pytest.approx(talk)


def test_in_real_time_the_modelled_talk_is_slept_through(agent):
    slept: list[float] = []

    result = _hold(replace(agent, sleep=slept.append))

    assert sum(slept) == pytest.approx(result.modelled_seconds)


def test_every_request_carries_both_synthetic_marks_and_the_trace(agent, core):
    _hold(agent)

    for _, headers, _ in core.seen:
        assert headers["User-Agent"].startswith("slotwatch-probe/")
        assert headers["baggage"] == "synthetic_request=true"
        assert headers["traceparent"].startswith(f"00-{'ab' * 16}-")
    assert len({headers["traceparent"] for _, headers, _ in core.seen}) == 3


def test_a_function_call_looks_like_one_of_retell(agent, core):
    _hold(agent)

    _, _, body = core.seen[1]
    call = body["call"]
    assert set(body) == {"name", "args", "call"}
    assert call["call_id"] == "call-7"
    assert call["from_number"] == "+493023125007"
    assert call["transcript_with_tool_calls"][-1] == {
        "role": "tool_call_invocation",
        "tool_call_id": "call-7-book_appointment",
        "name": "book_appointment",
    }
    assert call["transcript"].startswith("Agent: Welcome")
    (result,) = (item for item in call["transcript_with_tool_calls"] if item["role"] == "tool_call_result")
    assert result["tool_call_id"] == "call-7-check_availability"
    assert json.loads(result["content"])["say"] == "There is a time."


def test_the_signature_is_the_known_one():
    body = json.dumps({"name": "book_appointment"}).encode()

    signature = retell_signature(body, key="key_demo", at_milliseconds=1_700_000_000_000)

    # printf '%s' '{"name": "book_appointment"}1700000000000' | openssl dgst -sha256 -hmac key_demo
    digest = "50c7ce6a047238c681bd1dbcb30305969c202bdb678b473a137596a1997e674b"
    assert signature == f"v=1700000000000,d={digest}"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, {"status": "refused", "reason": "slot_taken"}), "slot_taken"),
        ((200, {"status": "failed", "reason": "calcom_unavailable"}), "calcom_unavailable"),
        ((200, {"status": "queued"}), "queued"),
        ((200, {"status": "confirmed"}), "no_appointment_id"),
        ((200, {}), "not_json"),
        ((503, {"status": "failed"}), "http_503"),
        ((401, {}), "http_401"),
    ],
)
def test_only_a_confirmed_booking_is_good(agent, core, answer, reason):
    core.overrides["book_appointment"] = answer

    result = _hold(agent)

    assert (result.outcome, result.reason, result.appointment_id) == (Outcome.FAILED, reason, "")


def test_a_booking_that_is_not_confirmed_yet_is_cancelled_all_the_same(agent, core):
    core.bookings["a9"] = "some time"
    core.overrides["book_appointment"] = (200, {"status": "queued", "appointment_id": "a9"})

    result = _hold(agent)

    assert (result.outcome, result.cancelled, core.bookings) == (Outcome.FAILED, True, {})


def test_a_day_without_a_free_time_fails_the_journey_before_it_books(agent, core):
    core.overrides["check_availability"] = (200, {"status": "ok", "slots": ""})

    result = _hold(agent)

    assert result.reason == "no_slot_offered"
    assert [kind for kind, *_ in core.seen] == ["check_availability"]


@pytest.mark.parametrize("error", [TimedOut, Unreachable])
def test_a_core_that_does_not_answer_fails_the_journey(agent, line, error):
    line.breaks["check_availability"] = error

    result = _hold(agent)

    assert (result.outcome, result.reason) == (Outcome.FAILED, error.reason)


def test_a_booking_that_cannot_be_cancelled_is_a_good_journey_that_left_something_behind(agent, line):
    line.breaks["cancel"] = TimedOut

    result = _hold(agent)

    assert (result.outcome, result.cancelled) == (Outcome.OK, False)
    assert result.appointment_id


def test_a_booking_the_core_does_not_know_needs_no_cancelling(agent, core):
    core.overrides["cancel"] = (404, {})

    assert _hold(agent).cancelled


def test_the_server_time_of_a_whole_call_is_limited_not_that_of_each_request(agent, line):
    line.seconds = 15

    result = _hold(agent)

    assert line.timeouts[:2] == [20.0, 5.0]
    assert result.measured_seconds == pytest.approx(20)


def test_a_call_whose_server_time_is_used_up_does_not_even_try_to_book(agent, core, line):
    line.seconds = 20

    result = _hold(agent)

    assert (result.reason, [kind for kind, *_ in core.seen]) == ("timed_out", ["check_availability"])


def test_regulars_ring_again_and_none_has_the_salons_own_number():
    phones = {_caller(number).phone for number in range(2000)}

    assert len(phones) == REGULARS
    assert PHONE.format(SALON_NUMBER) not in phones
