"""The routes of an account itself: who am I, what can be booked at mine, where do my webhooks go.

Apart from the bookings' routes because nothing here touches a booking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from loadtests.calcom_simulator import account_shapes, older_shapes
from loadtests.calcom_simulator.accounts import Accounts
from loadtests.calcom_simulator.callers import Caller
from loadtests.calcom_simulator.errors import NotFound
from loadtests.calcom_simulator.event_types import EventType, EventTypes
from loadtests.calcom_simulator.exchange import read_object, success
from loadtests.calcom_simulator.fault_orders import Operation
from loadtests.calcom_simulator.gate import Handler
from loadtests.calcom_simulator.subscription_input import read_subscription
from loadtests.calcom_simulator.webhooks import Subscription, Subscriptions


@dataclass(frozen=True, slots=True)
class AccountApi:
    """An account as its key sees it."""

    accounts: Accounts
    event_types: EventTypes
    subscriptions: Subscriptions

    def handlers(self) -> Sequence[Handler]:
        kinds, own = "/v2/event-types", "/v2/webhooks"
        theirs = f"{kinds}/{{event_type_id:int}}/webhooks"
        return (
            Handler("GET", "/v2/me", Operation.ME, self.me),
            Handler("GET", kinds, Operation.EVENT_TYPES, self.list_event_types),
            Handler("GET", f"{kinds}/{{event_type_id:int}}", Operation.EVENT_TYPES, self.get_event_type),
            *(handler for path in (own, theirs) for handler in self._webhook_handlers(path)),
        )

    def _webhook_handlers(self, path: str) -> Sequence[Handler]:
        one = f"{path}/{{id:int}}"
        return (
            Handler("POST", path, Operation.WEBHOOKS, self.subscribe),
            Handler("GET", path, Operation.WEBHOOKS, self.list_subscriptions),
            Handler("GET", one, Operation.WEBHOOKS, self.get_subscription),
            Handler("PATCH", one, Operation.WEBHOOKS, self.change_subscription),
            Handler("DELETE", one, Operation.WEBHOOKS, self.unsubscribe),
        )

    async def me(self, request: Request) -> Response:
        return success(account_shapes.profile(self._caller(request).required_account()))

    async def list_event_types(self, request: Request) -> Response:
        caller = self._caller(request)
        kinds = list(self._visible(request.query_params, caller))
        if not caller.uses_current("event-types"):
            return success(older_shapes.event_type_list(kinds))
        return success([account_shapes.event_type(kind) for kind in kinds])

    async def get_event_type(self, request: Request) -> Response:
        caller = self._caller(request)
        kind = self.event_types.find(request.path_params["event_type_id"])
        if kind is None or not caller.owns(kind):
            caller.required_account()
            raise NotFound(f"Event type with id {request.path_params['event_type_id']} not found")
        return success(account_shapes.event_type(kind))

    async def subscribe(self, request: Request) -> Response:
        account_id, event_type_id = self._scope(request)
        fields = read_subscription(await read_object(request), is_whole=True)
        draft = Subscription(0, account_id, "", frozenset(), event_type_id=event_type_id)
        made = self.subscriptions.add(replace(draft, **fields))
        return success(account_shapes.subscription(made), status=HTTPStatus.CREATED)

    async def list_subscriptions(self, request: Request) -> Response:
        account_id, event_type_id = self._scope(request)
        rows = self.subscriptions.of(account_id=account_id, event_type_id=event_type_id)
        return success([account_shapes.subscription(row) for row in rows])

    async def get_subscription(self, request: Request) -> Response:
        return success(account_shapes.subscription(self._own_subscription(request)))

    async def change_subscription(self, request: Request) -> Response:
        fields = read_subscription(await read_object(request), is_whole=False)
        changed = replace(self._own_subscription(request), **fields)
        self.subscriptions.put(changed)
        return success(account_shapes.subscription(changed))

    async def unsubscribe(self, request: Request) -> Response:
        row = self._own_subscription(request)
        self.subscriptions.remove(row.id)
        return success(account_shapes.subscription(row))

    def _visible(self, query: Mapping[str, str], caller: Caller) -> Iterable[EventType]:
        """Yield what the key's owner has, or what the public may see on one page.

        A page of its own is left out of the owner's list: what is imported from there must not change.
        """
        page, slug = query.get("username"), query.get("eventSlug")
        for kind in self.event_types:
            is_shown = caller.owns(kind) or (page is not None and not kind.hidden)
            is_on_page = kind.page is None if page is None else kind.is_on_page(page)
            if is_shown and is_on_page and slug in {None, kind.slug}:
                yield kind

    def _scope(self, request: Request) -> tuple[int, int | None]:
        """Return whose subscriptions the path speaks of: the account's, or those of one event type it owns."""
        caller = self._caller(request)
        account = caller.required_account()
        event_type_id = request.path_params.get("event_type_id")
        if event_type_id is None:
            return account.id, None
        kind = self.event_types.find(event_type_id)
        if kind is None:
            raise NotFound(f"Event type with id {event_type_id} not found")
        caller.require_owner(kind)
        return account.id, kind.id

    def _own_subscription(self, request: Request) -> Subscription:
        account_id, event_type_id = self._scope(request)
        found = self.subscriptions.find(request.path_params["id"], account_id=account_id, event_type_id=event_type_id)
        if found is None:
            raise NotFound(f"Webhook ({request.path_params['id']}) not found")
        return found

    def _caller(self, request: Request) -> Caller:
        return Caller.of(request, self.accounts)
