"""Retell's webhooks about calls. A call object holds the whole conversation; what goes on from here does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from booking_core.adapters.payloads import mapping, parsed
from booking_core.domain.models import Traffic
from booking_core.domain.webhooks import OTHER, Notice, Source

EVENTS = ("call_started", "call_ended", "call_analyzed")


def notice(body: bytes) -> Notice:
    """Read what a body is about, and keep only that: neither words nor numbers of the caller. Total, like Cal.com's."""
    told = parsed(body)
    call = mapping(told.get("call"))
    name, call_id = str(told.get("event", ""))[:60], str(call.get("call_id", ""))[:200]
    traffic = Traffic.SYNTHETIC if mapping(call.get("metadata")).get("synthetic") is True else Traffic.REAL
    return Notice(
        source=Source.RETELL,
        event=name if name in EVENTS and call_id else OTHER,
        key=f"{name}:{call_id}",
        subject=f"call:{call_id}",
        traffic=traffic,
        body=json.dumps(_kept(name, call)).encode(),
    )


def _kept(name: str, call: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("call_id", "call_status", "start_timestamp", "end_timestamp", "disconnection_reason")
    return {"event": name, "call": {field: call[field] for field in fields if field in call}}
