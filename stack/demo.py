"""The story of slotwatch in under five minutes: a booking, a verdict, an outage, the page, the kept promises.

Apart from the command line because it is a plot, not an option: each step must really happen, or we say which did not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sla.objectives import Promise
from stack.chain_api import VERDICT_SECONDS, Page, await_verdict
from stack.errors import Failed

SERVICE = "haircut"
# What the voice agent was told by the caller; a name nobody will mistake for a customer's.
CALLER_NAME = "Dora Demo"
# One answer names a few slots; together these are enough for a caller every 1.5 s of the outage.
_DAYS = 7
_HOURS = (9, 12, 15, 17)
# Prometheus keeps the page open for `keep_firing_for`, Alertmanager tells the end at its next group interval.
_RESOLVE_SLACK_SECONDS = 30.0
_SECONDS_BETWEEN_CALLS = 1.5
# Who waits for a confirmation may ask 30 times a minute, too.
_SECONDS_BETWEEN_QUESTIONS = 3.0
# The circuit is tried again after half a minute; then come look-ups with their grace, at the worker's pace.
_SETTLED_SECONDS = 240.0
# Should we be killed: Cal.com comes back by itself.
_OUTAGE_EXPIRES_SECONDS = 300.0


class Chain(Protocol):
    """What the story does to the chain; stack.chain_api.ChainApi is it."""

    def verdict(self) -> dict[str, Any] | None: ...

    def pages(self) -> list[Page]: ...

    def cut_calcom(self, *, seconds: float) -> None: ...

    def heal_calcom(self) -> None: ...

    def call_function(self, function: str, /, *, caller: int, **arguments: str) -> dict[str, Any]: ...


@dataclass(slots=True)
class Story:
    """One telling. `pause` waits and keeps the screen alive; `tell` says a sentence."""

    chain: Chain
    promise: Promise
    tell: Callable[[str], None]
    show_verdict: Callable[[dict[str, Any]], None]
    pause: Callable[[float], None]
    wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    _slots: list[str] = field(default_factory=list)
    _waiting: list[str] = field(default_factory=list)
    # Everybody who asks about another time is another caller: no phone may ask more than 30 times a minute.
    _callers: dict[str, int] = field(default_factory=dict)

    def play(self) -> None:
        """Tell it all. Raises Failed with the step that did not happen."""
        self._slots = self._free_slots()
        self._book()
        self._await_verdict()
        outage_began = self._cut()
        try:
            pages = self._await_pages(outage_began)
        finally:
            self.chain.heal_calcom()
        self.tell("5. Cal.com is back.")
        healed = self.monotonic()
        self._await_kept_promises(healed)
        self._await_resolved(pages, healed)

    def _free_slots(self) -> list[str]:
        """Ask before the outage: every caller in it wants a slot of their own, and nobody could tell them then."""
        slots = dict.fromkeys(slot for moment in self._coming_hours() for slot in self._offered(moment))
        if not slots:
            raise Failed(f"step 1: no free {SERVICE} in the next {_DAYS} days; `make clean` empties the salon's book")
        return list(slots)

    def _coming_hours(self) -> Iterator[datetime]:
        days = (self.wall_clock() + timedelta(days=number) for number in range(1, _DAYS + 1))
        return (day.replace(hour=hour, minute=0) for day in days for hour in _HOURS)

    def _offered(self, moment: datetime) -> list[str]:
        """Return the slots nearest to a moment; the agent offers only a few at a time."""
        wish = {"date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M}"}
        answer = self._call("check_availability", moment.isoformat(), **wish)
        if answer.get("status") != "ok":
            return []
        return [slot.strip() for slot in str(answer["slots"]).split(",") if slot.strip()]

    def _book(self) -> None:
        answer = self._book_next()
        if answer.get("status") == "refused":
            raise Failed(
                f"step 1: earlier demos took every {SERVICE} we know of; `make clean` empties the salon's book"
            )
        if answer.get("status") != "confirmed":
            raise Failed(f"step 1: the booking was not confirmed; the core said {answer}")
        self.tell(f"1. A caller booked a {SERVICE} at {answer['local_start']} through a signed Retell call:")
        self.tell(f'   the agent says "{answer["say"]}" (appointment {answer["appointment_id"]})')

    def _book_next(self) -> dict[str, Any]:
        """Try slot after slot: somebody may have been quicker."""
        answer: dict[str, Any] = {"status": "refused"}
        while self._slots and answer.get("status") == "refused":
            answer = self._book_at(self._slots.pop(0))
        return answer

    def _book_at(self, start: str) -> dict[str, Any]:
        return self._call("book_appointment", start, start=start, name=CALLER_NAME)

    def _call(self, function: str, about: str, **arguments: str) -> dict[str, Any]:
        caller = self._callers.setdefault(about, len(self._callers))
        return self.chain.call_function(function, caller=caller, service=SERVICE, **arguments)

    def _await_verdict(self) -> None:
        self.tell("2. The probe holds its scripted conversations...")
        verdict = await_verdict(self.chain.verdict, pause=self.pause, now=self.monotonic)
        if verdict is None:
            raise Failed(f"step 2: the probe gave no verdict within {VERDICT_SECONDS:g} s; see the log of `probe`")
        self.show_verdict(verdict)
        if verdict["verdict"] == "fail":
            raise Failed("step 2: the promise is broken before any outage; the reasons stand above")

    def _cut(self) -> datetime:
        began = self.wall_clock()
        self.chain.cut_calcom(seconds=_OUTAGE_EXPIRES_SECONDS)
        self.tell(f"3. Cal.com is down since {began:%H:%M:%S} UTC. Callers keep calling...")
        return began

    def _await_pages(self, began: datetime) -> list[Page]:
        """Keep calling until on-call has been paged."""
        while (self.wall_clock() - began).total_seconds() < self.promise.time_to_page.seconds:
            self._a_caller_tries()
            pages = self._critical_pages(began)
            if pages:
                self._tell_page(pages[0], began)
                return pages
            self.pause(_SECONDS_BETWEEN_CALLS)
        raise Failed(f"step 4: nobody was paged within {self.promise.time_to_page} of the outage")

    def _a_caller_tries(self) -> None:
        """Book, each caller a slot of their own. They must hear that we will confirm, never that it is booked."""
        answer = self._book_next()
        if answer.get("status") != "queued":
            raise Failed(f"step 3: Cal.com is down and the core told a caller {answer}")
        if not self._waiting:
            self.tell(f'   the agent says "{answer["say"]}"')
        self._waiting.append(answer["local_start"])

    def _await_kept_promises(self, healed: float) -> None:
        """Ask for the same bookings again: the same wish gets the same appointment, confirmed by now."""
        number = len(self._waiting)
        while self._waiting:
            if self.monotonic() - healed > _SETTLED_SECONDS:
                raise Failed(f"step 6: {len(self._waiting)} bookings were not confirmed within {_SETTLED_SECONDS:g} s")
            self._waiting = [start for start in self._waiting if self._book_at(start).get("status") != "confirmed"]
            self.pause(_SECONDS_BETWEEN_QUESTIONS)
        seconds = self.monotonic() - healed
        self.tell(f"6. All {number} bookings taken during the outage are confirmed, {seconds:.0f} s after it.")

    def _critical_pages(self, since: datetime) -> list[Page]:
        """Return the pages for this outage in the order they came."""
        pages = [page for page in self.chain.pages() if page.severity == "critical" and page.received_at >= since]
        return sorted(pages, key=lambda page: page.received_at)

    def _tell_page(self, page: Page, began: datetime) -> None:
        seconds = (page.received_at - began).total_seconds()
        self.tell(
            f"4. PAGE after {seconds:.0f} s (promise: under {self.promise.time_to_page}): "
            f"{page.alertname}: {page.summary} [{len(self._waiting)} bookings taken meanwhile]"
        )

    def _await_resolved(self, pages: Sequence[Page], healed: float) -> None:
        names = {page.alertname for page in pages}
        since = min(page.received_at for page in pages)
        limit = self._resolve_within_seconds()
        while self.monotonic() - healed < limit:
            resolved = [page for page in self._critical_pages(since) if page.alertname in names and not page.is_open]
            if resolved:
                seconds = self.monotonic() - healed
                self._tell_resolved(resolved[0], seconds, still=names - {page.alertname for page in resolved})
                return
            self.pause(1.0)
        raise Failed(f"step 7: no page was resolved within {limit:.0f} s of Cal.com's return")

    def _tell_resolved(self, page: Page, seconds: float, *, still: set[str]) -> None:
        self.tell(f"7. RESOLVED: {page.alertname}, {seconds:.0f} s after Cal.com came back.")
        if still:
            self.tell(
                f"   {', '.join(sorted(still))} stays open a while longer on purpose (keep_firing_for in sla.yaml)."
            )

    def _resolve_within_seconds(self) -> float:
        alerts, pager = self.promise.alerts, self.promise.timers.routes.pager
        slowest = max(
            alerts.probe_failing.keep_firing_for.seconds,
            alerts.success_rate.critical.window.seconds + alerts.success_rate.critical.keep_firing_for.seconds,
        )
        return slowest + pager.group_interval.seconds + _RESOLVE_SLACK_SECONDS
