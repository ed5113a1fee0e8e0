"""`python -m loadtests.probe`: one probe run by hand, or as the daemon's child."""

from __future__ import annotations

# Before everything else: Locust patches sockets and TLS, which nobody may have imported yet.
import locust  # noqa: F401  # isort: skip

import os
import sys

import gevent
from rich.console import Console

from loadtests.probe import arguments
from loadtests.probe.arguments import Arguments
from loadtests.probe.errand import Errand
from loadtests.probe.generator import Control, conduct
from loadtests.probe.ledger import Conclusion, conclude
from loadtests.probe.output import JsonLines, ProgressBar, summary_table
from loadtests.probe.plan import plan
from loadtests.samples import Summary
from loadtests.settings import LoadtestSettings
from loadtests.verdict import ExitCode
from sla.environment import SettingsError
from sla.objectives import Promise, SlaError


def main() -> ExitCode:
    wanted = arguments.parse()
    try:
        settings = LoadtestSettings.read(os.environ)
        promise = settings.promise()
    except (SettingsError, SlaError) as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIGURATION
    run = _for_a_machine if wanted.is_json else _for_a_person
    return run(wanted, settings, promise).exit_code


def _for_a_machine(wanted: Arguments, settings: LoadtestSettings, promise: Promise) -> Conclusion:
    control = Control()
    # Straight to the descriptor: a buffer would hold samples back, and complain about a broken pipe at exit.
    report = JsonLines(lambda line: os.write(1, line), on_broken=control.abort)
    if wanted.parent is not None:
        gevent.spawn(control.abort_when_orphaned, wanted.parent)
    conclusion = _run(Errand.of(settings, promise, wanted.options, report), control)
    report(Summary(conclusion.verdict.document() | {"exit_code": conclusion.exit_code}))
    return conclusion


def _for_a_person(wanted: Arguments, settings: LoadtestSettings, promise: Promise) -> Conclusion:
    options = wanted.options
    total = plan(options.mode, promise, options.wishes).total
    with ProgressBar(options.mode, total, Console(stderr=True)) as report:
        conclusion = _run(Errand.of(settings, promise, options, report), Control())
    title = f"{options.mode} probe of {settings.target}, prompt {options.prompt}"
    Console().print(summary_table(conclusion, title=title))
    return conclusion


def _run(errand: Errand, control: Control) -> Conclusion:
    conduct(errand, control)
    return conclude(errand.ledger, errand.plan, errand.promise, aborted=control.is_aborted)


if __name__ == "__main__":
    sys.exit(main())
