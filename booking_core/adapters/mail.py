"""Letters through SMTP."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from booking_core.domain.letters import Letter, LetterRefused, MailServerAway, MailUnavailable

# Not every server on the way takes more than seven bits.
_PLAIN = SMTP.clone(cte_type="7bit")
# What the server says of this letter. Other refusals (a greeting, a login) are about us, and pass when they are mended.
_ABOUT_THE_LETTER = (
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPRecipientRefused,
    aiosmtplib.SMTPDataError,
)


class SmtpMailer:
    """Sends each letter over a connection of its own."""

    def __init__(self, host: str, port: int, *, timeout_seconds: float = 10.0) -> None:
        self._host = host
        self._port = port
        self._timeout_seconds = timeout_seconds

    async def send(self, letter: Letter) -> None:
        message = as_message(letter)
        try:
            # The envelope is said, not read from the headers: an address is one recipient, whatever stands in it.
            await aiosmtplib.send(
                message,
                sender=letter.sender,
                recipients=[letter.to],
                hostname=self._host,
                port=self._port,
                timeout=self._timeout_seconds,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _judged(error.recipients[0]) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _judged(error) from error


def as_message(letter: Letter) -> EmailMessage:
    """Write a letter as it goes over the wire; raises LetterRefused for an address that is none."""
    message = EmailMessage(_PLAIN)
    try:
        message["From"] = Address(letter.sender_name, addr_spec=letter.sender)
        message["To"] = Address(addr_spec=letter.to)
    except (ValueError, IndexError) as error:
        raise LetterRefused("no mail can go to this address") from error
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = letter.message_id
    # Holiday notes and the like are not to answer it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.calendar_entry is not None:
        entry = letter.calendar_entry
        message.add_attachment(
            entry.text, subtype="calendar", params={"method": entry.method}, filename="appointment.ics"
        )
    return message


def _judged(error: Exception) -> LetterRefused | MailUnavailable:
    """Say what an outcome means. Codes only: what a server says may repeat the customer's address."""
    code = getattr(error, "code", None)
    if not isinstance(error, _ABOUT_THE_LETTER):
        return MailServerAway(f"{type(error).__name__} {code or ''}".strip())
    said = f"SMTP {code}"
    return LetterRefused(said) if isinstance(code, int) and code >= 500 else MailUnavailable(said)
