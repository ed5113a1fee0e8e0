"""The `slotwatch` command. Here are only options and exit codes; what happens is in the modules it calls.

Exit codes: 0 all went well, 1 it was tried and did not work, 2 refused before anything was started.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from loadtests.benchmarks import overhead
from loadtests.benchmarks import report as bench_report
from loadtests.benchmarks.overhead import Verdict
from loadtests.drills import outage_checks, report
from loadtests.drills.checks import show_checks
from loadtests.drills.outage_plan import Manner
from loadtests.drills.wishes import MOST_BOOKINGS
from sla import objectives
from sla.topology import Place
from stack import chain_record, drills, metrics_page, openslo, ports, reporting, sweep
from stack import doctor as examination
from stack.bench import core as bench
from stack.bench import servers, telemetry
from stack.doctor_report import findings_table, memory_report
from stack.errors import Refused, StackError
from stack.interruption import Interrupted, Interruption
from stack.native import Chain
from stack.processes import operator_environment
from stack.run_directory import existing, prepare, temporary
from stack.screen import Screen
from stack.session import Session

app = typer.Typer(
    help="slotwatch: a booking core for voice agents, and the monitoring that proves it keeps its promise.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

app.command()(reporting.report)
app.command()(openslo.import_openslo)

PortOption = Annotated[
    list[str] | None,
    typer.Option("--port", metavar="PROCESS=NUMBER", help="Give a process another port, e.g. core=18000. Repeatable."),
]
FreePortsOption = Annotated[bool, typer.Option("--free-ports", help="Let every process listen on a free port.")]
RunDirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--run-directory", envvar="SLOTWATCH_RUN_DIRECTORY", help="Keep data, sockets and logs here instead of in .run."
    ),
]


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what a person has to know into a line on stderr and an exit code."""
    try:
        yield
    except (StackError, objectives.SlaError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(getattr(error, "exit_code", 2)) from error


@contextmanager
def _session(at: Path | None, place: Place) -> Iterator[Session]:
    """Yield a chain on a screen; it ends when the block does, whatever happens. An interruption ends only the block."""
    with _sentences(), Interruption() as interruption:
        chain = Chain(prepare(at=at), place, pause=interruption.pause)
        with Screen(Console()) as screen, chain:
            with suppress(Interrupted):
                yield Session(chain, screen, pause=interruption.pause)
            screen.tell("Stopping...")
        typer.echo("Stopped; nothing of it runs any more.")


def _place(port: list[str] | None, *, free: bool = False) -> Place:
    with _sentences():
        return ports.place(port or [], os.environ, free=free)


@app.command()
def up(
    port: PortOption = None,
    free_ports: FreePortsOption = False,
    run_directory: RunDirectoryOption = None,
    once: Annotated[bool, typer.Option("--once", help="End after the first verdict; exit 1 if it is `fail`.")] = False,
    no_probe_wait: Annotated[bool, typer.Option("--no-probe-wait", help="Do not wait for the verdict.")] = False,
) -> None:
    """Start everything, show the first probe verdict, and run until Ctrl-C."""
    good = False
    with _session(run_directory, _place(port, free=free_ports)) as session:
        session.start()
        good = no_probe_wait or session.first_verdict(must_come=once)
        if not once:
            session.watch()
    if once and not good:
        raise typer.Exit(1)


@app.command()
def demo(
    port: PortOption = None, free_ports: FreePortsOption = False, run_directory: RunDirectoryOption = None
) -> None:
    """Tell the story: a booking, a verdict, an outage, the page, the recovery. Exit 0 only if all of it happened."""
    all_told = False
    with _session(run_directory, _place(port, free=free_ports)) as session:
        session.start()
        session.tell_story()
        all_told = True
    if not all_told:
        raise typer.Exit(1)


@app.command()
def chaos(
    bookings: Annotated[int, typer.Option(min=1, max=MOST_BOOKINGS, help="How many callers.")] = 150,
    seed: Annotated[int, typer.Option(help="Decides who calls, what breaks and when.")] = 1,
    settle_seconds: Annotated[float, typer.Option(min=1, help="How long everything may take to settle.")] = 600,
) -> None:
    """Break everything while callers book, in a chain of its own. Exit 0 only if nothing is lost, doubled or untrue."""
    console = Console()
    with _drill_chain(drills.CHAOS) as chain:
        tell = partial(console.print, highlight=False)
        findings = drills.chaos(chain, bookings=bookings, seed=seed, settle_seconds=settle_seconds, tell=tell)
    report.show(findings, console, seed=seed)
    if not findings.is_clean:
        raise typer.Exit(1)


@app.command("bench-core")
def bench_core(
    quick: Annotated[
        bool, typer.Option("--quick", help="Under a minute, with 100 000 instead of 1 000 000 appointments; rough.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Worker processes of the core and of the other.")] = 2,
) -> None:
    """Measure the core beside a bare endpoint and pgbench, on servers of its own. Exit 1 if a target is missed."""
    console = Console()
    extent = bench.QUICK if quick else bench.FULL
    with _sentences(), temporary() as directory, Progress(console=console) as progress:
        task = progress.add_task("starting", total=extent.steps)
        with servers.started(prepare(at=directory / "run"), workers=workers) as running:

            def tell(step: str) -> None:
                progress.update(task, advance=1, description=step)

            findings = bench.Bench(running, extent, workers, tell).run()
    bench_report.show(findings, console)
    file = bench.write(findings, prepare(), now=datetime.now(UTC))
    console.print(f"kept in {file}", highlight=False, soft_wrap=True)
    if any(verdict.is_met is False for verdict in findings.verdicts()):
        raise typer.Exit(1)


@app.command("bench-telemetry")
def bench_telemetry(
    quick: Annotated[bool, typer.Option("--quick", help="Two minutes instead of fifteen to twenty; rough.")] = False,
) -> None:
    """Measure what telemetry costs a booking, on servers of its own.

    Exit 1 if it costs more than 5 % as it is set, 2 if the machine was too busy to say.
    """
    console = Console()
    extent = telemetry.QUICK if quick else telemetry.FULL
    with _sentences(), temporary() as directory, Progress(console=console) as progress:
        task = progress.add_task("starting", total=extent.steps)

        def tell(step: str) -> None:
            progress.update(task, advance=1, description=step)

        run = prepare(at=directory / "run")
        # A core that waits for Cal.com costs nothing meanwhile, but time.
        starting = servers.started(run, workers=1, calcom_milliseconds=0)
        with starting as running, telemetry.cores(running) as cores:
            findings = telemetry.Bench(cores, extent, tell).run()
    overhead.show(findings, console)
    file = telemetry.write(findings, prepare(), now=datetime.now(UTC))
    console.print(f"kept in {file}", highlight=False, soft_wrap=True)
    if code := {Verdict.MET: 0, Verdict.MISSED: 1, Verdict.OPEN: 2}[findings.verdict()]:
        raise typer.Exit(code)


@app.command()
def outage(
    queued: Annotated[int, typer.Option(min=20, max=MOST_BOOKINGS - 100, help="How many callers.")] = 500,
    a_second: Annotated[float, typer.Option(min=0.1, help="How many callers a second, on average.")] = 10.0,
    calcom: Annotated[Manner, typer.Option(help="How Cal.com is away.")] = Manner.REFUSES,
    seed: Annotated[int, typer.Option(help="Decides who calls and when.")] = 1,
    settle_seconds: Annotated[float, typer.Option(min=1, help="How long everything may take to settle.")] = 1200,
) -> None:
    """Take Cal.com away while callers book, bring it back, and count its calls. Exit 0 only if all was kept."""
    console = Console()
    tell = partial(console.print, highlight=False)
    with _drill_chain(drills.OUTAGE) as chain:
        course = drills.outage(
            chain,
            queued=queued,
            a_second=a_second,
            manner=calcom,
            seed=seed,
            settle_seconds=settle_seconds,
            tell=tell,
        )
    checks = outage_checks.checks(course)
    show_checks(checks, console, title=f"outage drill: Cal.com {calcom}, seed {seed}")
    report.show_wrong(outage_checks.findings(course), console)
    if not all(check.is_good for check in checks):
        raise typer.Exit(1)


@contextmanager
def _drill_chain(settings: Mapping[str, str]) -> Iterator[Chain]:
    """Yield a started chain that is gone when the block ends.

    Without Interruption: Ctrl-C must end the callers' event loop too; leaving the chain's block then stops the chain.
    """
    os.environ.update(settings)
    place = _place(None, free=True)
    with (
        _sentences(),
        temporary() as directory,
        Chain(prepare(at=directory / "run"), place, without=drills.WATCHERS) as chain,
    ):
        chain.start(lambda _statuses: None)
        yield chain


@app.command()
def down(run_directory: RunDirectoryOption = None) -> None:
    """End the chain of this checkout, also one whose terminal is gone."""
    with _sentences():
        run = existing(at=run_directory)
        ended = sweep.end(run) if run else []
        typer.echo(f"Ended {len(ended)} processes." if ended else "Nothing of this checkout was running.")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": ["--about"]}
)
def core(context: typer.Context) -> None:
    """Run `python -m booking_core ...` on the running chain: breaker, hanging, reconcile, keys, and what else it knows.

    SLOTWATCH_RUN_DIRECTORY names the chain if it is not this checkout's.
    """
    with _sentences():
        # Help needs no chain.
        settings = {} if "--help" in context.args else _operators_settings()
    command = [sys.executable, "-m", "booking_core", *context.args]
    raise typer.Exit(subprocess.run(command, env={**os.environ, **settings}, check=False).returncode)


def _operators_settings() -> Mapping[str, str]:
    named = os.environ.get("SLOTWATCH_RUN_DIRECTORY")
    run = existing(at=Path(named) if named else None)
    place = chain_record.place(run) if run else None
    if run is None or place is None:
        raise Refused("no chain of this checkout is running; start one with `make up`")
    return operator_environment(run, place)


@app.command()
def doctor(
    port: PortOption = None,
    run_directory: RunDirectoryOption = None,
    running: Annotated[bool, typer.Option("--running", help="Measure the memory of the running chain.")] = False,
) -> None:
    """Say what is there and what is not. Exit 1 if something needed is missing or too big."""
    with _sentences():
        run = existing(at=run_directory)
        if running:
            measured = examination.memory_of_chain(run)
            excesses = list(examination.excesses(measured))
            Console().print(memory_report(measured, excesses))
            raise typer.Exit(1 if excesses else 0)
        place = (chain_record.place(run) if run and not port else None) or _place(port)
        found = list(examination.findings(place, run))
        Console().print(findings_table(found))
        raise typer.Exit(0 if all(one.is_good for one in found if one.is_needed) else 1)


@app.command()
def generate(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file is stale.")] = False,
) -> None:
    """Write every generated file from sla/sla.yaml, or prove that all are fresh."""
    # Before its parts read it, each for itself: a refusal is told once.
    with _sentences():
        promise = objectives.load()
    flags = ["--check"] if check else []
    codes = [
        subprocess.run([sys.executable, "-m", package, *flags], check=False).returncode
        for package in ("alerts", "dashboards")
    ]
    if not check:
        metrics_page.write(promise)
    for sentence in metrics_page.stale(promise):
        typer.echo(f"{sentence}; run `make generate` and commit the result", err=True)
        codes.append(1)
    raise typer.Exit(max(codes))
