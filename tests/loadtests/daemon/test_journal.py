"""The journal of open bookings, and the files behind it."""

import json

import pytest

from loadtests.daemon.journal import Journal
from loadtests.daemon.state import StateFile, StateUnusable


@pytest.fixture
def complaints():
    return []


@pytest.fixture
def file(tmp_path, complaints):
    return StateFile.in_directory(tmp_path / "state", "journal.json", complain=complaints.append)


@pytest.fixture
def journal(file):
    return Journal.load(file)


def test_a_booking_is_on_disk_until_it_is_cancelled(journal, file):
    journal.booked("a1", "watch")
    journal.booked("a2", "watch")
    journal.cancelled("a1")

    assert file.read() == ["a2"]


def test_a_booking_whose_child_still_runs_is_no_leftover(journal):
    journal.booked("a1", "watch")
    journal.booked("a2", "verdict")

    journal.abandoned("verdict")

    assert journal.leftovers == ("a2",)


def test_a_booking_its_journey_could_not_cancel_is_a_leftover_at_once(journal):
    journal.booked("a1", "watch")

    journal.left("a1")

    assert journal.leftovers == ("a1",)


def test_what_a_killed_daemon_left_behind_the_next_one_finds(journal, file):
    journal.booked("a1", "watch")

    assert Journal.load(file).leftovers == ("a1",)


def test_cancelling_what_is_not_in_the_journal_changes_nothing(journal, file):
    journal.cancelled("a9")

    assert file.read() is None


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "7"])
def test_a_damaged_journal_is_an_empty_one(file, text):
    file.path.write_text(text)

    assert Journal.load(file).leftovers == ()


def test_no_draft_is_left_beside_the_document(journal, file):
    journal.booked("a1", "watch")

    assert [path.name for path in file.path.parent.iterdir()] == ["journal.json"]
    assert json.loads(file.path.read_text()) == ["a1"]


def test_a_full_disk_is_complained_of_and_the_journal_still_knows(journal, file, complaints):
    file.path.parent.rmdir()

    journal.booked("a1", "")

    assert journal.leftovers == ("a1",)
    assert complaints == [f"cannot write {file.path}: No such file or directory"]


def test_a_state_directory_that_cannot_be_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StateUnusable, match=r"cannot write in .*set LOADTEST_STATE_DIRECTORY"):
        StateFile.in_directory(tmp_path / "file", "journal.json", complain=print)
