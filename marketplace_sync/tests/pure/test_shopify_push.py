"""Publishing to Shopify: compare-and-set, idempotency, and rows that can't go."""

import unittest
from dataclasses import replace
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace_sync.channels.base import ListingRef, StockLevel
from marketplace_sync.channels.errors import ChannelUnreachable, RetryableError
from marketplace_sync.channels.shopify.push import Push
from marketplace_sync.tests.pure.shopify_case import BERLIN, MADRID, ShopifyCase

WRITE = "inventorySetQuantities"


def outcomes(results):
    return {key: (result.outcome, result.code) for key, result in results.items()}


class TestPreparing(ShopifyCase):
    def test_expected_is_what_the_shop_shows(self):
        (level,) = self.prepare(self.adapter(), (self.stock("A", 5), 7))
        self.assertEqual(level.expected, 5)

    def test_a_missing_id_is_found_by_its_exact_sku(self):
        self.stock("a-1", 1)
        (level,) = self.prepare(self.adapter(), (self.stock("A-1", 5), 7))
        self.assertEqual(
            (level.ref.external_ref, level.expected),
            ("gid://shopify/InventoryItem/2", 5),
        )

    def test_a_malformed_id_is_looked_up_again_and_spoils_no_neighbour(self):
        self.stock("A", 5)
        bad = ListingRef("bad", "A", external_ref="12345", site_code=BERLIN)
        levels = self.prepare(self.adapter(), (bad, 7), (self.stock("B", 2), 1))
        self.assertEqual([level.expected for level in levels], [5, 2])

    def test_one_read_serves_250_rows_of_a_location(self):
        rows = [(self._known(f"S{n}"), 1) for n in range(250)]
        self.prepare(self.adapter(), *rows)
        self.assertEqual(self.calls(), ["nodes"])

    def test_two_calls_publish_250_rows(self):
        adapter = self.adapter()
        for batch in range(4):
            rows = [(self._known(f"S{batch}-{n}"), 1) for n in range(250)]
            results = self.push(*rows, adapter=adapter, key=f"push-{batch}")
            self.assertEqual({r.outcome for r in results.values()}, {"accepted"})
        self.assertEqual(self.calls(), ["nodes", WRITE] * 4)

    def _known(self, sku):
        ref = self.stock(sku)
        number = self.shop.shop.number_of(sku)
        gid = f"gid://shopify/InventoryItem/{number}"
        return ListingRef(ref.key, sku, gid, BERLIN)


class TestPushing(ShopifyCase):
    def test_rows_of_several_locations_go_in_one_write(self):
        rows = [(self.stock("A", 5), 7), (self.stock("A", 1, MADRID), 9)]
        levels = self.prepare(self.adapter(), *rows)
        results = list(self.adapter().push_stock(levels, "k"))
        self.assertEqual([r.outcome for r in results], ["accepted"] * 2)
        self.assertEqual((self.shown("A"), self.shown("A", MADRID)), (7, 9))
        self.assertEqual(self.calls(WRITE), 1)

    def test_an_accepted_row_says_what_is_shown_now(self):
        result = self.push((self.stock("A"), 7))["A"]
        self.assertEqual((result.outcome, result.channel_qty), ("accepted", 7))
        self.assertTrue(result.request_id)

    def test_a_negative_quantity_of_the_shop_can_be_set_right(self):
        self.assertEqual(self.push((self.stock("A", -3), 4))["A"].outcome, "accepted")
        self.assertEqual(self.shown("A"), 4)

    def test_a_row_that_was_not_read_is_read_before_it_is_written(self):
        ref = self.stock("A", 5)
        results = list(self.adapter().push_stock([StockLevel(ref, 7)], "k"))
        self.assertEqual(results[0].outcome, "accepted")
        self.assertEqual(self.calls(), ["productVariants", "nodes", WRITE])

    def test_no_row_is_written_blindly(self):
        ref = self._item("A", 5)
        results = list(self.adapter().push_stock([StockLevel(ref, 7)], "k"))
        self.assertEqual(results[0].outcome, "accepted")
        self.assertEqual(self.calls(), ["nodes", WRITE])

    def _item(self, sku, quantity):
        ref = self.stock(sku, quantity)
        return replace(ref, external_ref="gid://shopify/InventoryItem/1")

    def test_two_listings_of_one_counter_that_agree_are_one_row(self):
        twin = ListingRef("twin@", "A", site_code=BERLIN)
        results = self.push((self.stock("A", 5), 7), (twin, 7))
        self.assertEqual([r.outcome for r in results.values()], ["accepted"] * 2)

    def test_two_listings_of_one_counter_publish_the_smaller_number_once(self):
        ref = self.stock("A", 5)
        twin = ListingRef("twin@", "A", site_code=BERLIN)
        results = self.push((ref, 7), (twin, 3))
        self.assertEqual(self.shown("A"), 3)
        self.assertEqual(
            outcomes(results),
            {"A": ("rejected", "duplicate_sku"), "twin": ("accepted", "")},
        )

    def test_more_than_250_rows_are_a_bug_of_the_caller(self):
        levels = [StockLevel(ListingRef(str(n), "A"), 1) for n in range(251)]
        with self.assertRaises(ValueError):
            list(self.adapter().push_stock(levels, "k"))

    def test_a_blank_idempotency_key_is_a_bug_of_the_caller(self):
        with self.assertRaises(ValueError):
            list(self.adapter().push_stock([], " "))


class TestRowsThatCannotGo(ShopifyCase):
    def refused(self, code, ref, quantity=7):
        """Push ``ref`` beside a good row; only the good row must arrive."""
        result = self.push((ref, quantity), (self.stock("GOOD"), 9))
        self.assertEqual(result["GOOD"].outcome, "accepted")
        self.assertEqual(self.shown("GOOD"), 9)
        refused = next(r for key, r in result.items() if key != "GOOD")
        self.assertEqual((refused.outcome, refused.code), ("rejected", code))
        self.assertTrue(refused.error)

    def test_an_item_not_stocked_at_the_location_is_never_written(self):
        self.refused("inactive_level", self.stock("A", 5, active=False))
        level = self.shop.shop.state["variants"]["1"]["levels"][BERLIN]
        self.assertEqual(level["available"], 5)

    def test_an_item_without_a_level_is_never_written(self):
        self.refused("inactive_level", self.stock("A", None))
        self.assertEqual(self.shop.shop.state["variants"]["1"]["levels"], {})

    def test_an_untracked_item_is_not_written(self):
        self.refused("untracked", self.stock("A", tracked=False))

    def test_a_bundle_is_refused_by_shopify_and_its_neighbours_go_again(self):
        self.refused("NON_MUTABLE_INVENTORY_ITEM", self.stock("A", bundle=True))
        self.assertEqual(self.calls(WRITE), 2)

    def test_a_bundle_is_refused_alone_also_where_shopify_writes_the_rest(self):
        self.seed(partial_writes=True)
        self.refused("NON_MUTABLE_INVENTORY_ITEM", self.stock("A", bundle=True))

    def test_a_row_that_was_refused_goes_once_it_is_repaired(self):
        ref, adapter = self.stock("A", 5, active=False), self.adapter()
        self.prepare(adapter, (ref, 7))
        self.stock("A", 5, active=True)
        self.assertEqual(self.push((ref, 7), adapter=adapter)["A"].outcome, "accepted")

    def test_an_ambiguous_sku_is_not_guessed(self):
        ref = self.stock("A")
        self.stock("A", duplicate=True)
        self.refused("duplicate_sku", ref)

    def test_an_unknown_id_is_a_result(self):
        gid = "gid://shopify/InventoryItem/999"
        self.refused("unknown_sku", ListingRef("gone@", "A", gid, BERLIN))

    def test_an_unknown_location_is_a_result(self):
        for site in ("gid://shopify/Location/77", "Berlin", ""):
            with self.subTest(site):
                ref = ListingRef("lost@", "GOOD", site_code=site)
                result = self.push((self.stock("GOOD"), 9), (ref, 1), key=f"k{site}")
                self.assertEqual(result["lost"].outcome, "rejected")
                self.assertIn(
                    result["lost"].code, ("INVALID_LOCATION", "inactive_level")
                )
                self.assertEqual(result["GOOD"].outcome, "accepted")

    def test_an_impossible_quantity_does_not_fail_its_neighbours(self):
        for quantity in (-1, 2_000_000_000, 1.5, True):
            with self.subTest(quantity):
                self.refused("quantity", self.stock("A"), quantity)
                self.setUp()


class TestSomebodyElseWrites(ShopifyCase):
    def test_a_stale_row_is_read_and_sent_again(self):
        ref, adapter = self.stock("A", 5), self.adapter()
        levels = self.prepare(adapter, (ref, 7))
        self.shop.sell("A")
        results = list(adapter.push_stock(levels, "k"))
        self.assertEqual(results[0].outcome, "accepted")
        self.assertEqual(self.shown("A"), 7)
        self.assertEqual(self.calls()[-4:], ["nodes", WRITE, "nodes", WRITE])

    def test_a_row_that_never_comes_to_rest_is_left_for_later(self):
        rows = (self.stock("A"), 7), (self.stock("B"), 8)
        self.fault(WRITE, "stale", times=-1, skus=["A"])
        results = self.push(*rows)
        self.assertEqual(
            outcomes(results),
            {"A": ("retry", "CHANGE_FROM_QUANTITY_STALE"), "B": ("accepted", "")},
        )
        self.assertEqual(self.shown("B"), 8)

    def test_a_level_that_was_closed_meanwhile_is_refused_not_overwritten(self):
        ref, adapter = self.stock("A", 5), self.adapter()
        levels = self.prepare(adapter, (ref, 7))
        self.stock("A", 4, active=False)
        (result,) = adapter.push_stock(levels, "k")
        self.assertEqual((result.outcome, result.code), ("rejected", "inactive_level"))

    @settings(max_examples=30, deadline=None)
    @given(
        st.booleans(),
        st.lists(
            st.tuples(st.integers(-5, 20), st.integers(0, 20), st.integers(0, 2)),
            min_size=1,
            max_size=8,
        ),
    )
    def test_what_is_accepted_is_shown_whether_or_not_shopify_writes_partly(
        self, partial, rows
    ):
        """Rows: shown before, wanted, units sold between read and write."""
        self.setUp()
        self.seed(partial_writes=partial)
        adapter = self.adapter()
        refs = [self.stock(f"S{n}", row[0]) for n, row in enumerate(rows)]
        levels = self.prepare(adapter, *zip(refs, [r[1] for r in rows], strict=True))
        for number, row in enumerate(rows):
            if row[2]:
                self.shop.sell(f"S{number}", row[2])
        results = list(adapter.push_stock(levels, "k"))
        self.assertEqual({r.outcome for r in results}, {"accepted"})
        for number, row in enumerate(rows):
            self.assertEqual(self.shown(f"S{number}"), row[1])


class TestLostAnswers(ShopifyCase):
    def setUp(self):
        super().setUp()
        self.ref = self.stock("A", 5)

    def written(self):
        """Return keys of writes that Shopify remembers."""
        return list(self.shop.shop.state["keys"])

    def test_a_lost_answer_is_asked_for_again_under_the_same_key(self):
        for kind in ("reset_after", "503_empty", "html", "internal_error", "malformed"):
            with self.subTest(kind):
                self.fault(WRITE, kind)
                result = self.push((self.ref, 7), key=f"k-{kind}")["A"]
                self.assertEqual(result.outcome, "accepted")
                self.assertEqual(self.written()[-1], f"k-{kind}")

    def test_an_answer_lost_twice_is_left_to_the_caller(self):
        self.fault(WRITE, "reset_after", times=2)
        with self.assertRaises(ChannelUnreachable):
            self.push((self.ref, 7))

    def test_a_crash_between_write_and_answer_repeats_nothing(self):
        levels = self.prepare(self.adapter(), (self.ref, 7))
        self.fault(WRITE, "reset_after", times=2)
        with self.assertRaises(ChannelUnreachable):
            list(self.adapter().push_stock(levels, "k"))
        self.shop.sell("A", 2)
        (result,) = self.adapter().push_stock(levels, "k")
        self.assertEqual(result.outcome, "accepted")
        self.assertEqual(self.shown("A"), 5, "the sale was not undone")

    def test_a_key_whose_first_attempt_failed_is_replaced(self):
        self.fault(WRITE, "previous_failed")
        self.assertEqual(self.push((self.ref, 7))["A"].outcome, "accepted")
        self.assertEqual(self.shown("A"), 7)
        self.assertNotIn("push-1", self.written())

    def test_a_key_that_was_used_for_other_rows_is_replaced(self):
        self.push((self.ref, 7), key="k")
        with self.assertLogs("marketplace_sync.channels.shopify.push", "WARNING"):
            self.assertEqual(self.push((self.ref, 9), key="k")["A"].outcome, "accepted")
        self.assertEqual(self.shown("A"), 9)

    def test_a_call_in_flight_is_waited_for_under_its_own_key(self):
        self.fault(WRITE, "in_flight", times=2)
        self.assertEqual(self.push((self.ref, 7))["A"].outcome, "accepted")
        self.assertEqual(self.written(), ["push-1"])
        self.assertEqual(len(self.slept), 2)

    def test_a_call_that_stays_in_flight_is_left_for_later(self):
        self.fault(WRITE, "in_flight", times=-1)
        with self.assertRaises(RetryableError):
            self.push((self.ref, 7))
        self.sim.clear_faults()

    def test_other_bytes_never_go_under_a_used_key(self):
        rows = [mock.Mock(**{"as_input.return_value": {"n": 1}})]
        push = Push(None, None, rows, "base")
        first = push._key(1)
        self.assertEqual(push._key(0), "base")
        self.assertEqual(push._key(1), first, "the same after a crash")
        self.assertNotEqual(push._key(2), first, "another round")
        rows[0].as_input.return_value = {"n": 2}
        self.assertNotEqual(push._key(1), first, "other rows")


if __name__ == "__main__":
    unittest.main()
