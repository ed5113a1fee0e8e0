"""What the daemon shows over HTTP: its metrics, its last verdict, that it lives.

Apart from the schedule, which must go on whether or not anybody looks.
"""

from __future__ import annotations

import os
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from loadtests.daemon.scoreboard import Scoreboard


def pages(scoreboard: Scoreboard, registry: CollectorRegistry, previous: object) -> FastAPI:
    """Return the application; `previous` is the last verdict of the daemon before this one, if any."""
    app = FastAPI(title="slotwatch probe", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    @app.get("/verdict")
    async def verdict() -> JSONResponse:
        if scoreboard.last is None:
            waiting = {"verdict": None, "reasons": ["the first verdict run is still under way"], "previous": previous}
            return JSONResponse(waiting, status_code=503)
        return JSONResponse(scoreboard.last.document())

    @app.get("/livez")
    async def livez() -> dict[str, Any]:
        return {"status": "live", "pid": os.getpid()}

    return app
