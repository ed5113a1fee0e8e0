"""The post: who hears of what happened, and by which bad luck late, twice, out of order, wrongly signed or never.

Normal is Cal.com's direct mode: every message is delivered before the request that caused it is answered.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from loadtests.calcom_simulator import webhook_shapes, wire
from loadtests.calcom_simulator.clock import Clock
from loadtests.calcom_simulator.fault_orders import FaultKind
from loadtests.calcom_simulator.faults import Fault, Luck
from loadtests.calcom_simulator.rows import Booking
from loadtests.calcom_simulator.webhooks import Message, Subscriptions, Trigger, deliver

DELIVERIES_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try to deliver a message, and the status it was answered with; None when there was no answer."""

    trigger: Trigger
    uid: str
    url: str
    at: str
    status: int | None

    def as_json(self) -> dict[str, Any]:
        return {"trigger": self.trigger, "uid": self.uid, "url": self.url, "at": self.at, "status": self.status}


@dataclass(slots=True)
class Post:
    """Sends the webhooks."""

    subscriptions: Subscriptions
    client: httpx.AsyncClient
    clock: Clock
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=DELIVERIES_KEPT))
    _held: dict[str, list[asyncio.Event]] = field(default_factory=dict)
    _errands: set[asyncio.Task[None]] = field(default_factory=set)

    async def announce(
        self, trigger: Trigger, row: Booking, luck: Luck, *, more: Mapping[str, Any] | None = None
    ) -> None:
        """Tell every subscriber; returns when they have answered, unless a fault holds the message back."""
        messages = self._messages(trigger, row, more or {})
        if not messages or luck.strike(FaultKind.WEBHOOK_NEVER):
            return
        copies = 2 if luck.strike(FaultKind.WEBHOOK_TWICE) else 1
        sending = _Sending(messages * copies, not luck.strike(FaultKind.WEBHOOK_WRONG_SIGNATURE))
        if late := luck.strike(FaultKind.WEBHOOK_LATE):
            self._later(self._send_late(sending, late, luck))
        elif overtaken := luck.strike(FaultKind.WEBHOOK_OUT_OF_ORDER):
            passed = self._passed(_subjects(row))
            self._later(self._send_overtaken(sending, overtaken, luck, passed))
        else:
            await self._send(sending)
            self._release(_subjects(row))

    def clear(self) -> None:
        """Forget what was delivered, and every message that is still held back."""
        for errand in self._errands:
            errand.cancel()
        self._held.clear()
        self.deliveries.clear()

    def _messages(self, trigger: Trigger, row: Booking, more: Mapping[str, Any]) -> list[Message]:
        kind = row.event_type
        wanting = [
            each for each in self.subscriptions if each.wants(trigger, account_id=kind.owner.id, event_type_id=kind.id)
        ]
        content = [webhook_shapes.webhook(trigger, row, now=self.clock.now(), more=more) for _ in wanting]
        return [Message.of(each, trigger, row.uid, body) for each, body in zip(wanting, content, strict=True)]

    async def _send(self, sending: _Sending) -> None:
        for message in sending.messages:
            status = await deliver(message, self.client, is_signed_right=sending.is_signed_right)
            at = wire.utc_text(self.clock.now())
            self.deliveries.append(Delivery(message.trigger, message.uid, message.subscription.url, at, status))

    def _later(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _send_late(self, sending: _Sending, fault: Fault, luck: Luck) -> None:
        # Late is late, even when the fault has ended meanwhile.
        await self.clock.sleep(fault.order.delay_seconds or 0.0)
        await self._send_unless_closing(sending, luck)

    def _passed(self, subjects: Sequence[str]) -> asyncio.Event:
        """Return the event of a later message about any of these bookings."""
        passed = asyncio.Event()
        for uid in subjects:
            self._held.setdefault(uid, []).append(passed)
        return passed

    async def _send_overtaken(self, sending: _Sending, fault: Fault, luck: Luck, passed: asyncio.Event) -> None:
        """Hold the message until another about the same booking has passed it, or the fault ends."""
        seconds = max(luck.board.seconds_left(fault), 0.0)
        await luck.board.hold(fault, seconds=seconds, until=asyncio.ensure_future(passed.wait()))
        await self._send_unless_closing(sending, luck)

    async def _send_unless_closing(self, sending: _Sending, luck: Luck) -> None:
        if not luck.board.closing.is_set():
            await self._send(sending)

    def _release(self, subjects: Sequence[str]) -> None:
        for uid in subjects:
            for passed in self._held.pop(uid, ()):
                passed.set()


@dataclass(frozen=True, slots=True)
class _Sending:
    messages: Sequence[Message]
    is_signed_right: bool


def _subjects(row: Booking) -> Sequence[str]:
    """Return the uids a message is about: a reschedule is about both bookings."""
    return [uid for uid in (row.uid, row.rescheduled_from) if uid is not None]
