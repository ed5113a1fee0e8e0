"""The findings of a benchmark as tables for a person and as JSON for the next run to be compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from loadtests.benchmarks.measurement import CALLERS, Findings, Line, Part, Target

_PERCENTILES = ("0.5", "0.95", "0.99")
_LAMPS = {True: "[green]met[/]", False: "[bold red]missed[/]", None: "[yellow]open[/]"}
MIB = 1024 * 1024


def show(findings: Findings, console: Console) -> None:
    """Print everything, the ratios last."""
    for stored in findings.stored:
        console.print(_speed(findings, stored))
    console.print(_costs(findings))
    console.print(_memory(findings))
    console.print(_ratios(findings))
    console.print(_caveat(findings), highlight=False)
    console.print(_verdicts(findings))


def _speed(findings: Findings, stored: int) -> Table:
    title = f"{stored:,} appointments stored: bookings a second, and milliseconds"
    percentiles = ("P50", "P95", "P99")
    table = _table(title, "a second", *percentiles, *(f"own\n{each}" for each in percentiles), "failed")
    for line in _in_order(findings, stored):
        own = [f"{line.milliseconds(p, own=True):.1f}" if line.target is Target.CORE else "" for p in _PERCENTILES]
        latencies = [f"{line.milliseconds(p):.1f}" for p in _PERCENTILES]
        _add(table, line, f"{line.rate:.0f}", *latencies, *own, str(line.failed))
    return table


def _costs(findings: Findings) -> Table:
    title = "processor time of a booking in milliseconds"
    table = _table(title, "server", "PostgreSQL", "Redis", "statements")
    for line in _in_order(findings, findings.stored[0]):
        cpu = [f"{line.cpu_milliseconds(part):.2f}" for part in (Part.SERVER, Part.POSTGRES, Part.REDIS)]
        statements = "" if line.statements_each is None else f"{line.statements_each:.2f}"
        _add(table, line, *cpu, statements)
    return table


def _in_order(findings: Findings, stored: int) -> Iterator[Line]:
    found = (findings.line(target, callers, stored=stored) for callers in CALLERS for target in Target)
    return (line for line in found if line is not None)


def _table(title: str, *columns: str) -> Table:
    # Without frames, so that it fits the 80 columns of a log.
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("callers", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _add(table: Table, line: Line, *cells: str) -> None:
    table.add_row(str(line.callers), str(line.target), *cells, end_section=line.target is Target.PGBENCH)


def _memory(findings: Findings) -> Table:
    table = Table(title=f"memory, {findings.workers} workers", title_justify="left")
    table.add_column("after bookings", justify="right")
    table.add_column("MiB", justify="right")
    for bookings, size in findings.memory:
        table.add_row(f"{bookings:,}", f"{size / MIB:.1f}")
    return table


def _ratios(findings: Findings) -> Table:
    table = Table(
        "",
        "ratio",
        title="ratios: the result",
        title_justify="left",
    )
    for callers in CALLERS:
        table.add_row(f"core / bare, bookings/s, {callers} callers", _ratio(findings.rate_ratio(callers)))
    for target in Target:
        name = f"{target}: time of a booking, {findings.stored[-1]:,} / {findings.stored[0]:,} stored"
        table.add_row(name, _ratio(findings.growth_ratio(target)))
    for cache, ratio in findings.hit_ratios.items():
        table.add_row(f"cache hits in calls of two questions and a booking, {cache}", _ratio(ratio))
    return table


def _ratio(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _caveat(findings: Findings) -> str:
    busiest = max(findings.lines, key=lambda line: line.share_of_machine(Part.GENERATOR, findings.cores))
    generator = busiest.share_of_machine(Part.GENERATOR, findings.cores)
    calcom = max(line.share_of_machine(Part.CALCOM, findings.cores) for line in findings.lines)
    return (
        f"Cal.com is played by a stand-in of {findings.calcom_milliseconds:g} ms in its own process, and its time is "
        "taken out of `own`, booking by booking; the bare endpoint calls nobody. Servers, PostgreSQL, Redis, stand-in "
        f"and callers share {findings.cores} cores: the callers took up to {generator:.0%} of them, the stand-in up to "
        f"{calcom:.0%}. Absolute numbers are this machine's. Latencies are "
        "a closed loop's. Nobody in these salons leaves an e-mail address."
    )


def _verdicts(findings: Findings) -> Table:
    table = Table("asked for", "found", "", title="issue 3", title_justify="left")
    for verdict in findings.verdicts():
        table.add_row(verdict.asked, verdict.found, _LAMPS[verdict.is_met])
    return table


def as_json(findings: Findings) -> Mapping[str, Any]:
    """Return everything but the single latencies."""
    return {
        "cores": findings.cores,
        "workers": findings.workers,
        "calcom_milliseconds": findings.calcom_milliseconds,
        "lines": [_line(each) for each in findings.lines],
        "memory": [{"bookings": bookings, "bytes": size} for bookings, size in findings.memory],
        "hit_ratios": dict(findings.hit_ratios),
        "verdicts": [{"asked": v.asked, "found": v.found, "is_met": v.is_met} for v in findings.verdicts()],
    }


def _line(line: Line) -> Mapping[str, Any]:
    return {
        "target": line.target,
        "stored": line.stored,
        "callers": line.callers,
        "bookings": line.bookings,
        "failed": line.failed,
        "bookings_per_second": line.rate,
        "latency_milliseconds": {share: line.milliseconds(share) for share in _PERCENTILES},
        "own_milliseconds": {share: line.milliseconds(share, own=True) for share in _PERCENTILES},
        "cpu_milliseconds": {part: line.cpu_milliseconds(part) for part in Part},
        "statements": line.statements_each,
    }
