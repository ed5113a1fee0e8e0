"""The exceptions of Cal.com's framework and the envelopes they travel in.

Apart from the routes because a client recognises an error by exactly these names, statuses and fragments.

ApiError
├── BadRequest             400   one sentence
│   ├── InvalidInput             one sentence per broken field, all in `details.message`
│   └── AlreadyCancelled         thrown by Cal.com's library, see `surfacing`
├── Unauthorized           401
├── Forbidden              403
├── NotFound               404
├── Conflict               409
│   ├── LostRace                 thrown by Cal.com's library, see `surfacing`
│   └── SeatRefused              the other envelope: code, message, data
├── UnprocessableEntity    422
├── ThrottlerException     429
└── InternalServerError    500
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

    def body(self) -> dict[str, Any]:
        """Return what stands under `error`."""
        return {"code": self.code, "message": self.message, "details": self._details()}

    def _details(self) -> dict[str, Any]:
        return {"message": self.message, "error": self.title, "statusCode": self.status}


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

    def _details(self) -> dict[str, Any]:
        return {**super()._details(), "message": self._sentences}


class AlreadyCancelled(BadRequest):
    """There is nothing left to cancel."""


class Unauthorized(ApiError):
    """The key is missing or unknown."""

    status = 401
    code = "UnauthorizedException"
    title = "Unauthorized"


class Forbidden(ApiError):
    """The key is somebody else's."""

    status = 403
    code = "ForbiddenException"
    title = "Forbidden"


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


class LostRace(Conflict):
    """Another insert with the same start, end and host was first."""

    def __init__(self) -> None:
        super().__init__("booking_conflict_error")


class SeatRefused(Conflict):
    """No seat for this attendee; its envelope has a code of its own and `data` instead of `details`."""

    def body(self) -> dict[str, Any]:
        return {"code": self.message, "message": self.message, "data": None}


class UnprocessableEntity(ApiError):
    """The request is well formed, but what it asks for cannot be had."""

    status = 422
    code = "UnprocessableEntityException"
    title = "Unprocessable Entity"


class ThrottlerException(ApiError):
    """The key is blocked; nothing was executed."""

    status = 429
    code = "ThrottlerException"
    title = "Too Many Requests"


class InternalServerError(ApiError):
    """The service failed."""

    def __init__(self, message: str = "Internal server error") -> None:
        super().__init__(message)


LIBRARY_ERRORS = (LostRace, AlreadyCancelled)


def surfacing(error: ApiError, status: int) -> ApiError:
    """Return what a library's error looks like when the API answers it with another status.

    Cal.com's API has no filter for these errors of its library, so nobody knows which status they leave with.
    """
    if status == error.status:
        return error
    if status == InternalServerError.status:
        return InternalServerError()
    return Conflict(error.message) if status == Conflict.status else BadRequest(error.message)


def envelope(error: ApiError, *, path: str, now: datetime) -> dict[str, Any]:
    """Return the error body as Cal.com's exception filters build it."""
    return {"status": "error", "timestamp": wire.utc_text(now), "path": path, "error": error.body()}
