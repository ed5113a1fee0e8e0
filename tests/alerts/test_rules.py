import ast
import re
from pathlib import Path

import pytest
import yaml

from alerts import recording, render, rules, wording
from alerts.alert import Category, Component, Severity, annotations_of, labels_of
from alerts.cases import Proof, counter, gauge
from sla import catalogue, objectives, series
from sla.catalogue import SEVERITY
from tests.alerts.inventory import existing, named

PACKAGE = Path(recording.__file__).parent


def every_alert():
    return [
        pytest.param(alert, id="-".join((alert.name, alert.severity, *alert.marks.values())))
        for alert in recording.alerts(objectives.load())
    ]


@pytest.mark.parametrize("alert", every_alert())
def test_every_alert_has_exactly_the_closed_label_set(alert, promise):
    assert labels_of(alert, promise) == {
        **alert.marks,
        "severity": Severity(alert.severity),
        "category": Category(alert.category),
        "component": Component(alert.component),
        "service": promise.service,
        "team": promise.team,
    }


def test_every_severity_is_one_the_receiver_counts():
    assert {severity.value for severity in Severity} <= set(SEVERITY.values)


@pytest.mark.parametrize("alert", every_alert())
def test_every_alert_tells_what_how_bad_and_where_to_go(alert, promise):
    words = annotations_of(alert, promise)

    assert list(words) == ["summary", "description", "impact", "runbook_url", "dashboard_url"]
    assert all(words.values())
    assert words["runbook_url"] == f"{promise.runbook_base_url}/{alert.name}.md"
    assert words["dashboard_url"].startswith(f"{promise.dashboard_base_url}/{alert.board}?")


@pytest.mark.parametrize("alert", every_alert())
def test_every_dashboard_an_alert_links_to_exists(alert):
    assert (render.ROOT / "dashboards" / "generated" / f"{alert.board}.json").is_file()


@pytest.mark.parametrize("alert", every_alert())
def test_every_alert_that_tells_a_person_proves_all_five_behaviours(alert):
    told = alert.severity in (Severity.CRITICAL, Severity.WARNING)
    required = set(Proof) if told else {Proof.FIRES, Proof.NO_DATA}

    assert set().union(*(case.proves for case in alert.cases)) >= required


@pytest.mark.parametrize("alert", every_alert())
def test_an_alert_names_only_series_that_exist(alert, promise):
    assert named(alert.expression) <= existing(promise)


def test_a_recording_names_only_series_that_exist(promise):
    for recorded in series.recorded(promise):
        assert named(recorded.expression) <= existing(promise)


def test_an_alert_reads_only_recordings_of_its_own_group_evaluated_before_it(promise):
    for group in recording.groups(promise):
        recorded = {entry.name for entry in group.recordings}
        for alert in group.alerts:
            assert {name for name in named(alert.expression) if ":" in name} <= recorded


def test_a_recording_comes_after_every_recording_it_reads(promise):
    groups = {group.name: group for group in recording.groups(promise)}
    for group in groups.values():
        # A group may name another whose recordings it reads, however old they are.
        seen = {entry.name for entry in groups[group.reads].recordings} if group.reads else set()
        for entry in group.recordings:
            assert {name for name in named(entry.expression) if ":" in name} <= seen
            seen.add(entry.name)


def test_every_success_rate_alert_guards_its_ratio_with_a_count_less_one_half(alerts, promise):
    limits = promise.alerts.success_rate
    critical, warning = (alert for alert in alerts if alert.name == "BookingSuccessRateLow")

    assert critical.expression.endswith(f">= {limits.critical.count - 0.5}")
    assert warning.expression.endswith(f">= {limits.warning.count - 0.5}")


def test_a_timer_of_zero_is_left_out_of_the_rule(promise):
    documents = [rules.document(group, promise) for group in recording.groups(promise)]

    timers = [rule.get(name) for d in documents for rule in d["groups"][0]["rules"] for name in ("for",)]
    assert "0s" not in timers


def test_every_group_is_evaluated_often_enough_for_alerts_not_to_expire(promise):
    assert all(group.interval.seconds <= 300 for group in recording.groups(promise))


def test_no_alert_is_written_twice(alerts):
    identities = [(alert.name, alert.severity, *alert.marks.values()) for alert in alerts]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_metric_or_recording_name_is_typed_in_the_package(path, promise):
    names = {metric.name for metric in catalogue.catalogue()}
    names |= {entry.name for entry in series.recorded(promise)}
    typed = {
        name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in names
        if re.search(rf"(?<![\w:]){re.escape(name)}", node.value)
    }

    assert typed == set()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_render_knows_yaml(path):
    imports_yaml = re.search(r"^\s*(import|from) yaml", path.read_text("utf-8"), re.MULTILINE) is not None
    assert imports_yaml == (path.name == "render.py")


def test_promql_of_several_lines_is_written_as_a_literal_block():
    text = render.text_of({"expr": "a\nand\nb"})

    assert text == f"{render.NOTICE}expr: |-\n  a\n  and\n  b\n"
    assert yaml.safe_load(text) == {"expr": "a\nand\nb"}


@pytest.mark.parametrize(("part", "words"), [(1, "100%"), (0.075, "7.5%"), (1 / 3, "33.33%")])
def test_a_share_is_written_as_prometheus_writes_it(part, words):
    assert wording.share(part) == words


def test_a_counter_of_samples_goes_on_from_where_the_phase_before_ended():
    assert counter((2, 3), (0, 2), (1, 0), (1, 1)) == "0 2+2x2 6+0x1 7+1x0"


def test_a_gauge_of_samples_holds_each_value():
    assert gauge((1, 2), (7, 0), (0, 3)) == "1+0x1 0+0x2"
