"""The Idempotency-Key header: a request that is repeated with its key is answered once and told again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header
from fastapi.responses import JSONResponse

from booking_core.domain.models import Reply, Tenant
from booking_core.services.repeats import Repeats

IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=255)]


async def answered(
    repeats: Repeats, tenant: Tenant, key: str | None, asked: bytes, answer: Callable[[], Awaitable[Reply]]
) -> JSONResponse:
    """Return the answer; `asked` is what must be the same when a key comes again."""
    reply = await answer() if key is None else await repeats.once(tenant, key, asked, answer)
    return JSONResponse(reply.body, reply.status)
