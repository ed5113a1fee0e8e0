"""Letters on their way through a real mail server, friendly and not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from booking_core.adapters.mail import SmtpMailer, as_message
from booking_core.domain.letters import (
    PAUSES,
    CalendarEntry,
    Letter,
    LetterRefused,
    MailServerAway,
    MailUnavailable,
)
from tests.booking_core.conftest import Stage
from tests.booking_core.test_letters import ERIKA
from tests.factories import NOW, SALON, a_request, an_origin

LETTER = Letter(
    to="erika@example.org",
    sender="post@salon.example",
    sender_name="Salon Müller, Köln",
    subject="Confirmed: Haircut with Zoë",
    text="Dear Jürgen,\n\nuntil Wednesday.\n",
    message_id="<1.confirmed@salon.example>",
    date=NOW,
    calendar_entry=CalendarEntry("PUBLISH", "BEGIN:VCALENDAR\r\nSUMMARY:Färben\r\nEND:VCALENDAR\r\n"),
)
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "MIME-Version"]


def parsed(letter: Letter) -> EmailMessage:
    message = message_from_bytes(as_message(letter).as_bytes(), policy=POLICY)
    assert isinstance(message, EmailMessage)
    return message


def test_a_letter_comes_from_the_salon_and_is_marked_as_written_by_a_machine():
    message = parsed(LETTER)

    (author,) = message["From"].addresses
    assert (author.display_name, author.addr_spec) == ("Salon Müller, Köln", "post@salon.example")
    assert (message["To"], message["Subject"]) == ("erika@example.org", "Confirmed: Haircut with Zoë")
    assert message["Date"] == "Tue, 01 Dec 2026 08:00:00 +0000"
    assert message["Message-ID"] == "<1.confirmed@salon.example>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_letter_is_plain_text_and_a_calendar_file():
    text, entry = parsed(LETTER).iter_parts()

    assert text.get_content_type() == "text/plain"
    assert text.get_content().splitlines() == LETTER.text.splitlines()
    assert entry.get_content_type() == "text/calendar"
    assert (entry.get_param("method"), entry.get_param("charset"), entry.get_filename()) == (
        "PUBLISH",
        "utf-8",
        "appointment.ics",
    )
    assert LETTER.calendar_entry is not None
    assert entry.get_content() == LETTER.calendar_entry.text


def test_a_letter_without_an_entry_is_plain_text_alone():
    assert parsed(replace(LETTER, calendar_entry=None)).get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "erika",
        "erika@",
        "a@example.org,b@example.org",
        "a@example.org;b@example.org",
        "a@example.org>\r\nBcc: b@example.org",
        "a b@example.org",
        "a@example.org\nBcc: b@example.org",
    ],
)
def test_an_address_that_is_not_exactly_one_is_refused(address):
    with pytest.raises(LetterRefused):
        as_message(replace(LETTER, to=address))


EVIL = "Evil\r\nBcc: victim@example.org\r\n\r\nBuy now"


async def test_no_name_gets_a_header_or_a_line_of_its_own_into_a_letter(stage):
    stage.database.rows.tenants["sk_test"] = salon = replace(SALON, name=EVIL)
    stage.database.rows.offerings = [
        replace(each, service_name=EVIL, staff_name=EVIL) for each in stage.database.rows.offerings
    ]
    appointment = await stage.core.orchestrator.book(salon, a_request(wish=ERIKA), an_origin())
    stored = stage.database.rows.appointments[appointment.id]
    evil = replace(stored, customer=replace(stored.customer, name=EVIL))
    stage.database.rows.appointments[appointment.id] = evil
    await stage.core.bus.drain()
    (letter,) = stage.mailer.letters

    message = parsed(letter)
    assert sorted(message.keys()) == sorted(HEADERS)
    text, entry = (part.get_content() for part in message.iter_parts())
    assert not any(line.startswith("Bcc") or line.startswith("Buy") for line in (text + entry).splitlines())


Judge = Callable[[int], str | None]


def takes_everything(_letters: int) -> str | None:
    return None


@dataclass
class MailServer:
    """Asks its judges before it takes a letter; may hang up after it has taken one."""

    of_recipient: Judge = takes_everything
    of_content: Judge = takes_everything
    hangs_up: Judge = takes_everything
    asked: int = 0
    taken: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.asked += 1
        verdict = self.of_recipient(self.asked)
        if verdict is None:
            envelope.rcpt_tos.append(address)
        return verdict or "250 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        verdict = self.of_content(self.asked)
        if verdict is not None:
            return verdict
        message = message_from_bytes(envelope.original_content or b"", policy=POLICY)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        if self.hangs_up(self.asked):
            server.transport.abort()
        return "250 taken"


@asynccontextmanager
async def listening(server: MailServer) -> AsyncIterator[SmtpMailer]:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: SMTP(server, hostname="mail", loop=loop), "127.0.0.1", 0)
    try:
        yield SmtpMailer("127.0.0.1", listener.sockets[0].getsockname()[1], timeout_seconds=5)
    finally:
        listener.close()
        await listener.wait_closed()


@pytest.mark.integration
async def test_a_friendly_server_takes_the_letter():
    server = MailServer()
    async with listening(server) as mailer:
        await mailer.send(LETTER)

    assert [message["Message-ID"] for message in server.taken] == [LETTER.message_id]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("server", "error"),
    [
        (MailServer(of_recipient=lambda _: "451 4.7.1 Greylisted <erika@example.org>"), MailUnavailable),
        (MailServer(of_content=lambda _: "452 4.3.1 Full"), MailUnavailable),
        (MailServer(of_recipient=lambda _: "550 5.1.1 Nobody here: <erika@example.org>"), LetterRefused),
        (MailServer(of_content=lambda _: "554 5.7.1 Spam"), LetterRefused),
        (MailServer(hangs_up=lambda _: "yes"), MailServerAway),
    ],
)
async def test_every_other_answer_says_whether_to_come_again_and_names_no_address(server, error):
    async with listening(server) as mailer:
        with pytest.raises(error) as caught:
            await mailer.send(LETTER)

    assert type(caught.value) is error
    assert "erika" not in str(caught.value)


@pytest.mark.integration
async def test_a_server_that_is_not_there_is_away():
    async with listening(MailServer()) as mailer:
        pass

    with pytest.raises(MailServerAway):
        await mailer.send(LETTER)


def through(stage: Stage, mailer: SmtpMailer) -> Callable[[timedelta], Awaitable[None]]:
    """Return a round of the job worker that sends over the wire."""
    notification = replace(stage.core.notification, mailer=mailer)

    async def after(pause: timedelta) -> None:
        stage.clock.advance(pause.total_seconds())
        await notification.deliver_due()

    return after


async def put_down(stage: Stage) -> None:
    """Book, and have the letter wait."""
    stage.mailer.error = MailUnavailable()
    await stage.core.orchestrator.book(SALON, a_request(wish=ERIKA), an_origin())
    await stage.core.bus.drain()


@pytest.mark.integration
async def test_a_greylisting_server_gets_the_letter_when_it_comes_again(stage):
    await put_down(stage)
    server = MailServer(of_recipient=lambda asked: "451 4.7.1 Come again" if asked < 3 else None)
    async with listening(server) as mailer:
        after = through(stage, mailer)
        for pause in PAUSES[:3]:
            await after(pause)
        await after(timedelta(days=1))

    assert (server.asked, len(server.taken)) == (3, 1)


@pytest.mark.integration
async def test_a_server_that_dies_after_it_took_the_letter_gets_it_again_as_the_same(stage):
    await put_down(stage)
    server = MailServer(hangs_up=lambda asked: "yes" if asked == 1 else None)
    async with listening(server) as mailer:
        after = through(stage, mailer)
        for pause in PAUSES[:3]:
            await after(pause)

    first, again = server.taken
    assert first["Message-ID"] == again["Message-ID"]
    assert [part.get_content() for part in first.iter_parts()] == [part.get_content() for part in again.iter_parts()]


@pytest.mark.integration
async def test_a_server_that_refuses_for_good_is_left_alone(stage):
    await put_down(stage)
    server = MailServer(of_recipient=lambda _: "550 5.1.1 Nobody here")
    async with listening(server) as mailer:
        after = through(stage, mailer)
        for pause in PAUSES[:3]:
            await after(pause)

    assert (server.asked, server.taken) == (1, [])
    assert stage.count("booking_notifications_total", kind="confirmation_email", result="failed") == 1
