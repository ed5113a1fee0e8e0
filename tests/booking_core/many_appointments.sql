-- 200 salons with 100 000 appointments: every member of staff has one every second day from September to March. A tenth
-- was cancelled, and Cal.com does not have one in a thousand yet.
INSERT INTO tenants (
    id, token, name, time_zone, country, retell_api_key, calcom_api_key, calcom_webhook_secret)
    SELECT md5('tenant' || t)::uuid, 't' || t, 'Salon', 'Europe/Berlin', 'DE', 'r', 'c', 'w'
    FROM generate_series(1, 200) t;
INSERT INTO services (id, tenant_id, slug, name, aliases, spoken_names)
    SELECT md5('service' || t || '-' || s)::uuid, md5('tenant' || t)::uuid, 's' || s, 'Service', '{}', ARRAY['s' || s]
    FROM generate_series(1, 200) t, generate_series(1, 8) s;
INSERT INTO staff (id, tenant_id, slug, name)
    SELECT md5('staff' || t || '-' || p)::uuid, md5('tenant' || t)::uuid, 'p' || p, 'Person'
    FROM generate_series(1, 200) t, generate_series(1, 5) p;
INSERT INTO offerings (tenant_id, service_id, staff_id, minutes, calcom_event_type_id)
    SELECT services.tenant_id, services.id, staff.id, 30, 1 FROM services JOIN staff USING (tenant_id);
INSERT INTO customers (id, tenant_id, phone, name)
    SELECT md5('customer' || t || '-' || c)::uuid, md5('tenant' || t)::uuid, '+49' || c, 'Name'
    FROM generate_series(1, 200) t, generate_series(1, 100) c;
INSERT INTO appointments (
    id, tenant_id, service_id, staff_id, customer_id, period, state, key, calcom_uid, channel, synthetic,
    correlation_id, created_at)
    SELECT
        md5('appointment' || n)::uuid, md5('tenant' || t)::uuid, md5('service' || t || '-' || k % 8 + 1)::uuid,
        md5('staff' || t || '-' || p)::uuid, md5('customer' || t || '-' || k % 100 + 1)::uuid,
        tstzrange(start, start + interval '30 minutes'),
        CASE WHEN n % 1000 = 0 THEN 'queued' WHEN k % 10 = 0 THEN 'cancelled' ELSE 'confirmed' END,
        md5('key' || n)::uuid, 'uid' || n, 'voice', n % 500 = 1, 'c', start - interval '7 days'
    FROM generate_series(0, 99999) n,
        LATERAL (SELECT
            n % 200 + 1 AS t, n / 200 % 5 + 1 AS p, n / 200 / 5 AS k,
            timestamptz '2026-09-01 09:00Z' + interval '2 days' * (n / 200 / 5) AS start) each;
INSERT INTO calcom_bookings (tenant_id, uid, appointment_id, staff_id, starts_at, ends_at, standing)
    SELECT
        tenant_id, calcom_uid, CASE WHEN right(calcom_uid, 1) <> '7' THEN id END, staff_id, lower(period), upper(period),
        CASE state WHEN 'cancelled' THEN 3 ELSE 2 END
    FROM appointments;
INSERT INTO letters (appointment_id, kind, tenant_id, next_try_at, tries, result)
    SELECT id, 'confirmed', tenant_id, created_at, 1, 'sent' FROM appointments WHERE state = 'confirmed';
ANALYZE;
