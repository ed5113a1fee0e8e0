"""A scripted Retell conversation: it books an appointment as a caller would, through signed function calls.

Apart from the generator so that a journey can be played against any line to a core, real or fake, on any clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from loadtests.booking_api import Answer, BookingApi, Line, NoAnswer, Request, TimedOut, Trace, is_cancelled
from loadtests.conversation import Function, Prompt, Turn, paced
from loadtests.samples import Outcome
from loadtests.timetable import Wish

# The regulator's numbers for films and plays: valid, and nobody's.
PHONE = "+493023125{:03d}"
SALON_NUMBER = 999
# So many regulars ring again and again, as a salon's do: were everyone new, the probe alone would make the core look
# forgetful, and one phone must not ask more than 30 times a minute.
REGULARS = 40
CALLER_NAME = "Paula Probe"
# Less than the 10 s that Retell waits: a probe has its next arrivals to play.
WEBHOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Caller:
    """One synthetic caller and what they wish for."""

    call_id: str
    number: int
    wish: Wish
    trace: Trace

    @property
    def phone(self) -> str:
        return PHONE.format(self.number % REGULARS)


@dataclass(frozen=True, slots=True)
class JourneyResult:
    """How a call went. `measured_seconds` is server time until the booking was confirmed, `modelled_seconds` talk."""

    measured_seconds: float
    modelled_seconds: float
    outcome: Outcome
    reason: str = ""
    appointment_id: str = ""
    cancelled: bool = False
    trace_id: str = ""


class JourneyFailed(Exception):
    """The caller hangs up without a confirmed booking; `reason` is a code for counting."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def no_sleep(seconds: float) -> None:
    """Let modelled time pass on the virtual clock: it is only added up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceAgent:
    """Plays calls. The server may take `limit_seconds` of one call in all; `sleep` plays what is said and thought."""

    api: BookingApi
    line: Line
    service: str
    prompt: Prompt
    limit_seconds: float
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    sleep: Callable[[float], None] = no_sleep
    on_booked: Callable[[str], None] = lambda appointment_id: None

    def hold(self, caller: Caller, chance: Random) -> JourneyResult:
        """Play one whole call, then cancel what it booked; the cancelling is in no time that is reported."""
        call = _Call(self, caller)
        self._tell("call_started", call)
        reason = call.play(chance)
        for event in ("call_ended", "call_analyzed"):
            self._tell(event, call)
        return JourneyResult(
            measured_seconds=call.measured_seconds,
            modelled_seconds=call.modelled_seconds,
            outcome=Outcome.FAILED if reason else Outcome.OK,
            reason=reason,
            appointment_id=call.appointment_id,
            cancelled=bool(call.appointment_id) and self.cancel(call.appointment_id, caller.trace),
            trace_id=caller.trace.trace_id,
        )

    def _tell(self, event: str, call: _Call) -> None:
        """Send a webhook of Retell's; nobody waits for it, and a lost one costs a number, not a journey."""
        with suppress(NoAnswer):
            request = self.api.webhook(event, call=call.described(event), trace=call.caller.trace)
            self.line.send(request, timeout_seconds=WEBHOOK_SECONDS)

    def cancel(self, appointment_id: str, trace: Trace) -> bool:
        """Cancel one booking; False when the core did not confirm that."""
        try:
            request = self.api.cancellation(appointment_id, trace)
            return is_cancelled(self.line.send(request, timeout_seconds=self.limit_seconds))
        except NoAnswer:
            return False


@dataclass(slots=True)
class _Call:
    """What has been said and done so far in one call."""

    agent: VoiceAgent
    caller: Caller
    measured_seconds: float = 0.0
    modelled_seconds: float = 0.0
    slot: str = ""
    appointment_id: str = ""
    transcript: list[dict[str, Any]] = field(default_factory=list)
    turns_milliseconds: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How far into the call we are, by the call's own clock."""
        return self.measured_seconds + self.modelled_seconds

    def play(self, chance: Random) -> str:
        """Live through all turns; return why the caller hung up early, or nothing."""
        try:
            for turn, pace in paced(self.agent.prompt, chance):
                asked = self.seconds
                self._pass(pace.think_seconds)
                self._call_function(turn)
                if turn.speaker == "agent" and self.transcript:
                    self.turns_milliseconds.append((self.seconds - asked) * 1000)
                self._say(turn, pace.speech_seconds)
        except JourneyFailed as failure:
            return failure.reason
        return ""

    def _say(self, turn: Turn, seconds: float) -> None:
        begins = self.seconds
        self._pass(seconds)
        # Retell times each word; one that lasts as long as all of them says the same about when it was said.
        words = [{"word": turn.says, "start": begins, "end": self.seconds}]
        self.transcript.append({"role": turn.speaker, "content": turn.says, "words": words})

    def _pass(self, seconds: float) -> None:
        self.modelled_seconds += seconds
        self.agent.sleep(seconds)

    def _call_function(self, turn: Turn) -> None:
        match turn.calls:
            case Function.CHECK_AVAILABILITY:
                self._check_availability()
            case Function.BOOK_APPOINTMENT:
                self._book()

    def _check_availability(self) -> None:
        wish = self.caller.wish
        args = {"service": self.agent.service, "date": wish.date, "time": wish.time}
        answer = self._invoke(Function.CHECK_AVAILABILITY, args)
        _expect(answer, "ok")
        self.slot = str(answer.body.get("slots", "")).split(",")[0].strip()
        if not self.slot:
            raise JourneyFailed("no_slot_offered")

    def _book(self) -> None:
        args = {"service": self.agent.service, "start": self.slot, "name": CALLER_NAME}
        answer = self._invoke(Function.BOOK_APPOINTMENT, args)
        # Whatever the core calls it, an appointment with an id has to be cancelled.
        self.appointment_id = str(answer.body.get("appointment_id") or "")
        if self.appointment_id:
            self.agent.on_booked(self.appointment_id)
        _expect(answer, "confirmed")
        if not self.appointment_id:
            raise JourneyFailed("no_appointment_id")

    def _invoke(self, function: Function, args: Mapping[str, str]) -> Answer:
        invocation = f"{self.caller.call_id}-{function}"
        self.transcript.append({"role": "tool_call_invocation", "tool_call_id": invocation, "name": function})
        request = self.agent.api.function(function, args=args, call=self.described(), trace=self.caller.trace)
        answer = self._measured(request)
        content = json.dumps(answer.body)
        self.transcript.append({"role": "tool_call_result", "tool_call_id": invocation, "content": content})
        return answer

    def _measured(self, request: Request) -> Answer:
        """Send, and count the server's time; a call whose server time is used up counts as timed out."""
        left = self.agent.limit_seconds - self.measured_seconds
        if left <= 0:
            raise JourneyFailed(TimedOut.reason)
        began = self.agent.clock()
        try:
            return self.agent.line.send(request, timeout_seconds=left)
        except NoAnswer as error:
            raise JourneyFailed(error.reason) from error
        finally:
            self.measured_seconds += self.agent.clock() - began

    def described(self, event: str = "") -> Mapping[str, Any]:
        """Return Retell's call object: as it is during the call, or as this webhook has it."""
        is_over = event in {"call_ended", "call_analyzed"}
        spoken = [line for line in self.transcript if line["role"] in ("agent", "user")]
        afterwards = self._afterwards() if is_over else {}
        return {
            "call_id": self.caller.call_id,
            "call_type": "phone_call",
            "direction": "inbound",
            "call_status": "ended" if is_over else "ongoing",
            "agent_id": f"agent_probe_{self.agent.prompt}",
            "from_number": self.caller.phone,
            "to_number": PHONE.format(SALON_NUMBER),
            "start_timestamp": int((self.agent.wall_clock() - self.modelled_seconds) * 1000),
            "metadata": {"synthetic": True, "prompt_version": self.agent.prompt},
            "transcript": "\n".join(f"{line['role'].capitalize()}: {line['content']}" for line in spoken),
            "transcript_object": spoken,
            "transcript_with_tool_calls": list(self.transcript),
            **afterwards,
        }

    def _afterwards(self) -> Mapping[str, Any]:
        measured = {"num": len(self.turns_milliseconds), "values": self.turns_milliseconds}
        return {"end_timestamp": int(self.agent.wall_clock() * 1000), "latency": {"e2e": measured}}


def _expect(answer: Answer, status: str) -> None:
    """Raise JourneyFailed unless the core answered 200 with this status."""
    if answer.status != 200:
        raise JourneyFailed(f"http_{answer.status}")
    told = answer.body.get("status")
    if told != status:
        raise JourneyFailed(str(answer.body.get("reason") or told or "not_json"))
