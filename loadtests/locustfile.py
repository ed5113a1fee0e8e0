"""The probe under Locust's own command line: `locust -f loadtests/locustfile.py --headless -u 1 -t 5m`.

Apart from the probe's entry point for people who want Locust's web page and statistics: light checks and journeys run
side by side until Locust stops, and the verdict decides the exit code.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from locust import events
from locust.env import Environment

from loadtests.probe.errand import Errand, Options
from loadtests.probe.generator import Control, Course, ProbeUser
from loadtests.probe.ledger import conclude
from loadtests.samples import Mode, Told
from loadtests.settings import LoadtestSettings


class Watch(ProbeUser):
    """Light checks and whole conversations, at the rates of sla.yaml."""

    def course(self) -> Course:
        settings = LoadtestSettings.read(os.environ)
        errand = Errand.of(settings, settings.promise(), Options(Mode.WATCH), _unheard)
        control = Control()
        self.environment.events.test_stopping.add_listener(lambda **_: control.stop())
        self.environment.events.quitting.add_listener(lambda **_: _judge(errand, self.environment))
        return Course(errand, self.client, control)


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust's
def _fill_in(environment: Environment, **_: Any) -> None:
    """Take what the command line left out from the settings; the slowest journey may end before Locust does."""
    settings = LoadtestSettings.read(os.environ)
    environment.host = environment.host or settings.target
    environment.stop_timeout = max(environment.stop_timeout, 3 * settings.promise().probe.full.timeout.seconds)


def _unheard(told: Told) -> None:
    """Locust shows its own statistics while it runs."""


def _judge(errand: Errand, environment: Environment) -> None:
    conclusion = conclude(errand.ledger, errand.plan, errand.promise, aborted=False)
    environment.process_exit_code = conclusion.exit_code
    logging.info("verdict: %s; %s", conclusion.verdict.finding, "; ".join(conclusion.verdict.reasons))
