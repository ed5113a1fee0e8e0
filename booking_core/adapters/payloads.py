"""Reading JSON that others wrote: whatever arrives is an object, if only an empty one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def parsed(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object in a body; empty for a form, a list, or anything that is no JSON."""
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def mapping(value: object) -> Mapping[str, Any]:
    """Return the value if it is an object, and an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def storable(text: str) -> str:
    """Return the text without NUL, the one character that PostgreSQL takes in no text."""
    return text.replace("\0", "\ufffd")
