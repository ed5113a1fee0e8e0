from itertools import product

import pytest

from alerts import alertmanager
from alerts.alert import labels_of
from sla.topology import COMPOSE, NATIVE


def matches(matchers, labels):
    return all(
        labels.get(name) == value.strip('"') for name, _, value in (matcher.partition("=") for matcher in matchers)
    )


def mutes(source, target):
    """Alertmanager's rule: source and target match, and agree on every `equal` label, a missing one included."""
    return any(
        matches(rule["source_matchers"], source)
        and matches(rule["target_matchers"], target)
        and all(source.get(name) == target.get(name) for name in rule["equal"])
        for rule in alertmanager.inhibitions()
    )


def test_who_mutes_whom(alerts, promise):
    labelled = [{"alertname": alert.name, **labels_of(alert, promise)} for alert in alerts]

    muted = {
        (source["alertname"], source["severity"], target["alertname"], target["severity"])
        for source, target in product(labelled, labelled)
        if mutes(source, target)
    }

    assert muted == {
        ("BookingSuccessRateLow", "critical", "BookingSuccessRateLow", "warning"),
        ("BookingServiceDown", "critical", "BookingSuccessRateLow", "critical"),
        ("BookingServiceDown", "critical", "BookingSuccessRateLow", "warning"),
        ("BookingServiceDown", "critical", "BookingProbeFailing", "critical"),
    }


def test_every_alert_carries_the_labels_that_inhibition_compares(alerts, promise):
    compared = {name for rule in alertmanager.inhibitions() for name in rule["equal"]}

    for alert in alerts:
        assert compared <= {"alertname", *labels_of(alert, promise)}


def test_every_alert_that_is_named_in_a_route_or_an_inhibition_exists(alerts, promise):
    document = alertmanager.document(NATIVE, promise)
    matchers = [m for route in document["route"]["routes"] for m in route["matchers"]]
    matchers += [m for rule in document["inhibit_rules"] for m in (*rule["source_matchers"], *rule["target_matchers"])]
    named = {value.strip('"') for name, _, value in (m.partition("=") for m in matchers) if name == "alertname"}

    assert named <= {alert.name for alert in alerts}


def test_a_second_problem_does_not_wait_for_the_first_ones_group(promise):
    routes = alertmanager.document(NATIVE, promise)["route"]["routes"]
    pager = next(route for route in routes if route["receiver"] == alertmanager.PAGER)

    assert "alertname" in pager["group_by"]


def test_the_evidence_of_a_page_is_written_as_soon_as_the_page_is_sent(promise):
    timers = promise.timers.routes
    assert timers.evidence.group_wait <= timers.pager.group_wait


@pytest.mark.parametrize("place", [NATIVE, COMPOSE], ids=lambda place: place.name)
def test_every_receiver_is_a_path_of_the_on_call_receiver_of_that_place(place, promise):
    receivers = alertmanager.document(place, promise)["receivers"]

    host = {"native": "127.0.0.1", "compose": "oncall"}[place.name]
    assert {receiver["name"]: receiver["webhook_configs"][0]["url"] for receiver in receivers} == {
        "audit-log": f"http://{host}:9466/audit",
        "oncall-pager": f"http://{host}:9466/pager",
        "team-channel": f"http://{host}:9466/team",
        "deadman": f"http://{host}:9466/deadman",
    }


def test_alertmanager_keeps_silences_as_long_as_prometheus_keeps_samples(promise):
    assert alertmanager.alertmanager_flags(promise) == ["--data.retention=840h", "--cluster.listen-address="]


def test_what_was_notified_is_remembered_longer_than_the_longest_repetition(promise):
    longest = max(
        getattr(promise.timers.routes, name).repeat_interval.seconds
        for name in type(promise.timers.routes).model_fields
    )
    assert promise.timers.retention.seconds > 2 * longest
