from dataclasses import replace

import pytest

from stack.errors import Failed
from stack.processes import Program
from stack.startup import Health, Startup, Status, status_of, waves
from stack.supervision import ProgramState
from tests.stack.fakes import FakeClock, FakeSupervisor

DATABASE = Program("database", ("db",), "unix socket", ready=lambda: True)
MIGRATE = Program("migrate", ("migrate",), "runs once", after=("database",), once=True)
CORE = Program("core", ("core",), "http://core", ready=lambda: True, after=("migrate",))
PROGRAMS = (CORE, MIGRATE, DATABASE)
MIGRATED = {"migrate": ("EXITED", 0)}


def startup(*programs: Program, outcomes=MIGRATED):
    clock = FakeClock()
    supervisor = FakeSupervisor(tuple(program.name for program in programs), outcomes)
    words = "Traceback: no".format
    return Startup(programs, supervisor, words, pause=clock.pause, now=clock.monotonic), supervisor


def test_everything_starts_after_what_it_stands_on():
    start, supervisor = startup(*PROGRAMS)

    start.run(lambda _: None)

    assert supervisor.started == ["database", "migrate", "core"]


def test_the_observer_sees_waiting_starting_and_ready():
    start, _ = startup(*PROGRAMS)
    seen: list[dict[str, Health]] = []

    start.run(lambda statuses: seen.append({status.name: status.health for status in statuses}))

    assert seen[0] == {"database": Health.READY, "migrate": Health.WAITING, "core": Health.WAITING}
    assert seen[-1] == {"database": Health.READY, "migrate": Health.DONE, "core": Health.READY}


def test_a_step_that_fails_ends_the_start_with_its_last_words():
    start, supervisor = startup(*PROGRAMS, outcomes={"migrate": ("EXITED", 1)})

    with pytest.raises(Failed, match="migrate ended while starting; its log ends with:\nTraceback: no"):
        start.run(lambda _: None)

    assert "core" not in supervisor.started


def test_a_process_that_supervisord_gave_up_ends_the_start():
    start, _ = startup(DATABASE, outcomes={"database": ("FATAL", 0)})

    with pytest.raises(Failed, match="database ended while starting"):
        start.run(lambda _: None)


def test_a_process_that_never_answers_ends_the_start_after_its_deadline():
    start, _ = startup(replace(DATABASE, ready=lambda: False, start_within_seconds=5))

    with pytest.raises(Failed, match="database was not ready within 5 s"):
        start.run(lambda _: None)


def test_what_answers_nobody_is_ready_only_when_it_keeps_running():
    silent = Program("worker", ("worker",), "no port")

    start, _ = startup(replace(silent, start_within_seconds=1), outcomes={"worker": ("STARTING", 0)})
    with pytest.raises(Failed, match="worker was not ready"):
        start.run(lambda _: None)

    start, _ = startup(silent)
    start.run(lambda _: None)


@pytest.mark.parametrize(
    ("state", "health"),
    [
        ("RUNNING", Health.READY),
        ("BACKOFF", Health.RESTARTING),
        ("STARTING", Health.READY),
        ("FATAL", Health.STOPPED),
    ],
)
def test_a_running_chain_tells_how_each_process_is(state, health):
    assert status_of(DATABASE, ProgramState("database", state, 7, 0)) == Status("database", health, "unix socket", 7)


@pytest.mark.parametrize("ready", [None, lambda: False])
def test_a_process_that_starts_again_and_does_not_answer_yet_is_restarting(ready):
    assert status_of(replace(DATABASE, ready=ready), ProgramState("database", "STARTING", 7, 0)).health is (
        Health.RESTARTING
    )


def test_a_process_that_runs_and_does_not_answer_is_called_so():
    deaf = replace(DATABASE, ready=lambda: False)

    assert status_of(deaf, ProgramState("database", "RUNNING", 7, 0)).health is Health.UNHEALTHY


def test_stopping_order_is_the_starting_order_in_groups():
    assert [[program.name for program in wave] for wave in waves(PROGRAMS)] == [["database"], ["migrate"], ["core"]]


def test_processes_that_wait_for_each_other_are_named():
    with pytest.raises(ValueError, match="wait for each other or for one that does not exist: core, migrate"):
        waves([CORE, replace(MIGRATE, after=("core",)), DATABASE])
