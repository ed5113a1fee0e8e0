"""What a machine reads and what a person sees."""

import io
import json
from math import inf

from rich.console import Console

from loadtests.probe.ledger import Conclusion
from loadtests.probe.output import JsonLines, ProgressBar, summary_table
from loadtests.samples import Booked, Mode
from loadtests.verdict import Evidence, judge
from tests.loadtests.factories import LIMITS, failed, sample


def _table(*samples) -> str:
    verdict = judge(Evidence(samples=samples), LIMITS)
    screen = io.StringIO()
    Console(file=screen, width=120).print(summary_table(Conclusion(verdict, verdict.exit_code), title="verdict probe"))
    return screen.getvalue()


def test_each_record_is_one_line():
    written: list[bytes] = []
    report = JsonLines(written.append, on_broken=lambda: None)

    report(Booked("a1"))

    assert written == [b'{"event": "booked", "appointment_id": "a1"}\n']


def test_when_nobody_reads_any_more_the_run_is_told_once():
    told = []

    def broken(line):
        raise BrokenPipeError

    report = JsonLines(broken, on_broken=lambda: told.append("broken"))
    report(Booked("a1"))
    report(Booked("a2"))

    assert told == ["broken"]


def test_a_line_never_holds_an_infinity():
    written: list[bytes] = []
    JsonLines(written.append, on_broken=lambda: None)(failed())

    assert inf not in json.loads(written[0]).values()


def test_the_table_shows_what_was_promised_measured_and_modelled():
    text = _table(*[sample()] * 66)

    for words in ("PASS", "40.20 s", "50 s / 45 s", "0.200 s", "0.5% / 99.5%", "66 (0 failed, 0 dropped)", "0 (pass)"):
        assert words in text


def test_the_table_says_so_where_nothing_was_measured():
    assert "not measured" in _table()
    assert "INCONCLUSIVE" in _table()


def test_failures_have_no_finite_percentile_in_the_table():
    text = _table(*[failed()] * 66)

    assert "infinite (failures)" in text
    assert "11 (budget miss)" in text


def test_the_bar_counts_samples_and_failures():
    screen = io.StringIO()
    with ProgressBar(Mode.VERDICT, 2, Console(file=screen, force_terminal=True, width=100)) as bar:
        bar(Booked("a1"))
        bar(sample())
        bar(failed())

    text = screen.getvalue()
    assert "1 failed" in text
    assert "2/2" in text
