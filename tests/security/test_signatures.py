"""Only what Retell signed, with this salon's key, within five minutes, byte for byte, is believed."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from booking_core.adapters import retell
from tests.factories import NOW

KEY = "key_of_the_salon"
bodies = st.binary(max_size=200)


@given(body=bodies, key=st.text(min_size=1, max_size=40), seconds=st.integers(-299, 299))
def test_what_was_signed_is_genuine_for_five_minutes_either_way(body, key, seconds):
    header = retell.sign(body, key, now=NOW)

    assert retell.is_genuine(body, key, header, now=NOW + timedelta(seconds=seconds))


@given(body=bodies, seconds=st.integers(301, 10**7), sign=st.sampled_from([-1, 1]))
def test_an_old_signature_and_one_from_the_future_are_not(body, seconds, sign):
    header = retell.sign(body, KEY, now=NOW)

    assert not retell.is_genuine(body, KEY, header, now=NOW + sign * timedelta(seconds=seconds))


@given(body=bodies, other=bodies, key=st.text(max_size=40))
def test_another_body_or_another_key_is_not(body, other, key):
    header = retell.sign(body, KEY, now=NOW)

    assert retell.is_genuine(other, KEY, header, now=NOW) == (other == body)
    assert retell.is_genuine(body, key, header, now=NOW) == (key == KEY)


@given(header=st.one_of(st.none(), st.text(max_size=120), st.from_regex(r"v=\d{1,20},d=[0-9a-fA-F]{0,70}")))
def test_no_header_that_was_not_made_with_the_key_is_believed_or_breaks_anything(header):
    assert not retell.is_genuine(b"{}", KEY, header, now=NOW)


@given(body=bodies, place=st.integers(0, 300), letter=st.characters(codec="ascii"))
def test_a_header_with_one_letter_changed_is_not(body, place, letter):
    header = retell.sign(body, KEY, now=NOW)
    changed = header[: place % len(header)] + letter + header[place % len(header) + 1 :]

    assert retell.is_genuine(body, KEY, changed, now=NOW) == (changed == header)


@given(body=bodies, milliseconds=st.integers(0, 10**6), digits=st.integers(1, 6))
def test_no_digit_moves_between_the_body_and_the_time(body, milliseconds, digits):
    """The digest is over body and time without anything between them: a shifted digit must not make another pair."""
    now = NOW + timedelta(milliseconds=milliseconds)
    header = retell.sign(body, KEY, now=now)
    stamp, _, digest = header.removeprefix("v=").partition(",d=")
    moved = f"v={stamp[digits:]},d={digest}"

    assert not retell.is_genuine(body + stamp[:digits].encode(), KEY, moved, now=now)
