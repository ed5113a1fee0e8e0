"""The inbox: what others tell us is stored before it is acknowledged, and acted upon afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from structlog.contextvars import bind_contextvars

from booking_core.bus import Bus
from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.events import Event, WebhookProcessed, WebhookReceived
from booking_core.domain.models import Channel, Origin, Tenant
from booking_core.domain.ports import EVERY_TENANT, Clock, Database, Stores
from booking_core.domain.webhooks import Delivery, DeliveryState, Notice, Result, Source

_log = structlog.get_logger()

_CHANNEL = {Source.CALCOM: Channel.API, Source.RETELL: Channel.VOICE}

# Cal.com tells of a booking before it answers the request that made it, which is mostly ours: nothing is lost by
# waiting for that answer, and most of what is told is known by then.
SETTLING_SECONDS = {Source.CALCOM: 2.0, Source.RETELL: 0.0}

# How long to wait before the next try, by how many there have been; later ones keep the last.
LADDER_SECONDS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
# A quarter of an hour in all; what does not work by then needs a person.
ATTEMPTS = 8

OVERDUE_AFTER = timedelta(minutes=2)
# Most have a job already and are passed over; so many that a long outage hides none behind them.
RESUMED_AT_ONCE = 500


class NotYet(Exception):
    """The delivery cannot be acted upon now, through no fault of its own; come again."""

    def __init__(self, after_seconds: float) -> None:
        super().__init__(f"again in {after_seconds:g} s")
        self.after_seconds = after_seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery, and what is to be published once that is committed."""

    result: Result
    events: tuple[Event, ...] = ()


# Acts upon one delivery, within the transaction that marks it as processed. May raise NotYet.
Act = Callable[[Stores, Delivery], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class WebhookInbox:
    """Every delivery is stored once, with the job that acts upon it; whoever sent it is answered before that.

    One that cannot be acted upon is tried a number of times and then left to a person.
    """

    database: Database
    bus: Bus
    clock: Clock
    new_id: Callable[[], UUID]
    acts: Mapping[Source, Act]

    async def receive(self, tenant: Tenant, notice: Notice, raw: bytes, *, correlation_id: str) -> bool:
        """Keep it; return False for a copy of what is here already."""
        delivery = Delivery(
            id=self.new_id(),
            tenant_id=tenant.id,
            source=notice.source,
            event=notice.event,
            key=notice.key,
            subject=notice.subject,
            digest=hashlib.sha256(raw).hexdigest(),
            traffic=notice.traffic,
            correlation_id=correlation_id,
            received_at=self.clock.now(),
            body=notice.body,
        )
        async with self.database.begin(tenant.id) as stores:
            if not await stores.inbox.store(delivery):
                return False
            await _put_down(stores, delivery, after_seconds=SETTLING_SECONDS[delivery.source])
        self.bus.publish(WebhookReceived(_origin(delivery), tenant.id, delivery.id, notice.source, notice.event))
        return True

    async def process(self, tenant_id: UUID, delivery_id: UUID) -> None:
        """Act upon one delivery; what was acted upon before is left alone."""
        async with self.database.begin(tenant_id) as stores:
            delivery = await stores.inbox.find(tenant_id, delivery_id)
        if delivery is None or delivery.state is not DeliveryState.RECEIVED:
            return
        bind_contextvars(correlation_id=delivery.correlation_id)
        try:
            await self._act(delivery)
        except NotYet as error:
            async with self.database.begin(tenant_id) as stores:
                await _put_down(stores, delivery, after_seconds=error.after_seconds)
        except AppointmentDatabaseError:
            raise  # no fault of the delivery's
        except Exception as error:  # noqa: BLE001 - one poisoned delivery must not stop the others
            _log.exception("webhook_stumbled", delivery_id=str(delivery.id), attempts=delivery.attempts + 1)
            await self._stumble(delivery, error)

    async def resume(self) -> int:
        """Whatever ended a job without an end, no delivery lies there for want of one; return how many had to wait."""
        async with self.database.begin(EVERY_TENANT) as stores:
            left = await stores.inbox.waiting(self.clock.now() - OVERDUE_AFTER, at_most=RESUMED_AT_ONCE)
            for delivery in left:
                await _put_down(stores, delivery, after_seconds=0.0)
        return len(left)

    async def forget_bodies(self, *, older_than: timedelta) -> int:
        """Forget what was said in deliveries that were acted upon so long ago; return in how many."""
        async with self.database.begin(EVERY_TENANT) as stores:
            return await stores.inbox.drop_bodies(self.clock.now() - older_than)

    async def _act(self, delivery: Delivery) -> None:
        async with self.database.begin(delivery.tenant_id) as stores:
            outcome = await self.acts[delivery.source](stores, delivery)
            await stores.inbox.processed(delivery.id, outcome.result, at=self.clock.now())
        for event in outcome.events:
            self.bus.publish(event)
        self._publish(delivery, outcome.result)

    async def _stumble(self, delivery: Delivery, error: Exception) -> None:
        is_last = delivery.attempts + 1 >= ATTEMPTS
        async with self.database.begin(delivery.tenant_id) as stores:
            # The class says what went wrong; the message might quote what a customer said.
            await stores.inbox.stumbled(delivery.id, type(error).__name__, is_last=is_last)
            if not is_last:
                seconds = LADDER_SECONDS[min(delivery.attempts, len(LADDER_SECONDS) - 1)]
                await _put_down(stores, delivery, after_seconds=seconds)
        if is_last:
            self._publish(delivery, Result.FAILED)

    def _publish(self, delivery: Delivery, result: Result) -> None:
        about = (delivery.tenant_id, delivery.id, delivery.source, delivery.event)
        self.bus.publish(WebhookProcessed(_origin(delivery), *about, result))


async def replay(stores: Stores, delivery: Delivery) -> None:
    """Let a delivery be acted upon once more. That changes nothing which it has brought about before."""
    await stores.inbox.reopen(delivery.id)
    await _put_down(stores, delivery, after_seconds=0.0)


async def _put_down(stores: Stores, delivery: Delivery, *, after_seconds: float) -> None:
    await stores.queue.process_delivery(
        delivery.tenant_id, delivery.id, subject=delivery.subject, after_seconds=after_seconds
    )


def _origin(delivery: Delivery) -> Origin:
    return Origin(_CHANNEL[delivery.source], delivery.traffic, delivery.correlation_id)
