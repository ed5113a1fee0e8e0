"""Every knob of the sidecar: environment variables with the prefix EXPORTER_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from sla.environment import ProcessSettings
from sla.topology import DEFAULT_PORTS, Process


class Settings(ProcessSettings):
    """What differs from one deployment to the next."""

    model_config = SettingsConfigDict(env_prefix="EXPORTER_")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(
        DEFAULT_PORTS[Process.EXPORTER], description="Port to listen on."
    )
    token_file: Path | None = Field(
        None, description="File with the bearer token that /metrics asks for. Unset: whoever reaches the port may read."
    )
    tls_certificate: Path | None = Field(
        None, description="Certificate (PEM) to serve HTTPS with, whole chain. Needs EXPORTER_TLS_KEY. Unset: HTTP."
    )
    tls_key: Path | None = Field(None, description="Its private key.")
    metrics_directory: Path = Field(
        Path(".run/metrics"), description="The metric files of the core's workers (BOOKING_METRICS_DIRECTORY there)."
    )
    database_url: SecretStr = Field(
        SecretStr("postgresql://slotwatch_sidecar@127.0.0.1/slotwatch"),
        description="PostgreSQL, as libpq reads it; the role needs the monitoring views only.",
    )
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Redis, also as unix://…")
    query_seconds: Annotated[float, Field(gt=0, le=3)] = Field(
        1.5, description="How long one source (PostgreSQL, Redis) may hold a scrape up; below half its timeout."
    )
    otlp_endpoint: Annotated[str, Field(pattern="^https?://")] | None = Field(
        None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Where to push all metrics over OTLP/HTTP as well, without /v1/metrics; headers and certificates "
        "come from OpenTelemetry's own variables. Unset: nowhere.",
    )
    otlp_interval_milliseconds: Annotated[float, Field(ge=100)] = Field(
        60_000.0, validation_alias="OTEL_METRIC_EXPORT_INTERVAL", description="How often."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line to log.")

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("EXPORTER_TLS_CERTIFICATE and EXPORTER_TLS_KEY belong together; set both or neither")
        return self
