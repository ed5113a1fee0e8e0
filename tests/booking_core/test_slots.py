"""Numbered metric files: a recycled worker goes on counting where its predecessor was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from exporter.collectors.workers import holders

WORKER = """
import sys, pathlib, signal
from prometheus_client import CollectorRegistry
from booking_core.telemetry import slots
from booking_core.telemetry.recorder import Recorder
slot = slots.take(pathlib.Path(sys.argv[1]), "http")
recorder = Recorder(CollectorRegistry())
for _ in range(int(sys.argv[2])):
    recorder.notified("confirmation_email", "sent")
print(slot.name, flush=True)
signal.pause()
"""


def a_worker(directory: Path, counts: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(directory), str(counts)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def slot_of(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def kill(*workers: subprocess.Popen[str]) -> None:
    for worker in workers:
        worker.kill()
        worker.communicate()


def total(directory: Path) -> float | None:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(directory))
    labels = {"kind": "confirmation_email", "result": "sent"}
    return registry.get_sample_value("booking_notifications_total", labels)


def test_killed_workers_lose_no_count_and_leave_no_new_files(tmp_path):
    first, second = a_worker(tmp_path, 3), a_worker(tmp_path, 4)
    assert {slot_of(first), slot_of(second)} == {"http-0", "http-1"}
    files = sorted(tmp_path.iterdir())
    kill(first, second)

    third = a_worker(tmp_path, 5)
    assert slot_of(third) == "http-0"
    kill(third)

    assert total(tmp_path) == 12
    assert sorted(tmp_path.iterdir()) == files


def test_the_lock_tells_the_living_from_the_dead(tmp_path):
    worker = a_worker(tmp_path, 0)
    slot = slot_of(worker)
    alive = dict(holders(tmp_path))
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()

    assert alive == {slot: worker.pid}
    assert holders(tmp_path) == {}
