"""Acts upon what Retell tells of calls: the times of each call are measured once, whichever webhook comes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from booking_core.domain.call_figures import CallFigures
from booking_core.domain.events import CallMeasured
from booking_core.domain.models import Channel, Origin
from booking_core.domain.ports import Stores
from booking_core.domain.webhooks import Delivery, Result
from booking_core.services.inbox import Outcome

Reader = Callable[[bytes], CallFigures | None]


@dataclass(frozen=True, slots=True)
class CallNews:
    """`call_ended` and `call_analyzed` tell the same of a call, and each may come twice or not at all."""

    read: Reader

    async def act(self, stores: Stores, delivery: Delivery) -> Outcome:
        figures = self.read(delivery.body or b"")
        if figures is None:
            return Outcome(Result.IGNORED)
        if await stores.inbox.was_applied(delivery.tenant_id, delivery.subject):
            return Outcome(Result.UNCHANGED)
        origin = Origin(Channel.VOICE, delivery.traffic, delivery.correlation_id, figures.prompt_version)
        return Outcome(Result.APPLIED, (CallMeasured(origin, delivery.tenant_id, figures),))
