"""What a log line may say in a process that handles personal data: named fields, and of everything else only its kind.

An allow-list, because nobody foresees every place where a name, a number or a transcript can get into a line.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator, Set
from typing import Any

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

_OURS = re.compile(r"[a-z][a-z0-9_]*")
_CODE = re.compile(r"[a-z_]+|[0-9A-Z]{5}")
_EMAIL = re.compile(r"[^\s@<>,;\"'=]+@[^\s@<>,;\"']+")
_PHONE = re.compile(r"(?<!\w)(?:\+|0)\d(?:[ ()/.\-]?\d){5,}")


class Discretion:
    """A structlog processor: drops fields that are not allowed, and says which."""

    def __init__(self, fields: Set[str]) -> None:
        self._allowed = ALWAYS | fields

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        kept = {name: _spoken(name, value) for name, value in line.items() if self._is_allowed(name)}
        dropped = sorted(name for name in line if not self._is_allowed(name))
        return {**kept, "dropped": dropped} if dropped else kept

    def _is_allowed(self, name: str) -> bool:
        # What begins with an underscore is structlog's own and is not printed.
        return name in self._allowed or name.startswith("_")


def discreet_event(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Our own events are names; of other people's lines no more is kept than their author wrote."""
    record = line.get("_record")
    if record is not None and line.get("_from_structlog") is False:
        is_trusted = record.name.split(".")[0] in TRUSTED
        line["event"] = str(line["event"] if is_trusted else record.msg).partition("\n")[0]
        line["logger"] = record.name
    elif not _OURS.fullmatch(str(line["event"])):
        line["event"] = "unnamed_event"
    return line


def discreet_exception(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Render an exception by where it came from and of which kind it is; its words may be somebody's name."""
    given = line.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line["exception"] = "\n".join(_told(error))
    return line


def masked(text: str) -> str:
    """Blot out what looks like an e-mail address or a telephone number."""
    return _PHONE.sub("<number>", _EMAIL.sub("<e-mail>", text))[:LONGEST]


def _spoken(name: str, value: Any) -> Any:
    # Words have spaces in them, ids have not, and a traceback consists of our own code.
    is_prose = isinstance(value, str) and name != "exception" and (" " in value or "@" in value)
    return masked(value) if is_prose else value


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
