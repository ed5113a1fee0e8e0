from pathlib import Path

import pytest

from stack.environment import MARK
from stack.machine import Machine, Seen
from tests.stack.fakes import show_process

CHAIN = Path("/somewhere/.run")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    return tmp_path


def test_the_holder_of_a_port_is_found_by_its_socket(proc):
    home = show_process(proc, 42, command="nginx -g daemon")
    (home / "fd").mkdir()
    (home / "fd" / "3").symlink_to("socket:[777]")
    (proc / "net").mkdir()
    header = "sl local_address rem_address st tx_queue tr retrnsmt uid timeout inode\n"
    listening = "0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 777 1\n"
    connected = "1: 0100007F:1F41 0100007F:9999 01 00000000:00000000 00:00000000 00000000 0 0 777 1\n"
    (proc / "net" / "tcp").write_text(header + listening + connected)

    machine = Machine(proc)

    assert machine.listener(8000) == Seen(42, "nginx -g daemon")
    assert machine.listener(8001) is None


def test_a_process_belongs_to_the_chain_whose_mark_it_carries(proc):
    show_process(proc, 1, environment={MARK: str(CHAIN)})
    show_process(proc, 2, environment={MARK: "/somewhere/.run2"})
    show_process(proc, 3)

    assert [one.pid for one in Machine(proc).of_chain(CHAIN)] == [1]


def test_servers_that_write_over_their_environment_are_known_by_where_they_work(proc, tmp_path):
    chain = tmp_path / "run"
    show_process(proc, 1, command="postgres: checkpointer", directory=chain / "postgres" / "data-15")
    show_process(proc, 2, command="bash", directory=chain)

    assert [one.pid for one in Machine(proc).of_chain(chain)] == [1]


def test_a_family_is_a_process_and_all_below_it(proc):
    for pid, parent in ((10, 1), (11, 10), (12, 11), (20, 1)):
        show_process(proc, pid, parent=parent)

    assert Machine(proc).family(10) == [10, 11, 12]


def test_memory_is_the_fair_share_of_shared_pages_where_the_kernel_tells(proc):
    home = show_process(proc, 1)
    (home / "status").write_text("Name: x\nVmRSS:    2048 kB\n")
    assert Machine(proc).resident_bytes(1) == 2048 * 1024

    (home / "smaps_rollup").write_text("Rss: 2048 kB\nPss: 1024 kB\n")
    assert Machine(proc).resident_bytes(1) == 1024 * 1024


def test_a_process_that_is_gone_is_unknown_and_holds_nothing(proc):
    machine = Machine(proc)

    assert (machine.seen(99), machine.resident_bytes(99)) == (Seen(99, "unknown"), 0)


def test_a_long_command_is_cut_for_a_sentence(proc):
    show_process(proc, 1, command="x" * 100)

    assert str(Machine(proc).seen(1)) == f"{'x' * 57}... (process 1)"
