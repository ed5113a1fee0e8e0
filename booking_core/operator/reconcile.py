"""`python -m booking_core reconcile`: what differs between Cal.com and us, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from booking_core import app as composition
from booking_core.domain.discrepancies import Window
from booking_core.domain.errors import BookingError
from booking_core.domain.models import Tenant
from booking_core.domain.rules import HORIZON
from booking_core.operator import terminal, wording
from booking_core.services.comparison import LOOKS_BACK
from booking_core.services.reconciliation import Line, Report
from booking_core.settings import Settings
from booking_core.telemetry.log_fields import FIELDS
from sla import logs

FINDINGS_LEFT = 1


@dataclass(frozen=True, slots=True)
class Outlook:
    """What came of all salons; `not_compared` are those where Cal.com or the database did not answer, and why."""

    reports: Sequence[Report]
    not_compared: Sequence[tuple[Tenant, BookingError]]

    @property
    def exit_code(self) -> int:
        if self.not_compared:
            return terminal.UNREACHABLE
        return 0 if all(report.is_agreed for report in self.reports) else FINDINGS_LEFT


def reconcile(
    tenant: terminal.TenantOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; do and remember nothing.")
    ] = False,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only starts from then on (ISO 8601, UTC).")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only starts before then.")] = None,
    as_json: terminal.JsonOption = False,
) -> None:
    """Compare Cal.com's bookings with ours, and put right what two runs have seen; the job worker does every 5 minutes.

    Exit code 0: both agree, or do now. 1: something is left. 2: the options make no sense. 3: could not compare.
    """
    settings = terminal.settings()
    logs.configure(settings.log_level, fields=FIELDS)
    window = asked_window(since, until, now=datetime.now(UTC))
    outlook = asyncio.run(_reconcile(settings, tenant, window, dry=dry_run))
    if as_json:
        print(json.dumps(as_object(outlook), indent=2))
    else:
        _show(outlook)
    raise typer.Exit(outlook.exit_code)


def asked_window(since: str | None, until: str | None, *, now: datetime) -> Window | None:
    """Return the window that was asked for, None for all; leaves with exit code 2 for one that makes no sense."""
    if since is None and until is None:
        return None
    start = _moment(since, "--since") if since else now - LOOKS_BACK
    end = _moment(until, "--until") if until else now + HORIZON
    if start >= end:
        raise terminal.leave(terminal.USAGE, f"--since {start.isoformat()} is not before --until {end.isoformat()}.")
    return Window(start, end)


def _moment(said: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        sentence = f"{option} {said!r} is not a time; write it like 2026-12-01T10:00."
        raise terminal.leave(terminal.USAGE, sentence) from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _reconcile(settings: Settings, token: str | None, window: Window | None, *, dry: bool) -> Outlook:
    world = terminal.world(settings)
    core = composition.core_of(world, settings)
    reconciliation = composition.reconciliation_of(world, core, settings)
    reports: list[Report] = []
    not_compared: list[tuple[Tenant, BookingError]] = []
    async with world.closing:
        salons = await terminal.salons(world, token)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            for salon in progress.track(salons, description="Comparing with Cal.com"):
                try:
                    reports.append(await reconciliation.run(salon, window=window, dry=dry))
                except BookingError as error:
                    not_compared.append((salon, error))
        await core.bus.drain()
    return Outlook(reports, not_compared)


def _show(outlook: Outlook) -> None:
    for report in outlook.reports:
        print(summary(report))
        if report.lines:
            terminal.console().print(differences_table(report))
    for salon, error in outlook.not_compared:
        print(f"{salon.token}: could not be compared. {error}")


def summary(report: Report) -> str:
    """Say in a line what was compared and whether it agrees."""
    verdict = "agree" if not report.lines else f"differ in {len(report.lines)}"
    return (
        f"{report.tenant.token}: {report.here} appointments here and {report.there} bookings at Cal.com {verdict}; "
        f"{report.foreign} more there are not ours and were left alone."
    )


def differences_table(report: Report) -> Table:
    """Draw a run's differences."""
    table = Table("difference", "appointment", "Cal.com", "starts", "done", "next")
    for line in report.lines:
        row = difference_object(line, report.tenant)
        table.add_row(*(row[name] for name in ("difference", "appointment", "calcom_uid", "starts", "done", "next")))
    return table


def difference_object(line: Line, tenant: Tenant) -> dict[str, str]:
    """Describe one difference in words; kind and outcome also as the metrics name them."""
    finding = line.finding
    return {
        "kind": finding.kind.value,
        "outcome": line.outcome.value,
        "difference": wording.KINDS[finding.kind],
        "appointment": str(finding.appointment.id) if finding.appointment else "-",
        "calcom_uid": wording.uid(finding),
        "starts": wording.start(finding, tenant.time_zone),
        "done": wording.OUTCOMES[line.outcome],
        "next": wording.next_step(line),
    }


def as_object(outlook: Outlook) -> dict[str, Any]:
    """Return everything for a machine."""
    return {
        "agreed": outlook.exit_code == 0,
        "salons": [
            {
                "tenant": report.tenant.token,
                "since": report.window.start.isoformat(),
                "until": report.window.end.isoformat(),
                "here": report.here,
                "there": report.there,
                "foreign": report.foreign,
                "differences": [difference_object(line, report.tenant) for line in report.lines],
            }
            for report in outlook.reports
        ],
        "not_compared": [
            {"tenant": salon.token, "reason": error.reason, "message": str(error)}
            for salon, error in outlook.not_compared
        ],
    }
