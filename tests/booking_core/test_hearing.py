"""What was heard, and how surely."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_core.domain.hearing import LONGEST_NAME, QUESTIONS, Heard, tidy_name, unclear

EVERYTHING = dict.fromkeys(Heard, "something")
SURENESS = st.dictionaries(st.sampled_from(Heard), st.floats(0, 1))


def test_what_the_agent_says_nothing_about_is_sure():
    assert unclear({}, EVERYTHING, at_least=1.0) == []


def test_what_was_not_said_is_not_asked_for_again():
    assert unclear({Heard.EMAIL: 0.1}, EVERYTHING | {Heard.EMAIL: None}, at_least=0.6) == []


def test_the_threshold_itself_is_sure_enough():
    assert unclear({Heard.NAME: 0.6, Heard.STAFF: 0.59}, EVERYTHING, at_least=0.6) == [Heard.STAFF]


@given(SURENESS, st.floats(0, 1))
def test_exactly_what_is_below_the_threshold_is_asked_for_the_most_important_first(confidence, threshold):
    asked = unclear(confidence, EVERYTHING, at_least=threshold)

    assert set(asked) == {heard for heard, sure in confidence.items() if sure < threshold}
    assert asked == sorted(asked, key=list(Heard).index)


def test_there_is_a_question_for_everything_a_caller_says():
    assert QUESTIONS.keys() == set(Heard)


@pytest.mark.parametrize(
    "name",
    [
        "Erika Muster",
        "O'Neill",
        "Anne-Marie Müller-Lüdenscheidt",
        "李",
        "José María",
        "Martin Luther King, Jr.",
        "Müller & Söhne",
        "Иван Петров",
        "محمد",
        "Nguyễn Thị Ánh",
        "Zoë\u2019s",
    ],
)
def test_names_of_all_countries_are_names(name):
    assert tidy_name(f"  {name} ") == name


def test_a_name_is_written_one_way_however_it_was_typed():
    assert tidy_name("Zoe\u0308   Muster") == "Zoë Muster"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "...",
        "4930901820",
        "Erika 2",
        "erika@example.org",
        "<b>Erika</b>",
        "https://example.org",
        "{{caller_name}}",
        "Erika\x00",
        "x" * (LONGEST_NAME + 1),
    ],
)
def test_what_nobody_is_called_is_no_name(name):
    assert tidy_name(name) is None
