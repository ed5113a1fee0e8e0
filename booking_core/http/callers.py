"""Who is calling: tenants by API key or by signed Retell request, and the origin of a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from booking_core.adapters import calcom_webhooks, retell
from booking_core.domain.access import KeyScope, ScopeMissing
from booking_core.domain.models import Channel, Origin, PromptVersion, Tenant
from booking_core.http.answers import Unauthorised
from booking_core.http.limits import spend
from booking_core.resilience.limits import Limits
from booking_core.services.tenants import TenantDirectory


@dataclass(frozen=True, slots=True)
class Door:
    """Who is let in, and how often."""

    tenants: TenantDirectory
    limits: Limits


async def tenant_by_api_key(request: Request, door: Door, scope: KeyScope) -> Tenant:
    """Return the tenant of the bearer key.

    Raises Unauthorised, TooManyRequests, and ScopeMissing for a key that is not for this.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Unauthorised("Send your API key as `Authorization: Bearer <key>`.")
    bearer = await door.tenants.by_api_key(key)
    tenant = _admitted(request, bearer.tenant if bearer else None, "This API key is not known, or it was revoked.")
    if bearer is None or scope not in bearer.scopes:
        raise ScopeMissing(scope)
    await spend(request, door.limits, door.limits.key, str(bearer.key_id))
    return tenant


async def tenant_by_signature(request: Request, token: str, tenants: TenantDirectory, *, now: datetime) -> Tenant:
    """Return the tenant whose key Retell signed the raw body with; raises Unauthorised."""

    def is_genuine(body: bytes, tenant: Tenant | None) -> bool:
        key = tenant.retell_api_key if tenant else ""
        return retell.is_genuine(body, key, request.headers.get(retell.HEADER), now=now)

    return await _signer(request, token, tenants, is_genuine)


async def tenant_by_calcom_signature(request: Request, token: str, tenants: TenantDirectory) -> Tenant:
    """Return the tenant whose secret Cal.com signed the raw body with; raises Unauthorised."""

    def is_genuine(body: bytes, tenant: Tenant | None) -> bool:
        secret = tenant.calcom_webhook_secret if tenant else None
        return calcom_webhooks.is_genuine(body, secret, request.headers.get(calcom_webhooks.HEADER))

    return await _signer(request, token, tenants, is_genuine)


async def _signer(
    request: Request, token: str, tenants: TenantDirectory, is_genuine: Callable[[bytes, Tenant | None], bool]
) -> Tenant:
    """Raise Unauthorised in the same words for every reason.

    The tenant comes from the path, so that the key is chosen before a byte of the body is believed.
    """
    body = await request.body()
    # An address may hold any byte, and not even the question can be asked with some.
    tenant = await tenants.by_token(token) if token.isprintable() else None
    signer = tenant if is_genuine(body, tenant) else None
    return _admitted(request, signer, "The signature does not fit this body and address.")


def origin_of(request: Request, channel: Channel, prompt_version: PromptVersion | None = None) -> Origin:
    """Return where the request comes from, as the entrance marked it."""
    return Origin(channel, request.state.traffic, request.state.correlation_id, prompt_version)


def _admitted(request: Request, tenant: Tenant | None, otherwise: str) -> Tenant:
    if tenant is None:
        raise Unauthorised(otherwise)
    request.state.zone = tenant.time_zone
    return tenant
