"""Whether this worker lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from booking_core.http.life import Life

Ping = Callable[[], Awaitable[None]]
DEADLINE_SECONDS = 2.0


def router(required: Mapping[str, Ping], optional: Mapping[str, Ping], life: Life) -> APIRouter:
    """`required` dependencies fail readiness; `optional` ones degrade it, for without them we are slower, not wrong."""
    routes = APIRouter()

    @routes.get("/startupz")
    async def started() -> JSONResponse:
        """Tell whether the worker has ever been able to work; once it has, only /readyz tells whether it still is."""
        if not life.has_started:
            life.has_started = all(await asyncio.gather(*map(_answers, required.values())))
        return JSONResponse({"status": "ok" if life.has_started else "starting"}, 200 if life.has_started else 503)

    @routes.get("/livez")
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    async def ready() -> JSONResponse:
        if life.is_draining:
            return JSONResponse({"status": "draining", "checks": {}}, 503)
        pings = {**required, **optional}
        results = await asyncio.gather(*(_answers(ping) for ping in pings.values()))
        checks = dict(zip(pings, results, strict=True))
        usable = all(checks[name] for name in required)
        body: dict[str, Any] = {
            "status": "ok" if all(checks.values()) else "degraded" if usable else "unavailable",
            "checks": {name: "ok" if answers else "unreachable" for name, answers in checks.items()},
        }
        return JSONResponse(body, 200 if usable else 503)

    return routes


async def _answers(ping: Ping) -> bool:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await ping()
    except Exception:  # noqa: BLE001 - whatever a dependency raises, it does not answer
        return False
    return True
