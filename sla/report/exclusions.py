"""Agreed maintenance: stretches of time that an adjusted figure leaves out, each with a reason and a name under it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import yaml
from pydantic import AwareDatetime, Field, ValidationError, model_validator

from sla.quantities import Strict


class ExclusionsError(ValueError):
    """The file cannot be read; the message names the entry and the remedy."""


class Exclusion(Strict):
    """One stretch: `start` to `end`, with an offset, such as 2026-10-04T02:00+02:00."""

    start: AwareDatetime
    end: AwareDatetime
    reason: str = Field(min_length=3)
    approved_by: str = Field(min_length=2)

    @model_validator(mode="after")
    def _in_order(self) -> Exclusion:
        if self.start >= self.end:
            message = "it ends before it begins; exchange start and end"
            raise ValueError(message)
        return self

    def covers(self, start: datetime, end: datetime) -> bool:
        """Tell whether it touches the stretch; a step that is touched is left out as a whole."""
        return self.start < end and start < self.end


def read(path: Path) -> tuple[Exclusion, ...]:
    """Return the exclusions of a YAML file, a list of mappings. Raises ExclusionsError."""
    try:
        entries = yaml.safe_load(path.read_text("utf-8")) or []
    except (OSError, yaml.YAMLError) as error:
        raise ExclusionsError(f"cannot read {path}: {error}") from error
    if not isinstance(entries, list):
        raise ExclusionsError(f"{path} must be a list; begin each entry with `- start: …`")
    found = []
    for number, entry in enumerate(entries, 1):
        try:
            found.append(Exclusion.model_validate(entry))
        except ValidationError as error:
            detail = error.errors()[0]
            key = ".".join(map(str, detail["loc"])) or "entry"
            message = detail["msg"].removeprefix("Value error, ")
            raise ExclusionsError(f"{path}, entry {number}, {key}: {message}") from error
    return tuple(found)
