"""The private servers, real ones: they start, answer, stop, and leave no process behind, whoever we are."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from stack import run_directory
from stack.errors import Failed
from stack.machine import Machine
from stack.own_server import OwnServer
from stack.postgres import PrivateCluster
from stack.redis import PrivateRedis

pytestmark = pytest.mark.integration


@pytest.fixture
def home() -> Iterator[Path]:
    with run_directory.temporary() as path:
        yield path


def test_a_cluster_is_utf8_reached_by_its_socket_alone_and_leaves_nothing(home):
    cluster = PrivateCluster(home / "postgres", durable=False)
    cluster.initialise()
    cluster.start()
    try:
        with psycopg.connect(cluster.url()) as connection:
            query = "SELECT current_user, current_database(), current_setting('server_encoding'), " + ", ".join(
                f"current_setting('{name}')" for name in ("lc_collate", "listen_addresses", "fsync", "TimeZone")
            )
            row = connection.execute(query).fetchone()
        owner = (home / "postgres").stat()
    finally:
        cluster.stop()

    assert row == ("slotwatch", "slotwatch", "UTF8", "C.UTF-8", "", "off", "UTC")
    assert owner.st_mode & 0o777 == 0o700
    assert (owner.st_uid == 0) is False
    assert Machine().of_chain(home) == []


def test_initialising_twice_keeps_what_is_there(home):
    cluster = PrivateCluster(home / "postgres", durable=False)
    cluster.initialise()
    cluster.start()
    try:
        cluster.create_database("kept")
    finally:
        cluster.stop()

    cluster.initialise()
    cluster.start()
    try:
        psycopg.connect(cluster.url("kept")).close()
        cluster.drop_database("kept")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(cluster.url("kept"))
    finally:
        cluster.stop()


def test_a_database_is_copied_from_its_template(home):
    cluster = PrivateCluster(home / "postgres", durable=False)
    cluster.initialise()
    cluster.start()
    try:
        with psycopg.connect(cluster.url()) as connection:
            connection.execute("CREATE TABLE salons (name text)")
        cluster.create_database("copy", template="slotwatch")
        with psycopg.connect(cluster.url("copy")) as connection:
            assert connection.execute("SELECT count(*) FROM salons").fetchone() == (0,)
    finally:
        cluster.stop()


def test_a_server_that_cannot_start_says_why(home):
    cluster = PrivateCluster(home / "postgres", durable=False)
    cluster.initialise()
    (cluster.data / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(Failed, match='unrecognized configuration parameter "no_such_setting"'):
        cluster.start()


def test_redis_answers_on_its_socket_keeps_nothing_and_leaves_nothing(home):
    server = PrivateRedis(home / "redis")
    server.start()
    try:
        with redis.Redis.from_url(server.url()) as client:
            client.set("key", "value")
            assert client.config_get("port") == {"port": "0"}
    finally:
        server.stop()

    assert not server.is_ready()
    assert [path.name for path in (home / "redis").iterdir()] == ["redis.log"]
    assert Machine().of_chain(home) == []


def test_a_server_ends_when_its_starter_is_killed(home):
    """The tether, across the change of user: without it a killed test run would leave PostgreSQL behind."""
    cluster = PrivateCluster(home / "postgres", durable=False)
    cluster.initialise()
    script = (
        "import sys, time; from pathlib import Path; from stack.postgres import PrivateCluster; "
        "PrivateCluster(Path(sys.argv[1]), durable=False).start(); print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(cluster.directory)], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"ready\n"

        starter.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 10
    while Machine().of_chain(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert Machine().of_chain(home) == []


def test_a_server_that_will_not_end_is_killed(home):
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    )
    log = home / "stubborn.log"
    server = OwnServer((sys.executable, "-c", stubborn), log=log, stop_signal=signal.SIGTERM, patience_seconds=0.5)
    server.start(lambda: log.read_text() == "x\n")

    server.stop()

    command = f"{sys.executable} -c {stubborn}"
    assert [pid for pid in Machine().pids() if pid != os.getpid() and Machine().command(pid) == command] == []
