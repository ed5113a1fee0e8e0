"""How long does each dashboard take to load when it shows a month of five-second samples?

Run with `make bench-dashboards`; it takes some minutes, nearly all of them to write the month. Each dashboard's queries
are asked as Grafana asks them, six at a time like a browser, of a real Prometheus that has just been started, and then
once more: first what stands behind its hidden variables, then panels and annotations. What the month holds is printed
above the table.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from loadtests.benchmarks import month
from loadtests.benchmarks.month import DAY, Month
from sla import catalogue as c
from sla import objectives, promql
from sla.objectives import Promise
from sla.quantities import Duration

GENERATED = Path(__file__).resolve().parents[2] / "dashboards" / "generated"
# The promise: seconds for all queries of a dashboard.
PROMISED_SECONDS = 2.0
# A wide screen's panel has about so many points; Grafana widens the step until the range fits.
POINTS = 1_000
# Of an annotation Grafana asks for as many as Prometheus gives.
ANNOTATION_POINTS = 11_000
BROWSER_CONNECTIONS = 6


@dataclass(frozen=True, slots=True)
class Board:
    """What Grafana asks for a dashboard: the questions behind its hidden variables, then those of panels and marks."""

    title: str
    switches: Mapping[str, str]
    targets: Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a panel, and how long Prometheus took to answer it."""

    panel: str
    seconds: float
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Load:
    """One load of a dashboard: its queries, and how long until the last was answered."""

    board: str
    seconds: float
    asked: Sequence[Asked]

    @property
    def slowest(self) -> Asked:
        return max(self.asked, key=lambda one: one.seconds)

    @property
    def alone(self) -> float:
        return sum(one.seconds for one in self.asked)


def boards() -> Sequence[Board]:
    """Return every dashboard's queries, each with the title of its panel."""
    return [_board(json.loads(path.read_text("utf-8"))) for path in sorted(GENERATED.glob("*.json"))]


def _board(document: Mapping[str, Any]) -> Board:
    panels = [(panel["title"], target) for panel in document["panels"] for target in panel.get("targets", ())]
    marks = [
        (mark["name"], mark | {"instant": False, "points": ANNOTATION_POINTS})
        for mark in document["annotations"]["list"]
    ]
    switches = {each["name"]: each["query"] for each in document["templating"]["list"] if each.get("hide")}
    return Board(document["title"], switches, [*panels, *marks])


def load(client: httpx.Client, board: Board, over: Month) -> Load:
    """Ask everything a dashboard asks, six at a time."""
    begin = time.perf_counter()
    switched = {name: _switched(client, query, over) for name, query in board.switches.items()}
    with ThreadPoolExecutor(BROWSER_CONNECTIONS) as browser:
        asked = list(browser.map(lambda entry: _ask(client, entry[0], entry[1], over, switched), board.targets))
    return Load(board.title, time.perf_counter() - begin, asked)


def _switched(client: httpx.Client, query: str, over: Month) -> str:
    """Return what a hidden variable is while so much time is on show."""
    expression = query.removeprefix("query_result(").removesuffix(")").replace("$__range_s", str(over.days * DAY))
    answer = client.get("/api/v1/query", params={"query": expression, "time": over.end - 1}).json()
    return next((found["metric"]["value"] for found in answer["data"]["result"]), "")


def _ask(
    client: httpx.Client, panel: str, target: Mapping[str, Any], over: Month, switched: Mapping[str, str]
) -> Asked:
    step = max(15, math.ceil(over.days * DAY / target.get("points", POINTS)))
    expression = chosen(target["expr"], over, step, switched)
    begin = time.perf_counter()
    if target["instant"]:
        answer = client.post("/api/v1/query", data={"query": expression, "time": over.end - 1})
    else:
        limits = {"start": month.BEGIN, "end": over.end - 1, "step": step}
        answer = client.post("/api/v1/query_range", data={"query": expression, **limits})
    seconds = time.perf_counter() - begin
    document = answer.json()
    if document["status"] != "success":
        raise RuntimeError(f"{panel}: {document['error']}\n{expression}")
    return Asked(panel, seconds, not document["data"]["result"])


def chosen(expression: str, over: Month, step: int, switched: Mapping[str, str]) -> str:
    """Put in what Grafana does: the range on show, and a rate over one step and one sample more, of four at least."""
    between = int(Duration.parse(switched["step"]).seconds) if switched.get("step") else over.step_seconds
    values = {
        **switched,
        "__rate_interval": f"{max(step + between, 4 * between)}s",
        "__range": f"{over.days * DAY}s",
        "job": ".+",
        "instance": ".+",
        "traffic": "real",
    }
    return re.sub(r"\$(\w+)", lambda match: values[match[1]], expression)


@contextmanager
def prometheus(directory: Path) -> Iterator[httpx.Client]:
    """Yield a client of a Prometheus on the blocks in `directory`."""
    (directory / "prometheus.yml").write_text("{}\n", "utf-8")
    flags = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y")
    address = _free_address()
    command = ("prometheus", *flags, f"--web.listen-address={address}", "--log.level=error")
    with _serving(command, directory, address, "/-/ready") as client:
        yield client


@contextmanager
def victoria_metrics(directory: Path, resolution: Duration) -> Iterator[httpx.Client]:
    """Yield a client of an empty VictoriaMetrics that keeps one sample in so long a time."""
    flags = ("-storageDataPath=store", "-retentionPeriod=100y", f"-dedup.minScrapeInterval={resolution}")
    address = _free_address()
    command = ("victoria-metrics", *flags, f"-httpListenAddr={address}", "-loggerLevel=ERROR")
    with _serving(command, directory, address, "/health") as client:
        yield client


def _free_address() -> str:
    with create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def _serving(command: Sequence[str], directory: Path, address: str, ready: str) -> Iterator[httpx.Client]:
    with (
        subprocess.Popen(command, cwd=directory) as process,  # noqa: S603 - whichever of them is installed
        httpx.Client(base_url=f"http://{address}", timeout=600) as client,
    ):
        try:
            while not _is_ready(client, ready):
                if process.poll() is not None:
                    raise RuntimeError(f"{command[0]} ended; see above")
                time.sleep(0.1)
            yield client
        finally:
            process.terminate()


def _is_ready(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).is_success
    except httpx.TransportError:
        return False


def table(first: Sequence[Load], again: Sequence[Load]) -> Table:
    """Return the result, a dashboard a line."""
    made = Table("dashboard", "queries", "first load", "again", "one by one", "slowest query", "promised", title=None)
    for cold, warm in zip(first, again, strict=True):
        is_kept = cold.seconds < PROMISED_SECONDS
        made.add_row(
            cold.board,
            str(len(cold.asked)),
            f"{cold.seconds:.2f} s",
            f"{warm.seconds:.2f} s",
            f"{warm.alone:.2f} s",
            f"{cold.slowest.panel} {cold.slowest.seconds:.2f} s",
            f"< {PROMISED_SECONDS:g} s {'kept' if is_kept else 'NOT kept'}",
        )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when every dashboard loads in time, 1 when one does not."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.benchmarks.dashboards", description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--step-seconds", type=int, default=5, help="between two scrapes")
    parser.add_argument(
        "--counters", type=int, default=8, help="at most so many children of a counter or gauge; 0 for all"
    )
    parser.add_argument("--histograms", type=int, default=2, help="at most so many children of a histogram; 0 for all")
    parser.add_argument("--verbose", action="store_true", help="name the ten slowest queries of each dashboard")
    parser.add_argument(
        "--store", action="store_true", help="ask VictoriaMetrics instead, which keeps a sample a minute of older days"
    )
    options = parser.parse_args(arguments)
    over = Month(options.days, options.step_seconds, options.counters, options.histograms)
    console = Console(highlight=False, width=140)
    promise = objectives.load()
    kept = sum(map(len, month.recorded(promise).values()))
    console.print(
        f"Writing {over.days} days: {len(month.scraped(over))} scraped series every {over.step_seconds} s "
        f"({_limit(over.counters)} children of a counter or gauge, {_limit(over.histograms)} of a histogram), "
        f"{kept} recorded ones as often as they are recorded, once a minute at least; "
        f"every {promise.timers.sparse_interval} a copy of {len(month.copied())} that grow, of every child."
    )
    with TemporaryDirectory() as name, _server(Path(name), over, promise, console, store=options.store) as client:
        console.print(f"Held: {held(client, over)} samples of each scraped series.")
        first, again = ([load(client, board, over) for board in boards()] for _ in range(2))
    console.print(table(first, again))
    if options.verbose:
        for one in again:
            for slow in sorted(one.asked, key=lambda asked: -asked.seconds)[:10]:
                console.print(f"  {one.board}: {slow.panel} {slow.seconds:.2f} s{' (empty)' if slow.is_empty else ''}")
    return 0 if all(one.seconds < PROMISED_SECONDS for one in first) else 1


def _limit(most: int) -> str:
    return f"at most {most}" if most else "all"


@contextmanager
def _server(directory: Path, over: Month, promise: Promise, console: Console, *, store: bool) -> Iterator[httpx.Client]:
    """Yield a client of the server that holds the month, just started."""
    if store:
        with victoria_metrics(directory, promise.timers.history_resolution) as client:
            _tell(month.send(over, promise, client), console)
            # What it does by itself within a day: keep one sample a minute, and drop the others.
            _merge(client)
            yield client
    else:
        _tell(month.write(over, promise, directory), console)
        with prometheus(directory) as client:
            yield client


def _merge(store: httpx.Client) -> None:
    """Let VictoriaMetrics merge all it has, and wait for it; it forgets what it has answered before."""
    for order in ("force_flush", "force_merge", "resetRollupResultCache"):
        store.get(f"/internal/{order}").raise_for_status()
    while re.search(r"^vm_active_force_merges [1-9]", store.get("/metrics").text, re.MULTILINE):
        time.sleep(0.2)


def held(client: httpx.Client, over: Month) -> int:
    """Return how many samples of one series the server can be asked about."""
    expression = f"count_over_time({promql.selector(c.SYNC_RUNS, window=f'{over.days * DAY}s')})"
    answer = client.get("/api/v1/query", params={"query": expression, "time": over.end - 1}).json()
    return int(answer["data"]["result"][0]["value"][1])


def _tell(written: Iterator[int], console: Console) -> None:
    begin, samples = time.perf_counter(), 0
    for more in written:
        samples += more
        console.print(f"  {samples / 1e6:.0f} million samples after {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
