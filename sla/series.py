"""All recorded series together: what rules, panels and reports may name beside the catalogue."""

from __future__ import annotations

from sla import budgets, history, recordings, uptime
from sla.objectives import Promise
from sla.recordings import Recording


def recorded(promise: Promise) -> tuple[Recording, ...]:
    """Return every recorded series, group by group; not the copies of scraped ones, which are in sla/sparse.py."""
    return (
        *recordings.fast(promise),
        *recordings.steady(promise),
        *budgets.recordings(promise),
        *uptime.slices(promise),
        *history.recordings(),
        *budgets.month(promise),
        *uptime.month(promise),
    )
