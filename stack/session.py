"""What a person does with a chain: start it, await the first verdict, watch it, tell its story."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from stack.chain_api import VERDICT_SECONDS, ChainApi, await_verdict
from stack.demo import Story
from stack.errors import Failed
from stack.native import Chain
from stack.screen import Screen

# Each look asks every process over HTTP: often enough for a person, seldom enough for two cores.
_LOOK_SECONDS = 2.0


@dataclass(slots=True)
class Session:
    """One chain on one screen."""

    chain: Chain
    screen: Screen
    pause: Callable[[float], None]
    now: Callable[[], float] = time.monotonic
    _looked: float = 0.0

    def start(self) -> None:
        began = self.now()
        self.chain.start(self.screen.show)
        self.screen.tell(f"Everything is ready after {self.now() - began:.1f} s. Logs: {self.chain.run.log}")

    def first_verdict(self, *, must_come: bool) -> bool:
        """Show the first verdict; False if it is `fail` or did not come. Raises Failed where it had to come."""
        self.screen.tell("Waiting for the first probe verdict...")
        verdict = await_verdict(ChainApi(self.chain.place).verdict, pause=self.wait, now=self.now)
        if verdict is not None:
            self.screen.verdict(verdict)
            return bool(verdict["verdict"] != "fail")
        sentence = f"no verdict within {VERDICT_SECONDS:g} s; see {self.chain.run.log / 'probe.log'}"
        if must_come:
            raise Failed(sentence)
        self.screen.tell(sentence)
        return False

    def watch(self) -> None:
        """Keep the screen alive until somebody interrupts. Raises Failed when the chain is gone."""
        self.screen.tell("Running until Ctrl-C.")
        while True:
            self.wait(_LOOK_SECONDS)

    def tell_story(self) -> None:
        began = self.now()
        story = Story(
            ChainApi(self.chain.place),
            self.chain.promise,
            tell=self.screen.tell,
            show_verdict=self.screen.verdict,
            pause=self.wait,
        )
        story.play()
        self.screen.tell(f"All of it happened, in {self.now() - began:.0f} s.")

    def wait(self, seconds: float) -> None:
        """Let time pass, with an eye on the processes."""
        self.pause(seconds)
        if self.now() - self._looked >= _LOOK_SECONDS:
            self._looked = self.now()
            self.screen.show(self.chain.statuses())
