"""What the command line asks the running chain: the verdict, the pages, a fault, a caller's function call.

Apart from the story in demo.py so that the story reads as one, and so that tests can answer in the chain's stead.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from loadtests.booking_api import retell_signature
from sla.topology import Place, Process
from stack.errors import Failed
from stack.processes import DEMO, Demo

# Longer than the core lets one call take, so that its answer, not our patience, decides.
_PATIENCE_SECONDS = 20.0
# Ten times what a verdict run takes on two quiet cores.
VERDICT_SECONDS = 120.0


# The regulator's numbers for films and plays: valid, and nobody's.
_NUMBERS = 1000


def _a_caller() -> int:
    """Begin with another one each time: to the core, the same caller asking for the same slot is a repeated wish."""
    return secrets.randbelow(_NUMBERS)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the on-call receiver tells it."""

    alertname: str
    severity: str
    summary: str
    received_at: datetime
    is_open: bool

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Page:
        return cls(
            alertname=document["alertname"],
            severity=document["severity"],
            summary=document["summary"],
            received_at=datetime.fromisoformat(document["received_at"]),
            is_open=document["status"] == "firing",
        )


@dataclass(frozen=True, slots=True)
class ChainApi:
    """The chain at one place. Raises Failed, naming the process, where one does not answer as it should."""

    place: Place
    demo: Demo = DEMO
    # The chain is on this machine: no proxy of the caller's environment may come between.
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=_PATIENCE_SECONDS))
    first_caller: int = field(default_factory=_a_caller)
    wall_clock: Callable[[], float] = time.time

    def verdict(self) -> dict[str, Any] | None:
        """Return the probe's last verdict; None before the first."""
        answer = self._ask("GET", Process.PROBE, "/verdict", allowed=(503,))
        return None if answer.status_code == 503 else self._document(answer)

    def pages(self) -> list[Page]:
        """Return every page the on-call receiver knows, newest first."""
        return [Page.of(document) for document in self._ask("GET", Process.ONCALL, "/pages").json()]

    def cut_calcom(self, *, seconds: float) -> None:
        """Let every Cal.com request fail; it heals by itself after so many seconds if we do not come back."""
        self._ask("POST", Process.SIMULATOR, "/control/faults", json={"fault": "outage", "seconds": seconds})

    def heal_calcom(self) -> None:
        self._ask("DELETE", Process.SIMULATOR, "/control/faults")

    def call_function(self, function: str, /, *, caller: int, **arguments: str) -> dict[str, Any]:
        """Call one of the agent's functions as Retell does: signed, over the public endpoint, as real traffic.

        Callers are numbered from 0; each has a telephone of their own.
        """
        phone = f"+493023125{(self.first_caller + caller) % _NUMBERS:03}"
        call = {"call_id": f"call_{uuid4().hex}", "from_number": phone, "direction": "inbound"}
        body = json.dumps({"name": function, "args": arguments, "call": call}, ensure_ascii=False).encode()
        signature = retell_signature(body, key=self.demo.retell_api_key, at_milliseconds=int(self.wall_clock() * 1000))
        headers = {"x-retell-signature": signature, "Content-Type": "application/json"}
        path = f"/v1/retell/{self.demo.tenant}/functions"
        return self._document(self._ask("POST", Process.CORE, path, content=body, headers=headers))

    def _ask(
        self, method: str, process: Process, path: str, *, allowed: tuple[int, ...] = (), **request: Any
    ) -> httpx.Response:
        try:
            answer = self.client.request(method, f"{self.place.url(process)}{path}", **request)
        except httpx.HTTPError as error:
            raise Failed(f"{process} did not answer {method} {path}: {type(error).__name__} {error}") from error
        if answer.is_error and answer.status_code not in allowed:
            raise Failed(f"{process} answered {answer.status_code} to {method} {path}: {answer.text[:300]}")
        return answer

    @staticmethod
    def _document(answer: httpx.Response) -> dict[str, Any]:
        document = answer.json()
        if not isinstance(document, dict):
            raise Failed(f"{answer.request.url} answered no JSON object: {answer.text[:300]}")
        return document


def await_verdict(
    ask: Callable[[], dict[str, Any] | None], *, pause: Callable[[float], None], now: Callable[[], float]
) -> dict[str, Any] | None:
    """Ask until there is a verdict; None if there is none within VERDICT_SECONDS."""
    deadline = now() + VERDICT_SECONDS
    while (verdict := ask()) is None and now() < deadline:
        pause(0.5)
    return verdict
