"""The control API under /control: order faults, act behind our back, look at what the simulator holds, start afresh.

Apart from /v2 because no client of Cal.com may depend on it; it has no key and belongs on loopback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

import structlog
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loadtests.calcom_simulator import account_shapes, shapes
from loadtests.calcom_simulator.backdoor import Backdoor
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.control_orders import LimitsOrder, Mutation, WalkIn, Withdrawal
from loadtests.calcom_simulator.errors import ApiError
from loadtests.calcom_simulator.fault_orders import FaultOrder
from loadtests.calcom_simulator.faults import FaultBoard
from loadtests.calcom_simulator.gate import Calls
from loadtests.calcom_simulator.instructions import Instruction, sentences
from loadtests.calcom_simulator.post import Post
from loadtests.calcom_simulator.throttle import Limit, Throttle

AnyInstruction = TypeVar("AnyInstruction", bound=Instruction)

log = structlog.get_logger()


class WrongInstruction(Exception):
    """The body is not an instruction that /control could follow."""

    def __init__(self, complaints: list[dict[str, str]]) -> None:
        super().__init__("; ".join(each["message"] for each in complaints))
        self.complaints = complaints


@dataclass(frozen=True, slots=True)
class Control:
    """What a test or a drill may do behind Cal.com's back."""

    board: FaultBoard
    bookings: Bookings
    calls: Calls
    throttle: Throttle
    post: Post
    backdoor: Backdoor

    def routes(self) -> list[Route]:
        table: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
            ("GET", "/livez", self.live),
            ("GET", "/control/faults", self.list_faults),
            ("POST", "/control/faults", self.add_fault),
            ("DELETE", "/control/faults", self.end_faults),
            ("DELETE", "/control/faults/{id}", self.end_fault),
            ("GET", "/control/bookings", self.list_bookings),
            ("POST", "/control/book", self.book),
            ("POST", "/control/cancel", self.cancel),
            ("POST", "/control/mutate", self.mutate),
            ("PUT", "/control/limits", self.limit),
            ("GET", "/control/calls", self.count_calls),
            ("GET", "/control/deliveries", self.list_deliveries),
            ("POST", "/control/reset", self.reset),
        )
        return [Route(path, _answering(endpoint), methods=[method]) for method, path, endpoint in table]

    async def live(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def list_faults(self, request: Request) -> Response:
        return JSONResponse({"faults": [self.board.describe(fault) for fault in self.board.active()]})

    async def add_fault(self, request: Request) -> Response:
        description = self.board.describe(self.board.add(await _read(request, FaultOrder)))
        log.info("fault_added", **description)
        return JSONResponse(description, status_code=HTTPStatus.CREATED)

    async def end_faults(self, request: Request) -> Response:
        ended = self.board.end_all()
        log.info("faults_ended", ended=ended)
        return JSONResponse({"ended": ended})

    async def end_fault(self, request: Request) -> Response:
        fault_id = request.path_params["id"]
        if not self.board.end(fault_id):
            message = (
                f"no fault {fault_id!r} is in force; it may have expired. GET /control/faults lists those that are"
            )
            return _refusal(message, status=HTTPStatus.NOT_FOUND)
        log.info("faults_ended", ended=1, id=fault_id)
        return JSONResponse({"ended": 1})

    async def list_bookings(self, request: Request) -> Response:
        rows = sorted(self.bookings, key=lambda row: row.id)
        return JSONResponse({"bookings": [shapes.booking(row) for row in rows]})

    async def book(self, request: Request) -> Response:
        rows = await self.backdoor.book(await _read(request, WalkIn))
        log.info("booked_by_hand", uids=[row.uid for row in rows])
        return JSONResponse({"bookings": [shapes.booking(row) for row in rows]}, status_code=HTTPStatus.CREATED)

    async def cancel(self, request: Request) -> Response:
        rows = await self.backdoor.cancel(await _read(request, Withdrawal))
        log.info("cancelled_by_hand", uids=[row.uid for row in rows])
        return JSONResponse({"bookings": [shapes.booking(row) for row in rows]})

    async def mutate(self, request: Request) -> Response:
        mutation = await _read(request, Mutation)
        event_type = self.backdoor.mutate(mutation)
        log.info("event_type_changed", id=event_type.id, changes=mutation.changes())
        return JSONResponse({"event_type": account_shapes.event_type(event_type)})

    async def limit(self, request: Request) -> Response:
        order = await _read(request, LimitsOrder)
        self.throttle.limit(order.account, [Limit(**each.model_dump()) for each in order.limits])
        log.info("limits_set", **order.model_dump(mode="json"))
        return JSONResponse(order.model_dump(mode="json"))

    async def count_calls(self, request: Request) -> Response:
        busiest = self.throttle.busiest_minutes()
        return JSONResponse({"calls": self.calls.as_table(), "busiest_minute": busiest})

    async def list_deliveries(self, request: Request) -> Response:
        return JSONResponse({"deliveries": [delivery.as_json() for delivery in self.post.deliveries]})

    async def reset(self, request: Request) -> Response:
        ended = self.board.end_all()
        self.backdoor.restore()
        self.calls.clear()
        self.throttle.clear()
        self.post.clear()
        log.info("reset", faults_ended=ended)
        return JSONResponse({"status": "reset"})


async def _read(request: Request, order: type[AnyInstruction]) -> AnyInstruction:
    try:
        return order.model_validate_json(await request.body())
    except ValidationError as error:
        raise WrongInstruction(sentences(error, order)) from error


def _answering(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap an endpoint so that every refusal becomes an answer with its remedy."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except WrongInstruction as error:
            return _refusal(str(error), errors=error.complaints)
        except ApiError as error:
            return _refusal(error.message, status=HTTPStatus(error.status))

    return answer


def _refusal(message: str, *, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY, errors: object = None) -> Response:
    body = {"error": message} if errors is None else {"error": message, "errors": errors}
    return JSONResponse(body, status_code=status)
