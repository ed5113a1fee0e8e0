"""promtool and amtool judge every generated file."""

import shutil
import subprocess

import pytest

from alerts import alertmanager, meta, recording, render
from alerts.alert import Severity, labels_of
from sla import objectives
from sla.topology import COMPOSE, NATIVE

pytestmark = pytest.mark.integration

RECEIVERS = {
    Severity.CRITICAL: f"{alertmanager.AUDIT},{alertmanager.PAGER}",
    Severity.WARNING: f"{alertmanager.AUDIT},{alertmanager.TEAM}",
    Severity.INFO: alertmanager.AUDIT,
}
# The two that fire to be heard, not read.
MACHINES = {meta.WATCHDOG: alertmanager.DEADMAN, meta.CANARY: alertmanager.CANARY}
SUCCESS, PROBE, DOWN = "BookingSuccessRateLow", "BookingProbeFailing", "BookingServiceDown"
BREAKER, ORPHANS, SPIKE = "CircuitBreakerOpen", "OrphanedBookings", "SyncFailureSpike"
MISSES = "CacheMissRateHigh"
PLACES = pytest.mark.parametrize("place", [NATIVE, COMPOSE], ids=lambda place: place.name)


def run(*command):
    found = shutil.which(command[0])
    assert found, f"{command[0]} is not installed; `make test` installs it, or apt-get install prometheus-alertmanager"
    return subprocess.run([found, *map(str, command[1:])], capture_output=True, text=True, check=False)


def accepted(*command):
    result = run(*command)
    assert result.returncode == 0, result.stdout + result.stderr


def generated(promise, directory):
    render.write(promise, generated=directory / "generated", runbooks=directory / "runbooks")
    return directory / "generated"


@pytest.mark.parametrize("path", sorted((render.GENERATED / "rules").iterdir()), ids=lambda path: path.name)
def test_promtool_finds_no_fault_in_the_rules(path):
    accepted("promtool", "check", "rules", "--lint=all", "--lint-fatal", path)


@pytest.mark.parametrize("path", sorted((render.GENERATED / "tests").iterdir()), ids=lambda path: path.name)
def test_every_alert_does_what_its_cases_say(path):
    accepted("promtool", "test", "rules", path)


@PLACES
def test_prometheus_accepts_its_configuration(place):
    accepted("promtool", "check", "config", render.GENERATED / place.name / "prometheus.yml")


@PLACES
def test_alertmanager_accepts_its_configuration(place):
    accepted("amtool", "check-config", render.GENERATED / place.name / "alertmanager.yml")


@pytest.mark.parametrize(
    "alert",
    [
        pytest.param(alert, id="-".join((alert.name, alert.severity, *alert.marks.values())))
        for alert in recording.alerts(objectives.load())
    ],
)
def test_every_alert_reaches_exactly_whom_it_must(alert, promise):
    labels = {"alertname": alert.name, **labels_of(alert, promise)}

    accepted(
        *("amtool", "config", "routes", "test"),
        f"--config.file={render.GENERATED}/native/alertmanager.yml",
        f"--verify.receivers={MACHINES.get(alert.name) or RECEIVERS[alert.severity]}",
        *(f"{name}={value}" for name, value in labels.items()),
    )


@pytest.mark.parametrize("severity", ["info", "unheard-of"])
def test_what_no_route_knows_ends_in_the_audit_log(severity):
    accepted(
        *("amtool", "config", "routes", "test"),
        f"--config.file={render.GENERATED}/native/alertmanager.yml",
        "--verify.receivers=audit-log",
        "alertname=Something",
        f"severity={severity}",
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"failures": ("window: 1m, count: 4", "window: 1m, count: 6")}, id="more failures"),
        pytest.param({"failures": ("window: 1m, count: 4", "window: 1m, count: 1")}, id="one failure"),
        pytest.param({"failures": ("window: 1m, count: 4", "window: 2m, count: 5")}, id="a wider window"),
        pytest.param({"for": ("count: 4, for: 0s", "count: 4, for: 10s")}, id="a held critical"),
        pytest.param(
            {"ratio": ("warning: {ratio: 0.05, window: 5m, count: 5,", "warning: {ratio: 0.03, window: 5m, count: 5,")},
            id="another ratio",
        ),
        pytest.param({"failures": ("window: 5m, count: 5", "window: 5m, count: 3")}, id="an early warning"),
        pytest.param({"probe": ("consecutive_failures: 3", "consecutive_failures: 2")}, id="an impatient probe"),
        pytest.param({"down": ("service_down: {for: 10s}", "service_down: {for: 20s}")}, id="a patient sidecar"),
        pytest.param({"breaker": ("open_for: 30s", "open_for: 22s")}, id="an impatient breaker"),
        pytest.param(
            {"orphans": ("{ratio: 0.001, window: 1d, for: 15m", "{ratio: 0.005, window: 2d, for: 10m")},
            id="more orphans",
        ),
        pytest.param(
            {"sync": ("{count: 5, window: 10m, times_usual: 3", "{count: 8, window: 5m, times_usual: 2")},
            id="a larger spike",
        ),
    ],
)
def test_the_cases_follow_an_edited_promise(changes, edited, tmp_path):
    directory = generated(edited(**changes), tmp_path)
    # What the edit did not touch is judged by the test above.
    changed = [path for path in sorted((directory / "tests").iterdir()) if path.read_text() != committed(path.name)]

    assert changed
    accepted("promtool", "test", "rules", *changed)


def committed(name):
    path = render.GENERATED / "tests" / name
    return path.read_text() if path.exists() else None


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        pytest.param(SUCCESS, "ratio_increase1m > 0.1", "ratio_increase1m >= 0.1", id="at the ratio"),
        pytest.param(SUCCESS, "increase1m >= 3.5", "increase1m >= 2.5", id="one failure fewer"),
        pytest.param(SUCCESS, "increase1m >= 3.5", "increase1m >= 4.5", id="one failure more"),
        pytest.param(SUCCESS, "keep_firing_for: 2m", "keep_firing_for: 1m", id="kept for less"),
        pytest.param(SUCCESS, "for: 1m", "for: 2m", id="held for longer"),
        pytest.param(SUCCESS, 'outcome="failed",traffic="real"', 'outcome="failed"', id="the probe's failures counted"),
        pytest.param(SUCCESS, '="refused",traffic="real"', '="refused"', id="the probe's attempts counted"),
        pytest.param(SUCCESS, 'outcome!="refused",', "", id="refusals dilute"),
        pytest.param(SUCCESS, 'outcome="failed"', 'outcome=~"failed|refused"', id="refusals counted"),
        pytest.param(SUCCESS, "failed in 1m", "failed in a minute", id="another wording"),
        pytest.param(PROBE, "_failures) >= 3", "_failures) > 3", id="one run more"),
        pytest.param(PROBE, "_failures) >= 3", "_failures) >= 2", id="one run fewer"),
        pytest.param(DOWN, 'absent(up{job="booking"})', "vector(1) == 0", id="absence unseen"),
        pytest.param(DOWN, "sum by (job) (booking_workers_live)", "booking_workers_live", id="another label"),
        pytest.param(DOWN, "for: 10s", "for: 15s", id="down for longer"),
        pytest.param(DOWN, "for: 10s", "for: 5s", id="down for less"),
        pytest.param(BREAKER, "> 0)) > 30", "> 0)) >= 30", id="open for exactly the limit"),
        pytest.param(BREAKER, "> 0)) > 30", "> 0)) > 35", id="open for longer"),
        pytest.param(BREAKER, "_timestamp_seconds > 0", "_timestamp_seconds >= 0", id="a closed circuit counted"),
        pytest.param(BREAKER, "max by (job, name) (time()", "max by (job) (time()", id="another circuit"),
        pytest.param(ORPHANS, "> 0.001 *", ">= 0.001 *", id="at the allowed share"),
        pytest.param(ORPHANS, "> 0.001 *", "> 0.002 *", id="twice the allowed share"),
        pytest.param(ORPHANS, "for: 15m", "for: 14m", id="orphaned for less"),
        pytest.param(ORPHANS, "sum by (job) (booking_orphans) >=", "booking_orphans >=", id="by kind"),
        pytest.param(MISSES, "requests:increase15m >= 49.5", "requests:increase15m >= 48.5", id="one lookup fewer"),
        pytest.param(MISSES, "requests:increase15m >= 49.5", "misses:increase15m >= 54.5", id="more misses counted"),
        pytest.param(MISSES, "increase15m > 0.2", "increase15m >= 0.2", id="at the share of misses"),
        pytest.param(MISSES, 'result=~"hit|miss"', 'result!=""', id="what Redis did not answer counted"),
        pytest.param(SPIKE, "[10m])) >= 4.5", "[10m])) >= 3.5", id="one failed try fewer"),
        pytest.param(SPIKE, "[10m])) >= 4.5", "[10m])) >= 5.5", id="one failed try more"),
        pytest.param(SPIKE, "> 3 * sum", "> 0 * sum", id="what is usual counted"),
    ],
)
def test_a_wrong_rule_fails_a_case(name, right, wrong, promise, tmp_path):
    directory = generated(promise, tmp_path)
    rules = {path: path.read_text("utf-8") for path in (directory / "rules").iterdir()}
    path, text = next((path, text) for path, text in rules.items() if f"alert: {name}\n" in text)
    assert right in text
    path.write_text(text.replace(right, wrong), "utf-8")

    result = run("promtool", "test", "rules", directory / "tests" / f"{name}.yaml")

    assert result.returncode == 1
