"""The kinds of value that sla.yaml holds: durations, ratios, counts; each refuses nonsense with a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time that keeps how it was written, so `5m` stays `5m` in PromQL."""

    seconds: float
    text: str

    @classmethod
    def parse(cls, text: object) -> Duration:
        match = _DURATION.fullmatch(str(text))
        if match is None:
            message = f"{text!r} is not a duration; write a whole number and a unit, such as 30s, 5m or 30d"
            raise ValueError(message)
        return cls(int(match[1]) * UNIT_SECONDS[match[2]], str(text))

    def __str__(self) -> str:
        return self.text


def _decimal(number: object) -> Decimal:
    """YAML reads 0.98 as a binary float; its shortest text is what the SRE wrote."""
    message = f"{number!r} is not a number"
    if isinstance(number, bool):
        raise ValueError(message)
    try:
        parsed = Decimal(str(number))
    except InvalidOperation as error:
        raise ValueError(message) from error
    if not parsed.is_finite():
        raise ValueError(message)
    return parsed


Seconds = Annotated[Duration, BeforeValidator(Duration.parse)]
Ratio = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, strict=True)]
Positive = Annotated[float, Field(gt=0)]


class Strict(BaseModel):
    """A part of sla.yaml: frozen, and a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
