"""`python -m alerts`: write the rules, their tests, the configurations and the runbook headers, or prove them fresh."""

from __future__ import annotations

import argparse
import sys

from alerts import render
from sla import objectives
from sla.objectives import SlaError


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when all is written or fresh, 1 when --check found something stale, 2 when the promise is unreadable."""
    parser = argparse.ArgumentParser(
        prog="python -m alerts",
        description="Write Prometheus rules, promtool tests, Prometheus and Alertmanager configuration, "
        "and the headers of the runbooks, from sla/sla.yaml.",
        epilog="Example: edit sla/sla.yaml, run `python -m alerts`, commit both.",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; name every stale file and exit 1 if any is"
    )
    options = parser.parse_args(arguments)
    try:
        promise = objectives.load()
        return _check(promise) if options.check else _write(promise)
    except (SlaError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def _check(promise: objectives.Promise) -> int:
    sentences = render.stale(promise)
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    if sentences:
        print("run `python -m alerts` (or `make generate`) and commit the result", file=sys.stderr)
    return 1 if sentences else 0


def _write(promise: objectives.Promise) -> int:
    for path in render.write(promise):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
