"""What every dashboard promises its readers, beyond what Grafana and its linter ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from dashboards import render
from dashboards.queries import SPARSE, STEP
from sla import catalogue as c
from sla import objectives
from tests.dashboards import linter
from tests.dashboards import promql_tree as tree

ROOT = Path(__file__).resolve().parents[2]
LATENCIES = {
    f"{metric.name}_bucket" for metric in (c.API_DURATION, c.STEP_DURATION, c.CALCOM_DURATION, c.DB_QUERY_DURATION)
}


def panel_of(promise: objectives.Promise, uid: str, title: str) -> dict[str, Any]:
    document = json.loads(render.files(promise)[f"{uid}.json"])
    return next(panel for panel in document["panels"] if panel["title"] == title)


def limits(panel: dict[str, Any]) -> list[float]:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [step["value"] for step in steps if step["value"] is not None]


def links(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in linter.panels(dashboard):
        yield from (link["url"] for link in panel["links"])


def test_the_three_dashboards_of_the_specification_and_our_two_are_there(all_dashboards):
    assert {dashboard["uid"]: dashboard["title"] for dashboard in all_dashboards} == {
        "booking-kpis": "Booking KPIs",
        "booking-performance": "Performance",
        "booking-operational": "Operational",
        "booking-slo": "SLO & error budget",
        "booking-monitoring": "Monitoring health",
    }


def test_a_dashboard_opens_on_the_last_hour_and_follows_the_present(dashboard):
    assert dashboard["time"] == {"from": "now-1h", "to": "now"}
    assert dashboard["refresh"] == "10s"
    assert dashboard["editable"] is False
    assert "slotwatch" in dashboard["tags"]


def test_the_schema_is_one_that_grafana_10_reads_and_later_ones_migrate(dashboard):
    assert dashboard["schemaVersion"] >= 37
    assert "rows" not in dashboard


def test_nothing_of_one_grafana_or_one_moment_is_in_the_file(dashboard):
    assert {"id", "version", "iteration", "__inputs"}.isdisjoint(dashboard)


def test_panel_ids_and_titles_are_unique(dashboard):
    everything = dashboard["panels"]

    assert len({panel["id"] for panel in everything}) == len(everything)
    assert len({panel["title"] for panel in everything}) == len(everything)


def test_no_dashboard_has_more_panels_than_a_tired_person_reads(dashboard):
    assert len(list(linter.panels(dashboard))) <= 14


def test_rows_open_every_dashboard_and_begin_with_the_promise_or_with_health(dashboard):
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]

    assert dashboard["panels"][0]["type"] == "row"
    assert re.match("The promise|System health", rows[0])


def test_everything_is_chosen_at_first(dashboard):
    for variable in linter.variables(dashboard, "query"):
        if not variable.get("hide"):
            assert variable["current"]["value"] == ["$__all"]
            assert variable["includeAll"] is True


def test_what_the_range_on_show_decides_is_in_no_link_and_nobody_s_choice(dashboard):
    for variable in linter.variables(dashboard, "query"):
        if variable.get("hide"):
            assert (variable["skipUrlSync"], variable["includeAll"], variable["multi"]) == (True, False, False)
            assert variable["current"]["value"] == ""


def test_a_query_of_what_grows_follows_the_range_and_has_a_step_its_copies_can_serve(dashboard):
    hidden = {f"${variable['name']}" for variable in linter.variables(dashboard, "query") if variable.get("hide")}
    for panel in linter.panels(dashboard):
        for target in panel["targets"]:
            follows = SPARSE in target["expr"]
            assert follows is ("rate(" in target["expr"] or "increase(" in target["expr"]), target["expr"]
            assert target.get("interval") == (STEP if follows and target["range"] else None), target["expr"]
            assert not follows or hidden == {SPARSE, STEP}


def test_the_traffic_of_the_performance_dashboard_is_the_callers_at_first(all_dashboards):
    performance = next(dashboard for dashboard in all_dashboards if dashboard["uid"] == "booking-performance")

    (traffic,) = linter.variables(performance, "custom")

    assert traffic["current"]["value"] == ["real"]
    assert [option["value"] for option in traffic["options"]] == list(c.TRAFFIC.values)


def test_latency_over_time_carries_exemplars(dashboard):
    for panel in linter.panels(dashboard):
        for target in panel["targets"]:
            names = {selector.name for selector in tree.selectors(target["expr"])}
            if target["range"] and names & LATENCIES and "histogram_quantile" in target["expr"]:
                assert target["exemplar"] is True, target["expr"]


def test_no_panel_thins_out_its_points(dashboard):
    assert not [panel["title"] for panel in linter.panels(dashboard) if "maxDataPoints" in panel]


def test_the_legend_of_a_graph_is_shown(dashboard):
    for panel in linter.panels(dashboard):
        if panel["type"] in ("timeseries", "state-timeline"):
            assert panel["options"]["legend"]["showLegend"] is True


def test_alerts_and_deployments_are_marked(dashboard):
    annotations = {annotation["name"]: annotation for annotation in dashboard["annotations"]["list"]}

    assert 'severity="critical"' in annotations["Critical alerts"]["expr"]
    assert c.BUILD_INFO.name in annotations["Deployments"]["expr"]
    assert all(annotation["enable"] for annotation in annotations.values())


def test_siblings_keep_time_and_variables_and_runbooks_are_one_click_away(dashboard, promise):
    siblings, runbooks = dashboard["links"]

    assert (siblings["type"], siblings["includeVars"], siblings["keepTime"]) == ("dashboards", True, True)
    assert set(siblings["tags"]) <= set(dashboard["tags"])
    assert (runbooks["type"], runbooks["url"]) == ("link", promise.runbook_base_url)


def test_every_runbook_a_panel_links_to_exists(dashboard, promise):
    for url in links(dashboard):
        name = url.removeprefix(promise.runbook_base_url + "/")
        assert (ROOT / "runbooks" / name).is_file(), url


def test_every_dashboard_an_alert_links_to_exists(all_dashboards):
    uids = {dashboard["uid"] for dashboard in all_dashboards}
    for path in sorted((ROOT / "alerts" / "generated" / "rules").glob("*.yaml")):
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                url = rule.get("annotations", {}).get("dashboard_url")
                assert url is None or Path(urlsplit(url).path).name in uids, rule


@pytest.mark.parametrize(
    ("uid", "title", "expected"),
    [
        ("booking-kpis", "Booking success rate", [0.9, 0.95, 0.98]),
        ("booking-kpis", "Journey P95", [45, 50]),
        ("booking-kpis", "Success rate", [0.9, 0.95]),
        ("booking-kpis", "Journey P95 of probe and callers", [45]),
        ("booking-performance", "API latency", [1.5]),
        ("booking-performance", "API latency P95 by route", [1.5, 2.0]),
        ("booking-operational", "Probe failures and leftovers", [3]),
        ("booking-operational", "How long Cal.com keeps us waiting", [45, 50]),
        ("booking-operational", "Alert delivery", [30, 60]),
        ("booking-slo", "Bookings that succeed", [0.98]),
        ("booking-slo", "Pace: failed bookings", [1, 3, 6, 14.4]),
        ("booking-slo", "Budget left: failed bookings", [0, 0.1, 0.5]),
        ("booking-monitoring", "Scrape duration", [0.5]),
        ("booking-monitoring", "Age of the newest reading", [15, 180]),
    ],
)
def test_the_limits_are_the_promise(promise, uid, title, expected):
    assert limits(panel_of(promise, uid, title)) == expected


def test_the_limits_of_journey_and_api_are_drawn_from_the_series_the_rules_read(promise):
    journey = panel_of(promise, "booking-kpis", "Journey P95 of probe and callers")
    answers = panel_of(promise, "booking-performance", "API latency")

    assert 'slo:threshold:seconds{slo="journey_latency"}' in [target["expr"] for target in journey["targets"]]
    assert 'slo:threshold:seconds{slo="api_latency"}' in [target["expr"] for target in answers["targets"]]


def test_another_promise_moves_every_limit_title_and_bucket():
    text = (ROOT / "sla" / "sla.yaml").read_text("utf-8")
    stricter = objectives.parse(text.replace("threshold_seconds: 2.0", "threshold_seconds: 3.0"))

    panel = panel_of(stricter, "booking-performance", "Answers within 3 s")

    assert 'le="3.0"' in panel["targets"][0]["expr"]
    assert limits(panel_of(stricter, "booking-performance", "API latency P95 by route")) == [1.5, 3.0]


def test_a_limit_is_dashed_and_in_sight(promise):
    panel = panel_of(promise, "booking-performance", "API latency P95 by route")
    custom = panel["fieldConfig"]["defaults"]["custom"]

    assert custom["thresholdsStyle"] == {"mode": "dashed"}
    assert custom["axisSoftMax"] > max(limits(panel))
