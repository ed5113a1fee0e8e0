from __future__ import annotations

from booking_core.domain.letters import Letter


class FakeMailer:
    """Keeps the letters. `error` refuses the next ones, `death` ends the sender once the letter is taken."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.error: Exception | None = None
        self.death: BaseException | None = None
        self.tries = 0

    async def send(self, letter: Letter) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.letters.append(letter)
        if self.death is not None:
            raise self.death
