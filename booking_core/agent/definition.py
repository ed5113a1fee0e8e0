"""The agent as JSON for Retell, made of a prompt file and the functions of booking_core/http/functions.py.

Field names and limits are those of Retell's "create LLM" request (retell-sdk 6.2, llm_create_params).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from booking_core.domain.models import PromptVersion
from booking_core.http.functions import FUNCTIONS
from booking_core.http.inbound import Variables
from booking_core.http.retell_call import PROMPT_HEADER

# Our own answer takes 8 s at most; what is silent longer than this has been cut off.
TIMEOUT_MILLISECONDS = 10_000
# The network may lose an answer. A second request is answered with the first one's booking, so it does no harm; a third
# would keep the caller waiting for half a minute.
RETRIES = 1

GREETING = "Welcome to {{salon_name}}, how can I help you?"
WHILE_IT_RUNS = "Say in a few words, in the caller's language, that it takes a moment. Promise nothing."


def prompt(version: PromptVersion) -> str:
    """Return the prompt's text, with the dynamic variables still to be filled in by Retell."""
    return files(__package__).joinpath(f"{version}.txt").read_text("utf-8")


def definition(version: PromptVersion, functions_url: str) -> dict[str, Any]:
    """Return what makes a Retell agent of this version: prompt, tools, and what holds when we were not asked."""
    return {
        "start_speaker": "agent",
        "begin_message": GREETING,
        "general_prompt": prompt(version),
        "general_tools": tools(version, functions_url),
        "default_dynamic_variables": Variables(prompt_version=version).model_dump(),
    }


def tools(version: PromptVersion, functions_url: str) -> list[dict[str, Any]]:
    """Return the tool definitions, one for each function of the endpoint."""
    return [
        {
            "type": "custom",
            "name": name,
            "description": " ".join((arguments.__doc__ or "").split()),
            "url": functions_url,
            "method": "POST",
            "headers": {PROMPT_HEADER: version.value},
            "parameters": parameters(arguments),
            # Arguments at the root would come without the call: no caller's number, no protection against repeats.
            "args_at_root": False,
            "timeout_ms": TIMEOUT_MILLISECONDS,
            "max_retry": RETRIES,
            "speak_during_execution": True,
            "execution_message_type": "prompt",
            "execution_message_description": WHILE_IT_RUNS,
            "speak_after_execution": True,
        }
        for name, arguments in FUNCTIONS.items()
    ]


def parameters(arguments: type[BaseModel]) -> Mapping[str, Any]:
    """Return the arguments as the JSON Schema object Retell wants."""
    schema = arguments.model_json_schema(schema_generator=_Plain)
    return {key: schema[key] for key in ("type", "properties", "required")}


class _Plain(GenerateJsonSchema):
    """Language models fill simple schemas best: no titles, and an optional argument is left out instead of null."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        # JSON Schema's own "time" demands seconds and an offset, which nobody says on the telephone.
        return {"type": "string"}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])
