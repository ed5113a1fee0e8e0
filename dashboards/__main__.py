"""Write the dashboards, or prove that the written ones are fresh: `python -m dashboards [--check]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from dashboards import render
from sla import objectives
from sla.objectives import Promise


def main(
    arguments: list[str] | None = None,
    *,
    directory: Path = render.DIRECTORY,
    load: Callable[[], Promise] = objectives.load,
) -> int:
    """Return the exit code: 0 when the files are as they should be, 1 when stale, 2 when sla.yaml cannot be read."""
    options = _parser().parse_args(arguments)
    try:
        promise = load()
    except objectives.SlaError as error:
        print(error, file=sys.stderr)
        return 2
    expected = render.files(promise)
    if options.check:
        return _report(list(render.differences(expected, directory)))
    render.write(expected, directory)
    print(f"wrote {', '.join(expected)} to {directory}")
    return 0


def _report(differences: list[str]) -> int:
    for difference in differences:
        print(difference, file=sys.stderr)
    if differences:
        print("run `python -m dashboards` and commit the result", file=sys.stderr)
    return 1 if differences else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dashboards",
        description="Write every Grafana dashboard as JSON, made from sla/sla.yaml and sla/catalogue.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name each stale or extra file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
