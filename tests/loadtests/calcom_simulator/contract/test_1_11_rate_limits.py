"""Research part 1.11: rate limits, one test per statement."""

from __future__ import annotations

from typing import Any

from tests.loadtests.calcom_simulator.desk import OWNER, STRANGER, WRONG_KEY, Desk


async def _limit(desk: Desk, *limits: dict[str, Any], account: str = "salon") -> None:
    answer = await desk.http.put("/control/limits", json={"account": account, "limits": list(limits)})
    assert answer.status_code == 200, answer.text


async def _statuses(desk: Desk, calls: int, key: dict[str, str] = OWNER) -> list[int]:
    return [(await desk.http.get("/v2/me", headers=key)).status_code for _ in range(calls)]


async def test_the_window_is_fixed_and_a_block_lasts_a_further_minute(desk: Desk):
    await _limit(desk, {"calls": 2})
    assert await _statuses(desk, 2) == [200, 200]
    desk.clock.advance(59)

    assert await _statuses(desk, 1) == [429]
    desk.clock.advance(59)
    assert await _statuses(desk, 1) == [429]
    desk.clock.advance(1)
    assert await _statuses(desk, 1) == [200]


async def test_headers_are_on_every_answer_and_reset_is_seconds_to_go(desk: Desk):
    await _limit(desk, {"calls": 2})
    answers = []
    for _ in range(3):
        answers.append(await desk.http.get("/v2/me", headers=OWNER))
        desk.clock.advance(10)

    names = [f"x-ratelimit-{word}-default" for word in ("limit", "remaining", "reset")]
    shown = [[answer.headers[name] for name in names] for answer in answers]
    assert shown == [["2", "1", "60"], ["2", "0", "50"], ["2", "0", "60"]]


async def test_no_retry_after_is_sent(desk: Desk):
    await _limit(desk, {"calls": 1})

    await _statuses(desk, 1)
    blocked = await desk.http.get("/v2/me", headers=OWNER)

    assert (blocked.status_code, "retry-after" in blocked.headers) == (429, False)


async def test_a_blocked_call_is_not_executed(desk: Desk):
    await _limit(desk, {"calls": 1})
    await _statuses(desk, 1)

    assert (await desk.create()).status_code == 429
    assert await desk.held() == []


async def test_a_key_has_limits_of_its_own_and_blocks_nobody_else(desk: Desk):
    await _limit(desk, {"calls": 1})
    await _limit(desk, {"calls": 3}, account="second-salon")

    assert await _statuses(desk, 2) == [200, 429]
    assert await _statuses(desk, 4, STRANGER) == [200, 200, 200, 429]
    assert (await desk.http.get("/v2/me")).status_code == 401


async def test_with_several_limits_only_who_exceeds_all_of_them_is_blocked(desk: Desk):
    await _limit(desk, {"name": "short", "calls": 1}, {"name": "long", "calls": 2, "seconds": 3600})

    answers = [await desk.http.get("/v2/me", headers=OWNER) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[1].headers["x-ratelimit-remaining-short"] == "0"
    assert answers[1].headers["x-ratelimit-remaining-long"] == "0"
    assert answers[1].headers["x-ratelimit-reset-long"] == "3600"


async def test_no_limits_bring_the_default_back(desk: Desk):
    await _limit(desk, {"calls": 1})
    await _statuses(desk, 2)

    await _limit(desk)

    answer = await desk.http.get("/v2/me", headers=OWNER)
    assert (answer.status_code, answer.headers["x-ratelimit-limit-default"]) == (200, "1000000")


async def test_callers_without_a_key_are_counted_by_address(desk: Desk):
    before = await desk.http.get("/v2/bookings/nothing")
    await _statuses(desk, 3)
    after = await desk.http.get("/v2/bookings/nothing")

    remaining = [int(answer.headers["x-ratelimit-remaining-default"]) for answer in (before, after)]
    assert remaining == [999_999, 999_998]


async def test_a_key_that_nobody_has_is_refused_before_it_is_counted(desk: Desk):
    answer = await desk.http.get("/v2/me", headers=WRONG_KEY)

    assert (answer.status_code, "x-ratelimit-limit-default" in answer.headers) == (401, False)


async def test_the_busiest_minute_of_each_key_is_told(desk: Desk):
    await _statuses(desk, 3)
    desk.clock.advance(61)
    await _statuses(desk, 2)
    await _statuses(desk, 1, STRANGER)

    told = (await desk.http.get("/control/calls")).json()["busiest_minute"]

    assert told == {"salon": 3, "second-salon": 1}
