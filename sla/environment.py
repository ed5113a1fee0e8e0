"""Settings of a process, read from environment variables and refused with a sentence when they are wrong.

Here because sla is the one package that every process may import; booking_core's architecture allows it settings too.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(ValueError):
    """The environment cannot be used; each line of the message names a variable and the remedy."""


class ProcessSettings(BaseSettings):
    """One frozen object per process; subclasses set `env_prefix`. Made only in a process's entry point.

    A field with a `validation_alias` is read from that variable: one whose name others have settled.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    @classmethod
    def read(cls, environ: Mapping[str, str], **chosen: Any) -> Self:
        """Build the settings from the environment; what a command line has `chosen` comes first.

        Raises SettingsError for a value out of range and for a variable nobody reads.
        """
        cls.refuse_unknown(environ)
        try:
            return cls(**chosen)
        except ValidationError as error:
            raise SettingsError("\n".join(map(cls._sentence, error.errors()))) from error

    @classmethod
    def refuse_unknown(cls, environ: Mapping[str, str]) -> None:
        """Raise SettingsError for a variable with our prefix that is no setting: the library would ignore it."""
        known = sorted(map(cls._variable, cls.model_fields))
        prefix = cls._variable("")
        unknown = [name for name in sorted(environ) if name.upper().startswith(prefix) and name.upper() not in known]
        if unknown:
            raise SettingsError("\n".join(f"{name} is not a setting; {_remedy(name, known)}" for name in unknown))

    @classmethod
    def variables(cls) -> Mapping[str, str]:
        """Return each variable with its meaning and default, for --help."""
        return {
            cls._variable(name): f"{field.description} (default: {field.default})"
            for name, field in cls.model_fields.items()
        }

    @classmethod
    def help_text(cls) -> str:
        """Return the variables as an epilogue for argparse."""
        listed = "\n".join(f"  {name}\n      {meaning}" for name, meaning in cls.variables().items())
        return f"settings are environment variables:\n{listed}"

    @classmethod
    def _sentence(cls, problem: ErrorDetails) -> str:
        # What several settings contradict together has no place of its own, and names them itself.
        name = f"{cls._variable(str(problem['loc'][0]))}: " if problem["loc"] else ""
        return f"{name}{problem['msg'].removeprefix('Value error, ')}"

    @classmethod
    def _variable(cls, field: str) -> str:
        aliases = {name: str(each.validation_alias) for name, each in cls.model_fields.items() if each.validation_alias}
        given = aliases.get(field, field)
        return given if given in aliases.values() else f"{cls.model_config['env_prefix']}{field}".upper()


def _remedy(name: str, known: list[str]) -> str:
    nearest = get_close_matches(name.upper(), known, n=1)
    return f"did you mean {nearest[0]}?" if nearest else f"unset it, or use one of {', '.join(known)}"
