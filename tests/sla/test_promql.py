import promql_parser
import pytest

from sla import catalogue as c
from sla import promql
from sla.catalogue import Kind
from sla.promql import Not, PromqlError


def test_a_selector_names_metric_labels_and_window():
    text = promql.selector(c.ATTEMPTS, window="5m", outcome="failed", traffic=Not("synthetic"), job="booking")

    assert text == 'booking_attempts_total{outcome="failed",traffic!="synthetic",job="booking"}[5m]'


def test_several_values_become_an_alternation():
    assert promql.selector(c.ATTEMPTS, outcome=c.GOOD_OUTCOMES) == 'booking_attempts_total{outcome=~"confirmed|queued"}'


def test_a_dashboard_variable_stays_as_it_is():
    assert promql.selector(c.ATTEMPTS, job="$job", channel="$channel") == (
        'booking_attempts_total{job=~"$job",channel=~"$channel"}'
    )


def test_an_unknown_label_is_refused_with_the_known_ones():
    with pytest.raises(PromqlError, match="no label 'colour'; it has outcome, reason, channel, traffic"):
        promql.selector(c.ATTEMPTS, colour="red")


def test_a_value_that_can_never_be_is_refused():
    with pytest.raises(PromqlError, match="label 'outcome' is never 'lost'; it is one of confirmed, queued,"):
        promql.selector(c.ATTEMPTS, outcome=Not("lost"))


def test_a_label_with_open_values_takes_any():
    assert promql.selector(c.WORKER_CPU, slot="7") == 'booking_worker_cpu_seconds_total{slot="7"}'


def test_the_rate_of_a_gauge_is_refused():
    with pytest.raises(PromqlError, match="is a gauge; rate"):
        promql.rate(c.DB_UP, "5m")


def test_the_increase_of_a_bare_histogram_is_refused():
    with pytest.raises(PromqlError, match="is a histogram; name _count, _sum or _bucket"):
        promql.increase(c.API_DURATION, "5m")


def test_a_ratio_has_no_sample_where_nothing_happened():
    assert promql.ratio("a", "b") == "a / (b > 0)"


def test_an_edge_is_written_as_prometheus_3_writes_it():
    assert promql.edge(c.API_DURATION, 2) == "2.0"


def test_a_threshold_between_two_edges_is_refused():
    with pytest.raises(PromqlError, match=r"has no bucket edge 1\.9; it has 0\.05,"):
        promql.within_threshold(c.API_DURATION, 1.9, "5m")


def test_the_share_within_a_threshold_is_counted_at_the_edge():
    assert promql.within_threshold(c.API_DURATION, 2, "5m", "route", traffic="real") == (
        'sum by (route) (rate(booking_api_request_duration_seconds_bucket{le="2.0",traffic="real"}[5m])) / '
        '(sum by (route) (rate(booking_api_request_duration_seconds_count{traffic="real"}[5m])) > 0)'
    )


def test_a_quantile_of_what_has_no_buckets_is_refused():
    with pytest.raises(PromqlError, match="is not a histogram"):
        promql.quantile(0.95, c.ATTEMPTS, "5m")


def test_a_quantile_keeps_the_labels_asked_for():
    assert promql.quantile(0.95, c.STEP_DURATION, "5m", "step") == (
        "histogram_quantile(0.95, sum by (le, step) (rate(booking_step_duration_seconds_bucket[5m])))"
    )


def test_a_count_is_compared_with_one_half_less():
    assert promql.at_least("x", 4) == "x >= 3.5"


def test_conditions_stand_one_to_a_line():
    assert promql.all_of("a > 1", "b > 2") == "a > 1\nand\nb > 2"
    assert promql.any_of("a > 1", "b > 2") == "a > 1\nor\nb > 2"


def test_all_of_inside_any_of_means_what_it_says():
    written = promql_parser.parse(promql.any_of("a", promql.all_of("b", "c")))
    meant = promql_parser.parse("a or b and c")

    assert str(written) == str(meant)
    assert str(written) != str(promql_parser.parse("(a or b) and c"))


def test_the_scrape_of_an_unknown_job_is_refused():
    assert promql.up("booking") == 'up{job="booking"}'
    with pytest.raises(PromqlError, match=r"no job is called 'bookin'; sla/topology\.py knows booking, probe"):
        promql.up("bookin")


@pytest.mark.parametrize("metric", c.catalogue(), ids=lambda metric: metric.name)
def test_every_metric_can_be_asked_for(metric):
    match metric.kind:
        case Kind.COUNTER:
            query = promql.sum_by(promql.rate(metric, "5m"), "job")
        case Kind.HISTOGRAM:
            query = promql.quantile(0.95, metric, "5m", "job")
        case Kind.GAUGE:
            query = promql.max_by(promql.selector(metric), "job")

    promql_parser.parse(query)
