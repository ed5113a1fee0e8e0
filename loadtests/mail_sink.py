"""`python -m loadtests.mail_sink`: takes every message, delivers none, writes each as one .eml file.

Apart from the simulator because it stands for the mail provider and is a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from sla import logs
from sla.environment import ProcessSettings, SettingsError
from sla.topology import DEFAULT_PORTS, Process

PREFIX = "MAIL_"
DESCRIPTION = "A mail server that delivers nothing: every message becomes one .eml file that can be opened and read."
ACCEPTED = "250 Message accepted for keeping"
NO_ROOM = "452 4.3.1 The message cannot be stored now; try again later"

log = structlog.get_logger()


class MailSettings(ProcessSettings):
    """Read from MAIL_* environment variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=DEFAULT_PORTS[Process.MAIL], ge=0, le=65535, description="SMTP port; 0 picks a free one.")
    directory: Path = Field(default=Path(".run/mail"), description="Where the .eml files go; made when missing.")


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A directory of messages. A file appears under its final name only when it is complete."""

    directory: Path
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def keep(self, message: bytes) -> Path:
        """Write one message; names sort by arrival."""
        name = f"{self.now():%Y%m%dT%H%M%S.%fZ}-{self.new_id()}"
        draft = self.directory / f".{name}.part"
        draft.write_bytes(message)
        return draft.rename(self.directory / f"{name}.eml")


class Sink:
    """The aiosmtpd handler: keep, log, say yes. It logs sizes, never addresses."""

    def __init__(self, letterbox: Letterbox) -> None:
        self._letterbox = letterbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        message = envelope.original_content or b""
        try:
            path = await asyncio.to_thread(self._letterbox.keep, message)
        except OSError as error:
            log.error("message_not_stored", error=str(error))
            return NO_ROOM
        log.info("message", file=path.name, octets=len(message), recipients=len(envelope.rcpt_tos))
        return ACCEPTED


async def serve(settings: MailSettings) -> None:
    """Take mail until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sink = Sink(Letterbox(settings.directory, lambda: datetime.now(UTC), lambda: uuid.uuid4().hex))

    def session() -> Any:
        return SMTP(sink, hostname="mail-sink", ident="mail sink", enable_SMTPUTF8=True, loop=loop)

    try:
        server = await loop.create_server(session, settings.host, settings.port)
    except OSError as error:
        remedy = f"free it or set {PREFIX}HOST and {PREFIX}PORT"
        raise SettingsError(f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); {remedy}") from error
    # Not `async with server`: leaving it would wait for clients that keep their connection open.
    log.info("listening", host=settings.host, port=server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
    log.info("stopped")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal; 0 then, 2 when the settings, the port or the directory are of no use."""
    try:
        settings = _settings(arguments)
        settings.directory.mkdir(parents=True, exist_ok=True)
        logs.configure()
        asyncio.run(serve(settings))
    except SettingsError as error:
        print(f"mail_sink: {error}", file=sys.stderr)  # noqa: T201 - speaks to a terminal
        return 2
    except OSError as error:
        print(f"mail_sink: {error}; set {PREFIX}DIRECTORY to one that can be written", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _settings(arguments: Sequence[str] | None) -> MailSettings:
    given = _parser().parse_args(arguments)
    flags = {name: flag for name, flag in vars(given).items() if flag is not None}
    return MailSettings.read(os.environ, **flags)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.mail_sink",
        description=DESCRIPTION,
        epilog=MailSettings.help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", help=f"instead of {PREFIX}HOST")
    parser.add_argument("--port", type=int, help=f"instead of {PREFIX}PORT")
    parser.add_argument("--directory", type=Path, help=f"instead of {PREFIX}DIRECTORY")
    return parser


if __name__ == "__main__":
    sys.exit(main())
