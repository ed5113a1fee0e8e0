"""How long does a scrape take, by the number of worker slots, beside the client library's own collector?

Run with `make bench-exporter`. Both read the same files in the same run, so the ratio is the result; the milliseconds
are this machine's.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from rich.console import Console
from rich.table import Table

from exporter.app import Exposition
from exporter.collectors.metric_files import MetricFilesCollector

SLOTS = (1, 4, 16, 64)
RECYCLES = 500
# A histogram child is 12 buckets and a sum in the file, and a count more in the scrape.
BUCKETS = (*(round(0.05 * number, 2) for number in range(1, 12)), math.inf)
CHILDREN = 200
COUNTERS = 400

# What the exporter promises: milliseconds at 16 slots, times faster than stock, growth over recycled workers.
PROMISED_MS, PROMISED_TIMES, PROMISED_GROWTH = 25.0, 20.0, 1.3
PROMISED_AT = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; times in milliseconds."""

    slots: int
    samples_per_slot: int
    ours_p50: float
    ours_p95: float
    stock_p50: float

    @property
    def times_faster(self) -> float:
        return self.stock_p50 / self.ours_p50


def write_slot(directory: Path, slot: str) -> int:
    """Count and observe something in every series of a worker's slot; return how many samples its files hold."""
    counters = MmapedDict(str(directory / f"counter_{slot}.db"))  # type: ignore[no-untyped-call]
    histograms = MmapedDict(str(directory / f"histogram_{slot}.db"))  # type: ignore[no-untyped-call]
    for number in range(COUNTERS):
        key = mmap_key("asked", "asked_total", ["route", "code"], [f"/v1/{number}", "2xx"], "Requests.")
        _add(counters, key, float(number))
    for number in range(CHILDREN):
        for edge in BUCKETS:
            le = "+Inf" if math.isinf(edge) else str(edge)
            labels = [f"/v1/{number}", le]
            _add(histograms, mmap_key("took_seconds", "took_seconds_bucket", ["route", "le"], labels, "Time."), 3.0)
        _add(histograms, mmap_key("took_seconds", "took_seconds_sum", ["route"], [f"/v1/{number}"], "Time."), 0.1)
    for file in (counters, histograms):
        file.close()  # type: ignore[no-untyped-call]
    return COUNTERS + CHILDREN * (len(BUCKETS) + 1)


def _add(file: MmapedDict, key: str, value: float) -> None:
    before, _ = file.read_value(key)  # type: ignore[no-untyped-call]
    file.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]


def milliseconds(work: Callable[[], object], rounds: int) -> Sequence[float]:
    """Return the sorted times of so many rounds; the first, which learns the files, is not counted."""
    work()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)


def at(times: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of sorted times."""
    return times[math.ceil(share * len(times)) - 1]


def compare(directory: Path, slots: int, rounds: int) -> Row:
    """Measure both on the same files."""
    written = max(write_slot(directory, f"http-{number}") for number in range(slots))
    ours = Exposition(MetricFilesCollector(directory), ())
    stock = CollectorRegistry()
    MultiProcessCollector(stock, path=str(directory))  # type: ignore[no-untyped-call]
    fast = milliseconds(lambda: ours.write(""), rounds)
    slow = milliseconds(lambda: generate_latest(stock), max(5, rounds // 10))
    return Row(slots, written, at(fast, 0.5), at(fast, 0.95), at(slow, 0.5))


def growth(directory: Path, rounds: int, *, chance: random.Random) -> float:
    """Return by how much slower a scrape is after so many workers came and went than beside it where none did."""
    scrapes = []
    for name in ("still", "busy"):
        (directory / name).mkdir()
        for number in range(PROMISED_AT):
            write_slot(directory / name, f"http-{number}")
        scrapes.append(partial(Exposition(MetricFilesCollector(directory / name), ()).write, ""))
        scrapes[-1]()
    for _ in range(RECYCLES):
        write_slot(directory / "busy", f"http-{chance.randrange(PROMISED_AT)}")
    # In turn: whatever else the machine does falls on both alike.
    turns = [[milliseconds(scrape, 1)[0] for scrape in scrapes] for _ in range(rounds)]
    still, busy = (median(turn[which] for turn in turns) for which in (0, 1))
    return busy / still


def main() -> int:
    """Return 0 when every promise is kept, 1 when one is not."""
    arguments = _parser().parse_args()
    console = Console()
    rows = []
    for slots in SLOTS:
        console.print(f"{slots} slots …", style="dim")
        with TemporaryDirectory() as directory:
            rows.append(compare(Path(directory), slots, arguments.rounds))
    console.print(f"{RECYCLES} recycled workers …", style="dim")
    with TemporaryDirectory() as directory:
        grown = growth(Path(directory), arguments.rounds, chance=random.Random(1))  # noqa: S311 - repeatable
    console.print(_table(rows))
    promises = _promises(rows, grown)
    for promise, is_kept in promises:
        console.print(f"[{'green' if is_kept else 'red'}]{'kept  ' if is_kept else 'broken'}[/] {promise}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": [asdict(row) for row in rows], "growth": grown}, indent=2))
    return 0 if all(is_kept for _, is_kept in promises) else 1


def _promises(rows: Sequence[Row], grown: float) -> Sequence[tuple[str, bool]]:
    row = next(row for row in rows if row.slots == PROMISED_AT)
    p95, times = row.ours_p95, row.times_faster
    return (
        (f"p95 {p95:.1f} ms at {PROMISED_AT} slots; promised: below {PROMISED_MS:.0f} ms", p95 < PROMISED_MS),
        (f"{times:.0f} times faster than stock; promised: at least {PROMISED_TIMES:.0f}", times >= PROMISED_TIMES),
        (
            f"{grown:.2f} times after {RECYCLES} recycled workers; promised: up to {PROMISED_GROWTH}",
            grown <= PROMISED_GROWTH,
        ),
    )


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="One scrape of the workers' samples, collected and written as text")
    for heading in ("slots", "samples", "ours p50 ms", "ours p95 ms", "stock p50 ms", "times faster"):
        table.add_column(heading, justify="right")
    for row in rows:
        numbers = (row.ours_p50, row.ours_p95, row.stock_p50)
        cells = (str(row.slots), str(row.samples_per_slot), *(f"{number:.1f}" for number in numbers))
        table.add_row(*cells, f"{row.times_faster:.0f}")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtests.benchmarks.scrape", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="scrapes of ours per size (default: 100)")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
