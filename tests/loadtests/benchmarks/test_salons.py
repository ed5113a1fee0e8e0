from datetime import UTC, date, datetime
from itertools import islice

from loadtests.benchmarks.salons import CHAIRS, REGULARS_EACH, SALONS, Numbers, phone, wishes

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


def test_a_salons_worth_in_a_row_are_all_regulars_or_all_there_for_the_first_time():
    asked = list(islice(wishes(Numbers(), DAY), 3 * CHAIRS))

    regulars = {phone(salon, number) for salon in range(SALONS) for number in range(REGULARS_EACH)}
    rows = [asked[first : first + SALONS] for first in range(0, len(asked), SALONS)]
    kinds = [{wish.phone in regulars for wish in row} for row in rows]
    assert [*map(len, kinds)] == [1] * len(rows)
    assert sum(kind == {False} for kind in kinds) == len(rows) // 10
