"""The environment our processes get: the few variables a program needs, our own settings, and a mark.

Apart from the caller's environment on purpose: a proxy variable there would send loopback calls away, and a
PostgreSQL variable there would move the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Settings a person may add for one run: `BOOKING_WORKERS=4 make up`. The table in processes.py wins where both speak.
OWN_PREFIXES = ("BOOKING_", "EXPORTER_", "LOADTEST_", "SIMULATOR_", "ONCALL_", "OTEL_")
# The simulator allows any number of calls unless it is told otherwise; a drill of the allowance says so to both sides.
# Nobody sends callers by /readyz here, so nobody is given time to look there before a worker stops.
DEFAULTS = {"BOOKING_CALCOM_CALLS_PER_MINUTE": "0", "BOOKING_GRACE_SECONDS": "0"}
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
# Every process of a chain carries this with the chain's directory: how we know, later, which processes are ours.
MARK = "SLOTWATCH_CHAIN"


def marked_environment(environ: Mapping[str, str], *, directory: str) -> dict[str, str]:
    """Return what supervisord and everything below it starts with."""
    kept = {name: value for name, value in environ.items() if name in KEPT or name.startswith(OWN_PREFIXES)}
    return {**DEFAULTS, **kept, "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1", MARK: directory}


def has_mark(variables: Iterable[bytes], directory: str) -> bool:
    """True if these `NAME=value` entries belong to the chain in that directory."""
    return f"{MARK}={directory}".encode() in variables
