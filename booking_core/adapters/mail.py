"""Letters through SMTP."""

from __future__ import annotations

from email.message import EmailMessage

import aiosmtplib

from booking_core.domain.ports import Letter


class SmtpMailer:
    """Sends each letter over a connection of its own."""

    def __init__(self, host: str, port: int, *, timeout_seconds: float = 10.0) -> None:
        self._host = host
        self._port = port
        self._timeout_seconds = timeout_seconds

    async def send(self, letter: Letter) -> None:
        message = EmailMessage()
        message["From"] = letter.sender
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Message-ID"] = letter.message_id
        message.set_content(letter.text)
        await aiosmtplib.send(message, hostname=self._host, port=self._port, timeout=self._timeout_seconds)
