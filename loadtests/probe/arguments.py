"""The command line of `python -m loadtests.probe`.

Apart from the entry point so that it can be tested without importing Locust, which patches the whole process.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from loadtests.conversation import Prompt
from loadtests.probe.errand import Options
from loadtests.probe.plan import Wishes
from loadtests.samples import Mode

DESCRIPTION = """\
Play synthetic callers against a booking core and say whether it keeps its promise (sla/sla.yaml).

  light    read-only availability checks, one every 5 s
  full     whole conversations: ask for times, book, hear the confirmation, cancel again
  verdict  a burst of conversations that is large enough to bound P95 with 95 % confidence
  watch    light checks and full conversations side by side until stopped; what the daemon runs

Callers arrive on a fixed schedule and never wait for one another; times count from when a caller meant to start.
Conversation time is a model (loadtests/conversation.py), added on a virtual clock and reported apart from server time.
"""

EPILOG = """\
exit codes:
   0 pass                         the promise is kept
  10 SLA miss                     too slow
  11 error-budget miss            too many failed
  12 inconclusive                 too few samples, late or dropped arrivals
  13 target unreachable           nobody answered at all
  14 clean-up incomplete          synthetic bookings are left at the core
  15 configuration error          a LOADTEST_ variable or sla.yaml is wrong
  16 aborted                      by a signal, or because whoever started it is gone
   2 wrong command line

environment: LOADTEST_TARGET_URL, LOADTEST_TENANT, LOADTEST_API_KEY, LOADTEST_RETELL_API_KEY, LOADTEST_SERVICE, and
LOADTEST_SLA_FILE for another sla.yaml. `python -m loadtests.daemon --help` explains each.

examples:
  python -m loadtests.probe verdict                  the promise, judged in about 11 seconds
  python -m loadtests.probe verdict --prompt v1      the same with the agent's old prompt: it misses
  python -m loadtests.probe full --real-time         one conversation, as long as a caller would live through it
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line, understood."""

    options: Options
    is_json: bool
    parent: int | None


def parse(argv: Sequence[str] | None = None) -> Arguments:
    """Read the command line; ends the process with code 2 and a sentence when it is wrong."""
    wanted = _parser().parse_args(argv)
    wishes = Wishes(wanted.count, wanted.per_second, wanted.seconds)
    options = Options(Mode(wanted.mode), wishes, Prompt(wanted.prompt), wanted.real_time, wanted.seed)
    return Arguments(options, wanted.json, wanted.parent)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m loadtests.probe",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("mode", choices=[mode.value for mode in Mode], metavar="light|full|verdict|watch")
    add(
        "--count",
        type=_count,
        metavar="N",
        help="stop after N arrivals (default: 12 light, 1 full, sla.yaml's verdict)",
    )
    add("--per-second", type=_positive, metavar="R", help="arrivals per second (default: sla.yaml)")
    add("--seconds", type=_positive, default=float("inf"), metavar="S", help="stop after S seconds")
    add(
        "--prompt",
        choices=[prompt.value for prompt in Prompt],
        default="v2",
        help="the agent's prompt: v1 is the old one (default: v2)",
    )
    add("--real-time", action="store_true", help="sleep through the conversation instead of adding it up")
    add("--seed", type=int, default=1, metavar="N", help="draws the conversations' pace (default: 1)")
    add("--json", action="store_true", help="one line of JSON for each sample, then one for the verdict")
    add("--parent", type=_count, help=argparse.SUPPRESS)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too small; give at least 1")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not (number > 0 and isfinite(number)):
        raise argparse.ArgumentTypeError(f"{text} is no length or rate; give a number greater than 0")
    return number


_count.__name__ = "whole number"
_positive.__name__ = "number"
