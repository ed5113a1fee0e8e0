"""Webhooks as Cal.com keeps and sends them: subscriptions, signatures, one try, a failure that is only logged.

Apart from the post, which decides when and how often a message goes out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog

VERSION = "2021-10-20"
# Cal.com itself sets no limit; ours keeps a dead subscriber from holding a booking for ever.
TIMEOUT_SECONDS = 30.0
_NO_SECRET = "no-secret-provided"  # noqa: S105 - the literal that Cal.com sends instead of a signature
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")

log = structlog.get_logger()


class Trigger(StrEnum):
    """What can be subscribed to. Only the six about bookings are ever sent: nothing else happens in this Cal.com."""

    BOOKING_CREATED = "BOOKING_CREATED"
    BOOKING_REQUESTED = "BOOKING_REQUESTED"
    BOOKING_RESCHEDULED = "BOOKING_RESCHEDULED"
    BOOKING_CANCELLED = "BOOKING_CANCELLED"
    BOOKING_REJECTED = "BOOKING_REJECTED"
    BOOKING_NO_SHOW_UPDATED = "BOOKING_NO_SHOW_UPDATED"
    BOOKING_PAYMENT_INITIATED = "BOOKING_PAYMENT_INITIATED"
    BOOKING_PAID = "BOOKING_PAID"
    MEETING_STARTED = "MEETING_STARTED"
    MEETING_ENDED = "MEETING_ENDED"
    RECORDING_READY = "RECORDING_READY"
    RECORDING_TRANSCRIPTION_GENERATED = "RECORDING_TRANSCRIPTION_GENERATED"
    INSTANT_MEETING = "INSTANT_MEETING"
    FORM_SUBMITTED = "FORM_SUBMITTED"
    FORM_SUBMITTED_NO_EVENT = "FORM_SUBMITTED_NO_EVENT"
    OOO_CREATED = "OOO_CREATED"
    AFTER_HOSTS_CAL_VIDEO_NO_SHOW = "AFTER_HOSTS_CAL_VIDEO_NO_SHOW"
    AFTER_GUESTS_CAL_VIDEO_NO_SHOW = "AFTER_GUESTS_CAL_VIDEO_NO_SHOW"
    ROUTING_FORM_FALLBACK_HIT = "ROUTING_FORM_FALLBACK_HIT"
    DELEGATION_CREDENTIAL_ERROR = "DELEGATION_CREDENTIAL_ERROR"
    WRONG_ASSIGNMENT_REPORT = "WRONG_ASSIGNMENT_REPORT"


ABOUT_BOOKINGS = frozenset(
    {
        Trigger.BOOKING_CREATED,
        Trigger.BOOKING_REQUESTED,
        Trigger.BOOKING_RESCHEDULED,
        Trigger.BOOKING_CANCELLED,
        Trigger.BOOKING_REJECTED,
        Trigger.BOOKING_NO_SHOW_UPDATED,
    }
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One address that wants to hear of an account's bookings, or of one event type's."""

    id: int
    account_id: int
    url: str
    triggers: frozenset[Trigger]
    secret: str | None = None
    event_type_id: int | None = None
    is_active: bool = True
    template: str | None = None

    def wants(self, trigger: Trigger, *, account_id: int, event_type_id: int) -> bool:
        is_theirs = self.account_id == account_id and self.event_type_id in {None, event_type_id}
        return self.is_active and is_theirs and trigger in self.triggers


class Subscriptions:
    """The subscriptions, those of the settings and those made by the API."""

    def __init__(self, *standing: Subscription) -> None:
        self._standing = standing
        self._by_id = {each.id: each for each in standing}
        self._given = len(standing)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(tuple(self._by_id.values()))

    def add(self, subscription: Subscription) -> Subscription:
        """Store it under an id of its own."""
        self._given += 1
        subscription = replace(subscription, id=self._given)
        self._by_id[subscription.id] = subscription
        return subscription

    def put(self, subscription: Subscription) -> None:
        self._by_id[subscription.id] = subscription

    def find(self, subscription_id: int, *, account_id: int, event_type_id: int | None) -> Subscription | None:
        found = self._by_id.get(subscription_id)
        if found is None or (found.account_id, found.event_type_id) != (account_id, event_type_id):
            return None
        return found

    def of(self, *, account_id: int, event_type_id: int | None) -> list[Subscription]:
        return [each for each in self if (each.account_id, each.event_type_id) == (account_id, event_type_id)]

    def remove(self, subscription_id: int) -> None:
        del self._by_id[subscription_id]

    def restore(self) -> None:
        """Forget what was made by the API."""
        self._by_id = {each.id: each for each in self._standing}


def signature(body: bytes, secret: str) -> str:
    """Return the lower-case hex HMAC-SHA256 of the raw body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Message:
    """One subscription's copy of what happened, as bytes: a repetition is the same to the letter."""

    subscription: Subscription
    trigger: Trigger
    uid: str
    body: bytes
    content_type: str

    @classmethod
    def of(cls, subscription: Subscription, trigger: Trigger, uid: str, content: Mapping[str, Any]) -> Message:
        body, content_type = json.dumps(content).encode(), "application/json"
        if subscription.template is not None:
            body, content_type = _rendered(subscription.template, content)
        return cls(subscription, trigger, uid, body, content_type)

    def headers(self, *, is_signed_right: bool) -> dict[str, str]:
        secret = self.subscription.secret
        if secret is not None and not is_signed_right:
            secret = f"not {secret}"
        return {
            "Content-Type": self.content_type,
            "X-Cal-Signature-256": signature(self.body, secret) if secret is not None else _NO_SECRET,
            "X-Cal-Webhook-Version": VERSION,
        }


async def deliver(message: Message, client: httpx.AsyncClient, *, is_signed_right: bool) -> int | None:
    """Post once and wait for the answer; return its status, None when there was none. Never raise."""
    url, about = message.subscription.url, {"trigger": message.trigger, "uid": message.uid}
    headers = message.headers(is_signed_right=is_signed_right)
    try:
        answer = await client.post(url, content=message.body, headers=headers, timeout=TIMEOUT_SECONDS)
    except httpx.HTTPError as error:
        log.warning("webhook_failed", error=repr(error), **about)
        return None
    if not answer.is_success:
        log.warning("webhook_refused", status=answer.status_code, **about)
    return answer.status_code


def _rendered(template: str, content: Mapping[str, Any]) -> tuple[bytes, str]:
    """Fill a subscriber's own template; one that is no JSON goes out as a form."""
    flat = {**content["payload"], "triggerEvent": content["triggerEvent"], "createdAt": content["createdAt"]}
    text = _PLACEHOLDER.sub(lambda match: _at(flat, match[1]), template)
    try:
        return json.dumps(json.loads(text)).encode(), "application/json"
    except ValueError:
        return urlencode({"payload": text}).encode(), "application/x-www-form-urlencoded"


def _at(content: Any, path: str) -> str:
    """Return what lies at `attendees.0.name`; nothing where there is nothing."""
    for part in path.split("."):
        if isinstance(content, list) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            content = content.get(part, "") if isinstance(content, dict) else ""
    return str(content)
