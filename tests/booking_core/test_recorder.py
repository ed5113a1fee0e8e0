"""Every series an alert may need exists before anything happened."""

import pytest
from prometheus_client import CollectorRegistry

from booking_core.domain.discrepancies import Kind, Outcome
from booking_core.domain.events import ALL
from booking_core.listeners import table
from booking_core.telemetry.recorder import Recorder
from sla import catalogue as c
from tests.booking_core.conftest import Stage
from tests.fakes import SparingRecorder


def test_every_child_of_every_core_metric_starts_at_zero():
    registry = CollectorRegistry()
    Recorder(registry)

    for metric in c.of(c.Home.CORE):
        sample = f"{metric.name}_count" if metric.kind is c.Kind.HISTOGRAM else metric.name
        for labels in metric.children():
            assert registry.get_sample_value(sample, labels) == 0, (sample, labels)


def counted(recorder: type[Recorder]) -> dict[tuple[str, ...], float]:
    """Return what moved after some of everything was counted."""
    registry = CollectorRegistry()
    counting = recorder(registry)
    counting.sync_ran()
    counting.sync_failed("expired")
    counting.calcom_called("create", "successful", 0.2)
    counting.answered("/v1/bookings", "POST", 201, "real", 0.1)
    counting.answered("/wp-login.php", "GET", 404, "real", 0.1)
    samples = [sample for metric in registry.collect() for sample in metric.samples if sample.value]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples if "_created" not in sample.name}


def test_the_sparing_recorder_counts_as_the_cores_own_does():
    assert counted(SparingRecorder) == counted(Recorder)
    with pytest.raises(KeyError):
        SparingRecorder(CollectorRegistry()).sync_failed("a reason that no catalogue has")


def test_the_catalogue_knows_every_event_and_every_listener():
    listening = table(recorder=None, notification=None, admin=None, availability=None, engagement=None)

    assert set(c.EVENT.values) == {event.__name__ for event in ALL}
    assert set(c.LISTENER.values) == {each.__name__ for listeners in listening.values() for each in listeners}


def test_the_catalogue_knows_every_difference_and_what_can_be_done_about_it():
    undecided = {Outcome.WAITING, Outcome.WOULD_ACT}

    assert set(c.INCONSISTENCY.values) == set(Kind) - {Kind.FOREIGN}
    assert set(c.REMEDY.values) == set(Outcome) - undecided


async def test_a_route_outside_the_catalogue_leaves_no_sample(stage: Stage):
    before = len(list(stage.registry.collect()))
    async with stage.client() as client:
        assert (await client.get("/wp-login.php")).status_code == 404

    assert len(list(stage.registry.collect())) == before


async def test_the_catalogue_knows_every_route(stage: Stage):
    async with stage.client() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]

    # Nobody waits on the phone for the answer to a webhook: it is in no promise.
    timed = {path for path in paths if path.startswith("/v1") and not path.startswith("/v1/webhooks")}
    assert timed == set(c.ROUTE.values)
