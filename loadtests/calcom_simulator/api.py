"""All routes under /v2, each behind the gate; the last one answers what Cal.com does not have.

Apart from the three groups of routes because their order matters only here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from starlette.requests import Request
from starlette.routing import Route

from loadtests.calcom_simulator.errors import NotFound
from loadtests.calcom_simulator.gate import Gate, Handler

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def routes(gate: Gate, handlers: Iterable[Handler]) -> list[Route]:
    known = [Route(each.path, gate.guard(each.operation, each.endpoint), methods=[each.method]) for each in handlers]
    return [*known, Route("/v2/{rest:path}", gate.guard(None, _unknown), methods=_METHODS)]


async def _unknown(request: Request) -> NoReturn:
    raise NotFound(f"Cannot {request.method} {request.url.path}")
