"""Every metric the project publishes: name, kind, help, unit, closed label values, bucket edges.

Instruments, PromQL, panels and the reference page are made from these objects, so a name is typed only once.
This is the one list; its subjects are modules, here in the order of the reference page.
"""

# ruff: noqa: I001 - not in the order of the alphabet

from __future__ import annotations

from sla.catalogue.metric import *
from sla.catalogue.bookings import *
from sla.catalogue.events import *
from sla.catalogue.agreement import *
from sla.catalogue.calcom import *
from sla.catalogue.database import *
from sla.catalogue.cache import *
from sla.catalogue.processes import *
from sla.catalogue.probe import *
from sla.catalogue.oncall import *


def catalogue() -> tuple[Metric, ...]:
    """Return every metric, in the order of declaration."""
    return tuple(value for value in globals().values() if isinstance(value, Metric))


def of(home: Home) -> tuple[Metric, ...]:
    """Return the metrics that one kind of process publishes."""
    return tuple(metric for metric in catalogue() if metric.home is home)
