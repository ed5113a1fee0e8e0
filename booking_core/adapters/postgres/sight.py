"""Row-level security from the side that asks: whose rows a transaction sees. The policies stand in the migrations."""

from __future__ import annotations

from sqlalchemy import Executable, text

from booking_core.domain.ports import EveryTenant, Scope

# `true`: until the end of the transaction, so that a pooled connection never carries one tenant's sight to another.
_LIMIT = text("SELECT set_config('slotwatch.tenant', :tenant, true)")


def limited_to(scope: Scope) -> Executable:
    """Return the first statement of a transaction; without it no row of any tenant is visible."""
    return _LIMIT.bindparams(tenant=scope.value if isinstance(scope, EveryTenant) else str(scope))
