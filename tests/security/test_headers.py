"""Every answer, good or bad, tells browsers and proxies to keep their hands off it."""

from __future__ import annotations

import pytest

from tests.booking_core.http.requests import KEY

WANTED = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("GET", "/v1/availability?service=haircut&date=2026-12-02", 200),
        ("GET", "/v1/availability", 422),
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/bookings", 405),
        ("POST", "/v1/retell/nobody/functions", 401),
        ("GET", "/openapi.json", 200),
    ],
)
async def test_every_answer_carries_the_security_headers(stage, method, path, status):
    async with stage.client() as client:
        answer = await client.request(method, path, headers=KEY)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in WANTED} == WANTED


async def test_a_body_that_is_too_large_is_refused_with_the_same_headers(stage):
    async with stage.client() as client:
        answer = await client.post("/v1/bookings", content=b"x" * (1024 * 1024 + 1), headers=KEY)

    assert answer.status_code == 413
    assert {name: answer.headers.get(name) for name in WANTED} == WANTED


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_no_page_runs_scripts_from_elsewhere(stage, page):
    async with stage.client() as client:
        answer = await client.get(page)

    assert answer.status_code == 404
