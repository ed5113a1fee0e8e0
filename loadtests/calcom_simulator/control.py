"""The control API under /control: order faults, look at what the simulator holds, start afresh.

Apart from /v2 because no client of Cal.com may depend on it; it has no key and belongs on loopback.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import structlog
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loadtests.calcom_simulator import faults, shapes
from loadtests.calcom_simulator.bookings import Bookings
from loadtests.calcom_simulator.faults import FaultBoard, FaultOrder
from loadtests.calcom_simulator.gate import Calls
from loadtests.calcom_simulator.throttle import Throttle

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Control:
    """What a test or a drill may do behind Cal.com's back."""

    board: FaultBoard
    bookings: Bookings
    calls: Calls
    throttle: Throttle

    def routes(self) -> list[Route]:
        return [
            Route("/livez", self.live, methods=["GET"]),
            Route("/control/faults", self.list_faults, methods=["GET"]),
            Route("/control/faults", self.add_fault, methods=["POST"]),
            Route("/control/faults", self.end_faults, methods=["DELETE"]),
            Route("/control/faults/{id}", self.end_fault, methods=["DELETE"]),
            Route("/control/bookings", self.list_bookings, methods=["GET"]),
            Route("/control/calls", self.count_calls, methods=["GET"]),
            Route("/control/reset", self.reset, methods=["POST"]),
        ]

    async def live(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def list_faults(self, request: Request) -> Response:
        return JSONResponse({"faults": [self.board.describe(fault) for fault in self.board.active()]})

    async def add_fault(self, request: Request) -> Response:
        try:
            order = FaultOrder.model_validate_json(await request.body())
        except ValidationError as error:
            complaints = faults.sentences(error)
            return _refusal("; ".join(each["message"] for each in complaints), errors=complaints)
        description = self.board.describe(self.board.add(order))
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
        rows = [*self.bookings.accepted, *self.bookings.cancelled]
        return JSONResponse({"bookings": [shapes.booking(row) for row in sorted(rows, key=lambda row: row.id)]})

    async def count_calls(self, request: Request) -> Response:
        return JSONResponse({"calls": self.calls.as_table()})

    async def reset(self, request: Request) -> Response:
        ended = self.board.end_all()
        self.bookings.clear()
        self.calls.clear()
        self.throttle.clear()
        log.info("reset", faults_ended=ended)
        return JSONResponse({"status": "reset"})


def _refusal(message: str, *, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY, errors: object = None) -> Response:
    body = {"error": message} if errors is None else {"error": message, "errors": errors}
    return JSONResponse(body, status_code=status)
