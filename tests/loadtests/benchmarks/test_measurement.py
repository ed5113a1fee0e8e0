import json
from dataclasses import replace
from io import StringIO

from rich.console import Console

from loadtests.benchmarks import report
from loadtests.benchmarks.measurement import BUSY, PHONE_LINES, Findings, Part, Round, Target, hit_ratios, lines


def a_round(target: Target, *, bookings: int, callers: int = BUSY, stored: int = 10, own: float = 0.1) -> Round:
    return Round(
        target=target,
        stored=stored,
        callers=callers,
        seconds=2.0,
        latencies_seconds=[own + 0.02] * bookings,
        own_seconds=[own] * bookings,
        failed=0,
        cpu_seconds={Part.SERVER: 0.5},
        statements=4.0 * bookings if target is Target.CORE else None,
    )


HITS = {("phone", "hit"): 9.0, ("phone", "miss"): 1.0, ("availability", "hit"): 3.0, ("availability", "error"): 1.0}


def findings(*rounds: Round, memory=((0, 1000), (500, 1000)), hits=HITS) -> Findings:
    return Findings(lines(rounds), memory, 20.0, cores=2, workers=2, hit_ratios=hit_ratios(hits))


GOOD = (
    a_round(Target.CORE, bookings=40),
    a_round(Target.CORE, bookings=40, callers=PHONE_LINES),
    a_round(Target.BARE, bookings=100),
    a_round(Target.CORE, bookings=32, stored=1000),
)


def test_hits_are_counted_for_each_cache_and_an_error_is_no_hit():
    assert hit_ratios(HITS) == {"all": 12 / 14, "availability": 0.75, "phone": 0.9}


def verdicts(found: Findings) -> list[bool | None]:
    return [verdict.is_met for verdict in found.verdicts()]


def test_rounds_of_the_same_kind_are_one_line():
    (line,) = lines([a_round(Target.CORE, bookings=30), a_round(Target.CORE, bookings=50)])

    assert (line.bookings, line.rate, line.statements_each) == (80, 20.0, 4.0)
    assert line.cpu_milliseconds(Part.SERVER) == 12.5
    assert line.milliseconds("0.95", own=True) == 100.0


def test_everything_asked_for_is_met_by_a_core_that_is_fast_enough():
    assert verdicts(findings(*GOOD)) == [True] * 5


def test_each_thing_asked_for_can_be_missed_by_itself():
    slow, late, growing = (
        (replace(GOOD[2], latencies_seconds=[0.1] * 200), *GOOD[:2], GOOD[3]),
        (GOOD[0], a_round(Target.CORE, bookings=40, callers=PHONE_LINES, own=0.2), *GOOD[2:]),
        (*GOOD[:3], a_round(Target.CORE, bookings=30, stored=1000)),
    )

    assert verdicts(findings(*slow)) == [False, True, True, True, True]
    assert verdicts(findings(*late)) == [True, False, True, True, True]
    assert verdicts(findings(*growing)) == [True, True, False, True, True]
    assert verdicts(findings(*GOOD, memory=((0, 1000), (500, 1100)))) == [True, True, True, True, False]
    assert verdicts(findings(*GOOD, hits={("phone", "miss"): 1.0})) == [True, True, True, False, True]


def test_what_was_not_measured_is_open_and_not_met():
    assert verdicts(findings(GOOD[0], memory=(), hits={})) == [None] * 5


def test_the_report_shows_every_line_and_the_json_holds_the_same_verdicts():
    found = findings(*GOOD)
    console = Console(record=True, width=100, file=StringIO())

    report.show(found, console)

    text = console.export_text()
    assert all(word in text for word in ("core", "bare", "met", "1,000 appointments stored"))
    kept = json.loads(json.dumps(report.as_json(found)))
    assert [each["is_met"] for each in kept["verdicts"]] == [True] * 5
    assert len(kept["lines"]) == 4
