"""The probe as its users meet it: a real Locust process against a real, if small, core."""

import http.client
import re
import signal
import socket
import sys
import threading
import time
from bisect import bisect
from contextlib import ExitStack
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from loadtests.order_statistics import nearest_rank
from tests.loadtests.fake_core import FakeCore, served
from tests.loadtests.processes import children, is_alive, probe, sla_file, started, summary, told, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def promise(tmp_path):
    return sla_file(tmp_path)


def _closed_loop_p95(url: str, seconds: float) -> float:
    """Measure as closed-loop tools do: one user who asks again only after the last answer."""
    address, answered, end = urlsplit(url), [], time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        connection.request("GET", "/v1/availability", headers={"Authorization": "Bearer sk_demo"})
        connection.getresponse().read()
        connection.close()
        answered.append(time.monotonic() - began)
    return nearest_rank(answered, Decimal("0.95")) or 0.0


def test_a_stall_is_seen_in_full_by_the_open_model_and_hidden_by_the_closed_one(promise):
    """The core stalls 0.6 s of every 3 s. A fifth of all callers wait, evenly from 0.6 s down to none, so every
    twentieth waits more than 0.45 s: that is the true P95."""
    born = time.monotonic()

    def hold() -> float:
        phase = (time.monotonic() - born) % 3
        return 0.6 - phase if phase < 0.6 else 0.03

    closed = []
    with served(FakeCore(overrides={"availability": (200, {"slots": ["one"]})}), hold) as url:
        control = threading.Thread(target=lambda: closed.append(_closed_loop_p95(url, 6)))
        control.start()
        run = probe("light", "--per-second", "30", "--count", "180", "--json")
        with started(*run, target_url=url, sla_file=promise) as process:
            output, _ = process.communicate(timeout=120)
        control.join()

    document = summary(output)
    assert document["samples"] == 180
    assert 0.4 <= document["p95_seconds"] < 0.6
    assert closed[0] < document["p95_seconds"] / 2


def test_thirty_callers_at_once_do_not_wait_for_one_another(promise):
    asked: list[float] = []

    def hold() -> float:
        asked.append(time.monotonic())
        return 0.5

    with served(FakeCore(), hold) as url:
        run = probe("light", "--per-second", "60", "--count", "90", "--json")
        with started(*run, target_url=url, sla_file=promise) as process:
            output, _ = process.communicate(timeout=120)

    document = summary(output)
    assert (document["samples"], document["failed"], document["dropped"]) == (90, 0, 0)
    assert document["p95_seconds"] >= 0.5
    asked.sort()
    # Who asked within the half second after one was answered at the same time as that one.
    assert max(bisect(asked, begun + 0.5) - number for number, begun in enumerate(asked)) >= 20


def test_the_exit_code_says_what_was_wrong(promise):
    fast = ("verdict", "--count", "60", "--per-second", "20", "--json")
    with ExitStack() as stack:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            unreachable = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        good = stack.enter_context(served(good_core := FakeCore()))
        all_503 = stack.enter_context(served(FakeCore(overrides={"check_availability": (503, {})})))
        sticky = stack.enter_context(served(FakeCore(overrides={"cancel": (503, {})})))
        runs = {
            0: stack.enter_context(started(*probe(*fast), target_url=good, sla_file=promise)),
            10: stack.enter_context(started(*probe(*fast, "--prompt", "v1"), target_url=good, sla_file=promise)),
            11: stack.enter_context(started(*probe(*fast), target_url=all_503, sla_file=promise)),
            13: stack.enter_context(started(*probe(*fast), target_url=unreachable, sla_file=promise)),
            14: stack.enter_context(started(*probe(*fast), target_url=sticky, sla_file=promise)),
            15: stack.enter_context(started(*probe(*fast), targt_url=good)),
            12: stack.enter_context(started(*probe("verdict", "--count", "3", "--json"), target_url=good)),
        }
        ended = {code: (process.communicate(timeout=120), process.returncode) for code, process in runs.items()}

    assert {code: returned for code, (_, returned) in ended.items()} == {code: code for code in runs}
    assert summary(ended[11][0][0])["p95_seconds"] == "+Inf"
    assert "did you mean LOADTEST_TARGET_URL" in ended[15][0][1]
    assert good_core.bookings == {}
    assert all(not errors for code, ((_, errors), _) in ended.items() if code != 15)


def test_sigterm_cancels_what_is_left_and_ends_with_16(promise):
    core = FakeCore(overrides={"cancel": (503, {})})
    with served(core) as url:
        run = probe("verdict", "--count", "1000", "--per-second", "20", "--json")
        with started(*run, target_url=url, sla_file=promise) as process:
            wait_until(lambda: len(core.bookings) >= 3, seconds=15)
            core.overrides.clear()
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=10)

    assert process.returncode == 16
    assert core.bookings == {}
    assert [line for line in told(output) if line["event"] == "cancelled"]
    assert summary(output)["exit_code"] == 16


def test_a_run_that_nobody_hears_any_more_ends_by_itself(tmp_path):
    """Once because the reader is gone, once because whoever started it was killed."""
    starter = "import os, subprocess, sys, time; subprocess.Popen([*sys.argv[1:], str(os.getpid())]); time.sleep(60)"
    promise = sla_file(tmp_path, light={"period": "1s"})
    with served(core := FakeCore()) as url:
        watch = probe("watch", "--json")
        with (
            started(*watch, target_url=url, sla_file=promise) as unheard,
            started(sys.executable, "-c", starter, *watch, "--parent", target_url=url, sla_file=promise) as parent,
        ):
            assert unheard.stdout
            assert parent.stdout
            unheard.stdout.readline()
            parent.stdout.readline()
            (orphan,) = children(parent.pid)

            unheard.stdout.close()
            parent.kill()

            assert unheard.wait(timeout=15) == 16
            wait_until(lambda: not is_alive(orphan), seconds=10)
            unheard.stdout = None
    assert core.bookings == {}


def test_a_person_gets_a_table(promise):
    with served(FakeCore()) as url:
        run = probe("verdict", "--count", "60", "--per-second", "60")
        with started(*run, target_url=url, sla_file=promise) as process:
            output, _ = process.communicate(timeout=120)

    assert process.returncode == 0
    assert "PASS" in output
    assert "measured / modelled share" in output


def test_locusts_own_command_line_runs_the_same_probe(promise):
    with served(core := FakeCore()) as url:
        command = (sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "-u", "1")
        with started(*command, target_url=url, sla_file=promise) as process:
            journey = {"availability", "book_appointment", "cancel"}
            wait_until(lambda: {kind for kind, *_ in core.seen} >= journey, seconds=40)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=120)

    assert process.returncode == 12, errors
    assert re.search(r"too few samples to bound P95: \d of 59", errors)
