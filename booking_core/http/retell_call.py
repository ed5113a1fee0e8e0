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
    transcript_with_tool_calls: Any = None

    def prompt_version(self, *, header: str | None = None) -> PromptVersion | None:
        """Return the version of the prompt: from the tool's own header, else as we or the tenant noted it down."""
        noted = (
            place.get("prompt_version")
            for place in (self.metadata, self.retell_llm_dynamic_variables)
            if isinstance(place, dict)
        )
        return next((PromptVersion(word) for word in (header, *noted) if word in _VERSIONS), None)

    def tool_call_id(self, function: str) -> str | None:
        """Return the id of the invocation that is under way; a request repeated by the network carries it again.

        An invocation that has its result is over. Its id must not answer for a new one: the agent may well book again
        what it has cancelled since.
        """
        told = self.transcript_with_tool_calls if isinstance(self.transcript_with_tool_calls, list) else []
        items = [item for item in told if isinstance(item, dict)]
        invoked = [item for item in items if (item.get("role"), item.get("name")) == ("tool_call_invocation", function)]
        found = invoked[-1].get("tool_call_id") if invoked else None
        is_over = any(item.get("role") == "tool_call_result" and item.get("tool_call_id") == found for item in items)
        return found if isinstance(found, str) and found and not is_over else None


_VERSIONS = tuple(version.value for version in PromptVersion)
