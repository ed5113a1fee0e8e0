"""The way to Cal.com over real sockets: what is said of a lost request decides whether somebody is booked twice."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from booking_core.adapters import calcom_transport

pytestmark = pytest.mark.integration

CREATED = b'{"status": "success"}'


def answer(body: bytes = CREATED, *fields: str, status: str = "200 OK") -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", f"content-length: {len(body)}", *fields))
    return head.encode() + b"\r\n\r\n" + body


class Peer:
    """A server that answers each request with the next of these bytes; after the last it hangs up."""

    def __init__(self, *answers: bytes, hangs_up_after: int = 1_000) -> None:
        self.answers = list(answers)
        self.hangs_up_after = hangs_up_after
        self.requests: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for _ in range(self.hangs_up_after):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0)
            self.requests.append(head + await reader.readexactly(length))
            if not self.answers:
                break
            writer.write(self.answers.pop(0))
            await writer.drain()
        writer.close()


@asynccontextmanager
async def talking_to(peer: Peer) -> AsyncIterator[httpx.AsyncClient]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with calcom_transport.client(f"http://127.0.0.1:{port}/v2") as client:
            yield client
    finally:
        server.close()


async def test_a_request_arrives_as_it_was_written():
    peer = Peer(answer(), answer())
    async with talking_to(peer) as client:
        await client.post("/bookings", json={"name": "Jürgen"}, headers={"authorization": "Bearer cal_1"})
        await client.get("/slots", params={"start": "2026-12-01T09:00:00+01:00"})

    posted, got = (request.lower() for request in peer.requests)
    assert posted.startswith(b"post /v2/bookings http/1.1\r\n")
    assert posted.endswith('\r\n\r\n{"name":"jürgen"}'.encode())
    assert b"\r\nauthorization: bearer cal_1\r\n" in posted
    assert b"\r\ncontent-type: application/json\r\n" in posted
    assert got.startswith(b"get /v2/slots?start=2026-12-01t09%3a00%3a00%2b01%3a00 http/1.1\r\n")
    assert peer.connections == 1


async def test_an_answer_comes_back_as_it_was_written():
    packed = answer(gzip.compress(CREATED), "content-encoding: gzip", "retry-after: 7", status="429 Slow Down")
    async with talking_to(Peer(packed)) as client:
        refused = await client.get("/bookings")

    assert (refused.status_code, refused.content, refused.headers["retry-after"]) == (429, CREATED, "7")


async def test_where_nobody_listens_nothing_was_sent():
    async with talking_to(Peer()) as client:
        port = client.base_url.port
    async with calcom_transport.client(f"http://127.0.0.1:{port}/v2") as client:
        with pytest.raises(httpx.ConnectError):
            await client.post("/bookings", json={})


async def test_a_name_that_nobody_knows_is_a_failure_to_connect():
    async with calcom_transport.client("http://calcom.invalid/v2") as client:
        with pytest.raises(httpx.ConnectError):
            await client.post("/bookings", json={})


@pytest.mark.parametrize(
    "peer",
    [
        pytest.param(Peer, id="hangs up without a word"),
        pytest.param(lambda: Peer(b"HTTP/1.1 200 OK\r\ncontent-le", hangs_up_after=1), id="in the middle of the head"),
        pytest.param(lambda: Peer(answer()[:-5], hangs_up_after=1), id="in the middle of the body"),
        pytest.param(lambda: Peer(b"220 mail.example ESMTP\r\n\r\n", hangs_up_after=1), id="speaks something else"),
        pytest.param(lambda: Peer(answer(b"not packed", "content-encoding: gzip")), id="says what cannot be unpacked"),
    ],
)
async def test_what_was_sent_and_not_answered_is_never_called_unsent(peer: Callable[[], Peer]):
    listening = peer()
    async with talking_to(listening) as client:
        with pytest.raises(httpx.RequestError) as lost:
            await client.post("/bookings", json={})

    assert not isinstance(lost.value, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    assert len(listening.requests) == 1


async def test_a_connection_that_was_closed_meanwhile_is_replaced():
    peer = Peer(answer(), answer(), hangs_up_after=1)
    async with talking_to(peer) as client:
        await client.post("/bookings", json={})
        await asyncio.sleep(0.05)  # until its end has arrived
        again = await client.post("/bookings", json={})

    assert (again.status_code, peer.connections) == (200, 2)


async def test_a_redirect_is_an_answer_and_is_not_followed():
    async with talking_to(Peer(answer(b"", "location: /elsewhere", status="302 Found"))) as client:
        moved = await client.get("/bookings")

    assert moved.status_code == 302


async def test_no_cookie_of_one_salon_is_sent_for_another():
    peer = Peer(answer(CREATED, "set-cookie: session=anna"), answer())
    async with talking_to(peer) as client:
        await client.get("/bookings")
        await client.get("/bookings")

    assert b"cookie" not in peer.requests[1].lower()


@pytest.fixture
def environment(monkeypatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
async def test_the_environment_s_proxy_is_asked_with_the_credentials_it_names(environment, name):
    proxy = Peer(answer())
    async with talking_to(proxy) as direct:
        environment.setenv(name, f"http://us:word@127.0.0.1:{direct.base_url.port}")
        async with calcom_transport.client("http://calcom.invalid/v2") as client:
            await client.get("/bookings", headers={"authorization": "Bearer cal_1"})

    (asked,) = (request.lower() for request in proxy.requests)
    assert asked.startswith(b"get http://calcom.invalid/v2/bookings http/1.1\r\n")
    assert b"\r\nproxy-authorization: basic dxm6d29yza==\r\n" in asked
    assert b"\r\nauthorization: bearer cal_1\r\n" in asked


async def test_what_the_environment_excepts_from_its_proxy_is_asked_directly(environment):
    environment.setenv("http_proxy", "proxy.invalid:3128")
    environment.setenv("no_proxy", "127.0.0.1")
    peer = Peer(answer())

    async with talking_to(peer) as client:
        assert (await client.get("/bookings")).status_code == 200


async def test_who_stops_waiting_leaves_nothing_behind_for_the_next():
    asked = asyncio.Event()

    class Slow(Peer):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self.connections == 0:
                self.connections += 1
                await reader.readuntil(b"\r\n\r\n")
                asked.set()
                await reader.read()  # until they hang up
                writer.close()
                return
            await super().serve(reader, writer)

    peer = Slow(answer())
    async with talking_to(peer) as client:
        waiting = asyncio.create_task(client.get("/bookings"))
        await asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        following = await client.get("/bookings")

    assert (following.status_code, peer.connections) == (200, 2)
