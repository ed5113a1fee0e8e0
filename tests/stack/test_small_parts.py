"""Parts too small for a file each: the lock, the interruption, the environment, the binaries, the record."""

import os
import signal
from pathlib import Path

import pytest

from sla.topology import NATIVE, Place, Process
from stack import binaries, chain_record
from stack.binaries import Binary
from stack.chain_lock import ChainLock
from stack.environment import MARK, has_mark, marked_environment
from stack.errors import Refused
from stack.hands import letters_in
from stack.interruption import Interrupted, Interruption
from stack.own_server import tail
from stack.run_directory import RunDirectory


def test_only_one_may_hold_the_lock_and_it_says_who(tmp_path):
    first, second = ChainLock(tmp_path / "lock"), ChainLock(tmp_path / "lock")

    assert first.acquire()
    assert not second.acquire()
    assert second.holder() == os.getpid()

    first.release()
    assert second.holder() is None
    assert second.acquire()
    second.release()


def test_without_a_lock_file_nobody_holds_it(tmp_path):
    assert ChainLock(tmp_path / "lock").holder() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_is_noticed_at_the_next_pause_and_not_before(number):
    with Interruption() as interruption:
        interruption.pause(0)
        signal.raise_signal(number)
        with pytest.raises(Interrupted):
            interruption.pause(60)


def test_afterwards_signals_mean_what_they_meant_before():
    before = signal.getsignal(signal.SIGTERM)

    with Interruption():
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before


def test_our_processes_inherit_settings_but_no_proxy_and_carry_the_mark():
    callers = {"PATH": "/bin", "HTTP_PROXY": "http://proxy", "PGDATA": "/elsewhere", "BOOKING_WORKERS": "4"}

    environment = marked_environment(callers, directory="/srv/.run")

    assert environment == {
        "PATH": "/bin",
        "BOOKING_WORKERS": "4",
        "BOOKING_CALCOM_CALLS_PER_MINUTE": "0",
        "BOOKING_GRACE_SECONDS": "0",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        MARK: "/srv/.run",
    }


def test_a_mark_is_matched_as_a_whole():
    assert has_mark([b"A=1", f"{MARK}=/srv/.run".encode()], "/srv/.run")
    assert not has_mark([f"{MARK}=/srv/.run2".encode()], "/srv/.run")


def test_all_missing_programs_are_named_at_once_with_both_ways_to_get_them():
    missing = [Binary(("no-such-redis",), "redis-server"), Binary(("no-such-am", "nor-am"), "prometheus-alertmanager")]

    with pytest.raises(Refused) as refusal:
        binaries.require(missing)

    assert str(refusal.value) == (
        "no-such-redis, no-such-am not found; on Debian `make up` installs what is missing "
        "(or: apt-get install redis-server prometheus-alertmanager), "
        "elsewhere start everything in Docker with `docker compose up`"
    )


def test_a_program_in_its_own_directory_is_found_before_the_path(tmp_path: Path):
    (tmp_path / "sh").touch()

    assert Binary(("sh",), "dash", directories=(tmp_path,)).find() == tmp_path / "sh"


def test_the_running_chain_writes_down_where_it_listens(tmp_path):
    run = RunDirectory(tmp_path)
    assert chain_record.place(run) is None

    chain_record.write(run, Place("native", ports={Process.CORE: 18000}))

    place = chain_record.place(run)
    assert place is not None
    assert (place.port(Process.CORE), place.port(Process.MAIL)) == (18000, NATIVE.port(Process.MAIL))

    chain_record.forget(run)
    assert chain_record.place(run) is None


def test_the_end_of_a_log_is_what_is_quoted(tmp_path):
    log = tmp_path / "core.log"
    assert tail(log) == "(no log)"

    log.write_text("one\ntwo\nthree\n")

    assert tail(log, 2) == "  two\n  three"


def test_a_letter_in_the_mailbox_is_known_by_its_appointment_and_kind_and_other_mail_is_none(tmp_path):
    letter = "To: erika@slotwatch.example\r\nMessage-ID:\r\n <{0}@slotwatch.example>\r\n\r\nDear Erika\r\n"
    about = "d1581773-5c8f-417e-b974-a76a1c9ab408"
    (tmp_path / "1.eml").write_text(letter.format(f"{about}.not-moved.0"), newline="")
    (tmp_path / "2.eml").write_text(letter.format(f"sync.{about}.given_up.2026112813"), newline="")

    assert [(each.appointment_id, each.kind) for each in letters_in(tmp_path)] == [(about, "not-moved")]
