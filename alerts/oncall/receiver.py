"""What the on-call receiver does with what it hears, free of HTTP: pages first, evidence next, silence watched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from alerts import meta
from alerts.oncall.deadman import DeadMan
from alerts.oncall.instruments import Instruments
from alerts.oncall.journal import Entry, Journal, Route
from alerts.oncall.notification import NotifiedAlert
from alerts.oncall.pages import Page, PageBook

Clock = Callable[[], datetime]
_log = structlog.get_logger()


class Receiver:
    """Takes notifications and remembers pages; the clock is given, so that minutes of silence can be tested."""

    def __init__(self, *, journal: Journal, deadman: DeadMan, instruments: Instruments, clock: Clock) -> None:
        self._journal = journal
        self._deadman = deadman
        self._instruments = instruments
        self._clock = clock
        self._book = PageBook()
        # When the canary began that was timed last: a repetition is not late, it is repeated.
        self._timed: datetime | None = None

    @property
    def last_heard(self) -> datetime | None:
        return self._deadman.last_heard

    def now(self) -> datetime:
        return self._clock()

    def pages(self) -> list[Page]:
        """Return every page, newest first."""
        return self._book.newest_first()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        return self._instruments.text(accept)

    def remember(self) -> None:
        """Rebuild the pages from the audit log; called once, before anything is received."""
        silence = None
        try:
            for entry in self._journal.entries():
                if entry.route in (Route.PAGER, Route.DEADMAN):
                    self._book.take(entry.alert, entry.received_at)
                if entry.route is Route.DEADMAN:
                    silence = entry.alert
        except OSError as error:
            _log.error("audit_log_unreadable", path=str(self._journal.path), error=str(error))
        if silence is not None and silence.status == "firing":
            self._deadman.resume(silence)

    def take(self, route: Route, alerts: Sequence[NotifiedAlert]) -> None:
        """Receive one notification; raises OSError when its evidence could not be written.

        Pages are entered before the evidence: a full disk may cost a log line, never a page.
        """
        now = self._clock()
        if route is Route.PAGER:
            for alert in alerts:
                self._page(alert, now)
        self._record(Entry(received_at=now, route=route, alert=alert) for alert in alerts)

    def hear(self, alerts: Iterable[NotifiedAlert]) -> None:
        """Receive the Watchdog. It leaves no line in the audit log: one a minute would bury the rest."""
        if any(alert.name == meta.WATCHDOG and alert.status == "firing" for alert in alerts):
            now = self._clock()
            self._deadman.hear(now)
            self._instruments.hear(now)
            self.watch()

    def time(self, alerts: Iterable[NotifiedAlert]) -> None:
        """Receive the canary: nobody reads it, but how late it came is how late a page would have come."""
        now = self._clock()
        for alert in alerts:
            if alert.name == meta.CANARY and alert.status == "firing" and alert.starts_at != self._timed:
                self._timed = alert.starts_at
                self._instruments.time((now - alert.starts_at).total_seconds())

    def watch(self) -> None:
        """Page when the Watchdog has been silent for too long; resolve that page when it is heard again."""
        now = self._clock()
        alert = self._deadman.change(now)
        if alert is None:
            return
        self._page(alert, now)
        if alert.status == "firing":
            _log.error("deadman", **alert.annotations)
        with suppress(OSError):  # logged; this page must not depend on the disk
            self._record([Entry(received_at=now, route=Route.DEADMAN, alert=alert)])

    def _page(self, alert: NotifiedAlert, now: datetime) -> None:
        page = self._book.take(alert, now)
        if page is None:
            return
        _log.info("page", alertname=page.alertname, status=page.status, delivery_seconds=page.delivery_seconds)
        if page.is_open:
            self._instruments.count(page)

    def _record(self, entries: Iterable[Entry]) -> None:
        try:
            self._journal.append(entries)
        except OSError as error:
            _log.error(
                "audit_log_unwritable",
                path=str(self._journal.path),
                error=str(error),
                remedy="free the disk or make the directory writable; ONCALL_STATE_DIRECTORY names it",
            )
            raise
