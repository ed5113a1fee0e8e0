from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from sla import catalogue
from sla.catalogue import Home
from tests.alerts.oncall.conftest import NOON, told, webhook


async def samples(client):
    text = (await client.get("/metrics")).text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_it_publishes_exactly_what_the_catalogue_says(client):
    text = (await client.get("/metrics")).text

    published = {family.name: family for family in text_string_to_metric_families(text)}
    expected = {metric.name.removesuffix("_total"): metric for metric in catalogue.of(Home.ONCALL)}
    assert published.keys() == expected.keys()
    for name, metric in expected.items():
        assert (published[name].type, published[name].documentation) == (metric.kind.value, metric.help)


async def test_delivery_is_counted_once_at_its_edge(client, clock):
    clock.advance(7)
    for _ in range(3):
        await client.post("/pager", json=webhook(told()))

    seen = await samples(client)
    name = catalogue.ALERT_DELIVERY.name
    assert seen[f"{name}_count",] == 1
    assert seen[f"{name}_sum",] == 7
    assert seen[f"{name}_bucket", "5.0"] == 0
    assert seen[f"{name}_bucket", "10.0"] == 1


async def test_an_expected_page_is_counted_from_zero(client):
    assert (await samples(client))[catalogue.PAGES.name, "BookingProbeFailing", "critical"] == 0

    await client.post("/pager", json=webhook(told()))

    assert (await samples(client))[catalogue.PAGES.name, "BookingProbeFailing", "critical"] == 1


async def test_being_resolved_is_no_page(client):
    await client.post("/pager", json=webhook(told()))
    await client.post("/pager", json=webhook(told("resolved", until=NOON + timedelta(minutes=1))))

    assert (await samples(client))[catalogue.PAGES.name, "BookingProbeFailing", "critical"] == 1


async def test_a_severity_nobody_declared_adds_no_label_value(client):
    alert = told()
    alert["labels"]["severity"] = "sev-0815"

    await client.post("/pager", json=webhook(alert))

    assert (await samples(client))[catalogue.PAGES.name, "BookingProbeFailing", "none"] == 1


async def test_the_dead_mans_page_is_counted_but_was_delivered_by_nobody(client, clock, receiver, promise):
    clock.advance(promise.timers.deadman_silence.seconds + 10)
    receiver.watch()

    seen = await samples(client)
    assert seen[catalogue.PAGES.name, "DeadMan", "critical"] == 1
    assert seen[f"{catalogue.ALERT_DELIVERY.name}_count",] == 0


async def test_the_watchdogs_last_word_is_published(client, clock):
    clock.advance(30)
    await client.post("/deadman", json=webhook(told(name="Watchdog")))

    assert (await samples(client))[catalogue.DEADMAN_LAST_SEEN.name,] == clock().timestamp()


async def test_the_canary_is_timed_once_and_paged_to_nobody(client, clock):
    since = clock()
    clock.advance(12)
    for _ in range(2):
        await client.post("/canary", json=webhook(told(name="AlertPipelineCanary", since=since)))

    text = (await client.get("/metrics")).text
    assert "alert_delivery_seconds_count 1.0" in text
    assert "alert_delivery_seconds_sum 12.0" in text
    assert (await client.get("/pages")).json() == []
