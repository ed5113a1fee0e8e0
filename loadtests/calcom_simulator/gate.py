"""What every call under /v2 passes before and after its work: key, rate limit, faults, request id, date, counters.

Apart from the routes so that an operation never knows that it is being failed on purpose.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from loadtests.calcom_simulator.accounts import Accounts
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import (
    LIBRARY_ERRORS,
    ApiError,
    InternalServerError,
    ThrottlerException,
    Unauthorized,
    envelope,
    surfacing,
)
from loadtests.calcom_simulator.fault_orders import FaultKind, Operation
from loadtests.calcom_simulator.faults import Fault, FaultBoard, Luck
from loadtests.calcom_simulator.throttle import Allowance, Throttle

Endpoint = Callable[[Request], Awaitable[Response]]
CLIENT_LEFT = 499
_PROXY_PAGE = "<html><head><title>{status}</title></head><body><h1>{status} from the proxy</h1></body></html>\n"
_BEFORE_WORK = (
    FaultKind.LATENCY,
    FaultKind.HANG,
    FaultKind.OUTAGE,
    FaultKind.RATE_LIMIT,
    FaultKind.ERROR_SHARE,
)


@dataclass(frozen=True, slots=True)
class Handler:
    """One route: how it is asked for, as what it counts, and who answers."""

    method: str
    path: str
    operation: Operation | None
    endpoint: Endpoint


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


@dataclass(frozen=True, slots=True)
class Gate:
    """Wraps an operation's endpoint in everything that is the same for all of them."""

    accounts: Accounts
    board: FaultBoard
    throttle: Throttle
    calls: Calls
    clock: Clock

    def guard(self, operation: Operation | None, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            # Read before any wait: only then does the next message tell that the client has gone.
            await request.body()
            account = self.accounts.find(request.headers.get("authorization"))
            luck = request.state.luck = self.board.draw(operation, account.username if account else None)
            response = await self._answer(request, endpoint, luck)
            response.headers["X-Request-Id"] = request.headers.get("x-request-id") or str(uuid.uuid4())
            luck.strike(FaultKind.CLOCK_OFFSET)
            response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
            self.calls.count(operation, response.status_code)
            return response

        return answer

    async def _answer(self, request: Request, endpoint: Endpoint, luck: Luck) -> Response:
        if self.accounts.is_unknown_key(request.headers.get("authorization")):
            return self._error(request, Unauthorized("Nobody has this api key"))
        allowance = self.throttle.take(self._caller(request))
        response = await self._admitted(request, endpoint, luck, allowance)
        for name, text in allowance.headers().items():
            response.headers.setdefault(name, text)
        return response

    async def _admitted(self, request: Request, endpoint: Endpoint, luck: Luck, allowance: Allowance) -> Response:
        if allowance.is_blocked:
            return self._throttled(request, allowance)
        for fault in luck.of(_BEFORE_WORK):
            luck.mark(fault)
            refusal = await self._suffer(fault, request)
            if refusal is not None:
                return refusal
        return await self._after_work(request, luck, await self._work(request, endpoint, luck))

    async def _work(self, request: Request, endpoint: Endpoint, luck: Luck) -> Response:
        try:
            return await endpoint(request)
        except LIBRARY_ERRORS as error:
            fault = luck.strike(FaultKind.LIBRARY_ERROR)
            return self._error(request, error if fault is None else surfacing(error, fault.order.status_code))
        except ApiError as error:
            return self._error(request, error)

    async def _suffer(self, fault: Fault, request: Request) -> Response | None:
        order = fault.order
        match order.fault:
            case FaultKind.LATENCY:
                # A client that gives up meanwhile does not stop the work: the outcome it never learns is the lesson.
                await self.board.hold(fault, seconds=order.delay_seconds or 0.0)
            case FaultKind.HANG:
                return await self._hang(fault, request)
            case FaultKind.OUTAGE:
                return _proxy_page(order.status_code)
            case FaultKind.RATE_LIMIT:
                left = self.board.seconds_left(fault)
                return self._throttled(request, self.throttle.exhausted(self._caller(request), left))
            case FaultKind.ERROR_SHARE:
                return self._failure(request, order.status_code)
        return None

    async def _after_work(self, request: Request, luck: Luck, response: Response) -> Response:
        """Spoil the answer; only a success has committed something whose loss could be felt."""
        is_success = response.status_code < 400
        if is_success and (fault := luck.strike(FaultKind.HANG_AFTER_COMMIT)):
            response = await self._hang(fault, request) or response
        if is_success and (fault := luck.strike(FaultKind.ERROR_AFTER_COMMIT)):
            return self._failure(request, fault.order.status_code)
        if luck.strike(FaultKind.TRUNCATED_JSON):
            return _truncated(response)
        return response

    async def _hang(self, fault: Fault, request: Request) -> Response | None:
        """Wait the fault out; an answer only for who cannot have the real one any more."""
        leaving = asyncio.ensure_future(request.receive())
        await self.board.hold(fault, seconds=max(self.board.seconds_left(fault), 0.0), until=leaving)
        if self.board.closing.is_set():
            return _proxy_page(503)
        return Response(status_code=CLIENT_LEFT) if leaving.done() else None

    def _failure(self, request: Request, status: int) -> Response:
        # 502 to 504 come from the proxy in front of Cal.com and carry no envelope.
        return self._error(request, InternalServerError()) if status == 500 else _proxy_page(status)

    def _throttled(self, request: Request, allowance: Allowance) -> Response:
        seconds = allowance.reset_seconds
        error = ThrottlerException(f"ThrottlerException: Too many requests. The key is blocked for {seconds} seconds.")
        return self._error(request, error, allowance.headers())

    def _error(self, request: Request, error: ApiError, headers: dict[str, str] | None = None) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        body = envelope(error, path=f"{request.url.path}{query}", now=self.clock.now())
        return JSONResponse(body, status_code=error.status, headers=headers)

    def _caller(self, request: Request) -> str:
        authorization = request.headers.get("authorization")
        account = self.accounts.find(authorization)
        if account is not None:
            return account.username
        address = request.client.host if request.client else "unknown"
        return f"token {authorization}" if authorization else f"address {address}"


def _proxy_page(status: int) -> Response:
    return HTMLResponse(_PROXY_PAGE.format(status=status), status_code=status)


def _truncated(response: Response) -> Response:
    half = bytes(response.body)[: len(response.body) // 2]
    return Response(half, status_code=response.status_code, media_type=response.media_type or "application/json")
