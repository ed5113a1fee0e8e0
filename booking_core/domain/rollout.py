"""Which share of the calls the new prompt gets: 10, then 50, then 100 percent, while the metrics compare the two."""

from __future__ import annotations

import hashlib
from uuid import UUID

from booking_core.domain.models import PromptVersion


def prompt_for(call: str, *, tenant_id: UUID, v2_percent: int) -> PromptVersion:
    """Return the version of one call; `call` names it, the same way each time it is asked about.

    A larger share takes calls from v1 to v2 and none back, so that numbers before and after a step can be compared.
    """
    digest = hashlib.sha256(f"{tenant_id}\x1f{call}".encode()).digest()
    place = int.from_bytes(digest[:8]) % 100
    return PromptVersion.V2 if place < v2_percent else PromptVersion.V1
