"""The strict body of every order given to /control: an unknown or useless key is refused, never ignored.

Apart from each order because the sentences are the same: what is wrong, and the nearest word that would be right.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

_QUOTED = re.compile(r"'([^']+)'")


class Instruction(BaseModel):
    """The base of the orders; JSON as it is written, without conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def sentences(error: ValidationError, order: type[Instruction]) -> list[dict[str, str]]:
    """Say what is wrong with an order, naming the nearest key or word for a misspelt one."""
    return [{"field": _field(detail), "message": _sentence(detail, order)} for detail in error.errors()]


def _field(detail: ErrorDetails) -> str:
    return ".".join(str(part) for part in detail["loc"])


def _sentence(detail: ErrorDetails, order: type[Instruction]) -> str:
    name = _field(detail)
    if detail["type"] == "extra_forbidden":
        known = list(_order_at(detail, order).model_fields)
        return _nearest(f"unknown key {name!r}", str(detail["loc"][-1]), known)
    if detail["type"] == "enum":
        words = _QUOTED.findall(detail["ctx"]["expected"])
        return _nearest(f"unknown {name} {detail['input']!r}", str(detail["input"]), words)
    if detail["type"] == "missing":
        return f"{name} is missing; add it"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{name}: {message}" if name else message


def _order_at(detail: ErrorDetails, order: type[Instruction]) -> type[Instruction]:
    """Return the order that the wrong key stands in: the whole one, or one of a list inside it."""
    for part in detail["loc"][:-1]:
        inner = get_args(order.model_fields[part].annotation) if isinstance(part, str) else ()
        order = next((each for each in inner if issubclass(each, Instruction)), order)
    return order


def _nearest(complaint: str, word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"{complaint}; did you mean {near[0]!r}?" if near else f"{complaint}; it is one of {', '.join(known)}"
