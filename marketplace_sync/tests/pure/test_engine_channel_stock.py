"""What two counts of a channel's warehouse bear out."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.engine.channel_stock import Count, transitions

UNITS = st.integers(min_value=0, max_value=500)
COUNTS = st.builds(Count, UNITS, UNITS, UNITS, UNITS, UNITS)


def told(before, after):
    return {one.kind: one.units for one in transitions(before, after)}


class TestTransitions(unittest.TestCase):
    def test_unfulfillable_units_that_turn_up_among_the_good_are_restored(self):
        found = told(Count(10, unfulfillable=3), Count(12, unfulfillable=1))
        self.assertEqual(found, {"restored": 2})

    def test_units_that_were_thrown_away_are_not_restored(self):
        self.assertEqual(told(Count(10, unfulfillable=3), Count(10)), {})

    def test_a_receipt_is_no_restoration(self):
        before = Count(10, inbound=5, unfulfillable=3)
        self.assertEqual(told(before, Count(15, unfulfillable=0)), {})

    def test_what_customers_broke_never_was_good_today(self):
        self.assertEqual(told(Count(10), Count(9, customer_damaged=1)), {})

    def test_what_customers_broke_can_be_made_good(self):
        found = told(Count(10, customer_damaged=2), Count(12))
        self.assertEqual(found, {"restored": 2})

    def test_lost_and_found(self):
        self.assertEqual(told(Count(10), Count(7, missing=3)), {"lost": -3})
        self.assertEqual(told(Count(7, missing=3), Count(9, missing=1)), {"found": 2})

    def test_found_broken_was_taken_for_good_once(self):
        found = told(Count(7, missing=3), Count(7, unfulfillable=3))
        self.assertEqual(found, {})

    def test_damaged_in_the_channels_hands(self):
        self.assertEqual(told(Count(10), Count(8, unfulfillable=2)), {"damaged": -2})

    @given(COUNTS)
    def test_the_same_count_twice_shows_nothing(self, count):
        self.assertEqual(transitions(count, count), [])

    @given(COUNTS, COUNTS)
    def test_never_more_than_both_sides_bear_out(self, before, after):
        found = told(before, after)
        gained = max(0, after.good - before.good)
        self.assertLessEqual(found.get("restored", 0) + found.get("found", 0), gained)
        self.assertLessEqual(
            found.get("found", 0), max(0, before.missing - after.missing)
        )
        self.assertGreaterEqual(
            found.get("lost", 0), -max(0, after.missing - before.missing)
        )
        self.assertGreaterEqual(
            found.get("damaged", 0), -max(0, after.unfulfillable - before.unfulfillable)
        )
        self.assertNotIn(0, found.values())
