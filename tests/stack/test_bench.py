"""The core benchmark on real servers, too short to measure anything: does every part of it still work?"""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.benchmarks.measurement import Findings, Target
from loadtests.benchmarks.overhead import Variant
from stack.bench import core, servers, telemetry
from stack.run_directory import prepare


@pytest.mark.integration
def test_every_target_books_without_a_failure_and_the_core_says_how_many_statements_it_took(server_room: Path):
    extent = core.Extent((10_000, 10_500), rounds=1, seconds=0.3, warm_up_seconds=0.3, memory_bookings=8)
    told: list[str] = []
    with servers.started(prepare(at=server_room / "bench"), workers=1) as running:
        findings = core.Bench(running, extent, 1, told.append).run()

    assert len(told) == extent.steps
    assert_complete(findings)


@pytest.mark.integration
def test_a_core_that_tells_more_and_more_books_the_same_and_each_booking_costs_something(server_room: Path):
    told: list[str] = []
    extent = telemetry.Extent(batches=2, rounds=4)
    run = prepare(at=server_room / "bench-telemetry")
    with servers.started(run, workers=1) as running, telemetry.cores(running) as cores:
        bench = telemetry.Bench(cores, extent, told.append)
        findings = bench.run()
        cores.book(Variant.EVERYTHING, next(bench.wishes))
        assert cores.send_traces(Variant.EVERYTHING) > cores.send_traces(Variant.NOTHING) > 0
        counted = {name for name in ("nothing", "everything") if list(run.path.rglob(f"{name}/*.db"))}

    assert len(told) == extent.steps
    assert [set(cost) for cost in findings.batches] == [set(Variant)] * 2
    assert all(cost > 0 for each in findings.batches for cost in each.values())
    # Who tells nothing has not even made the files.
    assert counted == {"everything"}


def assert_complete(findings: Findings) -> None:
    assert {line.target for line in findings.lines} == set(Target)
    assert all(line.bookings > 0 and line.failed == 0 for line in findings.lines)
    assert all(0 < line.milliseconds("0.5", own=True) <= line.milliseconds("0.5") for line in findings.lines)
    core_lines = [line for line in findings.lines if line.target is Target.CORE]
    assert [line.statements_each for line in core_lines if not line.statements_each] == []
    assert all(size > 0 for _, size in findings.memory)
    assert set(findings.hit_ratios) == {"all", "availability", "phone", "service", "user"}
