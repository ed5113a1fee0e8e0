"""The modelled part of a booking call: who speaks when and how long, with the old prompt (v1) and the new one (v2).

Apart from the voice agent because these seconds are a MODEL: nobody measured them. They are reported beside the
server time that the probe does measure, and never mixed with it unsaid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Prompt(StrEnum):
    """The agent's system prompt: v1 asks for the name and a confirmation again and again, v2 asks once."""

    V1 = "v1"
    V2 = "v2"


class Function(StrEnum):
    """What the agent can ask the booking core during the call."""

    CHECK_AVAILABILITY = "check_availability"
    BOOK_APPOINTMENT = "book_appointment"


# Seconds from the caller's last word to the agent's first one. v1 reads a longer prompt and weighs more questions.
AGENT_THINK_SECONDS = {Prompt.V1: 3.0, Prompt.V2: 1.2}

# Each think and speech time of a call is drawn evenly from this share below to this share above the table's value.
JITTER_RATIO = 0.2


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's turn: think, call the function if there is one, speak. No think time given: the agent's own."""

    speaker: str
    says: str
    speech_seconds: float
    think_seconds: float | None = None
    calls: Function | None = None
    only: Prompt | None = None


# The two totals are the specification's (4.3, "Agent Prompt Optimization"): P95 about 144 s before, about 42 s after.
# How they split over turns is our estimate, at some 2.5 spoken words a second. The rows marked v1 are what v2 dropped.
TURNS = (
    Turn("agent", "Welcome to the salon, how can I help you?", 4.9, 0.0),
    Turn("user", "I would like an appointment, on that day, about that time, please.", 6.3, 1.0),
    Turn("agent", "That time is free. What is your name?", 5.3, calls=Function.CHECK_AVAILABILITY),
    Turn("user", "That suits me. My name is …", 4.9, 1.2),
    Turn("agent", "Could you tell me your name again?", 4.0, only=Prompt.V1),
    Turn("user", "(says the name again)", 4.0, 1.2, only=Prompt.V1),
    Turn("agent", "Could you spell it for me?", 4.0, only=Prompt.V1),
    Turn("user", "(spells the name)", 9.0, 1.5, only=Prompt.V1),
    Turn("agent", "(reads the spelling back) Is that right?", 8.0, only=Prompt.V1),
    Turn("user", "Yes, that is right.", 1.5, 0.8, only=Prompt.V1),
    Turn("agent", "And your telephone number?", 4.0, only=Prompt.V1),
    Turn("user", "(says the number)", 8.0, 1.5, only=Prompt.V1),
    Turn("agent", "(reads the number back) Is that right?", 7.0, only=Prompt.V1),
    Turn("user", "Yes.", 1.5, 0.8, only=Prompt.V1),
    Turn("agent", "(reads everything back) Is all of that right?", 9.0, only=Prompt.V1),
    Turn("user", "Yes, it is.", 1.2, 0.8, only=Prompt.V1),
    Turn("agent", "So that is the service, the day, the time and the name. Shall I book it?", 4.4),
    Turn("user", "Yes, please.", 1.2, 0.8),
    Turn("agent", "Do you really want me to book it?", 3.0, only=Prompt.V1),
    Turn("user", "Yes!", 1.2, 0.8, only=Prompt.V1),
    Turn("agent", "It is booked. We look forward to seeing you.", 5.6, calls=Function.BOOK_APPOINTMENT),
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one turn lasts in one particular call."""

    think_seconds: float
    speech_seconds: float

    @property
    def seconds(self) -> float:
        return self.think_seconds + self.speech_seconds


def script(prompt: Prompt) -> Iterator[tuple[Turn, Pace]]:
    """Yield the turns of a call with this prompt, at the pace of the table."""
    for turn in TURNS:
        if turn.only in (None, prompt):
            think = AGENT_THINK_SECONDS[prompt] if turn.think_seconds is None else turn.think_seconds
            yield turn, Pace(think, turn.speech_seconds)


def paced(prompt: Prompt, chance: Random) -> Iterator[tuple[Turn, Pace]]:
    """Yield the turns of one particular call: the same script, every time a little shorter or longer."""
    for turn, pace in script(prompt):
        yield turn, Pace(_around(pace.think_seconds, chance), _around(pace.speech_seconds, chance))


def _around(seconds: float, chance: Random) -> float:
    return seconds * chance.uniform(1 - JITTER_RATIO, 1 + JITTER_RATIO)


def longest_seconds(prompt: Prompt) -> float:
    """Return the most that a call with this prompt can last in the model, server time not counted."""
    return sum(pace.seconds for _, pace in script(prompt)) * (1 + JITTER_RATIO)
