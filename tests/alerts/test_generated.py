import pytest

from alerts import __main__ as command
from alerts import render, runbook


@pytest.fixture
def written(promise, tmp_path):
    """Return a directory to which everything has been written, with empty runbooks."""
    render.write(promise, generated=tmp_path / "generated", runbooks=tmp_path / "runbooks")
    return tmp_path


def stale(promise, directory):
    return render.stale(promise, generated=directory / "generated", runbooks=directory / "runbooks")


def test_the_committed_files_are_fresh(promise):
    assert render.stale(promise) == []


def test_every_generated_file_says_that_it_is_generated(promise):
    assert all(text.startswith(render.NOTICE) for text in render.files(promise).values())


def test_writing_twice_changes_nothing(promise, written):
    assert render.write(promise, generated=written / "generated", runbooks=written / "runbooks") == []
    assert stale(promise, written) == []


def test_a_missing_an_edited_and_an_extra_file_are_named(promise, written):
    generated = written / "generated"
    (generated / "rules" / "booking-slow.yaml").unlink()
    (generated / "native" / "prometheus.yml").write_text("global: {}\n")
    (generated / "rules" / "old.yaml").write_text("groups: []\n")

    assert stale(promise, written) == [
        f"{generated}/native/prometheus.yml: stale",
        f"{generated}/rules/booking-slow.yaml: missing",
        f"{generated}/rules/old.yaml: extra, nothing generates it",
    ]


def test_writing_removes_what_nothing_generates(promise, written):
    extra = written / "generated" / "rules" / "old.yaml"
    extra.write_text("groups: []\n")

    assert render.write(promise, generated=written / "generated", runbooks=written / "runbooks") == [extra]
    assert not extra.exists()


def test_a_runbook_keeps_what_people_wrote_around_the_generated_part(promise, tmp_path):
    path = tmp_path / "Watchdog.md"
    path.write_text(f"# Watchdog\nbefore\n{runbook.BEGIN}\nold\n{runbook.END}\nafter\n")

    text = runbook.refreshed(promise, tmp_path)[path]

    assert text.startswith(f"# Watchdog\nbefore\n{runbook.BEGIN}\n")
    assert text.endswith(f"{runbook.END}\nafter\n")
    assert "vector(1)" in text
    assert "old" not in text


def test_a_changed_threshold_makes_rules_tests_and_runbook_stale(edited, written):
    stricter = edited(failures=("window: 1m, count: 4", "window: 1m, count: 6"))

    names = {sentence.split(": ")[0].removeprefix(f"{written}/") for sentence in stale(stricter, written)}

    assert names == {
        "generated/kubernetes/prometheusrule.yaml",
        "generated/rules/booking-fast.yaml",
        "generated/tests/BookingSuccessRateLow.yaml",
        "runbooks/BookingSuccessRateLow.md",
    }


def test_check_exits_0_when_all_is_fresh(capsys):
    assert command.main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_check_exits_1_and_names_the_remedy(monkeypatch, capsys):
    monkeypatch.setattr(render, "stale", lambda promise: ["rules/x.yaml: stale"])

    assert command.main(["--check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "rules/x.yaml: stale",
        "run `python -m alerts` (or `make generate`) and commit the result",
    ]


def test_an_unknown_option_is_refused_with_exit_code_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(["--chekc"])

    assert stopped.value.code == 2
    assert "--chekc" in capsys.readouterr().err
