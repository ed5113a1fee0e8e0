"""The objectives as OpenSLO and back: accepted by the specification, and nothing lost or invented on the way."""

from copy import deepcopy

import promql_parser
import pytest
import yaml
from typer.testing import CliRunner

from alerts.render import GENERATED
from sla import objectives, openslo, openslo_import
from sla.objectives import SlaError
from stack.cli import app
from tests.sla.openslo_schema import Thing

PROMISE = objectives.load()
DOCUMENTS = list(openslo.documents(PROMISE))
SLOS = [document for document in DOCUMENTS if document["kind"] == "SLO"]
FILE = GENERATED / "openslo" / "slos.yaml"


def named(document):
    return f"{document['kind']} {document['metadata']['name']}"


def imported(*documents):
    return openslo_import.imported(yaml.safe_dump_all(documents), PROMISE)


def changed(name, change):
    document = deepcopy(next(slo for slo in SLOS if slo["metadata"]["name"] == name))
    change(document)
    return document


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_the_specification_allows_every_object(document):
    Thing.model_validate(document)


@pytest.mark.parametrize("slo", SLOS, ids=named)
def test_every_query_of_an_indicator_parses(slo):
    ratio = slo["spec"]["indicator"]["spec"]["ratioMetric"]
    for side in ("good", "bad", "total"):
        if side in ratio:
            promql_parser.parse(ratio[side]["metricSource"]["spec"]["query"])


def test_every_reference_leads_to_an_object_of_its_kind():
    names = {named(document) for document in DOCUMENTS}

    for slo in SLOS:
        assert f"Service {slo['spec']['service']}" in names
        for policy in slo["spec"].get("alertPolicies", []):
            assert f"AlertPolicy {policy['alertPolicyRef']}" in names
    for policy in (document for document in DOCUMENTS if document["kind"] == "AlertPolicy"):
        for target in policy["spec"]["notificationTargets"]:
            assert f"AlertNotificationTarget {target['targetRef']}" in names


def test_every_objective_of_the_promise_is_in_it():
    assert [slo["metadata"]["name"].replace("-", "_") for slo in SLOS] == list(type(PROMISE.objectives).model_fields)


def test_what_is_written_and_read_again_is_the_same_promise():
    read = openslo_import.imported(FILE.read_text("utf-8"), PROMISE)

    assert objectives.Objectives.model_validate(read) == PROMISE.objectives


def test_a_changed_target_window_and_limit_are_read():
    def change(slo):
        slo["spec"]["objectives"][0] = {"targetPercent": 97}
        slo["spec"]["timeWindow"][0]["duration"] = "4w"
        slo["metadata"]["annotations"] = {}
        good = slo["spec"]["indicator"]["spec"]["ratioMetric"]["good"]["metricSource"]["spec"]
        good["query"] = good["query"].replace('le="2.0"', 'le="2.5"')

    read = imported(changed("api-latency", change))["api_latency"]

    assert (read["target"], read["window"], read["threshold_seconds"]) == (0.97, "28d", 2.5)
    # OpenSLO has no goals.
    assert read["goal_seconds"] == PROMISE.objectives.api_latency.goal_seconds


def set_in(*path, value):
    def change(slo):
        part = slo
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value

    return change


QUERY = ("spec", "indicator", "spec", "ratioMetric", "total", "metricSource", "spec", "query")


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        pytest.param(
            "api-latency",
            set_in("metadata", "name", value="checkout"),
            "checkout: nothing like it is promised; give an objective one of the names booking-success,",
            id="an objective of somebody else",
        ),
        pytest.param(
            "booking-success",
            set_in("spec", "objectives", value=[{"target": 0.9}, {"target": 0.99}]),
            "booking-success: 2 objectives in one; sla.yaml has one target for each, split it up",
            id="two targets",
        ),
        pytest.param(
            "booking-success",
            set_in("spec", "timeWindow", 0, "isRolling", value=False),
            "its window follows the calendar; sla.yaml has only rolling ones",
            id="a calendar month",
        ),
        pytest.param(
            "booking-success",
            set_in("spec", "timeWindow", 0, "duration", value="1M"),
            "timeWindow: 1M is not always equally long; write days, such as 30d",
            id="a month",
        ),
        pytest.param(
            "booking-success",
            set_in("spec", "budgetingMethod", value="RatioTimeslices"),
            "budgetingMethod is RatioTimeslices; here it is always Occurrences",
            id="another way of budgeting",
        ),
        pytest.param(
            "booking-success",
            set_in(*QUERY, value='sum(http_requests_total{code="200"})'),
            "it counts http_requests_total; booking_success can only be counted from booking_attempts_total",
            id="an indicator of somebody else",
        ),
        pytest.param(
            "booking-success",
            set_in("spec", "indicator", "spec", value={"thresholdMetric": {}}),
            "it compares a level with a threshold; only events are counted here",
            id="a level",
        ),
        pytest.param(
            "booking-success",
            set_in("spec", "objectives", 0, "target", value="most"),
            "target is most; it must be a number",
            id="a target in words",
        ),
        pytest.param(
            "booking-success",
            set_in("spec", "objectives", 0, "target", value=1),
            "objectives.booking_success.target: 1.0 is out of range; it must be less than 1",
            id="a promise of everything",
        ),
        pytest.param(
            "api-latency",
            set_in("metadata", "annotations", openslo.THRESHOLD, value="3"),
            "the annotation says 3 s, its query le=2.0; make them agree",
            id="two limits",
        ),
        pytest.param(
            "uptime",
            set_in("spec", "objectives", 0, "timeSliceWindow", value="5m"),
            "its time slices are 5m; uptime is counted in minutes, write 1m",
            id="slices of five minutes",
        ),
        pytest.param(
            "booking-success",
            set_in("apiVersion", value="openslo/v1alpha"),
            "booking-success: 'openslo/v1alpha' is not read; only openslo/v1 is",
            id="an older version",
        ),
    ],
)
def test_what_sla_yaml_cannot_say_is_refused_with_a_sentence(name, change, sentence):
    with pytest.raises(SlaError) as refused:
        imported(changed(name, change))

    assert sentence in str(refused.value)


def test_a_limit_between_two_bucket_edges_is_refused():
    def change(slo):
        slo["metadata"]["annotations"][openslo.THRESHOLD] = "2.2"
        del slo["spec"]["indicator"]["spec"]["ratioMetric"]["good"]["metricSource"]["spec"]["query"]

    with pytest.raises(SlaError, match=r"api_latency\.threshold_seconds: 2\.2 is not a bucket edge"):
        imported(changed("api-latency", change))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("a: [", "the file is not YAML", id="no YAML"),
        pytest.param("hello", "no OpenSLO object", id="a word"),
        pytest.param("kind: Service\napiVersion: openslo/v1\nmetadata: {name: a}\n", "no SLO in it", id="no objective"),
    ],
)
def test_a_file_without_an_objective_is_refused(text, sentence):
    with pytest.raises(SlaError, match=sentence):
        openslo_import.imported(text, PROMISE)


def test_the_command_prints_what_belongs_into_sla_yaml():
    done = CliRunner().invoke(app, ["import-openslo", str(FILE)])

    assert done.exit_code == 0
    assert objectives.Objectives.model_validate(yaml.safe_load(done.output)["objectives"]) == PROMISE.objectives


def test_the_command_writes_a_new_file_and_never_over_one(tmp_path):
    into = tmp_path / "objectives.yaml"

    assert CliRunner().invoke(app, ["import-openslo", str(FILE), "--into", str(into)]).exit_code == 0
    again = CliRunner().invoke(app, ["import-openslo", str(FILE), "--into", str(into)])

    assert list(yaml.safe_load(into.read_text("utf-8"))) == ["objectives"]
    assert again.exit_code == 2
    assert "is there already" in again.output


def test_the_command_names_a_file_that_is_not_there(tmp_path):
    done = CliRunner().invoke(app, ["import-openslo", str(tmp_path / "none.yaml")])

    assert done.exit_code == 2
    assert "none.yaml" in done.output
