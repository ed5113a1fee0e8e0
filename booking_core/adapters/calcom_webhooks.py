"""Cal.com's webhooks: `x-cal-signature-256: <hex HMAC-SHA256 of the raw body>`, and what a body is about."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from booking_core.adapters.payloads import mapping, parsed, storable
from booking_core.domain import rules
from booking_core.domain.calcom_news import CalcomFact, Standing
from booking_core.domain.models import Traffic
from booking_core.domain.webhooks import OTHER, Notice, Source

HEADER = "x-cal-signature-256"

# What we act upon, and how the booking stands after it; everything else is kept and left alone.
_STANDING = {
    "BOOKING_CREATED": Standing.ACCEPTED,
    "BOOKING_REQUESTED": Standing.PENDING,
    "BOOKING_RESCHEDULED": Standing.ACCEPTED,
    "BOOKING_CANCELLED": Standing.ENDED,
    "BOOKING_REJECTED": Standing.ENDED,
}


def sign(body: bytes, secret: str) -> str:
    """Write the header Cal.com would send with this body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_genuine(body: bytes, secret: str | None, header: str | None) -> bool:
    """Tell whether the raw bytes were signed with this secret; a salon without one believes nobody.

    There is no time in the signature: a copy is genuine for ever, so what a body says must hold whenever it comes.
    """
    if not secret or header is None:
        return False
    # As bytes: a header may hold anything, and text that is not ASCII cannot be compared in constant time.
    return hmac.compare_digest(header.encode(), sign(body, secret).encode())


def notice(body: bytes, tenant_id: UUID) -> Notice:
    """Read what a body is about. Total: a form, another's template or an unknown trigger is a notice as well."""
    told = parsed(body)
    payload = mapping(told.get("payload"))
    metadata = mapping(payload.get("metadata"))
    trigger, uid = str(told.get("triggerEvent", "")), str(payload.get("uid") or payload.get("bookingUid") or "")
    event = trigger if trigger in _STANDING and uid else OTHER
    booking = our_booking(metadata, tenant_id)
    return Notice(
        source=Source.CALCOM,
        event=event,
        key=storable(f"{trigger}:{uid}:{payload.get('iCalSequence', told.get('createdAt', ''))}"[:200]),
        subject=rules.booking_turn(booking) if booking else storable(f"calcom:{uid}"[:200]),
        traffic=Traffic.SYNTHETIC if metadata.get("bc_traffic") == Traffic.SYNTHETIC else Traffic.REAL,
        body=body,
    )


def facts(body: bytes, tenant_id: UUID) -> Sequence[CalcomFact]:
    """Return what a body says of bookings: of one, and if that one replaces another, of the other as well.

    Raises ValueError for times that cannot be read, and for names that no booking has: better a delivery that a person
    looks at than half a fact.
    """
    told = parsed(body)
    payload = mapping(told.get("payload"))
    trigger, uid, former = told.get("triggerEvent"), payload.get("uid"), payload.get("rescheduleUid")
    if trigger not in _STANDING or not isinstance(uid, str) or not uid:
        return ()
    ours = our_booking(mapping(payload.get("metadata")), tenant_id)
    host = mapping(payload.get("organizer")).get("username")
    if any("\0" in str(name) for name in (uid, former, host)):
        raise ValueError("a name with a NUL is none of Cal.com's")
    start, end = _instant(payload.get("startTime")), _instant(payload.get("endTime"))
    fact = CalcomFact(uid, _STANDING[trigger], start, end, host=host and str(host), appointment_id=ours)
    if not isinstance(former, str) or not former or former == uid:
        return (fact,)
    start, end = _instant(payload.get("rescheduleStartTime")), _instant(payload.get("rescheduleEndTime"))
    left = replace(fact, uid=former, standing=Standing.ENDED, start=start, end=end, successor=uid)
    return (left, fact)


def _instant(text: object) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} does not say in which time zone")
    return moment.astimezone(UTC)


def our_booking(metadata: Mapping[str, Any], tenant_id: UUID) -> UUID | None:
    """Return the id of our appointment that a booking's metadata names; None for a booking that we did not make."""
    if metadata.get("bc_tenant") != str(tenant_id):
        return None
    try:
        return UUID(str(metadata.get("bc_booking")))
    except ValueError:
        return None
