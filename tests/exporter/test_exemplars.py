"""From a worker's observation to the exposition: the trace behind a bucket, and no end of nonsense survived."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from booking_core.telemetry import exemplars as core
from booking_core.telemetry.traced import Traced
from exporter.app import Exposition
from exporter.collectors import Runner
from exporter.collectors.metric_files import MetricFilesCollector
from exporter.exemplars import SOCKET, Exemplar, Exemplars, Listener, Place
from sla import catalogue as c
from tests.exporter.workers import writing

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PLACE = Place("took_seconds_bucket", (("le", "2.0"), ("route", "/a")))


def a_datagram(**changes: object) -> bytes:
    whole = {
        "sample": "took_seconds_bucket",
        "labels": {"route": "/a", "le": "2.0"},
        "value": 1.5,
        "time": 1_800_000_000.25,
        "trace_id": TRACE,
        "span_id": SPAN,
    }
    return json.dumps(whole | changes).encode()


def results(exemplars: Exemplars) -> dict[str, float]:
    (family,) = exemplars.collect()
    return {sample.labels["result"]: sample.value for sample in family.samples}


def a_worker(directory: Path, slot: str, *seconds: float) -> None:
    with writing(directory, slot) as registry:
        took = Histogram("took_seconds", "Time.", ["route"], buckets=(0.5, 2.0), registry=registry).labels("/a")
        for each in seconds:
            took.observe(each)


def test_the_newest_of_each_bucket_stands_behind_it_where_the_format_knows_exemplars(tmp_path):
    a_worker(tmp_path, "http-0", 1.4, 1.5)
    a_worker(tmp_path, "http-1", 0.1, 9.0)
    exemplars = Exemplars()
    exemplars.take(a_datagram(value=1.4, trace_id="a" * 32))
    exemplars.take(a_datagram())
    exemplars.take(a_datagram(value=9.0, labels={"route": "/a", "le": "+Inf"}, trace_id="b" * 32))
    exposition = Exposition(MetricFilesCollector(tmp_path), (), exemplars)

    _, text = exposition.write(OPENMETRICS)

    lines = text.decode().splitlines()
    assert 'took_seconds_bucket{le="0.5",route="/a"} 1.0' in lines
    assert f'took_seconds_bucket{{le="2.0",route="/a"}} 3.0 # {{trace_id="{TRACE}"}} 1.5 1800000000.250' in lines
    assert f'took_seconds_bucket{{le="+Inf",route="/a"}} 4.0 # {{trace_id="{"b" * 32}"}} 9.0 1800000000.250' in lines
    read = {
        (sample.name, sample.labels["le"]): sample.exemplar
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.exemplar
    }
    assert {key: (each.labels, each.value, float(each.timestamp)) for key, each in read.items()} == {
        ("took_seconds_bucket", "2.0"): ({"trace_id": TRACE}, 1.5, 1_800_000_000.25),
        ("took_seconds_bucket", "+Inf"): ({"trace_id": "b" * 32}, 9.0, 1_800_000_000.25),
    }


def test_the_plain_format_stays_as_it_is(tmp_path):
    a_worker(tmp_path, "http-0", 1.5)
    exemplars = Exemplars()
    exemplars.take(a_datagram())
    files = MetricFilesCollector(tmp_path)

    with_them, without = Exposition(files, (), exemplars).write(""), Exposition(files, ()).write("")

    def told(text: bytes) -> list[bytes]:
        return [line for line in text.splitlines() if b"exporter_" not in line]

    assert with_them[0] == without[0]
    assert told(with_them[1]) == told(without[1])
    assert b"trace_id" not in with_them[1]


def test_an_exemplar_of_a_series_that_is_in_no_file_waits_until_it_is(tmp_path):
    exemplars = Exemplars()
    exemplars.take(a_datagram())
    exposition = Exposition(MetricFilesCollector(tmp_path), (), exemplars)
    before = exposition.write(OPENMETRICS)[1]

    a_worker(tmp_path, "http-0", 1.5)

    assert (TRACE.encode() in before, TRACE.encode() in exposition.write(OPENMETRICS)[1]) == (False, True)


MALFORMED = {
    "empty": b"",
    "no JSON": b"\xff\xfe",
    "no object": b"[1, 2]",
    "nested without end": b"[" * 1000,
    "cut off": a_datagram()[:40],
    "a word too many": a_datagram(name="Erika"),
    "no bucket": a_datagram(labels={"route": "/a"}),
    "a bucket of words": a_datagram(labels={"le": "two"}),
    "beyond its bucket": a_datagram(value=2.5),
    "not a number": a_datagram(value=float("nan")),
    "a number in quotes": a_datagram(value="1.5"),
    "endless": a_datagram(value=float("inf")),
    "a label that is no text": a_datagram(labels={"route": 7, "le": "2.0"}),
    "no sample of a bucket": a_datagram(sample="took_seconds_sum"),
    "no trace": a_datagram(trace_id=None),
    "a trace that ends the quotes": a_datagram(trace_id='"} 1\nevil 1'.ljust(32, "a")),
    "a trace with a line's end": a_datagram(trace_id="a" * 32 + "\n"),
    "a short trace": a_datagram(trace_id="abc"),
    "before time": a_datagram(time=-1),
}


@pytest.mark.parametrize("datagram", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_counted_and_forgotten(datagram):
    exemplars = Exemplars()

    exemplars.take(datagram)

    assert exemplars.newest() == {}
    assert results(exemplars) == {"kept": 0, "malformed": 1, "evicted": 0}


@given(st.binary(max_size=200))
def test_no_bytes_whatever_end_the_listener(datagram):
    exemplars = Exemplars()

    exemplars.take(datagram)
    exemplars.take(a_datagram())

    assert exemplars.newest() == {PLACE: Exemplar(1.5, TRACE, SPAN, 1_800_000_000.25)}


def test_a_sender_without_end_costs_the_oldest_and_not_the_memory():
    exemplars = Exemplars(most=3)

    for number in range(10):
        exemplars.take(a_datagram(labels={"route": f"/{number}", "le": "2.0"}))

    assert [dict(place.labels)["route"] for place in exemplars.newest()] == ["/7", "/8", "/9"]
    assert results(exemplars) == {"kept": 10, "malformed": 0, "evicted": 7}


def wait_for(exemplars: Exemplars, received: int) -> None:
    deadline = time.monotonic() + 30
    while sum(results(exemplars).values()) < received:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_what_two_workers_send_is_received(tmp_path):
    exemplars, senders = Exemplars(), [core.Exemplars(tmp_path, now=lambda: 1_800_000_000.25) for _ in range(2)]

    with Listener(tmp_path, exemplars):
        for number, sender in enumerate(senders):
            traced = Traced(f"{number}" * 32, SPAN)
            assert sender.send("took_seconds_bucket", {"route": f"/{number}", "le": "2.0"}, 1.5, traced)
        wait_for(exemplars, 2)

    for sender in senders:
        sender.close()
    assert {dict(place.labels)["route"]: each.trace_id[0] for place, each in exemplars.newest().items()} == {
        "/0": "0",
        "/1": "1",
    }
    assert results(exemplars) == {"kept": 2, "malformed": 0, "evicted": 0}


def test_core_and_sidecar_mean_the_same_socket():
    assert core.SOCKET == SOCKET


def test_a_datagram_that_is_too_long_is_cut_off_and_counted(tmp_path):
    exemplars = Exemplars()

    with Listener(tmp_path, exemplars), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(a_datagram(labels={"route": "/" * 20_000, "le": "2.0"}), str(tmp_path / SOCKET))
        wait_for(exemplars, 1)

    assert results(exemplars)["malformed"] == 1


def test_the_socket_of_a_sidecar_that_was_killed_is_taken_over_and_an_orderly_one_leaves_none(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as killed:
        killed.bind(str(tmp_path / SOCKET))

    with Listener(tmp_path, Exemplars()), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(a_datagram(), str(tmp_path / SOCKET))

    assert not (tmp_path / SOCKET).exists()


def test_a_socket_that_cannot_be_had_costs_the_exemplars_only_and_is_seen(tmp_path):
    too_deep = tmp_path / ("x" * 120)
    exemplars = Exemplars()

    with Listener(too_deep, exemplars):
        samples = {
            (sample.name, sample.labels.get("collector", "")): sample.value
            for family in Runner([exemplars]).collect()
            for sample in family.samples
        }

    assert samples[c.COLLECTOR_SUCCESS.name, "exemplars"] == 0
    assert samples[c.EXEMPLARS.name, ""] == 0
