"""The inbox: what others tell us is stored before it is acknowledged, and acted upon afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from booking_core.bus import Bus
from booking_core.domain.events import WebhookProcessed, WebhookReceived
from booking_core.domain.models import Channel, Origin, Tenant
from booking_core.domain.ports import Clock, Database
from booking_core.domain.webhooks import Delivery, Notice, Result, Source

_CHANNEL = {Source.CALCOM: Channel.API, Source.RETELL: Channel.VOICE}


@dataclass(frozen=True, slots=True)
class WebhookInbox:
    """Every delivery is stored once, with the job that acts upon it; whoever sent it is answered before that."""

    database: Database
    bus: Bus
    clock: Clock
    new_id: Callable[[], UUID]

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
            await stores.queue.process_delivery(tenant.id, delivery.id, subject=notice.subject, after_seconds=0.0)
        self.bus.publish(WebhookReceived(_origin(delivery), tenant.id, delivery.id, notice.source, notice.event))
        return True

    async def process(self, tenant_id: UUID, delivery_id: UUID) -> None:
        """Act upon one delivery. Nobody acts upon any yet: each is kept, and marked as left alone."""
        async with self.database.begin(tenant_id) as stores:
            delivery = await stores.inbox.find(tenant_id, delivery_id)
            if delivery is None:
                return
            await stores.inbox.processed(delivery.id, Result.IGNORED, at=self.clock.now())
        self.bus.publish(
            WebhookProcessed(_origin(delivery), tenant_id, delivery.id, delivery.source, delivery.event, Result.IGNORED)
        )


def _origin(delivery: Delivery) -> Origin:
    return Origin(_CHANNEL[delivery.source], delivery.traffic, delivery.correlation_id)
