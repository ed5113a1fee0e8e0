from __future__ import annotations

from booking_core.domain.ports import Letter


class FakeMailer:
    """Keeps the letters."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.error: Exception | None = None

    async def send(self, letter: Letter) -> None:
        if self.error is not None:
            raise self.error
        self.letters.append(letter)
