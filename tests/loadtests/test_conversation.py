"""The modelled talk: its totals are the specification's, and it is the same again for the same seed."""

from decimal import Decimal
from random import Random

import pytest

from loadtests.conversation import Function, Prompt, longest_seconds, paced, script
from loadtests.order_statistics import nearest_rank
from sla import objectives


def _talk_seconds(prompt: Prompt, seed: int) -> float:
    return sum(pace.seconds for _, pace in paced(prompt, Random(seed)))


@pytest.mark.parametrize(("prompt", "promised_seconds"), [(Prompt.V1, 144), (Prompt.V2, 42)])
def test_the_p95_of_the_model_is_what_the_specification_says(prompt, promised_seconds):
    calls = [_talk_seconds(prompt, seed) for seed in range(2000)]

    p95 = nearest_rank(calls, Decimal("0.95"))

    assert p95 == pytest.approx(promised_seconds, abs=1)


def test_talk_with_the_new_prompt_alone_never_breaks_the_promise():
    limit = objectives.load().objectives.journey_latency.threshold_seconds

    assert longest_seconds(Prompt.V2) < limit < _talk_seconds(Prompt.V1, 1)


def test_the_same_seed_gives_the_same_call():
    assert _talk_seconds(Prompt.V2, 7) == _talk_seconds(Prompt.V2, 7) != _talk_seconds(Prompt.V2, 8)


@pytest.mark.parametrize("prompt", Prompt)
def test_every_call_asks_for_times_before_it_books_and_ends_with_the_confirmation(prompt):
    functions = [turn.calls for turn, _ in script(prompt)]

    assert [function for function in functions if function] == [Function.CHECK_AVAILABILITY, Function.BOOK_APPOINTMENT]
    assert functions[-1] is Function.BOOK_APPOINTMENT


def test_the_new_prompt_asks_nothing_that_the_old_one_does_not():
    assert {turn.says for turn, _ in script(Prompt.V2)} < {turn.says for turn, _ in script(Prompt.V1)}


def test_the_agent_thinks_before_each_turn_but_the_greeting():
    agent = [pace.think_seconds for turn, pace in script(Prompt.V2) if turn.speaker == "agent"]

    assert agent[0] == 0
    assert all(seconds > 0 for seconds in agent[1:])
