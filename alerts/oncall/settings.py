"""Every knob of the on-call receiver: environment variables with the prefix ONCALL_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from sla.environment import ProcessSettings
from sla.topology import DEFAULT_PORTS, Process


class Settings(ProcessSettings):
    """What differs from one deployment to the next. How long silence is tolerated is no knob: sla/sla.yaml says it."""

    model_config = SettingsConfigDict(env_prefix="ONCALL_")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        DEFAULT_PORTS[Process.ONCALL], description="Port to listen on; 0 lets the system choose."
    )
    state_directory: Path = Field(
        Path(".run/oncall"), description="Where audit.jsonl is kept: the evidence, and the memory after a restart."
    )
