"""What is known of a telephone call once it is over: how long things took, and not a word of what was said."""

from __future__ import annotations

from dataclasses import dataclass

from booking_core.domain.models import PromptVersion


@dataclass(frozen=True, slots=True)
class CallFigures:
    """The times of one call.

    `journey_seconds` is from its start until the agent had said that the booking is confirmed, None if it never did;
    `turn_seconds` how long the caller waited each time for the agent to speak.
    """

    prompt_version: PromptVersion | None
    journey_seconds: float | None
    turn_seconds: tuple[float, ...]
