"""What we tell Retell when the telephone rings: who is calling, what day it is, and which prompt takes the call.

The caller hears nothing until we have answered, so we do within 300 ms, if only with what we know by then.
"""

from datetime import datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from booking_core.domain import rollout, rules
from booking_core.domain.errors import AppointmentDatabaseError
from booking_core.domain.models import KnownCaller, PromptVersion, Tenant
from booking_core.domain.ports import Clock
from booking_core.http.callers import tenant_by_signature
from booking_core.http.deadline import Deadline
from booking_core.services.caller_recognition import CallerRecognition
from booking_core.services.tenants import TenantDirectory

ANSWERED_WITHIN_SECONDS = 0.3
# Retell then goes on with the agent of the number and that agent's own variables.
NOTHING_TO_SAY: dict[str, Any] = {"call_inbound": {}}

_log = structlog.get_logger()


class Variables(BaseModel):
    """The dynamic variables that Retell puts into the prompt; it takes nothing but strings. Empty means not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salon_name: str = "the salon"
    time_zone: str = ""
    today: str = ""
    caller_name: str = ""
    last_service: str = ""
    prompt_version: str = ""


class Ring(BaseModel):
    """As much of the inbound call as we need. A caller may hide the number, and not every announcement has an id."""

    call_id: str | None = Field(None, max_length=200)
    from_number: str | None = Field(None, max_length=40)


class InboundCall(BaseModel):
    """The body of the inbound webhook."""

    call_inbound: Ring


def router(
    callers: CallerRecognition,
    tenants: TenantDirectory,
    clock: Clock,
    *,
    v2_percent: int,
    within_seconds: float = ANSWERED_WITHIN_SECONDS,
) -> APIRouter:
    """Bind the webhook to what it needs."""
    routes = APIRouter(prefix="/v1/retell")

    @routes.post("/{tenant}/inbound")
    async def inbound(request: Request, tenant: str) -> dict[str, Any]:
        body = await request.body()
        deadline = Deadline(within_seconds)
        try:
            salon = await deadline.wait_for(tenant_by_signature(request, tenant, tenants, now=clock.now()))
            ring = InboundCall.model_validate_json(body).call_inbound
        except (TimeoutError, AppointmentDatabaseError, ValidationError) as error:
            _log.warning("inbound_call_not_understood", reason=type(error).__name__)
            return NOTHING_TO_SAY
        known = await recognised(salon, ring, deadline)
        call = ring.call_id or ring.from_number or ""
        version = rollout.prompt_for(call, tenant_id=salon.id, v2_percent=v2_percent)
        return {"call_inbound": _told(salon, known, version, now=clock.now())}

    async def recognised(salon: Tenant, ring: Ring, deadline: Deadline) -> KnownCaller | None:
        try:
            return await deadline.wait_for(callers.recognise(salon, ring.from_number))
        except (TimeoutError, AppointmentDatabaseError) as error:
            _log.warning("caller_not_looked_up", reason=type(error).__name__)
            return None

    return routes


def _told(salon: Tenant, known: KnownCaller | None, version: PromptVersion, *, now: datetime) -> dict[str, Any]:
    variables = {
        "salon_name": salon.name,
        "time_zone": salon.time_zone.key,
        "today": rules.spoken_day(now, salon.time_zone),
        "caller_name": rules.first_name(known.name) if known else "",
        "last_service": (known.last_service or "") if known else "",
    }
    agent_id = salon.agents.get(version)
    if agent_id is None:
        # The number's own agent takes the call, and says itself which prompt it speaks by.
        return {"dynamic_variables": variables}
    return {
        "override_agent_id": agent_id,
        "dynamic_variables": {**variables, "prompt_version": version.value},
        "metadata": {"prompt_version": version.value},
    }
