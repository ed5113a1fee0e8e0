import errno
import re

import pytest

from sla.topology import DEFAULT_PORTS, Place, Process
from stack import ports
from stack.errors import Refused
from stack.machine import Machine
from stack.ports import Taken


def test_without_wishes_every_process_gets_its_default_port():
    place = ports.place([], {})

    assert {process: place.port(process) for process in ports.STARTED} == {
        process: DEFAULT_PORTS[process] for process in ports.STARTED
    }
    assert ports.is_default(place)


def test_an_option_wins_over_the_environment():
    place = ports.place(["core=18001"], {"SLOTWATCH_PORT_CORE": "18000", "SLOTWATCH_PORT_MAIL": "18025"})

    assert (place.port(Process.CORE), place.port(Process.MAIL)) == (18001, 18025)
    assert not ports.is_default(place)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("cor=18000", "--port cor=18000: no process is called 'cor'; did you mean core?"),
        ("grafana=3001", "no process is called 'grafana'; the processes are core, simulator,"),
        ("core", "--port core: write it as process=number, such as --port core=18000"),
        ("core=web", "--port core=web: 'web' is not a port; choose a number from 1 to 65535"),
        ("core=0", "'0' is not a port"),
        ("core=65536", "'65536' is not a port"),
        ("core=9464", "core and exporter both got port 9464; give one of them another with --port"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_the_remedy(option, sentence):
    with pytest.raises(Refused, match=re.escape(sentence)):
        ports.place([option], {})


def test_a_misspelt_variable_is_refused_by_its_name():
    with pytest.raises(Refused, match=r"SLOTWATCH_PORT_PROBES: no process is called 'probes'; did you mean probe\?"):
        ports.place([], {"SLOTWATCH_PORT_PROBES": "1"})


def in_use(_host: str, port: int) -> OSError | None:
    return OSError(errno.EADDRINUSE, "Address already in use") if port in (8000, 9090) else None


def test_only_ports_we_cannot_have_are_reported(tmp_path):
    found = ports.taken(Place("native"), machine=Machine(tmp_path), attempt=in_use)

    assert found == [
        Taken(Process.CORE, 8000, "another process holds it"),
        Taken(Process.PROMETHEUS, 9090, "another process holds it"),
    ]


def test_a_port_that_is_root_s_is_not_called_taken(tmp_path):
    def forbidden(_host: str, port: int) -> OSError | None:
        return PermissionError(errno.EACCES, "Permission denied") if port == 8000 else None

    assert ports.taken(Place("native"), machine=Machine(tmp_path), attempt=forbidden) == [
        Taken(Process.CORE, 8000, "Permission denied")
    ]


def test_a_taken_port_is_refused_with_its_holder_and_the_ways_out():
    found = [
        Taken(Process.CORE, 8000, "nginx: master (process 4711) holds it"),
        Taken(Process.PROMETHEUS, 9090, "another process holds it"),
    ]

    with pytest.raises(Refused) as refusal:
        ports.refuse_taken(found)

    assert str(refusal.value) == (
        "core cannot have port 8000: nginx: master (process 4711) holds it; "
        "prometheus cannot have port 9090: another process holds it. End what is in the way, or move ours: "
        "--port core=18000 (or SLOTWATCH_PORT_CORE=18000), or use --free-ports"
    )


def test_no_taken_port_is_no_refusal():
    ports.refuse_taken([])


@pytest.mark.integration
def test_free_ports_are_different_free_and_not_the_defaults():
    place = ports.place([], {}, free=True)

    chosen = [place.port(process) for process in ports.STARTED]
    assert len(set(chosen)) == len(ports.STARTED)
    assert ports.taken(place) == []
    assert not ports.is_default(place)
