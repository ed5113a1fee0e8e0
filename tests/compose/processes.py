"""What the code says about each process of ours: its settings, its commands, where it listens."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer.main
from pydantic import ValidationError

import alerts.oncall.settings
import booking_core.__main__
import booking_core.settings
import exporter.settings
import loadtests.calcom_simulator.settings
import loadtests.mail_sink
import loadtests.settings
from sla.environment import ProcessSettings
from tests.compose.chain import Service


@dataclass(frozen=True, slots=True)
class OwnProcess:
    """One module that is started with `python -m`, by the class of its settings."""

    settings: type[ProcessSettings]
    commands: frozenset[str] = frozenset()
    listening: frozenset[str] = frozenset({""})

    @property
    def prefix(self) -> str:
        return self.settings.model_config["env_prefix"]

    def values(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return the environment as the fields' names and texts."""
        return {
            name.removeprefix(self.prefix).lower(): value
            for name, value in environment.items()
            if name.startswith(self.prefix)
        }


_CORE_COMMANDS = frozenset(typer.main.get_command(booking_core.__main__.cli).commands)  # type: ignore[attr-defined]

PROCESSES: Mapping[str, OwnProcess] = {
    "booking_core": OwnProcess(booking_core.settings.Settings, commands=_CORE_COMMANDS, listening=frozenset({"serve"})),
    "exporter": OwnProcess(exporter.settings.Settings),
    "loadtests.calcom_simulator": OwnProcess(loadtests.calcom_simulator.settings.SimulatorSettings),
    "loadtests.daemon": OwnProcess(loadtests.settings.LoadtestSettings),
    "alerts.oncall": OwnProcess(alerts.oncall.settings.Settings),
}
MAIL_SINK = OwnProcess(loadtests.mail_sink.MailSettings)
OWN_PREFIXES = tuple(process.prefix for process in (*PROCESSES.values(), MAIL_SINK))


def process_of(service: Service) -> OwnProcess | None:
    """Return what the code says about a service of ours; None when no such process is known."""
    return PROCESSES.get(service.command[0]) if service.is_ours and service.command else None


def settings_of(service: Service) -> Any:
    """Return the settings that the service will read. Raises ValidationError as the process itself would."""
    process = process_of(service)
    assert process is not None
    return process.settings(**process.values(service.environment))


def setting_problems(service: Service) -> list[str]:
    """Return a sentence for every variable of the service that its process would refuse or not read."""
    process = process_of(service)
    if process is None:
        return [f"{service.name}: {name} is read by nobody there" for name in _own_names(service)]
    problems = [f"{service.name}: {name} belongs to another process" for name in _own_names(service, but=process)]
    try:
        process.settings.refuse_unknown(service.environment)
        settings_of(service)
    except ValidationError as error:
        problems += [f"{service.name}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    except ValueError as error:
        problems.append(f"{service.name}: {error}")
    return problems


def _own_names(service: Service, but: OwnProcess | None = None) -> list[str]:
    prefixes = tuple(prefix for prefix in OWN_PREFIXES if but is None or prefix != but.prefix)
    return [name for name in service.environment if name.startswith(prefixes)]


def command_problems(service: Service) -> list[str]:
    """Return what is wrong with the command of one of our services: a module or a subcommand that does not exist."""
    if not service.command:
        return [f"{service.name}: has no command, so the image would only print its help"]
    module, *arguments = service.command
    if not is_runnable(module):
        return [f"{service.name}: `python -m {module}` finds nothing to run"]
    process = process_of(service)
    if process is None:
        return [f"{service.name}: {module} is not in PROCESSES of tests/compose/processes.py; add it there"]
    wrong = [word for word in arguments[:1] if word not in process.commands] + arguments[1:]
    if process.commands and not arguments:
        return [f"{service.name}: {module} needs one of {', '.join(sorted(process.commands))}"]
    return [f"{service.name}: {module} knows no `{word}`" for word in wrong]


def is_runnable(module: str) -> bool:
    """True if `python -m module` finds a file: the module itself, or `__main__` of a package."""
    try:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.submodule_search_locations is None:
            return spec is not None
        return importlib.util.find_spec(f"{module}.__main__") is not None
    except ModuleNotFoundError:
        return False
