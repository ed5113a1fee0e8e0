"""The routes under /v2/slots: what is free, and holds on it.

Apart from the bookings' routes because anybody may ask here, with a version of the API of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from loadtests.calcom_simulator import reservations
from loadtests.calcom_simulator.accounts import Accounts
from loadtests.calcom_simulator.callers import VERSION_HEADER, Caller, is_current
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.errors import NotFound
from loadtests.calcom_simulator.event_types import EventTypes
from loadtests.calcom_simulator.exchange import read_json, success
from loadtests.calcom_simulator.fault_orders import FaultKind, Operation
from loadtests.calcom_simulator.faults import Luck
from loadtests.calcom_simulator.gate import Handler
from loadtests.calcom_simulator.reservations import ReservationDesk
from loadtests.calcom_simulator.slot_finder import SlotFinder
from loadtests.calcom_simulator.slot_search import SlotSearch


@dataclass(frozen=True, slots=True)
class SlotsApi:
    """Slots as Cal.com offers them."""

    accounts: Accounts
    event_types: EventTypes
    finder: SlotFinder
    desk: ReservationDesk
    clock: Clock

    def handlers(self) -> Sequence[Handler]:
        held = "/v2/slots/reservations"
        return (
            Handler("GET", "/v2/slots", Operation.SLOTS, self.slots),
            Handler("POST", held, Operation.RESERVE, self.reserve),
            Handler("GET", f"{held}/{{uid}}", Operation.GET, self.get_reservation),
            Handler("PATCH", f"{held}/{{uid}}", Operation.RESERVE, self.change_reservation),
            Handler("DELETE", f"{held}/{{uid}}", Operation.RESERVE, self.release),
        )

    async def slots(self, request: Request) -> Response:
        # No guard here, as at Cal.com: whose credentials they are makes no difference to what is free.
        search = SlotSearch.read(request.query_params, self.event_types)
        luck: Luck = request.state.luck
        find = self.finder.find_too_much if luck.strike(FaultKind.SLOTS_OUT_OF_RANGE) else self.finder.find
        slots = find(search, now=self.clock.now())
        answers_now = is_current("slots", request.headers.get(VERSION_HEADER))
        return success(search.answer(slots) if answers_now else search.older_answer(slots))

    async def reserve(self, request: Request) -> Response:
        caller = Caller.of(request, self.accounts)
        held = await self.desk.reserve(await read_json(request), caller, now=self.clock.now())
        return success(reservations.shown(held), status=HTTPStatus.CREATED)

    async def get_reservation(self, request: Request) -> Response:
        """Answer with null for one that is unknown or over: there is no 404 here."""
        held = self.desk.reservations.find(request.path_params["uid"], now=self.clock.now())
        return success(None if held is None else reservations.shown(held))

    async def change_reservation(self, request: Request) -> Response:
        caller, body = Caller.of(request, self.accounts), await read_json(request)
        held = self.desk.change(request.path_params["uid"], body, caller, now=self.clock.now())
        return success(reservations.shown(held))

    async def release(self, request: Request) -> Response:
        uid = request.path_params["uid"]
        if self.desk.reservations.find(uid, now=self.clock.now()) is None:
            raise NotFound(f"Slot with uid={uid} not found")
        self.desk.reservations.remove(uid)
        return success(None)
