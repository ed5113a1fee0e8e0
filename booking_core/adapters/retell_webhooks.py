"""Retell's webhooks about calls. A call object holds the whole conversation; what goes on from here is its times."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from booking_core.adapters.payloads import mapping, parsed, storable
from booking_core.domain.call_figures import CallFigures
from booking_core.domain.models import PromptVersion, Traffic
from booking_core.domain.webhooks import OTHER, Notice, Source

EVENTS = ("call_started", "call_ended", "call_analyzed")
# The function whose confirmed answer ends a journey, as the agent's tool is called.
BOOKING = "book_appointment"
_VERSIONS = {version.value: version for version in PromptVersion}
# No call is so long; what claims to be is a mistake of the clock's.
_LONGEST_SECONDS = 6 * 3600.0


def notice(body: bytes) -> Notice:
    """Read what a body is about, and keep only that: neither words nor numbers of the caller. Total, like Cal.com's."""
    told = parsed(body)
    call = mapping(told.get("call"))
    name, call_id = storable(str(told.get("event", ""))[:60]), storable(str(call.get("call_id", ""))[:200])
    return Notice(
        source=Source.RETELL,
        event=name if name in EVENTS and call_id else OTHER,
        key=f"{name}:{call_id}",
        subject=f"call:{call_id}",
        traffic=Traffic.SYNTHETIC if mapping(call.get("metadata")).get("synthetic") is True else Traffic.REAL,
        body=json.dumps(_kept(name, call_id, call)).encode(),
    )


def figures(body: bytes) -> CallFigures | None:
    """Return what was kept of a call that has ended; None for one that has only begun."""
    kept = parsed(body)
    if "turn_seconds" not in kept:
        return None
    version = _VERSIONS.get(kept["prompt_version"] or "")
    return CallFigures(version, kept["journey_seconds"], tuple(kept["turn_seconds"]))


def _kept(name: str, call_id: str, call: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"event": name, "call_id": call_id}
    if name in {"call_ended", "call_analyzed"}:
        spoken = _list(call.get("transcript_with_tool_calls"))
        kept |= {
            "prompt_version": _prompt_version(call),
            "journey_seconds": _confirmed_at(spoken),
            "turn_seconds": _turns(call),
        }
    return kept


def _prompt_version(call: Mapping[str, Any]) -> str | None:
    places = (mapping(call.get(place)) for place in ("metadata", "retell_llm_dynamic_variables"))
    noted = (str(place.get("prompt_version")) for place in places)
    return next((word for word in noted if word in _VERSIONS), None)


def _turns(call: Mapping[str, Any]) -> list[float]:
    """Return how long the caller waited for the agent, turn by turn: Retell measures it in milliseconds."""
    measured = mapping(mapping(call.get("latency")).get("e2e"))
    return list(_seconds(_list(measured.get("values")), scale=1 / 1000))


def _confirmed_at(spoken: Sequence[Any]) -> float | None:
    """Return at which second of the call the agent had said that the booking is confirmed."""
    booking: set[str] = set()
    is_confirmed = False
    for item in map(mapping, spoken):
        match item.get("role"):
            case "tool_call_invocation" if item.get("name") == BOOKING:
                booking.add(str(item.get("tool_call_id")))
            case "tool_call_result" if str(item.get("tool_call_id")) in booking:
                is_confirmed = parsed(str(item.get("content")).encode()).get("status") == "confirmed"
            case "agent" if is_confirmed:
                ends = [mapping(word).get("end") for word in _list(item.get("words"))]
                return max(_seconds(ends), default=None)
    return None


def _seconds(values: Sequence[Any], *, scale: float = 1.0) -> Iterator[float]:
    for value in values:
        if isinstance(value, int | float) and math.isfinite(value) and 0 <= value * scale <= _LONGEST_SECONDS:
            yield value * scale


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
