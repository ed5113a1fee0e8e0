import pytest

from booking_core.settings import Settings
from sla import objectives
from stack.demo import Story
from stack.errors import Failed
from tests.stack.fakes import FakeChain, FakeClock


def tell(**chain_facts):
    """Play the story on a fake chain; return what was told and the chain, or raise."""
    clock = FakeClock()
    chain = FakeChain(clock, **chain_facts)
    told: list[str] = []
    story = Story(
        chain,
        objectives.load(),
        tell=told.append,
        show_verdict=lambda verdict: told.append(f"verdict {verdict['verdict']}"),
        pause=clock.pause,
        wall_clock=clock.now,
        monotonic=clock.monotonic,
    )
    try:
        story.play()
    except Failed as failed:
        return told, chain, str(failed)
    return told, chain, None


def test_the_story_books_pages_and_recovers_within_five_minutes():
    told, chain, failed = tell()

    assert failed is None
    assert [line[:2] for line in told if line[0].isdigit()] == ["1.", "2.", "3.", "4.", "5.", "6.", "7."]
    assert "PAGE after 25 s (promise: under 60s): BookingProbeFailing" in " ".join(told)
    assert "RESOLVED: BookingProbeFailing, 90 s after Cal.com came back" in " ".join(told)
    assert chain.clock.seconds < 300


def test_what_stays_open_on_purpose_is_named():
    told, _, _ = tell(page_after={"BookingProbeFailing": 24, "BookingSuccessRateLow": 24})

    assert "BookingSuccessRateLow stays open a while longer on purpose" in told[-1]


def test_callers_keep_calling_during_the_outage_each_for_a_slot_of_their_own():
    _, chain, _ = tell()

    wanted = [arguments["start"] for name, arguments in chain.calls if name == "book_appointment"]
    in_the_outage = chain.waiting
    assert len(in_the_outage) > 10
    assert len(set(in_the_outage)) == len(in_the_outage)
    assert set(in_the_outage) <= set(wanted)


def test_no_caller_asks_more_often_than_a_phone_may():
    _, chain, _ = tell()

    most = Settings().limit_per_phone
    busiest = max(sum(begun <= at < begun + 60 for at in times) for times in chain.asked.values() for begun in times)
    assert busiest <= most


def test_every_booking_of_the_outage_is_asked_for_again_until_it_is_confirmed():
    told, chain, _ = tell()

    assert f"6. All {len(chain.waiting)} bookings taken during the outage are confirmed, 45 s after it." in told


def test_a_slot_that_an_earlier_demo_took_is_passed_over():
    told, _, failed = tell(taken=("2026-11-23T09:00",))

    assert failed is None
    assert "2026-11-23T09:01" in told[0]


def test_one_page_is_enough_when_no_second_comes():
    _, chain, failed = tell(page_after={"BookingProbeFailing": 25})

    assert failed is None
    assert chain.healed_at is not None


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"slots_per_answer": 0}, "step 1: no free haircut in the next 7 days"),
        ({"takes_none": True}, "step 1: earlier demos took every haircut we know of; `make clean` empties"),
        ({"verdict_after": 1e6}, "step 2: the probe gave no verdict within 120 s"),
        ({"finding": "fail"}, "step 2: the promise is broken before any outage"),
        ({"page_after": {}}, "step 4: nobody was paged within 60s of the outage"),
        ({"says": "confirmed"}, "step 3: Cal.com is down and the core told a caller"),
        ({"settled_after": 1e6}, "bookings were not confirmed within 240 s"),
        ({"resolved_after": {}}, "step 7: no page was resolved within 270 s"),
    ],
)
def test_a_step_that_did_not_happen_is_named(facts, sentence):
    _, _, failed = tell(**facts)

    assert failed is not None
    assert sentence in failed


def test_cal_com_is_healed_even_when_nobody_was_paged():
    _, chain, _ = tell(page_after={})

    assert chain.healed_at is not None


def test_a_page_of_yesterday_is_no_page():
    _, _, failed = tell(page_after={})

    assert failed is not None
