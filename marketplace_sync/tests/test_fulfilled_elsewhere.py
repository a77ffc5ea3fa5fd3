"""A shop whose orders Amazon ships: it shows what is fulfillable there."""

from datetime import datetime, timedelta, timezone

from freezegun import freeze_time
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..channels.base import Adapter
from .channel_stock_case import ChannelStockCase
from .order_case import OrderCase, later, told_line, told_order


class ElsewhereCase(ChannelStockCase):
    def setUp(self):
        super().setUp()
        self.shop = self._make_site("SHOP")
        self.shop.warehouse_ids = False
        self.shop.fulfilled_from_site_id = self.site
        self.held = self.make_held(stock=500)
        self.product = self.held.product_id
        self.count(self.held)

    def make_shop_listing(self, sku="SHOP-1", **values):
        values = {"product_id": self.product.id, **values}
        return self.make_listing(sku, site=self.shop, **values)

    def age(self, hours):
        self.held.channel_stock_id.read_at -= timedelta(hours=hours)


@tagged("post_install", "-at_install")
class TestNumbers(ElsewhereCase):
    def test_fulfillable_less_the_buffer_and_nothing_of_our_warehouses(self):
        policy = self.env["marketplace.buffer.policy"].create(
            {"name": "Two", "line_ids": [(0, 0, {"units": 2})]}
        )
        self.shop.buffer_policy_id = policy
        listing = self.make_shop_listing()
        self.assertEqual((listing.qty, listing.buffer_qty), (21, 2))
        self.assertEqual(listing.sellable_qty, 19)
        # also when the site has warehouses
        self.shop.warehouse_ids = self.warehouse
        self.assertEqual(listing.sellable_qty, 19)

    def test_reserved_inbound_and_broken_units_are_not_shown(self):
        listing = self.make_shop_listing()
        self.hold(self.held, fulfillable=1, reserved=50, inbound=60, defective=70)
        self.count(self.held)
        self.refresh()
        self.assertEqual(listing.sellable_qty, 1)

    def test_packs_on_either_side_are_counted_in_units(self):
        self.held.units_per_listing = 6
        listing = self.make_shop_listing(units_per_listing=4)
        self.assertEqual((listing.qty, listing.sellable_qty), (126, 31))

    def test_two_skus_of_one_product_add_up_but_one_pool_told_twice_does_not(self):
        listing = self.make_shop_listing()
        other = self.make_held("FBA-2", product_id=self.product.id)
        self.count(other)
        self.refresh()
        self.assertEqual(listing.sellable_qty, 42)
        self.shelf.held_ids.update({"FBA": "X001", "FBA-2": "X001"})
        self.count(self.held | other)
        self.refresh()
        self.assertEqual(listing.sellable_qty, 21)

    def test_a_new_count_is_followed_and_pushed(self):
        self.go_live()
        listing = self.make_shop_listing(shown=0)
        self.run_cron()
        self.run_cron()
        self.assertEqual(self.shelf.quantities["SHOP", "SHOP-1"], 21)
        self.hold(self.held, fulfillable=8)
        self.count(self.held)
        self.refresh()
        self.run_cron()
        self.assertEqual(self.shelf.quantities["SHOP", "SHOP-1"], 8)
        self.assertEqual(listing.sync_state, "synced")

    def test_our_own_stock_moving_changes_nothing(self):
        listing = self.make_shop_listing()
        self.change_stock(listing, -400)
        self.assertEqual(listing.sellable_qty, 21)

    def test_other_sources_are_as_everywhere(self):
        listing = self.make_shop_listing(qty_source="manual", qty=4)
        self.assertEqual(listing.sellable_qty, 4)

    def test_the_explanation_names_the_source(self):
        listing = self.make_shop_listing()
        self.assertIn(self.site.name, str(listing.explanation))
        self.assertIn("fulfillable there", str(listing.explanation))
        self.assertNotIn(self.warehouse.name, str(listing.explanation))
        self.assertIn(self.site.name, listing.site_warehouse_names)


@tagged("post_install", "-at_install")
class TestOldCounts(ElsewhereCase):
    def test_an_old_count_never_raises_the_number_and_says_so(self):
        self.go_live()
        listing = self.make_shop_listing(shown=5)
        self.age(37)
        self.run_cron()
        self.run_cron()
        self.assertEqual(listing.sellable_qty, 5)
        self.assertEqual(self.shelf.sent(), [])
        self.assertIn("too old", listing.remark)
        self.assertIn("too old", str(listing.explanation))
        self.shop.channel_stock_max_hours = 100
        self.run_cron()
        self.assertEqual(self.shelf.quantities["SHOP", "SHOP-1"], 21)
        self.assertFalse(listing.remark)

    def test_an_old_count_may_lower_it(self):
        self.go_live()
        listing = self.make_shop_listing(shown=50)
        self.age(37)
        self.run_cron()
        self.run_cron()
        self.assertEqual(self.shelf.quantities["SHOP", "SHOP-1"], 21)
        self.assertEqual(listing.sellable_qty, 21)

    def test_without_a_usable_count_the_listing_says_so_and_the_rest_is_served(self):
        self.go_live()
        good = self.make_shop_listing(shown=0)
        poor = self.make_shop_listing(
            "SHOP-2", product_id=self.make_product("NONE", 9).id, shown=3
        )
        self.run_cron()
        self.run_cron()
        self.assertEqual(poor.sync_state, "failed")
        self.assertIn("no count of this product", poor.last_error)
        self.assertEqual(self.shelf.sent(), [("SHOP-1", 21)])
        self.assertEqual(good.sync_state, "synced")

    def test_a_renamed_bucket_ends_no_listing(self):
        self.go_live()
        listing = self.make_shop_listing(shown=0)
        self.run_cron()
        self.run_cron()
        self.shelf.held["FBA"] = {"renamedQuantity": (21, "other")}
        self.count(self.held)
        self.refresh()
        self.run_cron()
        self.assertEqual(self.shelf.quantities["SHOP", "SHOP-1"], 21)
        self.assertEqual(listing.sync_state, "failed")

    def test_a_source_that_is_ours_again_counts_no_more(self):
        listing = self.make_shop_listing()
        self.shelf.fulfilled.clear()
        self.count(self.held)
        self.refresh()
        self.assertEqual(listing.sync_state, "failed")


@tagged("post_install", "-at_install")
class TestSetting(ElsewhereCase):
    def test_circles_and_chains_are_refused(self):
        third = self._make_site("THIRD")
        for site, source in (
            (self.site, self.site),
            (self.site, self.shop),
            (third, self.shop),
        ):
            with self.subTest(site=site.name), self.assertRaises(UserError):
                site.fulfilled_from_site_id = source

    def test_a_channel_that_does_not_tell_is_no_source(self):
        self.adapter_class.fetch_channel_stock = Adapter.fetch_channel_stock
        third = self._make_site("THIRD")
        with self.assertRaises(UserError):
            third.fulfilled_from_site_id = self.site

    def test_another_companys_channel_is_no_source(self):
        other = self.env["res.company"].create({"name": "Another company"})
        account = self.env["marketplace.account"].create(
            {"name": "Theirs", "channel": "shopify", "company_id": other.id}
            | {"user_id": False, "buffer_policy_id": False}
        )
        theirs = self.env["marketplace.site"].create(
            {"account_id": account.id, "name": "T", "code": "T"}
        )
        with self.assertRaises(UserError):
            self.shop.fulfilled_from_site_id = theirs

    def test_a_site_that_a_channel_ships_for_needs_no_warehouse(self):
        self.assertFalse(self.account.site_without_warehouse_names)
        self.shop.fulfilled_from_site_id = False
        self.assertEqual(self.account.site_without_warehouse_names, "SHOP")


@tagged("post_install", "-at_install")
class TestOrders(OrderCase, ElsewhereCase):
    """Orders of a shop that Amazon ships for."""

    def setUp(self):
        super().setUp()
        self.listing = self.make_shop_listing(shown=21)
        self.ours = self.make_listing("OURS", product_id=self.product.id)

    def order_now(self, external_id="1001", quantity=4, hours=0, **values):
        moment = datetime.now(timezone.utc) + timedelta(hours=hours)
        line = told_line("SHOP-1", quantity)
        return told_order(
            external_id, [line], site_code="SHOP", placed_at=moment, **values
        )

    def test_it_is_no_demand_on_our_warehouses(self):
        before = self.ours.sellable_qty
        order = self.store(self.order_now())
        self.assertEqual(order.line_ids.mapped("fulfilled_by_channel"), [True])
        self.assertFalse(order.is_demand)
        self.assertEqual(self.ours.sellable_qty, before)

    def test_it_is_demand_on_what_amazon_holds_until_the_next_count(self):
        self.store(self.order_now())
        self.assertEqual(
            (self.listing.committed_qty, self.listing.sellable_qty), (4, 17)
        )
        self.hold(self.held, fulfillable=17, reserved=4)
        with freeze_time(datetime.now(timezone.utc) + timedelta(hours=3)):
            self.count(self.held)
        self.refresh()
        self.assertEqual(
            (self.listing.committed_qty, self.listing.sellable_qty), (0, 17)
        )

    def test_it_is_demand_on_every_shop_that_is_shipped_from_there(self):
        other = self._make_site("SHOP-B")
        other.fulfilled_from_site_id = self.site
        there = self.make_listing("B", site=other, product_id=self.product.id)
        self.store(self.order_now())
        self.assertEqual(there.sellable_qty, 17)

    def test_an_order_just_before_the_count_may_be_missing_in_it(self):
        self.store(self.order_now(hours=-0.5))
        self.assertEqual(self.listing.sellable_qty, 17)

    def test_an_order_of_long_before_is_in_the_count(self):
        self.store(self.order_now(hours=-2))
        self.assertEqual(self.listing.sellable_qty, 21)

    def test_a_cancelled_order_gives_its_units_back(self):
        order = self.order_now()
        self.store(order)
        self.store(later(order, status="cancelled"))
        self.assertEqual(self.listing.sellable_qty, 21)

    def test_the_shops_own_counter_fell(self):
        self.listing.write(
            {"published_qty": 21, "published_at": "2026-01-01", "sync_state": "synced"}
        )
        self.store(self.order_now())
        self.assertEqual(self.listing.published_qty, 17)
