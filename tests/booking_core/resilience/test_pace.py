"""Background calls pass one by one, at an even pace."""

import pytest

from booking_core.resilience.pace import Pace


class Time:
    """Passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_thirty_a_minute_are_two_seconds_apart():
    time = Time()
    pace = Pace(30, sleep=time.sleep, monotonic=lambda: time.now)
    passed = []
    for _ in range(4):
        await pace.turn()
        passed.append(time.now)

    assert passed == pytest.approx([100, 102, 104, 106])


async def test_whoever_comes_late_enough_does_not_wait():
    time = Time()
    pace = Pace(30, sleep=time.sleep, monotonic=lambda: time.now)
    await pace.turn()
    time.now += 50
    await pace.turn()

    assert time.now == 150
