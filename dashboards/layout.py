"""Where panels stand: left to right in Grafana's 24 columns, a new line when the next one does not fit.

Apart from the panels because a place is arithmetic, and adding a panel must never mean renumbering its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Size:
    """What a panel takes up, in Grafana's grid units."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel stands; `x` counts columns from the left, `y` units from the top."""

    x: int
    y: int
    width: int
    height: int


def flow(sizes: Iterable[Size]) -> Iterator[Place]:
    """Yield one place per size, in order; a line is as high as its highest panel.

    Raises ValueError for a width that no line can hold.
    """
    x = top = bottom = 0
    for size in sizes:
        if not 0 < size.width <= COLUMNS:
            raise ValueError(f"a panel {size.width} columns wide does not fit; choose a width from 1 to {COLUMNS}")
        if x + size.width > COLUMNS:
            x, top = 0, bottom
        yield Place(x, top, size.width, size.height)
        x += size.width
        bottom = max(bottom, top + size.height)
