"""The share of calls that prompt v2 gets."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_core.domain.models import PromptVersion
from booking_core.domain.rollout import prompt_for
from tests.factories import OTHER_SALON, SALON

CALLS = [f"call_{number}" for number in range(2000)]
percents = st.integers(0, 100)


@pytest.mark.parametrize("percent", [0, 10, 50, 100])
def test_v2_gets_about_its_share_of_the_calls(percent):
    taken = Counter(prompt_for(call, tenant_id=SALON.id, v2_percent=percent) for call in CALLS)

    assert abs(taken[PromptVersion.V2] / len(CALLS) - percent / 100) < 0.03
    assert percent not in (0, 100) or len(taken) == 1


@given(st.text(), percents, percents)
def test_a_larger_share_takes_no_call_back_from_v2(call, some, more):
    less, more = sorted((some, more))
    versions = [prompt_for(call, tenant_id=SALON.id, v2_percent=percent) for percent in (less, more)]

    assert versions == sorted(versions)


def test_each_salon_tries_it_with_calls_of_its_own():
    choices = [
        [prompt_for(call, tenant_id=salon.id, v2_percent=50) for call in CALLS] for salon in (SALON, OTHER_SALON)
    ]

    assert choices[0] != choices[1]
