"""DESIGN §2, line by line: from stock to the number that a channel must show."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from marketplace_sync.engine.buffer import NO_BUFFER, BufferLine
from marketplace_sync.engine.quantity import (
    COUNTED_SOURCES,
    MAX_QTY,
    Breakdown,
    Terms,
    compute,
    whole,
)

#: Quantities as Odoo keeps them: any unit of measure, any float.
ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
QUANTITY = st.floats(min_value=-1e7, max_value=1e7)
DEMAND = st.floats(min_value=0, max_value=1e7)
BUFFERS = st.builds(
    BufferLine,
    units=st.integers(0, 500),
    percent=st.integers(0, 10_000).map(lambda hundredths: hundredths / 100),
)
COUNTED = st.builds(
    Terms,
    source=st.sampled_from(sorted(COUNTED_SOURCES)),
    available=QUANTITY,
    committed=DEMAND,
    share_percent=st.integers(0, 10_000).map(lambda hundredths: hundredths / 100),
    buffer=BUFFERS,
    units_per_listing=st.integers(1, 48),
    max_qty=st.integers(0, 2000),
    stopped=st.just(False),
)
AS_IT_IS = st.builds(
    Terms,
    source=st.sampled_from(("mto", "manual")),
    available=st.integers(0, MAX_QTY),
    committed=DEMAND,
    share_percent=st.floats(0, 100),
    buffer=BUFFERS,
    units_per_listing=st.integers(1, 48),
    max_qty=st.just(0),
    stopped=st.just(False),
)


def stock(available, **terms):
    """Return what a stock listing shows of ``available``."""
    return compute(Terms("stock", available, **terms)).sellable


# === PROPERTIES ===


@given(COUNTED)
def test_the_number_is_a_whole_number_and_never_negative(terms):
    result = compute(terms)
    for value in (result.qty, result.effective, result.buffer_qty, result.sellable):
        assert type(value) is int
        assert value >= 0


@given(COUNTED)
def test_what_is_shown_can_be_shipped_from_what_is_free_and_not_promised(terms):
    result = compute(terms)
    left = max(0, Fraction(terms.available) - Fraction(terms.committed))
    noise = Fraction(2, 10**6)
    assert result.sellable * terms.units_per_listing <= left + noise


@given(COUNTED)
def test_share_and_buffer_are_left_after_what_is_shown(terms):
    result = compute(terms)
    shown = result.sellable * terms.units_per_listing
    left = max(0.0, terms.available - terms.committed)
    if shown:
        assert shown + result.buffer_qty <= left * terms.share_percent / 100 + 1e-5
        assert result.buffer_qty >= terms.buffer.units


@given(COUNTED, st.floats(min_value=0, max_value=1e6))
def test_more_stock_never_shows_less(terms, more):
    # a buffer of some percent is rounded up: one unit more may cost one, never two
    richer = terms._replace(available=terms.available + more)
    assert compute(richer).sellable >= compute(terms).sellable


@given(COUNTED, st.floats(min_value=0, max_value=1e6))
def test_more_demand_never_shows_more(terms, more):
    busier = terms._replace(committed=terms.committed + more)
    assert compute(busier).sellable <= compute(terms).sellable


@given(COUNTED, st.integers(0, 100), st.integers(0, 100))
def test_a_bigger_buffer_never_shows_more(terms, units, percent):
    wider = terms.buffer._replace(
        units=terms.buffer.units + units,
        percent=min(100, terms.buffer.percent + percent),
    )
    assert compute(terms._replace(buffer=wider)).sellable <= compute(terms).sellable


@given(COUNTED, st.integers(1, 20))
def test_a_bigger_pack_never_shows_more(terms, more):
    bigger = terms._replace(units_per_listing=terms.units_per_listing + more)
    assert compute(bigger).sellable <= compute(terms).sellable


@given(COUNTED, st.floats(0, 100))
def test_a_smaller_share_never_shows_more(terms, share):
    assume(share <= terms.share_percent)
    smaller = terms._replace(share_percent=share)
    assert compute(smaller).sellable <= compute(terms).sellable


@given(COUNTED, st.integers(0, 10**6))
@example(Terms("stock", 10.7, committed=5.5), 3)
def test_reserving_demand_does_not_change_what_is_shown(terms, reserved):
    """What Odoo reserves leaves free stock and demand alike."""
    assume(reserved <= terms.committed)
    after = terms._replace(
        available=terms.available - reserved, committed=terms.committed - reserved
    )
    left = terms.available - terms.committed
    assume(abs(left - round(left)) > 1e-3 or left == round(left))
    assert compute(after).sellable == compute(terms).sellable


@given(COUNTED)
def test_a_cap_is_the_most_that_is_shown_and_costs_nothing_below(terms):
    uncapped = compute(terms._replace(max_qty=0)).sellable
    shown = compute(terms).sellable
    assert shown == (min(uncapped, terms.max_qty) if terms.max_qty else uncapped)


@given(COUNTED | AS_IT_IS)
def test_selling_that_a_person_stopped_shows_zero(terms):
    stopped = compute(terms._replace(stopped=True))
    assert stopped.sellable == 0
    assert stopped.qty == compute(terms).qty


@given(AS_IT_IS)
def test_made_to_order_and_manual_are_published_as_they_are(terms):
    result = compute(terms)
    assert result.qty == result.sellable == terms.available
    assert (result.committed, result.buffer_qty, result.effective) == (
        0,
        0,
        terms.available,
    )


@given(
    st.sampled_from(("stock", "capacity", "mto", "manual")),
    ANY_FLOAT,
    ANY_FLOAT,
    BUFFERS,
)
@example("stock", math.inf, 0.0, NO_BUFFER)
@example("stock", math.nan, 0.0, NO_BUFFER)
@example("stock", 10.0, math.nan, NO_BUFFER)
@example("stock", math.inf, math.inf, NO_BUFFER)
def test_what_is_not_a_number_harms_nothing(source, available, committed, buffer):
    result = compute(Terms(source, available, committed, buffer=buffer))
    assert type(result.sellable) is int
    assert 0 <= result.sellable <= MAX_QTY


@given(COUNTED | AS_IT_IS)
def test_the_breakdown_keeps_what_it_was_computed_from(terms):
    result = compute(terms)
    assert isinstance(result, Breakdown)
    assert result.source == terms.source
    assert result.available == terms.available
    assert result.max_qty == terms.max_qty
    assert result.qty == whole(terms.available)


@given(COUNTED)
def test_the_breakdown_adds_up(terms):
    result = compute(terms)
    packs = max(0, result.effective - result.buffer_qty) // result.units_per_listing
    assert result.sellable == (min(packs, result.max_qty) if result.max_qty else packs)


# === EXACT NUMBERS ===


def test_every_step_in_order():
    result = compute(
        Terms(
            "stock",
            available=120.5,
            committed=20,
            share_percent=50,
            buffer=BufferLine(units=3, percent=5),
            units_per_listing=6,
            max_qty=7,
        )
    )
    assert result.qty == 120  # floor of free
    assert result.effective == 50  # half of the 100.5 that are not promised, floored
    assert result.buffer_qty == 3  # max(3, ceil(2.5))
    assert result.sellable == 7  # (50 - 3) // 6, and the cap lets it pass
    assert compute(Terms("stock", 120.5, 20, 50, max_qty=6)).sellable == 6


@pytest.mark.parametrize(
    ("free", "shown"),
    [
        ((0.1 + 0.2) * 10, 3),
        (2.9999999999999996, 3),
        (0.1 * 3 * 10, 3),
        (2.999, 2),
        (0.999, 0),
        (1 - 1e-9, 1),
        (-0.5, 0),
        (-7, 0),
        (0, 0),
        (1e18, MAX_QTY),
    ],
)
def test_floats_are_floored_without_their_noise(free, shown):
    assert whole(free) == shown
    assert stock(free) == shown


def test_demand_of_fractions_takes_a_whole_unit_from_what_is_shown():
    assert stock(10, committed=0.5) == 9
    assert stock(10.5, committed=0.5) == 10
    assert stock(0.3, committed=0.1 + 0.2) == 0
    assert stock(1.3, committed=0.1 + 0.2) == 1


def test_more_promised_than_there_is_shows_zero():
    assert stock(5, committed=8) == 0


def test_negative_demand_does_not_add_stock():
    assert stock(5, committed=-3) == 5


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, 0), (0.01, 0), (1, 1), (33.33, 33), (50, 50), (99.99, 99), (100, 100)],
)
def test_share_at_its_boundaries(share, shown):
    assert stock(100, share_percent=share) == shown


def test_a_share_beyond_its_boundaries_is_brought_back():
    assert stock(100, share_percent=250) == 100
    assert stock(100, share_percent=-1) == 0


def test_seven_percent_of_a_hundred_are_seven():
    assert stock(100, share_percent=7) == 7
    assert stock(100, share_percent=14) == 14
    assert stock(1000, share_percent=0.7) == 7


def test_the_share_is_taken_after_demand_and_before_the_buffer():
    terms = {"committed": 20, "share_percent": 50, "buffer": BufferLine(units=5)}
    assert stock(100, **terms) == 35  # (100 - 20) / 2 - 5


def test_a_pack_of_six_is_shown_when_six_are_there():
    assert [stock(free, units_per_listing=6) for free in (5, 6, 11, 12)] == [0, 1, 1, 2]


def test_a_pack_divides_what_the_buffer_leaves():
    # in the product's unit: 14 - 3 = 11 bottles are one pack of six
    assert stock(14, buffer=BufferLine(units=3), units_per_listing=6) == 1


def test_a_pack_of_nothing_is_a_pack_of_one():
    assert stock(5, units_per_listing=0) == 5


def test_a_buffer_larger_than_the_stock_shows_zero():
    assert stock(2, buffer=BufferLine(units=3)) == 0
    assert stock(100, buffer=BufferLine(percent=100)) == 0


def test_zero_is_no_cap():
    assert stock(1500, max_qty=0) == 1500
    assert stock(1500, max_qty=1000) == 1000


def test_the_cap_applies_to_made_to_order_and_manual():
    assert compute(Terms("mto", 999, max_qty=20)).sellable == 20
    assert compute(Terms("manual", 999, max_qty=20)).sellable == 20


def test_made_to_order_ignores_stock_terms():
    result = compute(
        Terms(
            "mto",
            999,
            committed=500,
            share_percent=10,
            buffer=BufferLine(units=50),
            units_per_listing=6,
        )
    )
    assert result.sellable == 999


def test_capacity_is_counted_as_stock_is():
    assert compute(Terms("capacity", 40, 10, 50)).sellable == 15
