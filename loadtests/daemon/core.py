"""What the daemon itself asks of the booking core: are you ready, and cancel this.

Apart from the probes, which measure; nothing here is timed.
"""

from __future__ import annotations

import random
import time
from typing import Protocol

import httpx

from loadtests.booking_api import SYNTHETIC, Answer, BookingApi, Credentials, Trace, is_cancelled

TIMEOUT_SECONDS = 5.0


class Core(Protocol):
    """The daemon's view of the booking core. Neither method raises for a core that does not answer."""

    async def is_ready(self) -> bool: ...

    async def cancel(self, appointment_id: str) -> bool: ...


class HttpCore:
    """The booking core over HTTP; close it when done."""

    def __init__(self, target: str, credentials: Credentials) -> None:
        self._api = BookingApi(credentials, time.time)
        # Without the environment's proxies: the core is a neighbour.
        self._client = httpx.AsyncClient(base_url=target, timeout=TIMEOUT_SECONDS, trust_env=False)

    async def is_ready(self) -> bool:
        try:
            answer = await self._client.get("/readyz", headers=SYNTHETIC)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def cancel(self, appointment_id: str) -> bool:
        trace = Trace.begin(random.Random())  # noqa: S311  a trace id, no secret
        request = self._api.cancellation(appointment_id, trace)
        try:
            answer = await self._client.request(
                request.method, request.path, headers=dict(request.headers), content=request.body
            )
        except httpx.HTTPError:
            return False
        return is_cancelled(Answer(answer.status_code))

    async def close(self) -> None:
        await self._client.aclose()
