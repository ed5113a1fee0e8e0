from datetime import UTC, date, datetime
from itertools import islice

from loadtests.benchmarks.salons import CHAIRS, REGULARS_EACH, SALONS, Numbers, evenly_mixed, phone, wishes

DAY = date(2026, 12, 1)


def test_no_two_bookings_want_the_same_chair_at_the_same_time():
    asked = list(islice(wishes(Numbers(), DAY), 5 * CHAIRS))

    assert len({(wish.staff, wish.start) for wish in asked}) == len(asked)
    assert asked[0].start == datetime(2026, 12, 1, tzinfo=UTC)


def test_everyone_works_at_one_salon_and_every_number_is_a_callers_of_that_salon():
    asked = list(islice(wishes(Numbers(), DAY), 4 * CHAIRS))

    assert len({(wish.staff, wish.salon) for wish in asked}) == CHAIRS
    assert len({(wish.phone, wish.salon) for wish in asked}) == len({wish.phone for wish in asked})


def test_nine_in_ten_callers_come_again():
    asked = list(islice(wishes(Numbers(), DAY), SALONS * REGULARS_EACH * 10))
    times: dict[str, int] = {}
    for wish in asked:
        times[wish.phone] = times.get(wish.phone, 0) + 1

    assert sum(count for count in times.values() if count > 1) == len(asked) * 9 // 10


def test_numbers_that_were_taken_for_others_are_not_given_out_again():
    numbers = Numbers()
    first = list(islice(numbers, 3))
    reserved = numbers.take(100)

    assert (first, reserved, next(iter(numbers))) == ([0, 1, 2], 3, 103)


def test_evenly_mixed_every_ten_in_a_row_have_one_that_is_new_and_come_from_ten_salons():
    numbers = list(islice(evenly_mixed(), 3 * CHAIRS))
    asked = list(wishes(numbers, DAY))

    assert sorted(numbers) == list(range(3 * CHAIRS))
    regulars = {phone(salon, number) for salon in range(SALONS) for number in range(REGULARS_EACH)}
    for first in range(0, len(asked), 10):
        ten = asked[first : first + 10]
        assert sum(wish.phone not in regulars for wish in ten) == 1
        assert len({wish.salon for wish in ten}) == 10
