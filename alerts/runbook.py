"""The part of each runbook that the rule already knows: its header and its own expression.

The rest of a runbook is written by people; what lies between the two markers is written from the alert.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from alerts import recording
from alerts.alert import Alert
from sla.objectives import Promise

DIRECTORY = Path(__file__).resolve().parent.parent / "runbooks"
BEGIN = "<!-- generated from sla/sla.yaml by `make generate`; do not edit -->"
INDEX = "README.md"
_SLO = "slo"
END = "<!-- end of generated part -->"


def refreshed(promise: Promise, directory: Path = DIRECTORY) -> dict[Path, str]:
    """Return every runbook with its generated part as it must be; a missing one begins with that part alone."""
    texts = {}
    by_name = sorted(recording.alerts(promise), key=lambda alert: alert.name)
    for name, alerts in groupby(by_name, key=lambda alert: alert.name):
        path = directory / f"{name}.md"
        written = path.read_text("utf-8") if path.exists() else f"# {name}\n\n{BEGIN}\n{END}\n"
        texts[path] = _replaced(written, generated_part(list(alerts)))
    index = directory / INDEX
    written = index.read_text("utf-8") if index.exists() else f"# Runbooks\n\n{BEGIN}\n{END}\n"
    return texts | {index: _replaced(written, table(by_name))}


def _replaced(text: str, part: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + part + after


def table(alerts: Sequence[Alert]) -> str:
    """Return every alert with its severities and what it says, in the order given."""
    lines = ["| alert | severity | component | what it says |", "|---|---|---|---|"]
    for name, those in groupby(alerts, key=lambda alert: alert.name):
        same = list(those)
        severities = ", ".join(dict.fromkeys(str(alert.severity) for alert in same))
        says = same[0].summary.format_map(_Names())
        lines.append(f"| [{name}]({name}.md) | {severities} | {same[0].component} | {says} |")
    return "\n".join((BEGIN, "", *lines, "", END))


class _Names(dict[str, str]):
    """Stands for the facts of an alert that is not firing: each is told by its name."""

    def __missing__(self, key: str) -> str:
        return f"({key})"


def generated_part(alerts: Sequence[Alert]) -> str:
    """Return the header table and the expressions of all severities of one alert."""
    return "\n".join((BEGIN, "", *_header(alerts), *_expressions(alerts), "", END))


def _header(alerts: Sequence[Alert]) -> Iterator[str]:
    yield "| severity | category | component | for | kept firing | dashboard |"
    yield "|---|---|---|---|---|---|"
    # What differs only in its objective is one line.
    lines: dict[tuple[str, ...], list[str]] = {}
    for alert in alerts:
        timers = (timer if timer and timer.seconds else "none" for timer in (alert.hold, alert.keep_firing))
        rest = (value for mark, value in alert.marks.items() if mark != _SLO)
        cells = (", ".join((alert.severity, *rest)), alert.category, alert.component, *timers, alert.board)
        lines.setdefault(tuple(map(str, cells)), []).extend(filter(None, [alert.marks.get(_SLO)]))
    for row, objectives in lines.items():
        called = ": ".join(filter(None, (row[0], ", ".join(objectives))))
        yield f"| {called} | {' | '.join(row[1:])} |"


def _called(alert: Alert) -> str:
    return ", ".join((alert.severity, *alert.marks.values()))


def _expressions(alerts: Sequence[Alert]) -> Iterator[str]:
    told = set()
    for alert in alerts:
        # Tiers and objectives of one severity differ only in what the table says: the first stands for them.
        if alert.severity not in told:
            told.add(alert.severity)
            yield f"\nThe condition ({_called(alert)}):\n```promql\n{alert.expression}\n```"
