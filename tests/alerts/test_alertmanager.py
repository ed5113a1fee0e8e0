import re
from itertools import product

import pytest

from alerts import alertmanager
from alerts.alert import labels_of
from sla.topology import COMPOSE, NATIVE


def matches(matchers, labels):
    return all(matches_one(matcher, labels) for matcher in matchers)


def matches_one(matcher, labels):
    name, operator, value = re.fullmatch(r'(\w+)(=~|=)"(.*)"', matcher).groups()
    return labels.get(name) in (value.split("|") if operator == "=~" else [value])


def mutes(source, target):
    """Alertmanager's rule: source and target match, and agree on every `equal` label, a missing one included.

    What matches both sides of a rule is not muted by it.
    """
    return any(
        matches(rule["source_matchers"], source)
        and not matches(rule["source_matchers"], target)
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

    both = {
        name for name, severity in pairs(labelled) if (name, "warning") in pairs(labelled) and severity != "warning"
    }
    felt = [each for each in labelled if each["category"] in ("symptom", "budget")]
    warned = [each for each in labelled if each["severity"] == "warning"]
    causes = [each for each in warned if each["category"] == "cause"]
    down, breaker = ("BookingServiceDown", "critical"), ("CircuitBreakerOpen", "critical")
    assert muted == {
        *((name, "critical", name, "warning") for name in both),
        *((*down, *pair) for pair in pairs([*felt, *causes])),
        *((*breaker, *pair) for pair in pairs(each for each in warned if each["component"] == "calcom")),
        *(("TelemetryMissing", "warning", *pair) for pair in pairs(causes)),
    }


def pairs(labelled):
    return {(each["alertname"], each["severity"]) for each in labelled}


def test_nothing_mutes_a_page_but_the_page_that_the_service_is_down(alerts, promise):
    labelled = [{"alertname": alert.name, **labels_of(alert, promise)} for alert in alerts]

    muting = {
        source["alertname"]
        for source, target in product(labelled, labelled)
        if target["severity"] == "critical" and mutes(source, target)
    }

    assert muting == {"BookingServiceDown"}


def test_every_alert_carries_the_labels_that_inhibition_compares(alerts, promise):
    compared = {name for rule in alertmanager.inhibitions() for name in rule["equal"]}

    for alert in alerts:
        assert compared <= {"alertname", *labels_of(alert, promise)}


def test_every_alert_that_is_named_in_a_route_or_an_inhibition_exists(alerts, promise):
    document = alertmanager.document(NATIVE, promise)
    matchers = [m for route in document["route"]["routes"] for m in route["matchers"]]
    matchers += [m for rule in document["inhibit_rules"] for m in (*rule["source_matchers"], *rule["target_matchers"])]
    named = {value for matcher in matchers for value in re.findall(r'^alertname="(.*)"$', matcher)}

    assert named <= {alert.name for alert in alerts}


def test_a_second_problem_does_not_wait_for_the_first_ones_group(promise):
    routes = alertmanager.document(NATIVE, promise)["route"]["routes"]
    pager = next(route for route in routes if route["receiver"] == alertmanager.PAGER)

    assert "alertname" in pager["group_by"]


def test_the_evidence_of_a_page_is_written_as_soon_as_the_page_is_sent(promise):
    timers = promise.timers.routes
    assert timers.evidence.group_wait <= timers.pager.group_wait


def test_only_what_the_team_reads_keeps_hours(promise):
    document = alertmanager.document(NATIVE, promise)
    timed = [
        route
        for route in document["route"]["routes"]
        if route.keys() & {"active_time_intervals", "mute_time_intervals"}
    ]

    assert [(route["receiver"], route["matchers"]) for route in timed] == [("team-channel", ['severity="warning"'])]
    assert document["time_intervals"] == [
        {
            "name": "team-hours",
            "time_intervals": [
                {
                    "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                    "times": [{"start_time": "08:00", "end_time": "18:00"}],
                    "location": "Europe/Berlin",
                }
            ],
        }
    ]


@pytest.mark.parametrize("place", [NATIVE, COMPOSE], ids=lambda place: place.name)
def test_every_receiver_is_a_path_of_the_on_call_receiver_of_that_place(place, promise):
    receivers = alertmanager.document(place, promise)["receivers"]

    host = {"native": "127.0.0.1", "compose": "oncall"}[place.name]
    assert {receiver["name"]: receiver["webhook_configs"][0]["url"] for receiver in receivers} == {
        "audit-log": f"http://{host}:9466/audit",
        "oncall-pager": f"http://{host}:9466/pager",
        "team-channel": f"http://{host}:9466/team",
        "deadman": f"http://{host}:9466/deadman",
        "canary": f"http://{host}:9466/canary",
    }


def test_alertmanager_keeps_silences_as_long_as_prometheus_keeps_samples(promise):
    assert alertmanager.alertmanager_flags(promise) == ["--data.retention=840h", "--cluster.listen-address="]


def test_what_was_notified_is_remembered_longer_than_the_longest_repetition(promise):
    longest = max(
        getattr(promise.timers.routes, name).repeat_interval.seconds
        for name in type(promise.timers.routes).model_fields
    )
    assert promise.timers.retention.seconds > 2 * longest
