"""Whether the request or job at hand is traced. Apart from tracing.py: that is imported only where they are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

SWITCH = "OTEL_EXPORTER_OTLP_ENDPOINT"


@dataclass(frozen=True, slots=True)
class Traced:
    """A request or job whose trace is kept, by the ids of the trace and of its own span, in hexadecimal."""

    trace_id: str
    span_id: str


# Where nothing is traced, a look at this is all that an observation or a statement pays for traces.
TRACED: ContextVar[Traced | None] = ContextVar("traced", default=None)


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Tell whether somebody wants traces."""
    return bool(environment.get(SWITCH)) and environment.get("OTEL_SDK_DISABLED", "").lower() != "true"
