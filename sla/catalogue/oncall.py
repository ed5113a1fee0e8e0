"""The way to the person on call."""

from __future__ import annotations

from sla.catalogue.metric import Home, Kind, Label, Metric

SEVERITY = Label("severity", ("critical", "warning", "info", "none"))
DELIVERY_EDGES = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0)

ALERT_DELIVERY = Metric(
    "alert_delivery_seconds",
    Kind.HISTOGRAM,
    "Time from an alert's start to its arrival at the on-call receiver.",
    Home.ONCALL,
    buckets=DELIVERY_EDGES,
)
PAGES = Metric(
    "oncall_pages_total",
    Kind.COUNTER,
    "Pages received by the on-call receiver.",
    Home.ONCALL,
    labels=(Label("alertname"), SEVERITY),
)
DEADMAN_LAST_SEEN = Metric(
    "deadman_last_seen_timestamp_seconds",
    Kind.GAUGE,
    "When the Watchdog last reached the on-call receiver.",
    Home.ONCALL,
)
