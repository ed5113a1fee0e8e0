"""`python -m loadtests.benchmarks.bare_endpoint`: what one would write without the core, to compare the core with.

FastAPI, pydantic and SQLAlchemy as their tutorials use them: one endpoint that runs the INSERTs and the UPDATE of a
booking in the same two transactions, on the same server with the same pool. It resolves nothing, checks nothing, calls
nobody, counts nothing and publishes nothing.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import SettingsConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from loadtests.benchmarks.salons import MINUTES
from sla.environment import ProcessSettings

UPSERT_CUSTOMER = text(
    """
    INSERT INTO customers (id, tenant_id, phone, name) VALUES (:id, :tenant_id, :phone, :name)
    ON CONFLICT (tenant_id, phone) DO UPDATE SET email = coalesce(customers.email, excluded.email) RETURNING id
    """
)
INSERT_APPOINTMENT = text(
    """
    INSERT INTO appointments (id, tenant_id, service_id, staff_id, customer_id, period, state, key, channel, synthetic,
                              correlation_id)
    VALUES (:id, :tenant_id, :service_id, :staff_id, :customer_id, tstzrange(:start, :end, '[)'), 'creating', :key,
            'api', false, '')
    ON CONFLICT DO NOTHING RETURNING id
    """
)
CONFIRM_APPOINTMENT = text(
    "UPDATE appointments SET state = 'confirmed', calcom_uid = :uid, updated_at = now() WHERE id = :id"
)


class BareSettings(ProcessSettings):
    """Where it listens and where it writes."""

    model_config = SettingsConfigDict(env_prefix="BARE_")

    port: int = Field(description="Port to listen on.")
    workers: int = Field(description="Worker processes.")
    database_url: SecretStr = Field(description="PostgreSQL, as an SQLAlchemy URL.")
    database_pool_size: int = Field(description="Connections per worker.")


class Booking(BaseModel):
    """A booking whose ids are known."""

    tenant_id: UUID
    service_id: UUID
    staff_id: UUID
    start: datetime
    name: str
    phone: str


def worker_app() -> FastAPI:
    """Build the application of one worker."""
    settings = BareSettings.read(os.environ)
    engine = create_async_engine(
        settings.database_url.get_secret_value(), pool_size=settings.database_pool_size, max_overflow=0
    )
    app = FastAPI()

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking) -> dict[str, str]:
        appointment_id = uuid4()
        known = {"tenant_id": booking.tenant_id, "service_id": booking.service_id, "staff_id": booking.staff_id}
        times = {"start": booking.start, "end": booking.start + timedelta(minutes=MINUTES)}
        async with engine.begin() as connection:
            caller = {"id": uuid4(), "tenant_id": booking.tenant_id, "phone": booking.phone, "name": booking.name}
            customer_id = (await connection.execute(UPSERT_CUSTOMER, caller)).scalar_one()
            row = {"id": appointment_id, "key": uuid4(), "customer_id": customer_id, **known, **times}
            if (await connection.execute(INSERT_APPOINTMENT, row)).one_or_none() is None:
                raise HTTPException(409)
        async with engine.begin() as connection:
            await connection.execute(CONFIRM_APPOINTMENT, {"id": appointment_id, "uid": f"at-{appointment_id}"})
        return {"status": "confirmed", "appointment_id": str(appointment_id)}

    return app


def main() -> None:
    settings = BareSettings.read(os.environ)
    uvicorn.run(
        "loadtests.benchmarks.bare_endpoint:worker_app",
        factory=True,
        port=settings.port,
        workers=settings.workers,
        timeout_worker_healthcheck=30,
        access_log=False,
        log_config=None,
    )


if __name__ == "__main__":
    main()
