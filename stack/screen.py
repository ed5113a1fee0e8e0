"""How the chain looks to a person: a live table on a terminal, one plain line per change anywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stack.startup import Health, Status

_COLOURS = {
    Health.WAITING: "dim",
    Health.STARTING: "yellow",
    Health.READY: "green",
    Health.DONE: "dim green",
    Health.RESTARTING: "red",
    Health.UNHEALTHY: "red",
    Health.STOPPED: "red",
}
# Changes worth a line where there is no table: the rest is on the way to one of these.
_TOLD = (Health.READY, Health.DONE, Health.RESTARTING, Health.UNHEALTHY, Health.STOPPED)
_VERDICT_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}


class Screen:
    """Shows statuses as they come; `tell` adds a line of text above them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._shown: dict[str, Health] = {}
        self._below: RenderableType | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show(self, statuses: Sequence[Status]) -> None:
        """Show how the processes are now."""
        if self._live is not None:
            parts = [table(statuses), self._below] if self._below else [table(statuses)]
            self._live.update(Group(*parts), refresh=True)
        else:
            self._tell_changes(statuses)

    def _tell_changes(self, statuses: Sequence[Status]) -> None:
        for status in statuses:
            if status.health in _TOLD and self._shown.get(status.name) != status.health:
                self._plain(line(status))
                self._shown[status.name] = status.health

    def tell(self, text: str) -> None:
        """Say a sentence that stays."""
        self._plain(text)

    def verdict(self, document: Mapping[str, Any]) -> None:
        """Show the probe's verdict and keep it below the table."""
        lines = verdict_lines(document)
        if self._live is None:
            self._plain("\n".join(lines))
        else:
            colour = _VERDICT_COLOURS.get(str(document.get("verdict")), "yellow")
            self._below = Panel(Text("\n".join(lines)), title="first probe verdict", border_style=colour, expand=False)

    def _plain(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)


def table(statuses: Sequence[Status]) -> Table:
    """Return the live table."""
    built = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("process", "health", "address", "pid"):
        built.add_column(column, no_wrap=True)
    for status in statuses:
        health = Text(status.health, style=_COLOURS[status.health])
        built.add_row(status.name, health, status.address, str(status.pid or ""))
    return built


def line(status: Status) -> str:
    """Return one status for a log."""
    took = f" after {status.seconds:.1f} s" if status.seconds else ""
    return f"{status.name:<13}{status.health}{took}  {status.address}".rstrip()


def verdict_lines(document: Mapping[str, Any]) -> list[str]:
    """Return the verdict as sentences: P95 against the promise, on how many samples, and what of it is modelled."""
    threshold, goal = document["threshold_seconds"], document["goal_seconds"]
    return [
        f"{str(document['verdict']).upper()}: P95 of the booking journey is {_seconds(document['p95_seconds'])} "
        f"(promise: under {threshold:g} s, goal {goal:g} s)",
        f"at most {_seconds(document['upper_bound_seconds'])} with {_percent(document['confidence'])} confidence, "
        f"from {document['samples']} samples, {document['failed']} failed",
        f"of that time {_percent(document['measured_share'])} was measured on the server "
        f"(P95 {_seconds(document['measured_p95_seconds'])}), {_percent(document['modelled_share'])} is modelled talk",
        *(f"- {reason}" for reason in document.get("reasons", ())),
    ]


def _seconds(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:.3g} s" if isinstance(value, float | int) else f"{value} s"


def _percent(share: object) -> str:
    if not isinstance(share, float | int):
        return "an unknown share"
    return f"{share * 100:.2g} %" if share < 0.1 else f"{share * 100:.1f} %".replace(".0 %", " %")
