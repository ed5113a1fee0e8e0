"""Every knob of the simulator. Built only in `__main__`; everything else gets plain values."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Literal, Self

from pydantic import Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sla.topology import DEFAULT_PORTS, Process

PREFIX = "SIMULATOR_"


class SettingsError(ValueError):
    """The environment holds a setting that does not exist; the message names the nearest one."""


class SimulatorSettings(BaseSettings):
    """Read from SIMULATOR_* environment variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

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

    @classmethod
    def refuse_unknown(cls, environ: Mapping[str, str]) -> None:
        """Raise SettingsError for a misspelt variable, which the library itself would silently ignore."""
        known = {f"{PREFIX}{name.upper()}" for name in cls.model_fields}
        for name in sorted(environ):
            if name.upper().startswith(PREFIX) and name.upper() not in known:
                near = get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.0)
                raise SettingsError(
                    f"{name} is not a setting of the Cal.com simulator; did you mean {near[0]}? Or unset it"
                )
