"""The probe's command line."""

import pytest

from loadtests.conversation import Prompt
from loadtests.probe import arguments
from loadtests.probe.errand import Options
from loadtests.probe.plan import Wishes
from loadtests.samples import Mode
from loadtests.verdict import ExitCode


def test_a_mode_is_enough():
    assert arguments.parse(["verdict"]).options == Options(Mode.VERDICT)


def test_everything_can_be_chosen():
    line = "full --count 3 --per-second 0.5 --seconds 60 --prompt v1 --real-time --seed 9 --json --parent 12"

    wanted = arguments.parse(line.split())

    assert wanted.options == Options(Mode.FULL, Wishes(3, 0.5, 60.0), Prompt.V1, is_real_time=True, seed=9)
    assert (wanted.is_json, wanted.parent) == (True, 12)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "required: light|full|verdict|watch"),
        ("lite", "invalid choice: 'lite'"),
        ("light --count 0", "0 is too small; give at least 1"),
        ("light --count some", "invalid whole number value: 'some'"),
        ("light --per-second 0", "0 is no length or rate; give a number greater than 0"),
        ("light --per-second inf", "inf is no length or rate"),
        ("light --seconds nan", "nan is no length or rate"),
        ("light --prompt v3", "invalid choice: 'v3'"),
    ],
)
def test_a_wrong_line_is_refused_with_a_sentence_and_code_2(line, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        arguments.parse(line.split())

    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_help_names_every_exit_code(capsys):
    with pytest.raises(SystemExit):
        arguments.parse(["--help"])

    text = capsys.readouterr().out
    assert all(f"\n  {code:>2} " in text for code in ExitCode)
