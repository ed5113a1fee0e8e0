"""Log lines of every process: one JSON object a line on standard error, the same keys everywhere."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Set
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from pydantic_core import to_json

from sla import discretion

# What libraries say at INFO that nobody needs: httpx each request with its address, names in query strings included;
# procrastinate each run of each periodic task; aiosmtpd (mail.log) each step of each session.
_TALKATIVE = ("httpx", "procrastinate", "mail.log")
# What the methods of a logger call their level, where that is not their own name.
_LEVELS = {"exception": "error", "warn": "warning"}

Surprised = Callable[[BaseException], None]


class _Lines:
    """Writes our own lines straight to where the standard library's go; its records would cost a line as much again.

    A stream that is full or gone costs the line, as there, never the work that it tells of.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def info(self, line: str) -> None:
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass

    debug = warning = error = critical = exception = info


def configure(
    level: str = "info",
    *,
    fields: Set[str] | None = None,
    surprised: Surprised | None = None,
) -> None:
    """Send our lines and the standard library's loggers through the same processors, to the same stream.

    Whatever is bound with structlog.contextvars (a correlation id) appears in every line of that context. `surprised`
    hears of every error that is logged with its traceback. With `fields`, the process handles personal data: no other
    field is printed, nor what libraries and exceptions say.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _opening(surprised),
        structlog.processors.format_exc_info if fields is None else discretion.Discretion(fields),
    ]
    render: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _written]
    stream = sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, _written],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=True,
    )


def _opening(surprised: Surprised | None) -> structlog.typing.Processor:
    """Return what says when and how grave, and tells `surprised`. One function, so that a line needs few."""

    def opened(_logger: Any, method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        line["timestamp"] = f"{datetime.now(UTC).isoformat()[:-6]}Z"
        line["level"] = _LEVELS.get(method, method)
        given = line.get("exc_info")
        if given and surprised and line["level"] in ("error", "critical"):
            error = given if isinstance(given, BaseException) else (sys.exc_info() if given is True else given)[1]
            if error is not None:
                surprised(error)
        return line

    return opened


def _written(_logger: Any, _method: str, line: structlog.typing.EventDict) -> str:
    """Return the line as JSON: first when, how grave and what, as a person looks for it."""
    in_order = {"timestamp": line.pop("timestamp"), "level": line.pop("level"), "event": line.pop("event"), **line}
    try:
        # In ASCII: a locale of another kind would take the rest apart.
        return to_json(in_order, ensure_ascii=True, fallback=repr).decode()
    except ValueError:
        # Half a character, as of a name that was cut by its bytes: this one writes it as what it is.
        return json.dumps(in_order, default=repr)
