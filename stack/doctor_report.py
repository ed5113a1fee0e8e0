"""How doctor's findings look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stack.doctor import CHAIN_LIMIT_BYTES, WORKER_LIMIT_BYTES, Finding, Memory, in_mib, workers


def findings_table(findings: Sequence[Finding]) -> Table:
    """Return one row per finding."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        table.add_row(_mark(finding), finding.subject, Text(finding.found, overflow="fold"))
    return table


def _mark(finding: Finding) -> Text:
    if finding.is_good:
        return Text("ok", style="green")
    return Text("NOT OK", style="red") if finding.is_needed else Text("-", style="dim")


def memory_report(measured: Sequence[Memory], excesses: Sequence[str]) -> RenderableType:
    """Return a row per program, the core's workers one by one, the total, and what is over its limit."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("process")
    for column in ("pid", "processes", "resident"):
        table.add_column(column, justify="right")
    for one in measured:
        table.add_row(one.name, str(one.pid), str(len(one.members)), in_mib(one.resident_bytes))
        if one.name == "core":
            for pid, size in workers(measured):
                table.add_row(f"  worker (at most {in_mib(WORKER_LIMIT_BYTES)})", str(pid), "", in_mib(size))
    total = sum(one.resident_bytes for one in measured)
    table.add_row(f"all (at most {in_mib(CHAIN_LIMIT_BYTES)})", "", "", in_mib(total), style="bold")
    return Group(table, *(Text(sentence, style="red") for sentence in excesses))
