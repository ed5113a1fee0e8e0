"""Redis, by one line for each process: what is asked in the same moment goes out in one write.

Losing it makes the core slower, never wrong: readiness reports it and does not fail with it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection, parse_url
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

from booking_core.adapters.redis_wire import Question, Wire, Word


class Script:
    """A Lua script, and the digest by which a server that has seen it knows it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class RedisLine:
    """One connection, made with the first question and made anew with the first after it was lost.

    Questions raise RedisError; those under way when the connection is lost fail, those that wait for one do not.
    Whoever asks brings their own deadline (asyncio.timeout); leaving early takes no answer from anybody else.
    A connection that owes answers and has said nothing for `silence_seconds`, longer than any deadline, is given up.
    `watched` is entered around each question, with the name of its command.
    """

    def __init__(
        self,
        url: str,
        *,
        silence_seconds: float = 1.0,
        watched: Callable[[str], AbstractContextManager[object]] | None = None,
    ) -> None:
        options: dict[str, Any] = {**parse_url(url)}
        # Never connected: it knows what the address means.
        self._address: Connection | UnixDomainSocketConnection = options.pop("connection_class", Connection)(**options)
        self._silence_seconds = silence_seconds
        self._watched = watched or (lambda _: nullcontext())
        self._wire: Wire | None = None
        self._waiting: list[Question] = []
        self._connecting: asyncio.Task[Wire] | None = None

    async def ask(self, *command: Word) -> Any:
        """Return Redis's answer; strings come as bytes."""
        question = Question(command)
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send)
        self._waiting.append(question)
        with self._watched(str(command[0])):
            return await question.answer

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Word]) -> Any:
        """Return a script's answer; a server that does not know the script learns it."""
        try:
            return await self.ask("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except ResponseError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
            return await self.ask("EVAL", script.text, len(keys), *keys, *arguments)

    async def ping(self) -> None:
        await self.ask("PING")

    async def close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._wire is not None:
            await self._wire.close()

    def _send(self) -> None:
        if self._wire is not None and self._wire.silent_seconds > self._silence_seconds:
            self._wire.abort()
        if self._wire is not None and self._wire.is_open:
            self._wire.send([question for question in self._taken() if not question.answer.done()])
        elif self._connecting is None:
            self._connecting = asyncio.ensure_future(self._connect())
            self._connecting.add_done_callback(self._connected)

    def _connected(self, connecting: asyncio.Task[Wire]) -> None:
        self._connecting = None
        error = asyncio.CancelledError("closed") if connecting.cancelled() else connecting.exception()
        # A server that has too many callers hangs up at once: to try again would be to try for ever.
        if error is None and connecting.result().is_open:
            self._wire = connecting.result()
            self._send()
            return
        reason = f"{type(error).__name__} {error}" if error else "it hung up at once"
        for question in self._taken():
            question.fail(Disconnected(f"no connection to Redis: {reason}"))

    def _taken(self) -> list[Question]:
        waiting, self._waiting = self._waiting, []
        return waiting

    async def _connect(self) -> Wire:
        """Connect, and say who we are and which database we mean."""
        async with asyncio.timeout(self._silence_seconds):
            wire = await self._wired()
            try:
                if self._address.password:
                    await wire.ask("AUTH", *filter(None, (self._address.username, self._address.password)))
                if self._address.db:
                    await wire.ask("SELECT", self._address.db)
            except BaseException:
                await wire.close()
                raise
            return wire

    async def _wired(self) -> Wire:
        loop, address = asyncio.get_running_loop(), self._address
        if isinstance(address, UnixDomainSocketConnection):
            return (await loop.create_unix_connection(Wire, address.path))[1]
        tls = address.ssl_context.get() if isinstance(address, SSLConnection) else None
        return (await loop.create_connection(Wire, address.host, address.port, ssl=tls))[1]
