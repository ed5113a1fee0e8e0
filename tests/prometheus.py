"""A real Prometheus on invented history: blocks made by promtool, and a client to ask about them."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest


@contextmanager
def remembering(directory: Path, lines: Iterable[str]) -> Iterator[httpx.Client]:
    """Yield a client of a Prometheus that has lived through these lines of OpenMetrics text."""
    with (directory / "history.txt").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    # Few large blocks: months in blocks of two hours take longer to write and to open than to ask.
    command = ("promtool", "tsdb", "create-blocks-from", "--max-block-duration=256h", "openmetrics", "--quiet")
    done = subprocess.run([*command, "history.txt", "data"], cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with serving(directory) as client:
        yield client


@contextmanager
def serving(directory: Path, *flags: str, configuration: str = "{}\n") -> Iterator[httpx.Client]:
    """Yield a client of a Prometheus on the blocks in `directory`/data; it is gone when the block ends."""
    (directory / "prometheus.yml").write_text(configuration, "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
        "--log.level=error",
        *flags,
    ]
    with (
        subprocess.Popen(command) as process,
        httpx.Client(base_url=f"http://{address}", timeout=60) as client,
    ):
        try:
            wait_until_ready(client, process, path="/-/ready")
            yield client
        finally:
            process.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], *, path: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get(path).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"{process.args} did not become ready")
