"""Cal.com telling us things: webhooks as it writes them, put into the inbox and worked off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from booking_core.adapters import calcom_webhooks
from booking_core.domain.models import Appointment, Traffic
from booking_core.domain.webhooks import Delivery, DeliveryState
from tests.booking_core.conftest import Stage
from tests.factories import NOW, SALON, TEN_O_CLOCK


def marked(appointment: Appointment) -> dict[str, str]:
    """The metadata that every booking of ours carries."""
    return {"bc_booking": str(appointment.id), "bc_tenant": str(SALON.id), "bc_traffic": Traffic.REAL.value}


def told(
    trigger: str,
    uid: str = "uid-1",
    *,
    start: datetime = TEN_O_CLOCK,
    minutes: int = 30,
    metadata: Mapping[str, str] | None = None,
    host: str = "anna",
    former: str | None = None,
    former_start: datetime = TEN_O_CLOCK,
    at: datetime = NOW,
) -> bytes:
    payload: dict[str, Any] = {
        "uid": uid,
        "startTime": _text(start),
        "endTime": _text(start + timedelta(minutes=minutes)),
        "organizer": {"id": 11, "username": host, "name": host.title()},
        "eventTypeId": 1001,
        "iCalSequence": 0,
        "metadata": dict(metadata or {}),
    }
    if former is not None:
        times = {"rescheduleStartTime": former_start, "rescheduleEndTime": former_start + timedelta(minutes=30)}
        payload |= {"rescheduleUid": former} | {name: _text(moment) for name, moment in times.items()}
    return json.dumps({"triggerEvent": trigger, "createdAt": _text(at), "payload": payload}).encode()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def tell(stage: Stage, *bodies: bytes) -> None:
    """Deliver, and work off whatever lies in the inbox until nothing waits but what must wait."""
    for body in bodies:
        await stage.core.inbox.receive(
            SALON, calcom_webhooks.notice(body, SALON.id), body, correlation_id="correlation-1"
        )
        await work_off(stage)


async def work_off(stage: Stage) -> None:
    """Act once upon every delivery that waits."""
    for delivery in list(stage.database.rows.deliveries.values()):
        if delivery.state is DeliveryState.RECEIVED:
            await stage.core.inbox.process(delivery.tenant_id, delivery.id)


def newest(stage: Stage) -> Delivery:
    return list(stage.database.rows.deliveries.values())[-1]
