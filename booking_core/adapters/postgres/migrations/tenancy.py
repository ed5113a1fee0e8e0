"""SQL for the migrations: whose rows a table shows, and what the two roles that log in may do with it."""

from __future__ import annotations

CORE = "slotwatch_core"
SIDECAR = "slotwatch_sidecar"


def of_tenants(table: str, *, core_may: str, owner: str = "tenant_id") -> str:
    """Return the SQL that shows a table's rows to their own tenant only, and lets the core use it.

    `core_may` lists privileges (`SELECT, INSERT`). FORCE: the owner of the table is held to the policy, too. The
    comparison is made on text, because the setting is empty after its transaction and would be no uuid then.
    """
    return f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY own_rows ON {table}
        USING (current_setting('slotwatch.tenant', true) IN ({owner}::text, 'every'))
        WITH CHECK (current_setting('slotwatch.tenant', true) IN ({owner}::text, 'every'));
    GRANT {core_may} ON {table} TO {CORE};
    """


def read_by_sidecar(view: str) -> str:
    """Return the SQL that lets the sidecar read a view. It counts for all tenants, and says so when it connects."""
    return f"GRANT SELECT ON {view} TO {SIDECAR};"
