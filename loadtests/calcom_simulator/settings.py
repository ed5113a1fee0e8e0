"""Every knob of the simulator. Built only in `__main__`; everything else gets plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from sla.environment import ProcessSettings
from sla.topology import DEFAULT_PORTS, Process

PREFIX = "SIMULATOR_"


class SimulatorSettings(ProcessSettings):
    """Read from SIMULATOR_* environment variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on; /control has no key.")
    port: int = Field(
        default=DEFAULT_PORTS[Process.SIMULATOR], ge=0, le=65535, description="Port to listen on; 0 picks a free one."
    )
    api_key: SecretStr = Field(
        default=SecretStr("cal_demo"), min_length=1, description="The bearer key of the demo salon."
    )
    second_api_key: SecretStr = Field(
        default=SecretStr("cal_second"),
        min_length=1,
        description="The bearer key of the second salon; cal_second if unset.",
    )
    webhook_url: HttpUrl | None = Field(default=None, description="Where the demo salon's booking webhooks go.")
    webhook_secret: SecretStr | None = Field(default=None, description="Signs webhooks (X-Cal-Signature-256).")
    memory: Path | None = Field(
        default=None, description="File that keeps the bookings from one start to the next; unset, a start forgets."
    )
    seed: int = Field(default=1, description="Decides which requests a fault with a share strikes.")
    rate_limit: int = Field(
        default=1_000_000,
        ge=1,
        description="Calls per key and minute. Cal.com allows 120; the default stays out of the way.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        if self.api_key == self.second_api_key:
            raise ValueError(f"{PREFIX}API_KEY and {PREFIX}SECOND_API_KEY must differ: each opens a salon of its own")
        return self
