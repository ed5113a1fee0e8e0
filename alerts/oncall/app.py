"""The receiver over HTTP: five paths for Alertmanager, four for people and probes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from alerts.oncall import screen
from alerts.oncall.journal import Route
from alerts.oncall.notification import Notification
from alerts.oncall.receiver import Receiver

WATCH_SECONDS = 1.0


def build(receiver: Receiver) -> FastAPI:
    """Return the application; while it lives, it watches for the Watchdog's silence."""

    @asynccontextmanager
    async def watching(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_watch(receiver))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app = FastAPI(title="slotwatch on-call receiver", lifespan=watching)
    app.include_router(_for_alertmanager(receiver))
    app.include_router(_for_people(receiver))
    return app


async def _watch(receiver: Receiver) -> None:
    while True:
        receiver.watch()
        await asyncio.sleep(WATCH_SECONDS)


def _for_alertmanager(receiver: Receiver) -> APIRouter:
    router = APIRouter()

    @router.post("/pager")
    async def pager(notification: Notification) -> Response:
        return _taken(receiver, Route.PAGER, notification)

    @router.post("/audit")
    async def audit(notification: Notification) -> Response:
        return _taken(receiver, Route.AUDIT, notification)

    @router.post("/team")
    async def team(notification: Notification) -> Response:
        return _taken(receiver, Route.TEAM, notification)

    @router.post("/deadman")
    async def deadman(notification: Notification) -> Response:
        receiver.hear(notification.alerts)
        return JSONResponse({"received": len(notification.alerts)})

    @router.post("/canary")
    async def canary(notification: Notification) -> Response:
        receiver.time(notification.alerts)
        return JSONResponse({"received": len(notification.alerts)})

    return router


def _taken(receiver: Receiver, route: Route, notification: Notification) -> Response:
    try:
        receiver.take(route, notification.alerts)
    except OSError as error:
        # 500 makes Alertmanager send again until the evidence is on disk. The page itself is already shown.
        return JSONResponse({"error": f"the audit log cannot be written: {error.strerror}"}, status_code=500)
    return JSONResponse({"received": len(notification.alerts)})


def _for_people(receiver: Receiver) -> APIRouter:
    router = APIRouter()

    @router.get("/pages")
    async def pages() -> Response:
        return JSONResponse([page.as_json() for page in receiver.pages()])

    @router.get("/", response_class=HTMLResponse)
    async def home() -> Response:
        text = screen.html(receiver.pages(), last_heard=receiver.last_heard, now=receiver.now())
        return HTMLResponse(text, headers={"Content-Security-Policy": screen.POLICY})

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        body, content_type = receiver.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    @router.get("/livez")
    async def livez() -> Response:
        return JSONResponse({"status": "alive"})

    return router
