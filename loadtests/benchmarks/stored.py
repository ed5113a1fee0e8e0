"""What is in the database before anybody is measured, and the booking as SQL alone, for pgbench."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import psycopg

from loadtests.benchmarks.salons import CHAIRS, MINUTES, REGULARS_EACH, SALONS, SERVICES, api_key, event_type

# Customers are a fifth of the appointments: people come back.
_VISITS_EACH = 5

# What salons.uuid_of() is in Python. A plain SQL function: PostgreSQL puts it in line and it costs nothing.
_ID = """
CREATE FUNCTION bench_id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN (kind || lpad(to_hex(number), 31, '0'))::uuid
"""
_TENANT = """
INSERT INTO tenants (id, token, name, time_zone, country, retell_api_key, calcom_api_key)
VALUES (bench_id('a', %(n)s), 'token-' || %(n)s, 'Salon ' || %(n)s, 'Europe/Berlin', 'DE', 'retell',
        'cal-' || %(n)s)
"""
_KEY = """
INSERT INTO api_keys (id, tenant_id, digest, label, scopes, created_at)
VALUES (gen_random_uuid(), bench_id('a', %(n)s), %(digest)s, 'bench', ARRAY['bookings:read', 'bookings:write'], now())
"""
_STAFF = """
INSERT INTO staff (id, tenant_id, slug, name)
SELECT bench_id('c', n), bench_id('a', n %% %(salons)s), 'staff-' || n, 'Staff ' || n
  FROM generate_series(0, %(chairs)s - 1) n
"""
_SERVICE = """
INSERT INTO services (id, tenant_id, slug, name, aliases, spoken_names)
SELECT bench_id('b', n * %(services)s + %(service)s), bench_id('a', n), %(slug)s, initcap(%(slug)s), '{}',
       ARRAY[%(slug)s]
  FROM generate_series(0, %(salons)s - 1) n
"""
_OFFERING = """
INSERT INTO offerings (tenant_id, service_id, staff_id, minutes, calcom_event_type_id)
SELECT bench_id('a', n %% %(salons)s), bench_id('b', n %% %(salons)s * %(services)s + %(service)s), bench_id('c', n),
       %(minutes)s, %(event_type)s + n * %(services)s + %(service)s
  FROM generate_series(0, %(chairs)s - 1) n
"""
_CUSTOMERS = """
INSERT INTO customers (id, tenant_id, phone, name)
SELECT bench_id('d', n), bench_id('a', n %% %(salons)s),
       '+49151' || lpad((n %% %(salons)s * 1000000 + n / %(salons)s)::text, 8, '0'), 'Erika Muster'
  FROM generate_series(%(first)s / %(visits)s, %(last)s / %(visits)s - 1) n
"""
# Into the past, two hours apart at each chair: one in ten cancelled, the others confirmed.
_APPOINTMENTS = """
INSERT INTO appointments (id, tenant_id, service_id, staff_id, customer_id, period, state, key, calcom_uid, channel,
                          synthetic, correlation_id)
SELECT bench_id('e', n), bench_id('a', n %% %(salons)s),
       bench_id('b', n %% %(salons)s * %(services)s + n %% %(services)s), bench_id('c', n %% %(chairs)s),
       bench_id('d', n %% (%(last)s / %(visits)s) / %(salons)s * %(salons)s + n %% %(salons)s),
       tstzrange(ago, ago + interval '1 minute' * %(minutes)s, '[)'),
       CASE WHEN n %% 10 = 0 THEN 'cancelled' ELSE 'confirmed' END, gen_random_uuid(), 'stored-' || n, 'voice',
       false, ''
  FROM generate_series(%(first)s, %(last)s - 1) n,
       LATERAL (SELECT %(day)s::timestamptz - interval '2 hours' * (n / %(chairs)s + 13) AS ago) times
"""

# The statements and commits of bare_endpoint.py in pgbench's language.
PGBENCH_SCRIPT = """\\set n :n + 1
\\set number :base + :n * :callers + :client_id
\\set staff :number % :chairs
\\set salon :staff % :salons
\\set service :salon * :services + :number % :services
\\set second :first_second + 60 * :minutes * (:number / :chairs)
\\set phone :salon * 1000000 + :number / :salons % :regulars
BEGIN;
INSERT INTO customers (id, tenant_id, phone, name)
VALUES (gen_random_uuid(), bench_id('a', :salon), '+49151' || lpad(:phone::text, 8, '0'), 'Erika Muster')
ON CONFLICT (tenant_id, phone) DO UPDATE SET email = coalesce(customers.email, excluded.email)
RETURNING id AS customer \\gset
INSERT INTO appointments (id, tenant_id, service_id, staff_id, customer_id, period, state, key, channel, synthetic,
                          correlation_id)
SELECT gen_random_uuid(), bench_id('a', :salon), bench_id('b', :service), bench_id('c', :staff), :customer::uuid,
       tstzrange(to_timestamp(:second::int), to_timestamp(:second::int + 60 * :minutes::int), '[)'), 'creating',
       gen_random_uuid(), 'api', false, ''
ON CONFLICT DO NOTHING RETURNING id AS appointment \\gset
COMMIT;
BEGIN;
UPDATE appointments SET state = 'confirmed', calcom_uid = 'at-' || id, updated_at = now() WHERE id = :appointment::uuid;
COMMIT;
"""
# What the script wants to be told besides `base` (the first booking's number), `callers`, `first_second` and `n` (0).
PGBENCH_SIZES = {
    "salons": SALONS,
    "chairs": CHAIRS,
    "services": len(SERVICES),
    "minutes": MINUTES,
    "regulars": REGULARS_EACH,
}


def open_salons(url: str, digest: Callable[[str], str]) -> None:
    """Store the salons with their staff and services; `digest` is what the core keeps of an API key."""
    with psycopg.connect(url) as connection:
        connection.execute(_ID)
        keys = [{"n": n, "digest": digest(api_key(n))} for n in range(SALONS)]
        connection.cursor().executemany(_TENANT, keys)
        connection.cursor().executemany(_KEY, keys)
        connection.execute(_STAFF, PGBENCH_SIZES)
        for number, slug in enumerate(SERVICES):
            service = {**PGBENCH_SIZES, "service": number, "slug": slug, "event_type": event_type(0, 0)}
            connection.execute(_SERVICE, service)
            connection.execute(_OFFERING, service)


def store(url: str, *, before: int, appointments: int, today: date) -> None:
    """Add appointments, and their customers, until there are so many; then put the house in order."""
    added = {**PGBENCH_SIZES, "first": before, "last": appointments, "visits": _VISITS_EACH, "day": today}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_CUSTOMERS, added)
        connection.execute(_APPOINTMENTS, added)
        # Else the first minutes measure autovacuum and checkpoints, not bookings.
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
