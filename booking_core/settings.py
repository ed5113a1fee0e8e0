"""Every knob of the booking core: environment variables with the prefix BOOKING_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from sla.environment import ProcessSettings

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(ProcessSettings):
    """What differs from one deployment to the next."""

    model_config = SettingsConfigDict(env_prefix="BOOKING_")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(8000, description="Port to listen on.")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(2, description="Worker processes that answer HTTP.")
    database_url: SecretStr = Field(
        SecretStr("postgresql+psycopg://slotwatch_core@127.0.0.1/slotwatch"),
        description="PostgreSQL, as an SQLAlchemy URL with the psycopg driver. The role must not be able to look past "
        "row-level security: neither a superuser nor BYPASSRLS.",
    )
    migration_database_url: SecretStr | None = Field(
        None,
        description="The same database as the owner of its tables; `migrate`, `seed` and `agent assign` use it. "
        "Unset: BOOKING_DATABASE_URL.",
    )
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = Field(10, description="Connections per worker.")
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Redis, also as unix://…")
    cache_seconds: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="How long to wait for what may be remembered in Redis; the database answers then."
    )
    cache_pepper: SecretStr = Field(
        SecretStr("slotwatch"),
        description="Hides telephone numbers in the names of remembered things: any long random word, the same for all "
        "processes of a deployment.",
    )
    calcom_url: str = Field("http://127.0.0.1:8090/v2", description="Cal.com's API, up to and with /v2.")
    calcom_read_seconds: Seconds = Field(3.0, description="How long to wait for free slots.")
    calcom_write_seconds: Seconds = Field(8.0, description="How long to wait for a booking to be made or cancelled.")
    calcom_background_seconds: Seconds = Field(20.0, description="How long the job worker waits for the same.")
    calcom_calls_per_minute: Annotated[int, Field(ge=0)] = Field(
        110,
        description="Calls we grant ourselves with one Cal.com key, all processes together. Cal.com allows 120, then "
        "blocks the key for a minute. 0: no limit, for a simulator.",
    )
    calcom_calls_kept_for_live: Annotated[int, Field(ge=0)] = Field(
        20, description="So many of these the job worker leaves to callers on the phone."
    )
    calcom_processes: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="HTTP and job workers of all machines: while Redis is away each keeps to its share of the calls. "
        "Unset: BOOKING_WORKERS and one job worker.",
    )
    jobs_at_once: Annotated[int, Field(ge=1, le=64)] = Field(4, description="Jobs a job worker works on at a time.")
    smtp_host: str = Field("127.0.0.1", description="Mail server for confirmations.")
    smtp_port: Port = Field(8025, description="Its port.")
    confidence_threshold: Annotated[float, Field(ge=0, le=1)] = Field(
        0.6, description="What the voice agent heard with less confidence than this is asked for again; 0 asks never."
    )
    mail_sender: str = Field("appointments@slotwatch.example", description="Sender of confirmations.")
    admin_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = Field(
        None,
        description="Who is written to when Cal.com and we cannot be brought to agree, at most once an hour for the "
        "same trouble of one salon. Unset: nobody.",
    )
    metrics_directory: Path = Field(
        Path(".run/metrics"), description="Where workers keep their metric files; the exporter reads them."
    )
    prompt_v2_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="Share of inbound calls that prompt v2 takes, at salons with an agent for it: 10, 50, 100."
    )
    limit_per_key: Annotated[int, Field(ge=0)] = Field(
        6000, description="Requests a minute that one API key may make; 0: no limit."
    )
    limit_per_phone: Annotated[int, Field(ge=0)] = Field(
        30, description="Requests a minute for one customer's telephone number; 0: no limit."
    )
    limit_per_call: Annotated[int, Field(ge=0)] = Field(
        60, description="Functions a minute that the voice agent may call in one telephone call; 0: no limit."
    )
    body_limit_bytes: Annotated[int, Field(ge=1024)] = Field(1024 * 1024, description="Largest request body.")
    drain_seconds: Annotated[int, Field(ge=1, le=300)] = Field(
        25, description="How long a stopping worker may take to finish its requests or jobs, grace included."
    )
    grace_seconds: Annotated[float, Field(ge=0, le=60)] = Field(
        3.0, description="How long a stopping worker says so on /readyz before it accepts nobody any more."
    )
    webhook_body_days: Annotated[float, Field(gt=0)] = Field(
        14, description="How long to keep what a processed webhook said; that it came is kept."
    )
    abandoned_seconds: Seconds = Field(
        120, description="Age at which a synthetic booking is swept and a booking without an answer is called unknown."
    )
    reconcile_stuck_seconds: Seconds = Field(
        900, description="A booking that is unsettled for longer is reported as stuck between Cal.com and us."
    )
    reconcile_changes_a_day: Annotated[int, Field(ge=0)] = Field(
        20, description="Appointments a day that reconciliation may cancel, move or make again for one salon. 0: none."
    )
    trace_ratio: Annotated[float, Field(ge=0, le=1)] = Field(
        0.05,
        validation_alias="OTEL_TRACES_SAMPLER_ARG",
        description="Share of requests and jobs that is traced where OTEL_EXPORTER_OTLP_ENDPOINT is set. A trace costs "
        "7 to 11 % of a booking's processor time; whoever calls with a trace of their own has decided already.",
    )
    sentry_dsn: SecretStr | None = Field(
        None, description="Sentry, told of unexpected errors: types, places and ids, no words. Unset: off."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line to log.")
    seed_tenant: str = Field("demo", description="Path token of the salon that `seed` creates.")
    seed_api_key: SecretStr = Field(SecretStr("sk_demo"), description="Its API key.")
    seed_retell_api_key: SecretStr = Field(SecretStr("key_demo"), description="The key its voice agent signs with.")
    seed_calcom_api_key: SecretStr = Field(SecretStr("cal_demo"), description="Its Cal.com API key.")
    seed_calcom_webhook_secret: SecretStr = Field(
        SecretStr("whsec_demo"), description="The secret Cal.com signs its webhooks with."
    )

    @property
    def owner_url(self) -> str:
        """The address for whoever changes the schema or opens a salon."""
        return (self.migration_database_url or self.database_url).get_secret_value()
