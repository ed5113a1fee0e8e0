"""Panels flow from left to right and never lie on one another."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.layout import COLUMNS, Place, Size, flow

SIZES = st.lists(st.builds(Size, width=st.integers(1, COLUMNS), height=st.integers(1, 12)), max_size=14)


def overlap(one: Place, other: Place) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def test_panels_stand_side_by_side_until_the_line_is_full():
    places = list(flow([Size(24, 1), Size(12, 8), Size(12, 6), Size(8, 4)]))

    assert places == [Place(0, 0, 24, 1), Place(0, 1, 12, 8), Place(12, 1, 12, 6), Place(0, 9, 8, 4)]


@given(SIZES)
def test_no_two_places_overlap_and_none_leaves_the_grid(sizes):
    places = list(flow(sizes))

    assert not any(overlap(one, other) for one, other in combinations(places, 2))
    assert all(place.x + place.width <= COLUMNS for place in places)


@given(SIZES)
def test_the_order_is_kept_and_no_size_is_changed(sizes):
    places = list(flow(sizes))

    assert [Size(place.width, place.height) for place in places] == sizes
    assert [(place.y, place.x) for place in places] == sorted((place.y, place.x) for place in places)


@pytest.mark.parametrize("width", [0, 25])
def test_a_width_that_no_line_holds_is_refused(width):
    with pytest.raises(ValueError, match="choose a width from 1 to 24"):
        list(flow([Size(width, 4)]))


def test_the_panels_of_our_dashboards_do_not_overlap(dashboard):
    grids = [panel["gridPos"] for panel in dashboard["panels"]]
    places = [Place(grid["x"], grid["y"], grid["w"], grid["h"]) for grid in grids]

    assert not any(overlap(one, other) for one, other in combinations(places, 2))
    assert all(place.x >= 0 and place.x + place.width <= COLUMNS for place in places)
