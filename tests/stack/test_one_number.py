"""One number in sla.yaml: what hangs on it follows, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

import alerts.render
import dashboards.render
from alerts import runbook
from loadtests.verdict import Evidence, Finding, Limits, judge
from sla import objectives
from sla.objectives import Promise, SlaError
from stack import metrics_page
from tests.loadtests.factories import sample

BEFORE, AFTER = "threshold_seconds: 50\n", "threshold_seconds: 45\n"


def edited(directory: Path, new: str) -> Promise:
    """Read a copy of sla.yaml in which the longest journey is another one."""
    text = resources.files("sla").joinpath("sla.yaml").read_text("utf-8")
    assert text.count(BEFORE) == 1
    copy = directory / "sla.yaml"
    copy.write_text(text.replace(BEFORE, new), "utf-8")
    return objectives.load(copy)


@dataclass(frozen=True)
class Change:
    """Every generated file as the committed promise makes it and as the edited one does."""

    before: dict[str, str]
    after: dict[str, str]

    @property
    def files(self) -> set[str]:
        assert self.before.keys() == self.after.keys()
        return {name for name in self.before if self.before[name] != self.after[name]}

    def lines(self, name: str) -> list[tuple[str, str]]:
        """Return the lines that differ, without what YAML puts around a text."""
        pairs = zip(self.before[name].splitlines(), self.after[name].splitlines(), strict=True)
        return [(old.strip(), new.strip()) for old, new in pairs if old != new]


def generated(promise: Promise) -> dict[str, str]:
    """Return what `make generate` writes, by path."""
    return {
        **{f"alerts/generated/{name}": text for name, text in alerts.render.files(promise).items()},
        **{f"runbooks/{path.name}": text for path, text in runbook.refreshed(promise, runbook.DIRECTORY).items()},
        **{f"dashboards/generated/{name}": text for name, text in dashboards.render.files(promise).items()},
        "docs/METRICS.md": metrics_page.text(promise),
    }


@pytest.fixture(scope="module")
def stricter(tmp_path_factory) -> Promise:
    return edited(tmp_path_factory.mktemp("promise"), AFTER)


@pytest.fixture(scope="module")
def change(stricter) -> Change:
    return Change(generated(objectives.load()), generated(stricter))


def test_only_the_files_that_depend_on_it_change(change):
    assert change.files == {
        "alerts/generated/kubernetes/prometheusrule.yaml",
        "alerts/generated/openslo/slos.yaml",
        "alerts/generated/rules/booking-budget.yaml",
        "alerts/generated/rules/booking-slow.yaml",
        # The cases of the budget that slow journeys burn: what is slow there lies beyond the new edge.
        "alerts/generated/tests/BookingErrorBudgetBurn.yaml",
        "alerts/generated/tests/BookingJourneyStuck.yaml",
        "alerts/generated/tests/ErrorBudgetHalfSpent.yaml",
        "runbooks/BookingJourneyStuck.md",
        "dashboards/generated/booking-kpis.json",
        "dashboards/generated/booking-operational.json",
        "dashboards/generated/kubernetes/booking-kpis.yaml",
        "dashboards/generated/kubernetes/booking-operational.yaml",
        "docs/METRICS.md",
    }


def rules(text: str) -> dict[tuple[str, ...], dict[str, Any]]:
    (group,) = yaml.safe_load(text)["groups"]
    return {(rule.get("alert") or rule["record"], *rule.get("labels", {}).values()): rule for rule in group["rules"]}


def test_only_the_rules_that_depend_on_it_change(change):
    name = "alerts/generated/rules/booking-slow.yaml"
    before, after = rules(change.before[name]), rules(change.after[name])

    assert {key[0] for key in before if before[key] != after[key]} == {"BookingJourneyStuck", "slo:threshold:seconds"}
    assert ("vector(50)", "vector(45)") in [
        (old.split(": ")[-1], new.split(": ")[-1]) for old, new in change.lines(name)
    ]
    assert any(
        old.endswith("(booking_inflight_oldest_age_seconds) > 50") and new == old.replace("> 50", "> 45")
        for old, new in change.lines(name)
    )


def test_the_header_of_its_runbook_changes_and_nothing_that_people_wrote(change):
    assert change.lines("runbooks/BookingJourneyStuck.md") == [
        (
            "max by (job) (booking_inflight_oldest_age_seconds) > 50",
            "max by (job) (booking_inflight_oldest_age_seconds) > 45",
        )
    ]


def panels(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for panel in json.loads(text)["panels"]:
        yield panel["id"], panel


@pytest.mark.parametrize(
    ("board", "titles"),
    [
        ("booking-kpis", {"Journey P95", "Journeys within 50 s", "Journey P95 of probe and callers"}),
        ("booking-operational", {"How long Cal.com keeps us waiting"}),
    ],
)
def test_only_the_panels_that_depend_on_it_change(change, board, titles):
    name = f"dashboards/generated/{board}.json"
    before, after = dict(panels(change.before[name])), dict(panels(change.after[name]))

    assert {panel["title"] for number, panel in before.items() if panel != after[number]} == titles


def test_the_verdict_on_the_same_run_changes(stricter):
    run = Evidence(samples=[sample(sequence=number, modelled_seconds=47) for number in range(66)])
    findings = [
        judge(run, Limits.of(promise, promise.objectives.journey_latency)).finding
        for promise in (objectives.load(), stricter)
    ]

    assert findings == [Finding.PASS, Finding.FAIL]


def test_a_number_between_two_edges_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(SlaError) as refused:
        edited(tmp_path, "threshold_seconds: 47\n")

    assert str(refused.value) == (
        "objectives.journey_latency.threshold_seconds: 47 is not a bucket edge of booking_probe_duration_seconds; "
        "choose one of 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 75, 90, 120, 150, "
        "or add the edge in sla/catalogue"
    )
