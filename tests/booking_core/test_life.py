"""A worker says what it is at: starting, serving, and on its way out before it goes."""

from __future__ import annotations

import asyncio
import os
import signal

import httpx
import pytest
from fastapi import FastAPI

from booking_core.http import health
from booking_core.http.life import Life, drains_first
from booking_core.http.middleware import Entrance


class Dependency:
    """Answers or does not."""

    is_up = False

    async def ping(self) -> None:
        if not self.is_up:
            raise ConnectionError


@pytest.fixture
def life() -> Life:
    return Life()


@pytest.fixture
def database() -> Dependency:
    return Dependency()


@pytest.fixture
async def client(life, database):
    app = FastAPI()
    app.include_router(health.router({"database": database.ping}, {}, life))
    entrance = Entrance(app, answered=lambda *_: None, body_limit_bytes=1024, life=life)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(entrance), base_url="http://core") as client:
        yield client


async def test_a_worker_has_started_once_what_it_needs_has_answered_and_stays_so(client, database):
    early = await client.get("/startupz")
    database.is_up = True
    started = await client.get("/startupz")
    database.is_up = False
    later, ready = await client.get("/startupz"), await client.get("/readyz")

    assert [answer.status_code for answer in (early, started, later, ready)] == [503, 200, 200, 503]
    assert early.json() == {"status": "starting"}


async def test_a_worker_on_its_way_out_is_alive_not_ready_and_keeps_no_connection(client, database, life):
    database.is_up = life.is_draining = True

    ready, alive = await client.get("/readyz"), await client.get("/livez")

    assert (ready.status_code, ready.json()["status"]) == (503, "draining")
    assert (alive.status_code, alive.headers["connection"]) == (200, "close")


async def test_sigterm_first_says_so_and_stops_the_server_when_the_grace_is_over(life):
    stopped, was_draining = asyncio.Event(), []

    def stop(*_: object) -> None:
        was_draining.append(life.is_draining)
        stopped.set()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with drains_first(life, grace_seconds=0.01):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(stopped.wait(), 5)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert was_draining == [True]
