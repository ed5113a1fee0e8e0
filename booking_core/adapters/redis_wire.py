"""One connection to Redis: answers come in the order of the questions."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

from hiredis import Reader, pack_command
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

Word = str | bytes | int | float


class Question:
    """A command as it is sent, and who waits for what comes of it."""

    __slots__ = ("answer", "command")

    def __init__(self, command: tuple[Word, ...]) -> None:
        self.command: bytes = pack_command(command)  # type: ignore[arg-type] # its stub knows commands of one word
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # seen, even if whoever asked has just left


class Wire(asyncio.Protocol):
    """The protocol of a connection; whoever makes one asks whether it `is_open` before sending by it."""

    def __init__(self) -> None:
        self.is_open = False
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(replyError=ResponseError)
        self._due: deque[Question] = deque()
        self._heard_at = 0.0
        self._lost = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def send(self, questions: Sequence[Question]) -> None:
        if not self._due:
            self._heard_at = self._loop.time()
        self._due.extend(questions)
        self._transport.write(b"".join([question.command for question in questions]))

    async def ask(self, *command: Word) -> Any:
        question = Question(command)
        self.send([question])
        return await question.answer

    @property
    def silent_seconds(self) -> float:
        """How long we have heard nothing although an answer is due."""
        return self._loop.time() - self._heard_at if self._due else 0.0

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            self._answered(answer)

    def _answered(self, answer: Any) -> None:
        if not self._due:
            # A server that refuses us says so unasked. Whatever else it is, nobody could tell whose the next one is.
            self.abort()
            return
        question = self._due.popleft()
        if isinstance(answer, ResponseError):
            question.fail(answer)
        elif not question.answer.done():
            question.answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        for question in self._due:
            question.fail(Disconnected(f"Redis hung up: {error or 'end of stream'}"))
        self._due.clear()
        if not self._lost.done():
            self._lost.set_result(None)

    def abort(self) -> None:
        """Hang up at once; what is due fails."""
        self.is_open = False
        self._transport.abort()

    async def close(self) -> None:
        """Hang up, and wait until that is done."""
        self.abort()
        await self._lost
