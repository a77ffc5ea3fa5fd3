"""What a channel shows after it has itself sold something."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.engine.sold import AMBIGUOUS, after_sale

NOON = datetime(2026, 11, 20, 12)
MINUTE = timedelta(minutes=1)


def test_a_sale_lowers_what_the_channel_shows():
    assert after_sale(10, NOON, 2, NOON + MINUTE) == (8, True)


def test_a_sale_before_our_number_was_written_over_it_changes_nothing():
    assert after_sale(10, NOON, 2, NOON - MINUTE) == (10, True)


def test_a_sale_in_the_same_moment_is_uncertain_so_the_number_is_sent_again():
    for seconds in (-AMBIGUOUS.seconds, -1, 0, 1, AMBIGUOUS.seconds):
        shown = after_sale(10, NOON, 2, NOON + timedelta(seconds=seconds))
        assert not shown.is_certain
        assert shown.quantity == (8 if seconds >= 0 else 10)


def test_more_sold_than_shown_is_nothing_left():
    assert after_sale(1, NOON, 5, NOON + MINUTE).quantity == 0


@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.integers(1, 20), st.integers(31, 100_000)), max_size=20),
)
def test_sales_are_subtracted_in_any_order(published, sales):
    def shown(order):
        quantity = published
        for units, seconds in order:
            moment = NOON + timedelta(seconds=seconds)
            quantity = after_sale(quantity, NOON, units, moment).quantity
        return quantity

    assert shown(sales) == shown(sales[::-1])
    assert shown(sales) == max(0, published - sum(units for units, _s in sales))
