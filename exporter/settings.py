"""Every knob of the sidecar: environment variables with the prefix EXPORTER_."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from sla.topology import DEFAULT_PORTS, Process

PREFIX = "EXPORTER_"


class UnknownSetting(ValueError):
    """An environment variable carries our prefix but names no knob."""


class Settings(BaseSettings):
    """Read once, at the start; `refuse_unknown` catches what the library would ignore."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(
        DEFAULT_PORTS[Process.EXPORTER], description="Port to listen on."
    )
    metrics_directory: Path = Field(
        Path(".run/metrics"), description="The metric files of the core's workers (BOOKING_METRICS_DIRECTORY there)."
    )
    database_url: SecretStr = Field(
        SecretStr("postgresql://slotwatch@127.0.0.1/slotwatch"), description="PostgreSQL, as libpq reads it."
    )
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Redis, also as unix://…")
    query_seconds: Annotated[float, Field(gt=0, le=3)] = Field(
        1.5, description="How long one collector may wait; below half the scrape timeout."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line to log.")


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """Raise UnknownSetting for variables with our prefix that no field reads: a typo must not pass in silence."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            nearest = get_close_matches(name, known, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(sorted(known))}"
            raise UnknownSetting(f"{name} is not a setting of the exporter; {hint}")
