"""`slotwatch report`: the month's SLA as one page, from whatever Prometheus holds the recorded series."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import httpx
import typer

from sla import objectives
from sla.report import exclusions, period, render
from sla.report.exclusions import Exclusion, ExclusionsError
from sla.report.measure import Delivery, measure
from sla.report.period import Period, PeriodError
from sla.report.prometheus import Prometheus, PrometheusError
from sla.topology import NATIVE, Process

INSUFFICIENT = 2
# An alert seen firing at a whole minute began somewhere in the minutes before.
_SAME_PAGE = timedelta(minutes=3)


def report(  # noqa: PLR0913, PLR0917 - the options of a command
    month: Annotated[str | None, typer.Option(help="Calendar month, such as 2026-10. Default: the one before.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Begin of any other period, ISO 8601, local time.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Its end; default: now.")] = None,
    url: Annotated[str, typer.Option(help="Prometheus, or what speaks its API.")] = NATIVE.url(Process.PROMETHEUS),
    oncall: Annotated[
        str, typer.Option(help="On-call receiver that knows how late pages came; asked only if it answers.")
    ] = NATIVE.url(Process.ONCALL),
    maintenance: Annotated[Path | None, typer.Option(help="YAML file of agreed maintenance to leave out.")] = None,
    directory: Annotated[Path, typer.Option(help="Where to write; each period gets a folder.")] = Path(".run/reports"),
) -> None:
    """Write the SLA report of a month: md, html, json and csv.

    Exit codes: 0 written, 1 could not be made, 2 written, but too little of the period was seen to judge it.
    """
    now = datetime.now(UTC)
    try:
        promise = objectives.load()
        chosen = _period(month, begin, end, promise.report.time_zone, now)
        left_out: tuple[Exclusion, ...] = exclusions.read(maintenance) if maintenance else ()
        typer.echo(f"Reading {chosen.name} from {url} ...")
        with Prometheus(url) as source:
            made = measure(source, promise, chosen, made_at=now, exclusions=left_out, delivery=_delivery(oncall))
        paths = render.write(made, directory / chosen.name)
    except (PeriodError, ExclusionsError, PrometheusError, objectives.SlaError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(render.headline(made))
    for path in paths:
        typer.echo(f"  {path}")
    if not made.is_sufficient:
        raise typer.Exit(INSUFFICIENT)


def _period(month: str | None, begin: str | None, end: str | None, zone: ZoneInfo, now: datetime) -> Period:
    if begin is not None:
        if month is not None:
            raise PeriodError("--month and --from exclude one another; give one of them")
        return period.between(begin, end or now.isoformat(), zone)
    if end is not None:
        raise PeriodError("--to needs --from; or give --month")
    if month is not None:
        return period.month(month, zone)
    return period.months_before(Period("now", now, now + timedelta(seconds=1), zone), 1)[0]


def _delivery(url: str) -> Delivery:
    """Return what looks up how long a page took; nobody knows if the receiver does not answer."""
    try:
        pages = httpx.get(f"{url}/pages", timeout=5, trust_env=False).raise_for_status().json()
        known = [(page["alertname"], _moment(page["starts_at"]), float(page["delivery_seconds"])) for page in pages]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        typer.echo(f"The on-call receiver at {url} does not answer: times to page stay unknown.", err=True)
        known = []
    return _lookup(known)


def _lookup(known: list[tuple[str, datetime, float]]) -> Callable[[str, datetime, datetime], float | None]:
    def delivery(alertname: str, start: datetime, end: datetime) -> float | None:
        times = (seconds for name, since, seconds in known if name == alertname and start - _SAME_PAGE <= since <= end)
        return next(times, None)

    return delivery


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
