"""What a run writes, the daemon reads."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.samples import (
    BadLine,
    Booked,
    Cancelled,
    Mode,
    Outcome,
    Overloaded,
    Probe,
    Sample,
    Summary,
    from_line,
    to_line,
)

seconds = st.floats(0, 1e6)
samples = st.builds(
    Sample,
    probe=st.sampled_from(Probe),
    mode=st.sampled_from(Mode),
    outcome=st.sampled_from(Outcome),
    run=st.text(),
    sequence=st.integers(0),
    at=seconds,
    reason=st.text(),
    lag_seconds=seconds,
    measured_seconds=seconds,
    modelled_seconds=seconds,
    appointment_id=st.text(),
    cancelled=st.booleans(),
    trace_id=st.text(),
)


@given(
    st.one_of(samples, st.builds(Booked, st.text()), st.builds(Cancelled, st.text()), st.builds(Overloaded, seconds))
)
def test_every_record_survives_the_way_through_a_line(told):
    line = to_line(told)

    assert from_line(line) == told
    assert "\n" not in line


def test_a_summary_survives_too():
    assert from_line(to_line(Summary({"verdict": "pass"}))) == Summary({"verdict": "pass"})


@pytest.mark.parametrize(
    "line",
    ["", "not json", "[]", "{}", '{"event": "sample"}', '{"event": "gossip"}', '{"event": "booked", "name": "x"}'],
)
def test_any_other_line_is_refused(line):
    with pytest.raises(BadLine, match="not a line of a probe run"):
        from_line(line)


def test_a_line_carries_both_times_for_whoever_reads_it_elsewhere():
    told = Sample(
        probe=Probe.FULL,
        mode=Mode.FULL,
        run="r",
        sequence=1,
        at=0,
        outcome=Outcome.OK,
        lag_seconds=1,
        measured_seconds=2,
        modelled_seconds=40,
    )

    fields = json.loads(to_line(told))

    assert (fields["service_seconds"], fields["response_seconds"]) == (42, 43)
