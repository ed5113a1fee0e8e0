"""The core benchmark on real servers, too short to measure anything: does every part of it still work?"""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.benchmarks.measurement import Findings, Target
from stack.bench import core, servers
from stack.run_directory import prepare


@pytest.mark.integration
def test_every_target_books_without_a_failure_and_the_core_says_how_many_statements_it_took(server_room: Path):
    extent = core.Extent((10_000, 10_500), rounds=1, seconds=0.3, warm_up_seconds=0.3, memory_bookings=8)
    told: list[str] = []
    with servers.started(prepare(at=server_room / "bench"), workers=1) as running:
        findings = core.Bench(running, extent, 1, told.append).run()

    assert len(told) == extent.steps
    assert_complete(findings)


def assert_complete(findings: Findings) -> None:
    assert {line.target for line in findings.lines} == set(Target)
    assert all(line.bookings > 0 and line.failed == 0 for line in findings.lines)
    assert all(0 < line.milliseconds("0.5", own=True) <= line.milliseconds("0.5") for line in findings.lines)
    core_lines = [line for line in findings.lines if line.target is Target.CORE]
    assert [line.statements_each for line in core_lines if not line.statements_each] == []
    assert all(size > 0 for _, size in findings.memory)
    assert set(findings.hit_ratios) == {"all", "availability", "phone", "service", "user"}
