"""What every call under /v2 passes before and after its work: rate limit, faults, request id, counters.

Apart from the routes so that an operation never knows that it is being failed on purpose.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import ApiError, envelope
from loadtests.calcom_simulator.faults import Fault, FaultBoard, FaultKind, Operation
from loadtests.calcom_simulator.throttle import Allowance, Throttle

Endpoint = Callable[[Request], Awaitable[Response]]
CLIENT_LEFT = 499
_PROXY_PAGE = "<html><head><title>{status}</title></head><body><h1>{status} from the proxy</h1></body></html>\n"


class ThrottlerException(ApiError):
    """The key is blocked; nothing was executed."""

    status = 429
    code = "ThrottlerException"
    title = "Too Many Requests"


class InternalServerError(ApiError):
    """The service failed before it did anything."""


class Calls:
    """How often each operation was answered with each status; 499 is a client that gave up first."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()

    def count(self, operation: Operation | None, status: int) -> None:
        self._counts[operation.value if operation else "other", status] += 1

    def as_table(self) -> dict[str, dict[str, int]]:
        table: dict[str, dict[str, int]] = {}
        for (operation, status), calls in sorted(self._counts.items()):
            table.setdefault(operation, {})[str(status)] = calls
        return table

    def clear(self) -> None:
        self._counts.clear()


class Gate:
    """Wraps an operation's endpoint in everything that is the same for all of them."""

    def __init__(self, *, board: FaultBoard, throttle: Throttle, calls: Calls, clock: Clock) -> None:
        self._board = board
        self._throttle = throttle
        self._calls = calls
        self._clock = clock

    def guard(self, operation: Operation | None, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            # Read before any wait: only then does the next message tell that the client has gone.
            await request.body()
            allowance = self._throttle.take(_key(request))
            response = await self._answer(request, operation, endpoint, allowance)
            response.headers["X-Request-Id"] = request.headers.get("x-request-id") or str(uuid.uuid4())
            for name, text in allowance.headers().items():
                response.headers.setdefault(name, text)
            self._calls.count(operation, response.status_code)
            return response

        return answer

    async def _answer(
        self, request: Request, operation: Operation | None, endpoint: Endpoint, allowance: Allowance
    ) -> Response:
        if allowance.is_blocked:
            return self._throttled(request, allowance)
        struck = self._board.struck(operation)
        for fault in struck:
            refusal = await self._suffer(fault, request)
            if refusal is not None:
                return refusal
        response = await self._work(request, endpoint)
        for fault in struck:
            if fault.order.fault is FaultKind.HANG_AFTER_COMMIT:
                response = await self._hang(fault, request) or response
        return response

    async def _work(self, request: Request, endpoint: Endpoint) -> Response:
        try:
            return await endpoint(request)
        except ApiError as error:
            return self._error(request, error)

    async def _suffer(self, fault: Fault, request: Request) -> Response | None:
        order = fault.order
        match order.fault:
            case FaultKind.LATENCY:
                # A client that gives up meanwhile does not stop the work: the outcome it never learns is the lesson.
                await self._board.hold(fault, seconds=order.delay_seconds or 0.0)
            case FaultKind.HANG:
                return await self._hang(fault, request)
            case FaultKind.OUTAGE:
                return _proxy_page(order.status_code)
            case FaultKind.RATE_LIMIT:
                return self._throttled(request, self._throttle.exhausted(self._board.seconds_left(fault)))
            case FaultKind.ERROR_SHARE:
                return self._failure(request, order.status_code)
        return None

    async def _hang(self, fault: Fault, request: Request) -> Response | None:
        """Wait the fault out; an answer only for who cannot have the real one any more."""
        leaving = asyncio.ensure_future(request.receive())
        await self._board.hold(fault, seconds=max(self._board.seconds_left(fault), 0.0), until=leaving)
        if self._board.closing.is_set():
            return _proxy_page(503)
        return Response(status_code=CLIENT_LEFT) if leaving.done() else None

    def _failure(self, request: Request, status: int) -> Response:
        # 502 to 504 come from the proxy in front of Cal.com and carry no envelope.
        if status == InternalServerError.status:
            return self._error(request, InternalServerError("Internal server error"))
        return _proxy_page(status)

    def _throttled(self, request: Request, allowance: Allowance) -> Response:
        seconds = allowance.reset_seconds
        error = ThrottlerException(f"ThrottlerException: Too many requests. The key is blocked for {seconds} seconds.")
        return self._error(request, error, allowance.headers())

    def _error(self, request: Request, error: ApiError, headers: dict[str, str] | None = None) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        body = envelope(error, path=f"{request.url.path}{query}", now=self._clock.now())
        return JSONResponse(body, status_code=error.status, headers=headers)


def _proxy_page(status: int) -> Response:
    return HTMLResponse(_PROXY_PAGE.format(status=status), status_code=status)


def _key(request: Request) -> str:
    client = request.client.host if request.client else "unknown"
    return request.headers.get("authorization", f"anonymous {client}")
