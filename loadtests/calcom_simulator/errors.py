"""The exceptions of Cal.com's framework and the envelope they travel in.

Apart from the routes because a client recognises an error by exactly these names, statuses and fragments.

ApiError
├── BadRequest      400   one sentence
│   └── InvalidInput      one sentence per broken field, all in `details.message`
├── Unauthorized    401
├── NotFound        404
└── Conflict        409
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from loadtests.calcom_simulator import wire


class ApiError(Exception):
    """An answer that is not a success."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "InternalServerErrorException"
    title: ClassVar[str] = "Internal Server Error"

    @property
    def message(self) -> str:
        return str(self)

    @property
    def detail(self) -> str | list[str]:
        return self.message


class BadRequest(ApiError):
    """The request cannot be carried out as it stands."""

    status = 400
    code = "BadRequestException"
    title = "Bad Request"


class InvalidInput(BadRequest):
    """Fields are wrong; the sentences are in `details.message` only, as the framework does it."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("Bad Request Exception")
        self._sentences = list(sentences)

    @property
    def detail(self) -> list[str]:
        return self._sentences


class Unauthorized(ApiError):
    """The key is missing or unknown."""

    status = 401
    code = "UnauthorizedException"
    title = "Unauthorized"


class NotFound(ApiError):
    """There is no such thing."""

    status = 404
    code = "NotFoundException"
    title = "Not Found"


class Conflict(ApiError):
    """A unique column refused the row."""

    status = 409
    code = "ConflictException"
    title = "Conflict"


def envelope(error: ApiError, *, path: str, now: datetime) -> dict[str, Any]:
    """Return the error body as Cal.com's exception filter builds it."""
    return {
        "status": "error",
        "timestamp": wire.utc_text(now),
        "path": path,
        "error": {
            "code": error.code,
            "message": error.message,
            "details": {"message": error.detail, "error": error.title, "statusCode": error.status},
        },
    }
