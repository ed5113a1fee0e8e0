"""The cache: what it remembers, and whether it is there."""

from __future__ import annotations

from sla.catalogue.metric import Home, Kind, Label, Metric

CACHE = Label("cache", ("user", "service", "phone", "availability"))
CACHE_HIT, CACHE_MISS = "hit", "miss"
# What Redis answered; with `error` it did not.
CACHE_ANSWERS = (CACHE_HIT, CACHE_MISS)
CACHE_RESULT = Label("result", (*CACHE_ANSWERS, "error"))

CACHE_REQUESTS = Metric(
    "booking_cache_requests_total",
    Kind.COUNTER,
    "Questions for remembered things. A `miss` was loaded and remembered; `error`: Redis could not be asked.",
    Home.CORE,
    labels=(CACHE, CACHE_RESULT),
)
CACHE_UP = Metric("booking_cache_up", Kind.GAUGE, "1 while Redis answers the sidecar.", Home.SIDECAR)
