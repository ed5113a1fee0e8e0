"""The findings of a chaos drill as a table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from loadtests.drills.comparison import Findings

_SHOWN = 10


def show(findings: Findings, console: Console, *, seed: int) -> None:
    """Print what was told, what is stored and what is wrong, the first few of each by name."""
    table = Table("", "count", title=f"chaos drill, seed {seed}")
    told = findings.told
    table.add_row("asked", str(sum(told.values())))
    for label, status in (("confirmed at once", "confirmed"), ("queued", "queued"), ("refused", "refused")):
        table.add_row(label, str(told.get(status, 0)))
    table.add_row("failed", str(told.get("failed", 0)))
    table.add_row("never answered", str(told.get("silent", 0)), end_section=True)
    for what, answers in (("moving", findings.moving), ("cancelling", findings.cancelling)):
        for answer, number in sorted(answers.items()):
            table.add_row(f"{what}: {answer}", str(number))
        table.add_section()
    for state, number in sorted(findings.states.items()):
        table.add_row(f"PostgreSQL: {state}", str(number))
    table.add_row("Cal.com: live", str(findings.live), end_section=True)
    for name, sentences in findings.wrong.items():
        table.add_row(name, str(len(sentences)), style="bold red" if sentences else "green")
    console.print(table)
    show_wrong(findings, console)


def show_wrong(findings: Findings, console: Console) -> None:
    """Print the first few sentences of each kind of thing that must not be."""
    for name, sentences in findings.wrong.items():
        for sentence in sentences[:_SHOWN]:
            console.print(f"{name}: {sentence}", style="red", highlight=False, soft_wrap=True)
