"""Tells Sentry of unexpected errors: their type, where in our code, and the ids to find them in the log. Nothing else.

Apart so that the library is not even imported unless BOOKING_SENTRY_DSN switches it on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport
    from sentry_sdk.types import Event

# Requests with their bodies and headers, users, breadcrumbs and extras never leave: only what is named here does.
_KEPT = ("event_id", "timestamp", "level", "platform", "release", "exception", "tags", "sdk")
_IDS = ("correlation_id", "trace_id", "appointment_id")


def reporter(dsn: str, *, release: str, transport: type[Transport] | None = None) -> Callable[[BaseException], None]:
    """Return what reports one error; sending happens in a thread of the library's own."""
    from sentry_sdk import Client  # noqa: PLC0415 - off means not even imported
    from sentry_sdk.utils import event_from_exception  # noqa: PLC0415

    client = Client(
        dsn=dsn,
        release=release,
        transport=transport,
        # No integration of its own: they would record requests, queries and log lines with everything in them.
        default_integrations=False,
        auto_enabling_integrations=False,
        max_request_body_size="never",
        include_local_variables=False,
        before_send=scrubbed,
    )

    def report(error: BaseException) -> None:
        event, hint = event_from_exception(error, client_options=client.options)
        bound = structlog.contextvars.get_contextvars()
        client.capture_event({**event, "tags": {name: bound[name] for name in _IDS if name in bound}}, hint)

    return report


def scrubbed(event: Event, _hint: Mapping[str, Any]) -> Event:
    """Return an event without anything a customer said: messages quote input, and SQL errors quote their parameters."""
    kept: Any = {name: value for name, value in event.items() if name in _KEPT}
    for error in kept.get("exception", {}).get("values", ()):
        error.pop("value", None)
        for frame in (error.get("stacktrace") or {}).get("frames", ()):
            frame.pop("vars", None)
    return kept  # type: ignore[no-any-return]
