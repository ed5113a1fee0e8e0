"""Limits and the colours between them: where a value turns from good to bad.

Apart from the panels because a stat, a bar and a line share the same limits, and every limit comes from the promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

GREEN, YELLOW, ORANGE, RED, BLUE = "green", "yellow", "orange", "red", "blue"
SHARE = "percentunit"


@dataclass(frozen=True, slots=True)
class Step:
    """From this value upwards, this colour; the first step of a scale has no value and begins at minus infinity."""

    value: float | None
    color: str


NEUTRAL = (Step(None, BLUE),)
ANY_IS_BAD = (Step(None, GREEN), Step(1, RED))
NONE_IS_BAD = (Step(None, RED), Step(1, GREEN))


def rising(*limits: Step) -> tuple[Step, ...]:
    """Green until the first limit; for what should stay small."""
    return (Step(None, GREEN), *limits)


def falling(*limits: Step) -> tuple[Step, ...]:
    """Red until the first limit; for what should stay large."""
    return (Step(None, RED), *limits)


def thresholds(steps: Iterable[Step]) -> dict[str, Any]:
    """Write the steps as Grafana does."""
    return {"mode": "absolute", "steps": [{"color": step.color, "value": step.value} for step in steps]}


def soft_axis(unit: str, lines: Sequence[Step]) -> dict[str, float]:
    """Keep the limits in sight even while the values stay far from them."""
    values = [line.value for line in lines if line.value is not None]
    if unit == SHARE:
        return {"axisSoftMin": round(min(values, default=0.0) * 0.95, 3), "axisSoftMax": 1.0}
    return {"axisSoftMin": 0.0} | ({"axisSoftMax": round(max(values) * 1.1, 3)} if values else {})
