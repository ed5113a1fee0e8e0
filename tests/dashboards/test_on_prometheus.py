"""A real Prometheus answers every query of every panel; no Grafana draws them here, so none may come back empty."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from dashboards.queries import appeared
from sla import catalogue as c
from sla import sparse
from tests.dashboards import history, linter
from tests.prometheus import remembering

pytestmark = pytest.mark.integration

# What Grafana puts in for a dashboard that has just been opened, ten minutes after the chain was started.
CHOSEN: Mapping[str, str] = {
    "sparse": "",
    "__rate_interval": "65s",
    "__range": "600s",
    "job": ".+",
    "instance": ".+",
    "traffic": "real",
}
Ask = Callable[[str, float], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ask(promise, tmp_path_factory) -> Iterator[Ask]:
    """Start Prometheus on ten minutes of history and yield a function that evaluates an expression at a time."""
    lines = history.open_metrics(promise).splitlines()
    with remembering(tmp_path_factory.mktemp("prometheus"), lines) as client:
        yield lambda expression, at: _evaluated(client, expression, at)


def _evaluated(client: httpx.Client, expression: str, at: float) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/query", params={"query": expression, "time": at}).json()
    assert answer["status"] == "success", (expression, answer)
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def chosen(expression: str, values: Mapping[str, str] = CHOSEN) -> str:
    return re.sub(r"\$(\w+)", lambda match: values[match[1]], expression)


@pytest.mark.parametrize("ending", [pytest.param("", id="scraped"), pytest.param(sparse.ENDING, id="copied")])
def test_every_query_of_every_panel_returns_numbers(ask, all_dashboards, ending):
    empty = []
    for dashboard in all_dashboards:
        for panel in linter.panels(dashboard):
            for target in panel["targets"]:
                series = ask(chosen(target["expr"], {**CHOSEN, "sparse": ending}), history.END)
                if not series or not all(math.isfinite(float(found["value"][1])) for found in series):
                    empty.append((dashboard["uid"], panel["title"], target["expr"], series))
    assert empty == []


@pytest.mark.parametrize(("seconds", "values"), [(24 * 3600, ["", ""]), (24 * 3600 + 1, [sparse.ENDING, "5m"])])
def test_beyond_a_day_copies_are_drawn_in_steps_as_long_as_theirs(ask, dashboard, seconds, values):
    hidden = [variable for variable in linter.variables(dashboard, "query") if variable.get("hide")]

    assert [switched(ask, variable, seconds) for variable in hidden] in ([], values)


def switched(ask: Ask, variable: Mapping[str, Any], seconds: int) -> str:
    """Return the variable's value as Grafana finds it: by its regular expression, in each sample written as text."""
    call = re.fullmatch(r"query_result\((.*)\)", variable["query"])
    assert call is not None
    lines = []
    for found in ask(call[1].replace("$__range_s", str(seconds)), history.END):
        labels = ",".join(f'{name}="{value}"' for name, value in found["metric"].items())
        lines.append(f"{{{labels}}} {found['value'][1]}")
    matches = [re.search(variable["regex"].strip("/"), line) for line in lines]
    return "".join(match[1] for match in matches if match)


def test_the_annotations_are_lawful(ask, all_dashboards):
    for dashboard in all_dashboards:
        for annotation in dashboard["annotations"]["list"]:
            ask(chosen(annotation["expr"]), history.END)


def test_a_deployment_is_marked_for_a_minute_and_then_no_more(ask):
    expression = appeared(c.BUILD_INFO)

    assert [found["metric"] for found in ask(expression, history.START + 30)] == [{"version": history.OPEN_VALUE}]
    assert ask(expression, history.START + 90) == []


def test_the_success_rate_is_the_share_of_real_attempts_that_did_not_fail(ask, all_dashboards):
    kpis = next(dashboard for dashboard in all_dashboards if dashboard["uid"] == "booking-kpis")
    panel = next(panel for panel in kpis["panels"] if panel["title"] == "Booking success rate")

    (found,) = ask(chosen(panel["targets"][0]["expr"]), history.END)

    # Every child of the counter grows alike: one confirmed and one queued for each reason to fail.
    assert float(found["value"][1]) == pytest.approx(2 / (2 + len(c.FAILURE_REASONS)))


def test_the_share_within_the_limit_is_counted_at_the_bucket_edge(ask, all_dashboards, promise):
    kpis = next(dashboard for dashboard in all_dashboards if dashboard["uid"] == "booking-kpis")
    limit = promise.objectives.journey_latency.threshold_seconds
    panel = next(panel for panel in kpis["panels"] if panel["title"] == f"Journeys within {limit:g} s")

    (found,) = ask(chosen(panel["targets"][0]["expr"]), history.END)

    # Every bucket, +Inf included, grows alike.
    buckets = c.PROBE_DURATION.buckets
    assert float(found["value"][1]) == pytest.approx((buckets.index(limit) + 1) / (len(buckets) + 1))
