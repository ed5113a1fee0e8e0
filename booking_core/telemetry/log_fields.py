"""The fields a log line of the core may have. Ids, codes and numbers; whose they are stands in PostgreSQL only."""

from __future__ import annotations

FIELDS = frozenset(
    {
        "action",
        "appointment_id",
        "appointments",
        "attempts",
        "calcom_uid",
        "delivery_id",
        "errors",
        "event_name",
        "hit_ratio",
        "hits",
        "job",
        "kind",
        "listener",
        "lookups",
        "outcome",
        "p95_seconds",
        "queries",
        "reason",
        "result",
        # In Cal.com's words; what looks like an address or a number is blotted out of it.
        "said",
        "seconds",
        "source",
        "status",
        "subject",
        "task",
        "tenant_id",
        "uid",
        "version",
        "waited_seconds",
        "webhook",
    }
)
