"""Every knob of the probe and its daemon, read from LOADTEST_… variables.

Apart from the code that uses them: settings are read in a process's entry point and passed inward as plain values.
What is promised (thresholds, periods, sample sizes) is no knob: that is sla/sla.yaml.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import SettingsConfigDict

from loadtests.booking_api import Credentials
from sla import objectives
from sla.environment import ProcessSettings
from sla.objectives import Promise
from sla.topology import DEFAULT_PORTS, NATIVE, Process


class LoadtestSettings(ProcessSettings):
    """The probe's settings; the defaults fit the native start."""

    model_config = SettingsConfigDict(env_prefix="LOADTEST_")

    host: str = Field("127.0.0.1", description="Address on which the daemon serves its metrics and verdict.")
    port: int = Field(DEFAULT_PORTS[Process.PROBE], ge=0, le=65535, description="Port of the same; 0 takes a free one.")
    target_url: HttpUrl = Field(HttpUrl(NATIVE.url(Process.CORE)), description="Where the booking core answers.")
    tenant: str = Field("demo", min_length=1, description="Opaque token of the tenant to book at.")
    api_key: SecretStr = Field(SecretStr("sk_demo"), description="The tenant's API key (availability, cancelling).")
    retell_api_key: SecretStr = Field(
        SecretStr("key_demo"), description="Key that signs function calls as Retell does."
    )
    service: str = Field("probe", min_length=1, description="The service to book; open all day, seen by no customer.")
    state_directory: Path = Field(
        Path(".run/probe"), description="Where the daemon keeps its last verdict and the bookings not yet cancelled."
    )
    ready_timeout_seconds: float = Field(
        60.0, ge=0, le=3600, description="How long the daemon waits for the core's /readyz before it starts anyway."
    )
    sla_file: Path | None = Field(None, description="Another sla.yaml than the one that ships with the package.")

    @property
    def target(self) -> str:
        """The core's address without a trailing slash."""
        return str(self.target_url).rstrip("/")

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.tenant, self.api_key.get_secret_value(), self.retell_api_key.get_secret_value())

    def promise(self) -> Promise:
        """Read the promise these settings name; raises SlaError."""
        return objectives.load(self.sla_file)
