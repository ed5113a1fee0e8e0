"""Retell's call object, as much of it as we read; the rest is large and personal, and is neither kept nor logged."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from booking_core.domain.models import PromptVersion

# The tools of an agent carry it: the agent knows best which prompt it speaks by.
PROMPT_HEADER = "x-prompt-version"


class Call(BaseModel):
    """One telephone call."""

    call_id: str = Field(min_length=1, max_length=200)
    from_number: str | None = Field(None, max_length=40)
    # Whatever the tenant has put there; nothing in it may make a call fail.
    metadata: Any = None
    retell_llm_dynamic_variables: Any = None

    def prompt_version(self, *, header: str | None = None) -> PromptVersion | None:
        """Return the version of the prompt: from the tool's own header, else as we or the tenant noted it down."""
        noted = (
            place.get("prompt_version")
            for place in (self.metadata, self.retell_llm_dynamic_variables)
            if isinstance(place, dict)
        )
        return next((PromptVersion(word) for word in (header, *noted) if word in _VERSIONS), None)


_VERSIONS = tuple(version.value for version in PromptVersion)
