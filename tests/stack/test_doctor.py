import pytest

from stack import doctor
from stack.doctor import CHAIN_LIMIT_BYTES, MIB, WORKER_LIMIT_BYTES, Memory
from stack.machine import Machine
from stack.supervision import ProgramState
from tests.stack.fakes import show_process


def sized(proc, pid: int, mib: int, *, parent: int, command: str = "python -m booking_core serve"):
    (show_process(proc, pid, command=command, parent=parent) / "smaps_rollup").write_text(f"Pss: {mib * 1024} kB\n")


def test_a_program_holds_what_its_children_hold(tmp_path):
    sized(tmp_path, 10, 20, parent=1)
    sized(tmp_path, 11, 90, parent=10)
    stopped = ProgramState("migrate", "EXITED", 0, 0)

    measured = doctor.memory([ProgramState("core", "RUNNING", 10, 0), stopped], Machine(tmp_path))

    assert [(one.name, one.resident_bytes) for one in measured] == [("core", 110 * MIB)]


def test_workers_are_the_cores_children_without_pythons_own_helper(tmp_path):
    sized(tmp_path, 10, 20, parent=1)
    sized(tmp_path, 11, 6, parent=10, command="python -c from multiprocessing.resource_tracker import main;main(5)")
    sized(tmp_path, 12, 90, parent=10)
    sized(tmp_path, 13, 91, parent=10)

    measured = doctor.memory([ProgramState("core", "RUNNING", 10, 0)], Machine(tmp_path))

    assert doctor.workers(measured) == [(12, 90 * MIB), (13, 91 * MIB)]


def test_a_core_without_workers_is_its_own_worker():
    assert doctor.workers([Memory("core", 10, {10: 5 * MIB})]) == [(10, 5 * MIB)]


@pytest.mark.parametrize(
    ("measured", "sentences"),
    [
        (Memory("core", 1, {1: MIB, 2: WORKER_LIMIT_BYTES}, workers=[2]), []),
        (Memory("core", 1, {1: MIB, 2: 201 * MIB}, workers=[2]), ["core worker 2 holds 201 MiB, more than 200 MiB"]),
        (Memory("probe", 1, {1: CHAIN_LIMIT_BYTES + MIB}), ["the chain holds 1537 MiB, more than 1536 MiB"]),
    ],
)
def test_only_what_is_over_its_limit_is_reported(measured, sentences):
    assert list(doctor.excesses([measured])) == sentences
