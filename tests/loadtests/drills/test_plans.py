"""A drill is decided by its seed: the same callers, the same mishaps, at the same times."""

import json
from datetime import date, datetime
from random import Random

from loadtests.calcom_simulator.fault_orders import FaultOrder
from loadtests.drills.mishaps import Strike, mishaps
from loadtests.drills.wishes import MOST_BOOKINGS, calls

TODAY = date(2026, 11, 22)


def planned(seed=1, bookings=400):
    return calls(Random(seed), bookings=bookings, seconds=60, today=TODAY)


def test_one_seed_gives_one_plan_and_another_seed_another():
    assert planned() == planned()
    assert planned() != planned(seed=2)
    assert mishaps(Random(1), seconds=60) == mishaps(Random(1), seconds=60)


def test_some_callers_want_one_chair_and_some_say_the_same_again():
    wishes = [call.wish for call in planned()]

    copies = len(wishes) - len(set(wishes))
    rivals = len({(wish.phone, wish.start) for wish in wishes}) - len({wish.start for wish in wishes})
    assert copies > 20
    assert rivals > 20


def test_callers_are_spread_over_the_salons_and_some_will_change_their_minds():
    made = calls(Random(1), bookings=400, seconds=60, today=TODAY, salons=4)

    assert {call.salon for call in made} == {0, 1, 2, 3}
    staff = {(call.salon, call.wish.staff) for call in made if call.wish.staff}
    assert staff == {(0, "anna"), (0, "ben"), *((n, f"{name}-{n}") for n in (1, 2, 3) for name in ("anna", "ben"))}
    second = [tuple(thought.start is not None for thought in call.thoughts) for call in made if call.thoughts]
    assert set(second) == {(True,), (False,), (True, False), (True, True)}
    assert 80 < len(second) < 200


def test_whoever_moves_goes_to_another_time_that_mostly_nobody_else_wants():
    made = calls(Random(1), bookings=400, seconds=60, today=TODAY, salons=4)

    booked = {(call.salon, call.wish.start) for call in made}
    moves = [(call, thought.start) for call in made for thought in call.thoughts if thought.start]
    contested = sum((call.salon, start) in booked for call, start in moves)
    assert all(start != call.wish.start for call, start in moves)
    assert 0 < contested < len(moves) / 2


def test_the_most_callers_each_have_a_number_and_a_working_day():
    wishes = [call.wish for call in planned(bookings=MOST_BOOKINGS)]

    assert all(len(wish.phone) == len(wishes[0].phone) for wish in wishes)
    assert {datetime.fromisoformat(wish.start).weekday() for wish in wishes} == set(range(6))


def test_the_simulator_takes_every_order_of_a_long_drill():
    made = mishaps(Random(1), seconds=200)

    orders = [
        FaultOrder.model_validate_json(json.dumps(dict(each.order))) for each in made if each.strike is Strike.CALCOM
    ]
    assert len({order.fault for order in orders}) == 11
    assert {each.strike for each in made} == set(Strike)
    assert [each.at_seconds for each in made] == sorted(each.at_seconds for each in made)
