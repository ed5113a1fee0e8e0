"""Row-level security from the side that asks: whose rows a transaction sees. The policies stand in the migrations."""

from __future__ import annotations

from sqlalchemy import Executable, text

from booking_core.domain.ports import EveryTenant, Scope

# `true`: until the end of the transaction, so that a pooled connection never carries one tenant's sight to another.
_LIMIT = text("SELECT set_config('slotwatch.tenant', :tenant, true)")


def begin_limited_to(scope: Scope) -> str:
    """Return BEGIN and that statement as one: both cross to the server and back together.

    Without parameters, because only so may two statements travel in one; a scope is a UUID or the one constant.
    """
    return f"BEGIN; SELECT set_config('slotwatch.tenant', '{_name(scope)}', true)"


def limited_to(scope: Scope) -> Executable:
    """Return the first statement of a transaction; without it no row of any tenant is visible."""
    return _LIMIT.bindparams(tenant=_name(scope))


def _name(scope: Scope) -> str:
    return scope.value if isinstance(scope, EveryTenant) else str(scope)
