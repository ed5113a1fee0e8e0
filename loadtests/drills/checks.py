"""What a drill had to show, line by line: seen, wanted, and whether it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from loadtests.drills.comparison import Findings


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a drill's result; without `wanted` it only informs."""

    what: str
    seen: str
    wanted: str = ""
    is_good: bool = True


def nothing_wrong(findings: Findings) -> list[Check]:
    """Return a line for each kind of thing that must not be."""
    return [Check(name, str(len(sentences)), "0", not sentences) for name, sentences in findings.wrong.items()]


def show_checks(checks: Sequence[Check], console: Console, *, title: str) -> None:
    """Print the result as a table with PASS or FAIL on every line that promised something."""
    table = Table("", "seen", "wanted", "", title=title)
    for check in checks:
        verdict = "" if not check.wanted else "PASS" if check.is_good else "FAIL"
        table.add_row(check.what, check.seen, check.wanted, verdict, style="" if check.is_good else "bold red")
    console.print(table)
