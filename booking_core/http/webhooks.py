"""What Cal.com and Retell tell us of their own accord: verified, stored, acknowledged; acted upon elsewhere.

Cal.com waits for our answer before it answers whoever made the booking, which may well be us.
"""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter, Request

from booking_core.adapters import calcom_webhooks, retell_webhooks
from booking_core.domain.models import Tenant
from booking_core.domain.ports import Clock
from booking_core.domain.webhooks import OTHER, Notice, Result, Source
from booking_core.http.answers import Unauthorised
from booking_core.http.callers import tenant_by_calcom_signature, tenant_by_signature
from booking_core.services.inbox import WebhookInbox
from booking_core.services.tenants import TenantDirectory

# Source, event and result.
Counted = Callable[[str, str, str], None]


def router(inbox: WebhookInbox, tenants: TenantDirectory, clock: Clock, counted: Counted) -> APIRouter:
    """Bind the routes to what they need; `counted` hears of what gets no further than here."""
    routes = APIRouter(prefix="/v1/webhooks", responses={401: {"description": "Not signed with the salon's key."}})

    @routes.post("/calcom/{tenant}", status_code=HTTPStatus.NO_CONTENT)
    async def calcom(request: Request, tenant: str) -> None:
        try:
            salon = await tenant_by_calcom_signature(request, tenant, tenants)
        except Unauthorised:
            counted(Source.CALCOM, OTHER, Result.REFUSED)
            raise
        await keep(request, salon, calcom_webhooks.notice(await request.body(), salon.id))

    @routes.post("/retell/{tenant}", status_code=HTTPStatus.NO_CONTENT)
    async def retell(request: Request, tenant: str) -> None:
        try:
            salon = await tenant_by_signature(request, tenant, tenants, now=clock.now())
        except Unauthorised:
            counted(Source.RETELL, OTHER, Result.REFUSED)
            raise
        await keep(request, salon, retell_webhooks.notice(await request.body()))

    async def keep(request: Request, salon: Tenant, notice: Notice) -> None:
        raw, correlation_id = await request.body(), request.state.correlation_id
        if not await inbox.receive(salon, notice, raw, correlation_id=correlation_id):
            counted(notice.source, notice.event, Result.DUPLICATE)

    return routes
