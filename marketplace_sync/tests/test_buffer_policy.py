"""Buffers: which policy applies, at which velocity, and what an edit causes."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import MarketplaceCase


class BufferCase(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shipped = cls.env.ref("marketplace_sync.marketplace_buffer_policy_velocity")
        cls.account.buffer_policy_id = cls.shipped

    def sell(self, product, quantity, days_ago=1, uom=None, **values):
        """Confirm and ship a sale, so that it counts as sold and promises nothing."""
        order = self.make_order(product, quantity, uom=uom, **values)
        order.picking_ids.action_cancel()
        order.date_order = fields.Datetime.now() - timedelta(days=days_ago)
        return order

    def buffer_of(self, product, **values):
        return self.make_listing(product, **values).buffer_qty


@tagged("post_install", "-at_install")
class TestVelocity(BufferCase):
    def test_a_new_account_gets_the_shipped_policy(self):
        account = self.env["marketplace.account"].create(
            {"name": "New", "channel": "shopify"}
        )
        self.assertEqual(account.buffer_policy_id, self.shipped)
        self.assertEqual(account.sync_interval_minutes, 15)

    def test_the_shipped_table_row_by_row(self):
        """DESIGN §2, with 1,000 units in stock: percents count, and 10 in stock:
        units do."""
        # interval, sold in 28 days, hidden of 1,000, hidden of 10
        table = [
            (15, 0, 50, 3),
            (15, 279, 50, 3),
            (15, 280, 80, 8),
            (15, 1400, 80, 8),
            (15, 1401, 100, 10),
            (60, 0, 150, 2),
            (60, 1401, 150, 2),
            (61, 1401, 150, 2),
        ]
        for interval, sold, of_many, of_few in table:
            with self.subTest(interval=interval, sold=sold):
                many, few = self.make_product(stock=1000), self.make_product(stock=10)
                account = self.make_account(
                    buffer_policy_id=self.shipped.id, sync_interval_minutes=interval
                )
                site = self.make_site(self.warehouse, account)
                for product in (many, few) if sold else ():
                    self.sell(product, sold)
                self.assertEqual(
                    self.make_listing(many, site).sellable_qty, 1000 - of_many
                )
                self.assertEqual(self.make_listing(few, site).sellable_qty, 10 - of_few)

    def test_sales_older_than_28_days_do_not_count(self):
        product = self.make_product(stock=10)
        self.sell(product, 1000, days_ago=29)
        self.assertEqual(self.buffer_of(product), 3)
        self.sell(product, 1000, days_ago=27)
        self.assertEqual(self.buffer_of(product, sku="now"), 8)

    def test_quotations_and_cancelled_orders_do_not_count(self):
        product = self.make_product(stock=10)
        self.make_order(product, 5000, confirm=False)
        self.sell(product, 5000)._action_cancel()
        self.assertEqual(self.buffer_of(product), 3)

    def test_dozens_sold_count_in_units(self):
        product = self.make_product(stock=10)
        self.sell(product, 24, uom=self.dozen)  # 288: more than 10 a day
        self.assertEqual(self.buffer_of(product), 8)

    def test_pieces_sold_of_a_product_kept_in_dozens_count_in_dozens(self):
        product = self.make_product(stock=100, uom_id=self.dozen.id)
        self.sell(product, 1200, uom=self.unit)  # 100 dozens: fewer than 10 a day
        self.assertEqual(self.buffer_of(product), 5)

    def test_sales_of_other_products_do_not_count(self):
        self.sell(self.make_product(), 5000)
        self.assertEqual(self.buffer_of(self.make_product(stock=10)), 3)

    def test_sales_of_another_company_do_not_count(self):
        other = self.env["res.company"].create({"name": "Another company"})
        product = self.make_product(stock=10)
        self.sell(product, 300, days_ago=1)
        line = self.env["sale.order.line"].search([("product_id", "=", product.id)])
        line.flush_recordset()
        self.env.cr.execute(
            "UPDATE sale_order_line SET company_id = %s WHERE id = %s",
            (other.id, line.id),
        )
        self.assertEqual(self.buffer_of(product), 3)

    def test_the_daily_recompute_notices_that_sales_grow_old(self):
        product = self.make_product(stock=10)
        listing = self.make_listing(product)
        order = self.sell(product, 1000)
        listing._refresh()
        self.assertEqual(listing.buffer_qty, 8)
        order.date_order = fields.Datetime.now() - timedelta(days=40)
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref(
                "marketplace_sync.ir_cron_marketplace_refresh_all"
            ).method_direct_trigger()
        self.assertEqual(listing.buffer_qty, 3)


@tagged("post_install", "-at_install")
class TestInheritance(BufferCase):
    def test_the_listings_policy_wins_then_the_sites_then_the_accounts(self):
        product = self.make_product(stock=100)
        of_account, of_site, of_listing = (
            self.make_policy({"units": units}) for units in (10, 20, 30)
        )
        listing = self.make_listing(product)
        self.account.buffer_policy_id = False
        self.assertEqual(listing.sellable_qty, 100, "no policy, no buffer")
        self.account.buffer_policy_id = of_account
        self.assertEqual(listing.sellable_qty, 90)
        self.site.buffer_policy_id = of_site
        self.assertEqual(listing.sellable_qty, 80)
        listing.buffer_policy_id = of_listing
        self.assertEqual(listing.sellable_qty, 70)
        listing.buffer_policy_id = False
        self.assertEqual(listing.sellable_qty, 80)
        self.site.buffer_policy_id = False
        self.assertEqual(listing.sellable_qty, 90)
        self.assertEqual(listing.effective_buffer_policy_id, of_account)

    def test_a_policy_without_a_line_for_it_hides_nothing(self):
        policy = self.make_policy({"max_interval_minutes": 10, "units": 5})
        self.account.buffer_policy_id = policy
        self.assertEqual(self.buffer_of(self.make_product(stock=10)), 0)

    def test_two_sites_of_one_account_may_have_different_policies(self):
        product = self.make_product(stock=100)
        policy = self.make_policy({"units": 40})
        careful = self.make_site(self.warehouse, buffer_policy_id=policy.id)
        self.assertEqual(self.make_listing(product, careful).sellable_qty, 60)
        self.assertEqual(self.make_listing(product).sellable_qty, 95)


@tagged("post_install", "-at_install")
class TestEdits(BufferCase):
    """An edit is seen on the listings without anybody asking for it."""

    def setUp(self):
        super().setUp()
        self.policy = self.make_policy({"units": 10, "percent": 0})
        self.account.buffer_policy_id = self.policy
        self.listing = self.make_listing(self.make_product(stock=100))
        self.assertShown(90)

    def assertShown(self, quantity):
        self.env.invalidate_all()
        self.assertEqual(self.listing.sellable_qty, quantity)

    def test_editing_a_line(self):
        self.policy.line_ids.units = 25
        self.assertShown(75)

    def test_editing_a_line_through_its_policy(self):
        self.policy.write({"line_ids": [(1, self.policy.line_ids.id, {"percent": 30})]})
        self.assertShown(70)

    def test_adding_and_removing_lines(self):
        self.policy.line_ids.unlink()
        self.assertShown(100)
        self.env["marketplace.buffer.policy.line"].create(
            {"policy_id": self.policy.id, "units": 4}
        )
        self.assertShown(96)

    @mute_logger("odoo.sql_db")
    def test_a_policy_in_use_is_not_deleted(self):
        """Its listings would show their last units without anybody having said so."""
        spare = self.make_policy({"units": 1})
        for record in (self.account, self.site, self.listing):
            with self.subTest(record=record._name), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    (self.account | self.site.account_id).buffer_policy_id = spare
                    record.buffer_policy_id = self.policy
                    self.policy.unlink()
                    self.env.flush_all()

    def test_a_policy_that_another_account_uses_is_left_alone(self):
        other = self.make_policy({"units": 50})
        other.line_ids.units = 60
        self.assertShown(90)

    def test_the_accounts_interval_chooses_another_line(self):
        self.account.buffer_policy_id = self.shipped
        self.assertShown(95)
        self.account.sync_interval_minutes = 60
        self.assertShown(85)

    def test_share_cap_and_warehouses_of_the_site(self):
        self.site.share_percent = 50
        self.assertShown(40)
        self.site.max_qty = 7
        self.assertShown(7)
        self.site.write({"warehouse_ids": [(5,)], "max_qty": 0})
        self.assertEqual(self.listing.block_code, "no_warehouse")

    def test_a_waiting_listing_says_since_when(self):
        self.listing.write({"sync_state": "synced", "published_at": "2026-01-01"})
        self.policy.line_ids.units = 25
        self.assertEqual(self.listing.sync_state, "pending")
        self.assertTrue(self.listing.pending_since)

    def test_more_listings_than_are_computed_at_once_are_computed_soon(self):
        module = "odoo.addons.marketplace_sync.models.marketplace_listing"
        self.startPatcher(patch(f"{module}.INLINE_LIMIT", 0))
        self.policy.line_ids.units = 25
        self.assertShown(90)
        self.refresh()
        self.assertShown(75)


@tagged("post_install", "-at_install")
class TestConstraints(BufferCase):
    @mute_logger("odoo.sql_db")
    def test_nonsense_is_refused(self):
        nonsense = [
            {"units": -1},
            {"percent": -0.1},
            {"percent": 100.1},
            {"velocity_min": 20, "velocity_max": 10},
            {"max_interval_minutes": -5},
        ]
        for line in nonsense:
            with self.subTest(line=line), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    self.make_policy(line)

    @mute_logger("odoo.sql_db")
    def test_nonsense_of_a_site_is_refused(self):
        for values in (
            {"share_percent": 101},
            {"share_percent": -1},
            {"max_qty": -1},
            {"mto_qty": 0},
            {"lead_time_days": -1},
        ):
            with self.subTest(values=values), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    self.make_site(self.warehouse, **values)

    @mute_logger("odoo.sql_db")
    def test_nonsense_of_a_listing_is_refused(self):
        listing = self.make_listing(self.make_product(stock=1), qty_source="manual")
        for values in ({"units_per_listing": 0}, {"qty": -1}):
            with self.subTest(values=values), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    listing.write(values)
                    self.env.flush_all()
