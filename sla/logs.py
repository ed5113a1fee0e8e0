"""Log lines of every process: one JSON object a line on standard error, the same keys everywhere."""

from __future__ import annotations

import logging
import sys

import structlog

# What libraries say at INFO that nobody needs: httpx each request with its address, names in query strings included;
# procrastinate each run of each periodic task; aiosmtpd (mail.log) each step of each session.
_TALKATIVE = ("httpx", "procrastinate", "mail.log")


def configure(level: str = "info") -> None:
    """Send structlog and the standard library's loggers through the same JSON renderer.

    Whatever is bound with structlog.contextvars (a correlation id) appears in every line of that context.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(sort_keys=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
