"""What is left of the caller's limits: counted when we know who asks, told in every answer.

The fields are those of the IETF's draft (draft-ietf-httpapi-ratelimit-headers) and Retry-After.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import Request
from starlette.datastructures import State

from booking_core.domain.errors import CustomerValidationError
from booking_core.domain.models import Tenant
from booking_core.http.retell_call import Call
from booking_core.resilience.limits import Limit, Limits, Quota
from booking_core.services.validation import e164

SAY = "I have been asked too often just now. Please wait a minute and try again."


class TooManyRequests(Exception):
    """Somebody asks more often than we allow."""

    def __init__(self, quota: Quota) -> None:
        seconds = retry_after(quota)
        super().__init__(
            f"More than {quota.limit.requests} requests in {quota.limit.window_seconds} s by one {quota.limit.name}; "
            f"try again in {seconds} s."
        )
        self.quota = quota


async def spend(request: Request, limits: Limits, limit: Limit, subject: str) -> None:
    """Count this request; raises TooManyRequests when the subject has none left."""
    quota = await limits.take(limit, subject)
    if quota is None:
        return
    request.state.quotas = (*getattr(request.state, "quotas", ()), quota)
    if quota.is_exceeded:
        raise TooManyRequests(quota)


async def spend_phone(request: Request, limits: Limits, tenant: Tenant, phone: str) -> None:
    """As `spend`, for a telephone, however it is written. Not even its digest can be guessed back without our key.

    What is no number is not counted: everybody who hides theirs is announced by the same word.
    """
    try:
        number = e164(phone, tenant.country)
    except CustomerValidationError:
        return
    subject = hmac.digest(tenant.retell_api_key.encode(), f"{tenant.id}:{number}".encode(), "sha256").hex()
    await spend(request, limits, limits.phone, subject)


async def spend_call(request: Request, limits: Limits, tenant: Tenant, call: Call) -> None:
    """Count a function call of the voice agent for the telephone call it belongs to, and for who rings."""
    await spend(request, limits, limits.call, f"{tenant.id}:{call.call_id}")
    if call.from_number:
        await spend_phone(request, limits, tenant, call.from_number)


def retry_after(quota: Quota) -> int:
    """Return whole seconds, at least one."""
    return max(1, math.ceil(quota.retry_after_seconds or 0.0))


def described(error: TooManyRequests) -> dict[str, Any]:
    """Describe the refusal as JSON."""
    return {"status": "refused", "reason": "too_many_requests", "message": str(error)}


def fields(state: State) -> Iterator[tuple[str, str]]:
    """Yield the header fields that tell what is left; none when nobody counted."""
    quotas: Sequence[Quota] = getattr(state, "quotas", ())
    if quotas:
        yield (
            "ratelimit-policy",
            ", ".join(f'"{each.limit.name}";q={each.limit.requests};w={each.limit.window_seconds}' for each in quotas),
        )
        yield (
            "ratelimit",
            ", ".join(f'"{each.limit.name}";r={each.remaining};t={math.ceil(each.reset_seconds)}' for each in quotas),
        )
