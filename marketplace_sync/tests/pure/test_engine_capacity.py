"""What a maker can promise who makes so many units a week."""

from hypothesis import assume, given
from hypothesis import strategies as st

from marketplace_sync.engine.capacity import Capacity, extension, slots, units_of

AMOUNTS = st.floats(0, 500).map(lambda value: round(value, 2))
WEIGHTS = st.floats(0.1, 10).map(lambda value: round(value, 2))


def test_twelve_a_week_for_two_weeks_with_eight_in_production_is_sixteen():
    assert slots(Capacity(12, 2)) - 8 == 16


def test_safety_and_holidays_are_not_promised():
    assert slots(Capacity(12, 2, safety=4)) == 20
    assert slots(Capacity(10, 2, working=0.5)) == 10
    assert slots(Capacity(1, 1, safety=9)) == 0


def test_a_heavy_unit_takes_more_than_a_slot():
    assert units_of(15, 1.5) == 10


def test_with_room_the_lead_time_stays():
    assert extension(Capacity(12, 2), load=23, weight=1) == 0


def test_an_exhausted_capacity_promises_the_next_week_with_room():
    assert extension(Capacity(12, 2), load=24, weight=1) == 1
    assert extension(Capacity(12, 2), load=36, weight=1) == 2


def test_nothing_is_promised_where_nothing_is_made():
    assert extension(Capacity(0, 2), load=0, weight=1) is None
    assert extension(Capacity(0.001, 1), load=5, weight=1) is None


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, WEIGHTS, st.floats(0, 1))
def test_the_extension_is_the_shortest_that_has_room(
    weekly, weeks, safety, load, weight, working
):
    assume(weekly > 0.1 and weeks > 0)
    capacity = Capacity(weekly, weeks, safety, round(working, 2))
    extra = extension(capacity, load, weight)
    if extra is None:
        assert slots(capacity, 52) < load + weight + 1e-6
        return
    assert slots(capacity, extra) >= load + weight - 1e-6
    if extra:
        assert slots(capacity, extra - 1) < load + weight + 1e-6


@given(WEIGHTS, AMOUNTS, st.lists(WEIGHTS, max_size=6))
def test_as_orders_arrive_no_slot_is_promised_twice(weight, total, taken):
    """Whatever the members show, what any of them can still take fits the rest."""
    left = max(0.0, total - sum(taken))
    assert int(units_of(left, weight) + 1e-9) * weight <= left + 1e-6
