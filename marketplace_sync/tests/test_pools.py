"""Listings that share one counter on the channel publish one number."""

from odoo.tests import tagged

from .common import MarketplaceCase


@tagged("post_install", "-at_install")
class TestPools(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_warehouse()
        cls.amazon = cls.make_account("amazon")
        cls.north = cls.make_site(cls.warehouse, cls.amazon, name="North")
        cls.south = cls.make_site(cls.second, cls.amazon, name="South")
        cls.product = cls.make_product(stock=10, default_code="POOLED")
        cls.put(cls.product, 4, cls.second.lot_stock_id)

    def make_pool(self, **south):
        return (
            self.make_listing(self.product, self.north),
            self.make_listing(self.product, self.south, **south),
        )

    def shown(self, *listings):
        self.refresh()
        return [listing.sellable_qty for listing in listings]

    def test_one_sku_of_an_amazon_seller_is_one_counter(self):
        north, south = self.make_pool()
        self.assertEqual((north.pool_key, south.pool_key), ("POOLED", "POOLED"))
        other = self.make_listing(self.product, self.north, sku="ANOTHER")
        self.assertEqual(other.pool_key, "ANOTHER")

    def test_a_channel_with_a_counter_per_site_has_no_pool(self):
        first = self.make_listing(self.product)
        second = self.make_listing(self.product, self.make_site(self.second))
        self.assertEqual((first.pool_key, second.pool_key), (False, False))
        self.assertEqual(self.shown(first, second), [10, 4])

    def test_the_lowest_number_is_published_by_all(self):
        north, south = self.make_pool()
        self.assertEqual((north.own_qty, south.own_qty), (10, 4))
        self.assertEqual(self.shown(north, south), [4, 4])

    def test_each_keeps_its_own_arithmetic(self):
        north, south = self.make_pool()
        self.assertEqual((north.qty, south.qty), (10, 4))
        self.assertEqual(north._explain()["sellable"], 10)
        self.assertIn("4", str(north.explanation).rpartition("Published")[2])

    def test_a_change_of_one_member_changes_the_others(self):
        """The stock of the south moves; the listing of the north is not of its site."""
        north, south = self.make_pool()
        self.put(self.product, 3, self.second.lot_stock_id)
        self.assertEqual(self.shown(north, south), [7, 7])
        self.put(self.product, 30, self.second.lot_stock_id)
        self.assertEqual(self.shown(north, south), [10, 10])

    def test_a_change_of_one_members_product_changes_another_products_listing(self):
        """One counter, two products: an error of a person, but one number."""
        other = self.make_product(stock=2)
        north = self.make_listing(self.product, self.north)
        south = self.make_listing(other, self.south, sku="POOLED")
        self.put(other, 1, self.second.lot_stock_id)
        self.assertEqual(self.shown(north, south), [1, 1])

    def test_a_listing_that_joins_lowers_the_others_at_once(self):
        north = self.make_listing(self.product, self.north)
        self.assertEqual(north.sellable_qty, 10)
        self.make_listing(self.product, self.south)
        self.assertEqual(north.sellable_qty, 4)

    def test_a_listing_that_leaves_raises_the_others(self):
        north, south = self.make_pool()
        south.sku = "POOLED-SOUTH"
        self.assertEqual(self.shown(north, south), [10, 4])

    def test_an_archived_member_no_longer_counts(self):
        north, south = self.make_pool()
        south.active = False
        self.assertEqual(self.shown(north), [10])

    def test_the_others_rise_in_the_moment_that_a_member_is_archived(self):
        north, south = self.make_pool()
        south.active = False
        self.assertEqual(north.sellable_qty, 10)

    def test_a_deleted_member_no_longer_counts(self):
        north, south = self.make_pool()
        south.unlink()
        self.assertEqual(self.shown(north), [10])

    def test_a_member_that_the_channel_fulfils_does_not_count(self):
        north, south = self.make_pool()
        south.fulfilment = "channel"
        self.assertEqual(self.shown(north), [10])
        self.assertEqual(south.sync_state, "paused")

    def test_a_member_without_a_number_does_not_count(self):
        north, south = self.make_pool()
        self.south.warehouse_ids = False
        self.assertEqual(self.shown(north), [10])
        self.assertEqual(south.sync_state, "failed")

    def test_another_account_with_the_same_sku_is_another_counter(self):
        elsewhere = self.make_site(self.second, self.make_account("amazon"))
        north = self.make_listing(self.product, self.north)
        there = self.make_listing(self.product, elsewhere)
        self.assertEqual(self.shown(north, there), [10, 4])

    # === WHAT A PERSON IS TOLD ===

    def test_the_form_says_that_the_numbers_differ_and_which_is_published(self):
        north, south = self.make_pool()
        for listing in (north, south):
            self.assertIn("4", listing.pool_note)
            self.assertIn("South", listing.pool_note)
            self.assertIn("differ", listing.pool_note)
        self.assertEqual(north.pool_member_ids, south)

    def test_the_form_says_who_shares_when_they_agree(self):
        self.put(self.product, 6, self.second.lot_stock_id)
        north, south = self.make_pool()
        self.refresh()
        self.assertIn("South", north.pool_note)
        self.assertNotIn("differ", north.pool_note)

    def test_a_listing_alone_has_nothing_to_say(self):
        self.assertFalse(self.make_listing(self.product, self.north).pool_note)

    # === THE GUARD ===

    def test_stock_that_runs_out_does_not_end_a_made_to_order_listing(self):
        north, south = self.make_pool(qty_source="mto")
        self.assertEqual(self.shown(north, south), [10, 10])
        (north | south).write({"sync_state": "synced", "published_at": "2026-01-01"})
        self.put(self.product, -10)
        self.refresh()
        self.assertEqual(set((north | south).mapped("block_code")), {"guarded"})
        self.assertEqual(set((north | south).mapped("sync_state")), {"failed"})
        self.assertIn("Made to order", south.last_error)

    def test_the_guard_ends_when_the_numbers_agree_again(self):
        north, south = self.make_pool(qty_source="mto")
        self.put(self.product, -10)
        self.refresh()
        self.assertEqual(north.block_code, "guarded")
        self.put(self.product, 5)
        self.refresh()
        self.assertEqual(self.shown(north, south), [5, 5])
        self.assertFalse(north.block_code or south.block_code or north.last_error)
        # nobody knows what the channel shows by now: it is read first
        self.assertEqual({north.sync_state, south.sync_state}, {"unverified"})

    def test_a_person_may_stop_a_pool_with_a_made_to_order_member(self):
        north, south = self.make_pool(qty_source="mto")
        south.action_stop_selling()
        self.assertEqual(self.shown(north, south), [0, 0])
        self.assertFalse(north.block_code or south.block_code)
