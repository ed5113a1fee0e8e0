"""When callers arrive, and that nobody waits for anybody."""

from itertools import islice

import pytest

from loadtests.probe.plan import Arrival, Plan, Schedule, Wishes, keep, plan
from loadtests.samples import Mode, Probe
from sla import objectives
from tests.loadtests.fake_core import FakeClock


class Generator:
    """Starts arrivals on a fake clock; each blocks the schedule for `work_seconds`, which must change nothing later."""

    def __init__(self, room: int = 1000, work_seconds: float = 0.0, stop_at: float = float("inf")) -> None:
        self.clock = FakeClock()
        self.started: list[tuple[float, int]] = []
        self.dropped: list[int] = []
        self._room = room
        self._work_seconds = work_seconds
        self._stop_at = stop_at

    def keep(self, wanted: Plan) -> None:
        keep(
            wanted.arrivals(start=0.0),
            clock=self.clock,
            is_stopped_after=self._is_stopped_after,
            start=self._start,
            drop=lambda arrival: self.dropped.append(arrival.sequence),
        )

    def _is_stopped_after(self, seconds: float) -> bool:
        self.clock.advance(seconds)
        return self.clock.now >= self._stop_at

    def _start(self, arrival: Arrival) -> bool:
        if len(self.started) >= self._room:
            return False
        self.started.append((round(self.clock.now, 6), arrival.sequence))
        self.clock.advance(self._work_seconds)
        return True


def _burst(count: int, per_second: float) -> Plan:
    return Plan(Mode.VERDICT, (Schedule(Probe.FULL, per_second, count),))


def test_arrivals_come_at_a_fixed_rate():
    generator = Generator()

    generator.keep(_burst(4, per_second=2))

    assert generator.started == [(0, 0), (0.5, 1), (1.0, 2), (1.5, 3)]


def test_a_slow_start_delays_the_next_arrival_but_not_the_schedule():
    generator = Generator(work_seconds=0.8)

    generator.keep(_burst(4, per_second=1))

    assert generator.started == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_overdue_arrivals_are_started_at_once_and_none_is_left_out():
    generator = Generator(work_seconds=0.8)

    generator.keep(_burst(4, per_second=2))

    assert [when for when, _ in generator.started] == [0, 0.8, 1.6, 2.4]


def test_without_room_an_arrival_is_dropped_and_the_schedule_goes_on():
    generator = Generator(room=2)

    generator.keep(_burst(4, per_second=1))

    assert ([sequence for _, sequence in generator.started], generator.dropped) == ([0, 1], [2, 3])


def test_a_stop_ends_the_schedule_between_two_arrivals():
    generator = Generator(stop_at=2.5)

    generator.keep(_burst(10, per_second=1))

    assert [sequence for _, sequence in generator.started] == [0, 1, 2]


def test_two_schedules_are_kept_side_by_side():
    watch = plan(Mode.WATCH, objectives.load(), Wishes())

    first = list(islice(watch.arrivals(start=100), 15))

    assert [arrival.due for arrival in first if arrival.probe is Probe.FULL] == [100, 160]
    assert [arrival.due for arrival in first if arrival.probe is Probe.LIGHT] == [100 + 5 * n for n in range(13)]


def test_small_delays_do_not_add_up_over_an_hour():
    light = Schedule(Probe.LIGHT, 1 / 5, None)

    last = next(islice(light.due(0), 720, None))

    assert last.due == pytest.approx(3600, abs=1e-6)


def test_a_plan_ends_after_its_seconds():
    watch = plan(Mode.WATCH, objectives.load(), Wishes(seconds=60))

    assert len(list(watch.arrivals(start=5))) == 12 + 1


@pytest.mark.parametrize(("mode", "total"), [(Mode.LIGHT, 12), (Mode.FULL, 1), (Mode.VERDICT, 66), (Mode.WATCH, None)])
def test_every_mode_has_its_size(mode, total):
    assert plan(mode, objectives.load(), Wishes()).total == total


def test_wishes_override_the_promise():
    wanted = plan(Mode.VERDICT, objectives.load(), Wishes(arrivals=3, per_second=10.0))

    assert wanted.schedules == (Schedule(Probe.FULL, 10.0, 3),)


def test_there_is_room_for_all_who_can_be_under_way():
    burst = plan(Mode.VERDICT, objectives.load(), Wishes())
    light = _burst(1000, per_second=60)

    assert burst.most_under_way(lambda probe: 40.0) == 66
    assert light.most_under_way(lambda probe: 4.0) == 241
