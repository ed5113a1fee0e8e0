"""Webhooks as Cal.com sends them in direct mode: signed, awaited before the answer, tried once, failure only logged.

Apart from the API because a subscriber's trouble must never become the caller's, except as time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Protocol

import httpx
import structlog

from loadtests.calcom_simulator import shapes
from loadtests.calcom_simulator.bookings import Booking
from loadtests.calcom_simulator.clock import Clock

BOOKING_CREATED = "BOOKING_CREATED"
BOOKING_CANCELLED = "BOOKING_CANCELLED"
VERSION = "2021-10-20"
# Cal.com itself sets no limit; ours keeps a dead subscriber from holding a booking for ever.
TIMEOUT_SECONDS = 30.0
_NO_SECRET = "no-secret-provided"  # noqa: S105 - the literal that Cal.com sends instead of a signature

log = structlog.get_logger()


class Subscribers(Protocol):
    """Who hears of bookings."""

    async def tell(self, trigger: str, booking: Booking) -> None: ...


class Nobody:
    """No webhook is set up."""

    async def tell(self, trigger: str, booking: Booking) -> None:
        return


def signature(body: bytes, secret: str) -> str:
    """Return the lower-case hex HMAC-SHA256 of the raw body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Subscription:
    """One URL that is told about every booking."""

    url: str
    secret: str | None
    client: httpx.AsyncClient
    clock: Clock

    async def tell(self, trigger: str, booking: Booking) -> None:
        """Post once and wait for the answer; never raise for what the subscriber does."""
        body = json.dumps(shapes.webhook(trigger, booking, now=self.clock.now())).encode()
        try:
            answer = await self.client.post(
                self.url, content=body, headers=self._headers(body), timeout=TIMEOUT_SECONDS
            )
        except httpx.HTTPError as error:
            log.warning("webhook_failed", trigger=trigger, uid=booking.uid, error=repr(error))
            return
        if answer.is_error:
            log.warning("webhook_refused", trigger=trigger, uid=booking.uid, status=answer.status_code)

    def _headers(self, body: bytes) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "X-Cal-Signature-256": signature(body, self.secret) if self.secret else _NO_SECRET,
            "X-Cal-Webhook-Version": VERSION,
        }
