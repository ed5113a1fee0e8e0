"""What a log line may say in a process that handles personal data: named fields, and of everything else only its kind.

An allow-list, because nobody foresees every place where a name, a number or a transcript can get into a line.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator, Set

from structlog.typing import EventDict, WrappedLogger

# In every line, whoever writes it.
ALWAYS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        "exception",
        "correlation_id",
        "traffic",
        "trace_id",
        "span_id",
        "dropped",
    }
)
# Libraries whose lines are worth reading whole; others say the first line of their template, without what fills it.
TRUSTED = ("uvicorn", "alembic", "procrastinate")
LONGEST = 300

_CODE = re.compile(r"[a-z_]+|[0-9A-Z]{5}")
_EMAIL = re.compile(r"[^\s@<>,;\"'=]+@[^\s@<>,;\"']+")
_PHONE = re.compile(r"(?<!\w)(?:\+|0)\d(?:[ ()/.\-]?\d){5,}")


class Discretion:
    """A structlog processor: drops fields that are not allowed, and says which."""

    def __init__(self, fields: Set[str]) -> None:
        self._allowed = ALWAYS | fields

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        # One pass and few calls: hardly any of this is in the processor's cache when a booking's one line is written.
        if line.get("_from_structlog") is False:
            _quote(line)
        elif not _is_name(line["event"]):
            line["event"] = "unnamed_event"
        if "exc_info" in line:
            _tell_exception(line)
        kept, dropped = {}, []
        for name, value in line.items():
            # What begins with an underscore is structlog's own and is not printed.
            if name in self._allowed or name.startswith("_"):
                kept[name] = _spoken(name, value) if isinstance(value, str) else value
            else:
                dropped.append(name)
        if dropped:
            kept["dropped"] = sorted(dropped)
        return kept


def _is_name(event: object) -> bool:
    """Our own events are names, such as `appointment_booked`."""
    return isinstance(event, str) and event.isascii() and event.isidentifier() and event.islower()


def _quote(line: EventDict) -> None:
    """Keep no more of other people's lines than their author wrote."""
    record = line["_record"]
    is_trusted = record.name.split(".")[0] in TRUSTED
    line["event"] = str(line["event"] if is_trusted else record.msg).partition("\n")[0]
    line["logger"] = record.name


def _tell_exception(line: EventDict) -> None:
    """Render an exception by where it came from and of which kind it is; its words may be somebody's name."""
    given = line.pop("exc_info")
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line["exception"] = "\n".join(_told(error))


def masked(text: str) -> str:
    """Blot out what looks like an e-mail address or a telephone number."""
    return _PHONE.sub("<number>", _EMAIL.sub("<e-mail>", text))[:LONGEST]


def _spoken(name: str, value: str) -> str:
    # Words have spaces in them, ids have not, and a traceback consists of our own code.
    return masked(value) if (" " in value or "@" in value) and name != "exception" else value


def _told(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _told(cause)
        yield "which led to"
    yield from (line.rstrip() for line in traceback.format_tb(error.__traceback__))
    kind = type(error)
    yield f"{kind.__module__}.{kind.__qualname__}{_detail(error)}"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _told(each)


def _detail(error: BaseException) -> str:
    """Return what is certainly not about a person: a reason code, an SQLSTATE, the operating system's words."""
    if isinstance(error, OSError) and error.strerror:
        return f" ({error.strerror})"
    codes = (str(getattr(error, name, "")) for name in ("reason", "sqlstate"))
    return next((f" ({code})" for code in codes if _CODE.fullmatch(code)), "")
