"""Bodies in, envelopes out: what every route under /v2 reads and answers the same way.

Apart from the routes so that each of them is only its own work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loadtests.calcom_simulator.errors import BadRequest, InvalidInput


def success(content: Any, *, status: HTTPStatus = HTTPStatus.OK, **more: Any) -> Response:
    return JSONResponse({"status": "success", "data": content, **more}, status_code=status)


async def read_json(request: Request) -> object:
    """Return the body; an empty one is an empty object, as the framework takes it."""
    raw = await request.body()
    try:
        return json.loads(raw or b"{}", parse_constant=_refuse_constant)
    except ValueError as error:
        raise BadRequest(f"The request body is not valid JSON: {error}") from error


async def read_object(request: Request) -> Mapping[str, Any]:
    """Return the body, or raise InvalidInput when it is anything but an object."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise InvalidInput("the request body must be a JSON object")
    return body


def text_field(body: Mapping[str, Any], name: str) -> str | None:
    """Return a field that may be missing, but must be a string when it is there."""
    content = body.get(name)
    if content is not None and not isinstance(content, str):
        raise InvalidInput(f"{name} must be a string")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
