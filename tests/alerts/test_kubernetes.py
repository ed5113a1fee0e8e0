"""The resources for prometheus-operator: what it accepts, and the same rules and jobs as everywhere else."""

import pytest
import yaml
from pydantic import ValidationError

from alerts import kubernetes, recording, render, rules
from sla.topology import BOOKING_JOB, JOBS, KUBERNETES, Process
from tests.alerts import operator_schema

PATHS = sorted((render.GENERATED / "kubernetes").iterdir())
DOCUMENTS = [yaml.safe_load(path.read_text("utf-8")) for path in PATHS]


def accepted(document):
    return operator_schema.KINDS[document["kind"]].model_validate(document)


def job_of(document):
    spec = document["spec"]
    source = spec["podMetricsEndpoints"][0] if document["kind"] == "PodMonitor" else spec
    return next(one["replacement"] for one in source["relabelings"] if one["targetLabel"] == "job")


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in PATHS])
def test_the_operator_accepts_every_resource(document):
    accepted(document)


def test_it_holds_the_very_rules_that_prometheus_loads_from_files(promise):
    document = kubernetes.resources(recording.groups(promise), promise)["prometheusrule"]

    assert document["spec"]["groups"] == [
        rules.document(group, promise)["groups"][0] for group in recording.groups(promise)
    ]


def test_every_job_that_a_rule_can_name_is_scraped_under_that_name():
    jobs = {document["kind"]: [] for document in DOCUMENTS}
    for document in DOCUMENTS:
        if document["kind"] != "PrometheusRule":
            jobs[document["kind"]].append(job_of(document))

    assert jobs["PodMonitor"] == [BOOKING_JOB]
    assert sorted(jobs["ScrapeConfig"]) == sorted(set(JOBS) - {BOOKING_JOB})


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda rule: rule | {"for": "1 minute"}, id="a period written out"),
        pytest.param(lambda rule: rule | {"keepFiringFor": "1m"}, id="a key spelt as elsewhere"),
        pytest.param(lambda rule: {k: v for k, v in rule.items() if k != "expr"}, id="no expression"),
        pytest.param(lambda rule: rule | {"labels": {"severity": 1}}, id="a label that is a number"),
    ],
)
def test_what_the_operator_refuses_fails_here_too(spoil):
    document = next(each for each in DOCUMENTS if each["kind"] == "PrometheusRule")
    group = document["spec"]["groups"][0]
    spoilt = document | {"spec": {"groups": [group | {"rules": [spoil(group["rules"][-1])]}]}}

    with pytest.raises(ValidationError):
        accepted(spoilt)


def test_the_page_about_kubernetes_says_what_the_resources_expect():
    page = (render.ROOT / "docs" / "KUBERNETES.md").read_text("utf-8")

    for label, value in kubernetes.POD_LABELS.items():
        assert f"`{label}: {value}`" in page
    for process in (Process.PROBE, Process.ONCALL):
        assert f"`{KUBERNETES.host(process)}` (port {KUBERNETES.port(process)})" in page
    for process in (Process.PROMETHEUS, Process.ALERTMANAGER):
        assert f"`{KUBERNETES.host(process)}`" in page
    assert "alerts/generated/kubernetes -f dashboards/generated/kubernetes" in page
