"""What every answer carries, and what says that we are ready."""

from __future__ import annotations


async def test_every_answer_carries_a_correlation_id_and_keeps_a_harmless_one(stage):
    async with stage.client() as client:
        kept = await client.get("/livez", headers={"x-request-id": "probe-7"})
        replaced = await client.get("/livez", headers={"x-request-id": 'evil"\t'})

    assert kept.headers["x-request-id"] == "probe-7"
    assert replaced.headers["x-request-id"] not in ("", 'evil"\t')


async def test_readiness_fails_with_the_database_and_degrades_with_the_rest(stage):
    async def broken():
        raise OSError

    stage.world.optional_pings["redis"] = broken
    async with stage.client() as client:
        degraded = await client.get("/readyz")
        stage.database.down = True
        unavailable = await client.get("/readyz")

    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert (unavailable.status_code, unavailable.json()["status"]) == (503, "unavailable")
