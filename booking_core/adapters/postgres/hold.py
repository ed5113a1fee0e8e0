"""The one statement that takes chairs: it checks what the visit is made of, and stores all segments of it.

No row: the customer or the offering is not as was said, or no longer. Fewer `held` than were wanted: a chair is
occupied, or the wish lives already. DO NOTHING also covers the exclusion constraint, and unlike a plain INSERT it does
not deadlock when several callers want the same slot in the same instant; nor do two visits, for both go by time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from booking_core.domain.models import Appointment, Traffic

HOLD = text(
    """
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS uuid[]), CAST(:starts AS timestamptz[]),
                             CAST(:ends AS timestamptz[]), CAST(:segments AS smallint[]), CAST(:minutes AS integer[]),
                             CAST(:event_types AS bigint[]), CAST(:states AS text[]))
            AS segments (id, key, starts_at, ends_at, segment, minutes, event_type, state)
    ), facts AS (
        SELECT id, name, email FROM customers
         WHERE tenant_id = :tenant_id AND id = :customer_id AND phone = :phone
           AND (SELECT count(*) = count(wanted.id) AND count(*) = :number
                  FROM offerings LEFT JOIN wanted
                    ON wanted.segment = offerings.segment AND wanted.minutes = offerings.minutes
                   AND wanted.event_type = offerings.calcom_event_type_id
                 WHERE offerings.tenant_id = :tenant_id AND offerings.service_id = :service_id
                   AND offerings.staff_id = :staff_id)
    ), held AS (
        INSERT INTO appointments (id, tenant_id, service_id, staff_id, customer_id, period, state, key, created_at,
                                  channel, synthetic, correlation_id, prompt_version, visit_id, segment,
                                  replaces, first_id)
        SELECT wanted.id, :tenant_id, :service_id, :staff_id, facts.id, tstzrange(wanted.starts_at, wanted.ends_at),
               wanted.state, wanted.key, :asked_at, :channel, :synthetic, :correlation_id, :prompt_version, :visit_id,
               wanted.segment, :replaces, :first_id
          FROM wanted CROSS JOIN facts
         ORDER BY wanted.starts_at
            ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT name, email, (SELECT count(*) FROM held) AS held FROM facts
    """
)


def parameters(visit: Sequence[Appointment]) -> Mapping[str, object]:
    """Return the statement's parameters for all segments of one visit."""
    first, version = visit[0], visit[0].origin.prompt_version
    return {
        "number": len(visit),
        "ids": [each.id for each in visit],
        "keys": [each.key for each in visit],
        "starts": [each.start for each in visit],
        "ends": [each.end for each in visit],
        "segments": [each.offering.segment for each in visit],
        "minutes": [each.offering.minutes for each in visit],
        "event_types": [each.offering.calcom_event_type_id for each in visit],
        "states": [each.state.value for each in visit],
        "tenant_id": first.tenant_id,
        "customer_id": first.customer.id,
        "phone": first.customer.phone,
        "service_id": first.offering.service_id,
        "staff_id": first.offering.staff_id,
        "asked_at": first.asked_at,
        "channel": first.origin.channel.value,
        "synthetic": first.origin.traffic is Traffic.SYNTHETIC,
        "correlation_id": first.origin.correlation_id,
        "prompt_version": version.value if version else None,
        "visit_id": first.visit_id,
        "replaces": first.former.id if first.former else None,
        "first_id": first.first_id,
    }
