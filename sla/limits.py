"""When each alert fires: the `alerts` part of sla.yaml, as objects.

Four kinds cover all but a few: a share of events that is bad, a level that is exceeded, a number of events that is too
many, and a budget that burns too fast.
"""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from sla.quantities import Count, Duration, Positive, Ratio, Seconds, Strict


class ShareLimits(Strict):
    """Fires when the bad share exceeds the ratio and enough bad events stand behind it."""

    ratio: Ratio
    window: Seconds
    # How many bad events it takes: with few events a single bad one is already a large share.
    count: Count
    # Where given, the share must be exceeded here too, and the events are counted here: over means over.
    short_window: Seconds | None = None
    for_: Seconds = Field(alias="for")
    keep_firing_for: Seconds

    @property
    def evidence_window(self) -> Duration:
        """The window in which the bad events are counted."""
        return self.short_window or self.window


class TwoShares(Strict):
    """Both severities of an alert on a share."""

    critical: ShareLimits
    warning: ShareLimits


class ProbeAlert(Strict):
    """Fires after so many failed probe runs in a row."""

    consecutive_failures: Count
    keep_firing_for: Seconds


class DownAlert(Strict):
    """Fires when the booking service cannot be scraped or has no worker."""

    for_: Seconds = Field(alias="for")


class BreakerAlert(Strict):
    """Fires when a circuit has not been closed for so long."""

    open_for: Seconds
    keep_firing_for: Seconds


class SlowLimits(ShareLimits):
    """An event is bad when it measured more than `over`, in the metric's unit, which must be a bucket edge."""

    over: Positive


class LowVolumeLimits(ShareLimits):
    """Fires only where there are fewer attempts than this in the window: with more, other alerts see better."""

    attempts_below: Count


class LevelLimits(Strict):
    """Fires while something stays above a level, in the metric's unit."""

    over: float = Field(ge=0)
    for_: Seconds = Field(alias="for")
    keep_firing_for: Seconds


class StuckLimits(Strict):
    """Fires while something is older than an objective allows."""

    for_: Seconds = Field(alias="for")
    keep_firing_for: Seconds


class RateLimits(LevelLimits):
    """Fires while something grows faster than so much a second."""

    window: Seconds


class GrowthLimits(Strict):
    """Fires when so many events fall into a window."""

    count: Count
    window: Seconds
    keep_firing_for: Seconds


class SpikeLimits(GrowthLimits):
    """Fires when so many events fall into a window, and so many times as many as is usual."""

    times_usual: float = Field(gt=1)
    usual: Seconds


class OrphanLimits(Strict):
    """Fires when the bookings that live in one world only are so large a share of those made within the window."""

    ratio: Ratio
    window: Seconds
    for_: Seconds = Field(alias="for")
    keep_firing_for: Seconds


class BurnTier(Strict):
    """Fires when the budget burns so many times too fast, in a long window and still in a short one.

    Counted in the short window, so that a few events in a quiet hour page nobody.
    """

    factor: Decimal = Field(gt=0)
    short: Seconds
    long: Seconds
    count: Count
    for_: Seconds = Field(alias="for")
    keep_firing_for: Seconds

    def limits(self, budget: Decimal) -> ShareLimits | None:
        """Return the limits for an objective's budget; None where even a total failure burns no faster."""
        if self.factor * budget >= 1:
            return None
        return ShareLimits.model_validate(
            {
                "ratio": self.factor * budget,
                "window": self.long,
                "short_window": self.short,
                "count": self.count,
                "for": self.for_,
                "keep_firing_for": self.keep_firing_for,
            }
        )


class BurnTiers(Strict):
    """The tiers by severity, the fastest first."""

    critical: tuple[BurnTier, ...]
    warning: tuple[BurnTier, ...]


class BudgetLeft(Strict):
    """From when on the rest of a budget, as a share of it, is noted, and shown as nearly gone."""

    noted_below: Ratio
    scarce_below: Ratio


class CanaryPeriod(Strict):
    """Fires in the first half of every period."""

    period: Seconds


class Newness(Strict):
    """Tells of a version for so long after it was first seen."""

    new_for: Seconds


class Alerts(Strict):
    """Thresholds, windows and evidence counts of every alert."""

    success_rate: TwoShares
    probe_failing: ProbeAlert
    service_down: DownAlert
    circuit_breaker_open: BreakerAlert
    api_latency: TwoShares
    low_volume_failures: LowVolumeLimits
    error_budget_burn: BurnTiers
    error_budget_left: BudgetLeft
    journey_stuck: StuckLimits
    circuit_breaker_flapping: GrowthLimits
    database_connection_errors: GrowthLimits
    calcom_latency: SlowLimits
    agent_turns: SlowLimits
    database_queries: SlowLimits
    queries_per_booking: SlowLimits
    cache_misses: ShareLimits
    worker_memory_bytes: LevelLimits
    worker_cpu: RateLimits
    orphaned_bookings: OrphanLimits
    sync_failures: SpikeLimits
    probe_orphans: LevelLimits
    scrape_seconds: LevelLimits
    telemetry_age_seconds: LevelLimits
    rule_failures: GrowthLimits
    notification_failures: GrowthLimits
    pipeline_canary: CanaryPeriod
    deployed: Newness
