"""Retell's signature: `x-retell-signature: v=<unix ms>,d=<hex HMAC-SHA256 of raw body and v>`."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

HEADER = "x-retell-signature"
TOLERANCE = timedelta(minutes=5)
_SHAPE = re.compile(r"v=(\d{1,15}),d=([0-9a-f]{64})")


def sign(body: bytes, key: str, *, now: datetime) -> str:
    """Write the header Retell would send with this body."""
    stamp = str(int(now.timestamp() * 1000))
    return f"v={stamp},d={_digest(body, key, stamp)}"


def is_genuine(body: bytes, key: str, header: str | None, *, now: datetime) -> bool:
    """Tell whether the raw bytes were signed with this key within five minutes of now."""
    match = _SHAPE.fullmatch(header or "")
    if match is None:
        return False
    stamp, digest = match.groups()
    age = abs(now.timestamp() - int(stamp) / 1000)
    return age <= TOLERANCE.total_seconds() and hmac.compare_digest(digest, _digest(body, key, stamp))


def _digest(body: bytes, key: str, stamp: str) -> str:
    return hmac.new(key.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
