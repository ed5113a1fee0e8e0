"""The processes themselves: workers, and the sidecar that reads them."""

from __future__ import annotations

from sla.catalogue.metric import Home, Kind, Label, Metric

COLLECTOR = Label(
    "collector", ("metric_files", "workers", "database", "cache", "breaker", "exemplars", "pushes", "build")
)
SLOT = Label("slot")

EXEMPLARS_LOST = Metric(
    "booking_exemplars_lost_total",
    Kind.COUNTER,
    "Exemplars that the sidecar did not take at once; the observation itself is counted.",
    Home.CORE,
)
BUILD_INFO = Metric(
    "booking_build_info",
    Kind.GAUGE,
    "Always 1; the label tells the running version.",
    Home.SIDECAR,
    labels=(Label("version"),),
)
WORKERS_LIVE = Metric("booking_workers_live", Kind.GAUGE, "Core workers alive, by their slot locks.", Home.SIDECAR)
WORKER_CPU = Metric(
    "booking_worker_cpu_seconds_total",
    Kind.COUNTER,
    "Processor time of the worker that now holds the slot.",
    Home.SIDECAR,
    labels=(SLOT,),
)
WORKER_MEMORY = Metric(
    "booking_worker_resident_memory_bytes",
    Kind.GAUGE,
    "Resident memory of the worker that now holds the slot.",
    Home.SIDECAR,
    labels=(SLOT,),
)
COLLECTOR_SUCCESS = Metric(
    "exporter_collector_success",
    Kind.GAUGE,
    "1 if the collector's last run succeeded.",
    Home.SIDECAR,
    labels=(COLLECTOR,),
)
COLLECTOR_DURATION = Metric(
    "exporter_collector_duration_seconds",
    Kind.GAUGE,
    "Time the collector's last run took.",
    Home.SIDECAR,
    labels=(COLLECTOR,),
)
FILES_SKIPPED = Metric(
    "exporter_files_skipped_total",
    Kind.COUNTER,
    "Metric files that could not be read at a scrape; what they held before is served meanwhile.",
    Home.SIDECAR,
    labels=(Label("reason", ("empty", "truncated", "foreign", "unreadable")),),
)
LAST_READ = Metric(
    "exporter_last_read_timestamp_seconds",
    Kind.GAUGE,
    "When the workers' metric files were last read without error.",
    Home.SIDECAR,
)
EXEMPLARS = Metric(
    "exporter_exemplars_total",
    Kind.COUNTER,
    "Exemplars that workers sent: kept for the next scrape, malformed, or `evicted`, the oldest of too many.",
    Home.SIDECAR,
    labels=(Label("result", ("kept", "malformed", "evicted")),),
)
SERIES_FOLDED = Metric(
    "exporter_series_folded",
    Kind.GAUGE,
    "Label sets of the workers' metrics beyond the sidecar's cap, counted together as `other`. 0 unless out of hand.",
    Home.SIDECAR,
)
PUSHES = Metric(
    "exporter_otlp_pushes_total",
    Kind.COUNTER,
    "Pushes of all these numbers over OTLP; each carries totals, so that one that failed is made up for by the next.",
    Home.SIDECAR,
    labels=(Label("result", ("sent", "failed")),),
)
