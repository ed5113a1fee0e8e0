"""How a run shows itself: lines of JSON for a machine, a progress bar and a table for a person.

Apart from the run, which only knows that somebody listens.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from loadtests.probe.ledger import Conclusion
from loadtests.samples import Mode, Sample, Told, to_line
from loadtests.verdict import Finding, Verdict

NOTHING = "not measured"
COLOURS = {Finding.PASS: "green", Finding.FAIL: "red", Finding.INCONCLUSIVE: "yellow"}


class JsonLines:
    """Writes every record as one line. When nobody reads any more it says so once and falls silent."""

    def __init__(self, write: Callable[[bytes], object], on_broken: Callable[[], None]) -> None:
        self._write = write
        self._on_broken = on_broken
        self._is_broken = False

    def __call__(self, told: Told) -> None:
        if self._is_broken:
            return
        try:
            self._write(f"{to_line(told)}\n".encode())
        except BrokenPipeError:
            self._is_broken = True
            self._on_broken()


class ProgressBar:
    """Counts samples on a terminal while the run goes on."""

    def __init__(self, mode: Mode, total: int | None, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        # No refreshing thread: it would be a greenlet that competes with the callers.
        self._progress = Progress(*columns, console=console, transient=True, auto_refresh=False)
        self._task = self._progress.add_task(mode, total=total)
        self._failed = 0

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, told: Told) -> None:
        if isinstance(told, Sample):
            self._failed += not told.is_ok
            failed = f", [red]{self._failed} failed[/red]" if self._failed else ""
            self._progress.update(self._task, advance=1, description=f"{told.mode}{failed}", refresh=True)


def summary_table(conclusion: Conclusion, *, title: str) -> Table:
    """Lay the end of a run out for a person."""
    verdict = conclusion.verdict
    colour = COLOURS[verdict.finding]
    table = Table(title=title, show_header=False, title_justify="left", min_width=60)
    table.add_row("verdict", f"[bold {colour}]{verdict.finding.upper()}[/]")
    for reason in verdict.reasons:
        table.add_row("", reason)
    table.add_section()
    table.add_row("P95 from the intended start", _seconds(verdict.p95_seconds))
    table.add_row(f"upper bound ({verdict.confidence:.0%} sure)", _seconds(verdict.upper_bound_seconds))
    table.add_row("limit / goal", f"{verdict.threshold_seconds:g} s / {verdict.goal_seconds:g} s")
    table.add_row("measured: P95 of server time", _seconds(verdict.measured_p95_seconds, digits=3))
    table.add_row("measured / modelled share", _shares(verdict))
    table.add_section()
    table.add_row("samples", f"{verdict.samples} ({verdict.failed} failed, {verdict.dropped} dropped)")
    table.add_row("schedule lag (99th percentile)", _seconds(verdict.schedule_lag_seconds, digits=3))
    table.add_row("bookings left behind", str(verdict.orphans))
    table.add_row("exit code", f"{conclusion.exit_code} ({conclusion.exit_code.name.lower().replace('_', ' ')})")
    return table


def _seconds(seconds: float | None, digits: int = 2) -> str:
    if seconds is None:
        return NOTHING
    return "infinite (failures)" if seconds == inf else f"{seconds:.{digits}f} s"


def _shares(verdict: Verdict) -> str:
    if verdict.measured_share is None or verdict.modelled_share is None:
        return NOTHING
    return f"{verdict.measured_share:.1%} / {verdict.modelled_share:.1%}"
