"""Free quantity: from quants to what a listing shows."""

import math
import random
from datetime import timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from .common import MarketplaceCase


@tagged("post_install", "-at_install")
class TestFreeQuantity(MarketplaceCase):
    def free_qty(self, product, warehouse):
        """Return what Odoo says is free in a warehouse."""
        self.env.invalidate_all()
        return product.with_context(warehouse_id=warehouse.id).free_qty

    # === AGREEMENT WITH ODOO ===

    def _random_stock(self, dice, products, warehouses):
        """Put lots, packages, owners and shelves of random stock everywhere."""
        for product in products:
            for warehouse in warehouses:
                shelf = self.make_location(warehouse.lot_stock_id)
                places = [warehouse.lot_stock_id, shelf, self.make_location(shelf)]
                for _quant in range(dice.randint(0, 4)):
                    details = {}
                    if product.tracking == "lot":
                        details["lot_id"] = self.env["stock.lot"].create(
                            {"product_id": product.id}
                        )
                    if dice.random() < 0.3:
                        details["package_id"] = self.env["stock.package"].create({})
                    if dice.random() < 0.2:
                        details["owner_id"] = self.customer
                    quantity = dice.choice((dice.randint(-2, 30), dice.random() * 30))
                    quantity = product.uom_id.round(quantity) or 1
                    self.put(product, quantity, dice.choice(places), **details)

    def _random_reservations(self, dice, products, warehouses):
        for product in products:
            for warehouse in warehouses:
                if dice.random() < 0.6:
                    quantity = dice.randint(1, 25)
                    move = self.move(
                        product, quantity, warehouse.lot_stock_id, self.customers
                    )
                    move._action_assign()

    def test_a_listing_agrees_with_free_qty_on_random_stock(self):
        dice = random.Random(19)
        warehouses = self.warehouse | self.make_warehouse() | self.make_warehouse()
        products = self.env["product.product"]
        for number in range(24):
            tracking = "lot" if number % 3 == 0 else "none"
            products |= self.make_product(tracking=tracking)
        sites = {w: self.make_site(w) for w in warehouses}
        everywhere = self.make_site(warehouses)
        listings = {
            (p, site): self.make_listing(p, site)
            for p in products
            for site in (*sites.values(), everywhere)
        }
        self._random_stock(dice, products, warehouses)
        self._random_reservations(dice, products, warehouses)
        self.refresh()
        different = set()
        for product in products:
            total = 0
            for warehouse in warehouses:
                free = self.free_qty(product, warehouse)
                total += free
                expected = max(0, math.floor(free + 1e-6))
                listing = listings[product, sites[warehouse]]
                self.assertEqual(listing.qty, expected)
                different.add(expected)
            expected = max(0, math.floor(total + 1e-6))
            self.assertEqual(listings[product, everywhere].qty, expected)
        self.assertGreater(len(different), 10, "the random data must not be trivial")

    def test_a_refresh_agrees_with_a_new_listing(self):
        """Both ways to a number, at creation and by the refresh, are one."""
        product = self.make_product(stock=7.5)
        first = self.make_listing(product)
        self.put(product, 4)
        self.refresh()
        second = self.make_listing(product, sku="again")
        self.assertEqual((first.qty, second.qty), (11, 11))

    # === WHICH WAREHOUSES ===

    def test_only_the_warehouses_of_the_site_count_never_the_company(self):
        second, third = self.make_warehouse(), self.make_warehouse()
        product = self.make_product(stock=5)
        self.put(product, 70, second.lot_stock_id)
        self.put(product, 900, third.lot_stock_id)
        both = self.make_site(self.warehouse | second)
        self.assertEqual(self.make_listing(product).qty, 5)
        self.assertEqual(self.make_listing(product, both).qty, 75)
        self.assertEqual(product.free_qty, 975)

    def test_fractions_of_several_warehouses_are_summed_before_they_are_floored(self):
        kilo = self.env.ref("uom.product_uom_kgm")
        second = self.make_warehouse()
        product = self.make_product(stock=1.6, uom_id=kilo.id)
        self.put(product, 1.6, second.lot_stock_id)
        site = self.make_site(self.warehouse | second)
        self.assertEqual(self.make_listing(product, site).qty, 3)
        self.assertEqual(self.make_listing(product).qty, 1)

    def test_a_warehouse_added_to_a_site_is_counted_at_once(self):
        second = self.make_warehouse()
        product = self.make_product(stock=5)
        self.put(product, 3, second.lot_stock_id)
        listing = self.make_listing(product)
        self.site.warehouse_ids |= second
        self.assertEqual(listing.qty, 8)
        self.site.warehouse_ids = second
        self.assertEqual(listing.qty, 3)

    def test_another_companys_stock_is_not_counted(self):
        other = self.env["res.company"].create({"name": "Another company"})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", other.id)])
        product = self.make_product(stock=5)
        self.put(product, 40, theirs.lot_stock_id)
        self.assertEqual(self.make_listing(product).qty, 5)

    # === WHICH LOCATIONS ===

    def test_stock_that_is_not_for_sale_is_not_shown(self):
        shelf = self.make_location(self.warehouse.lot_stock_id)
        damaged = self.make_location(
            self.warehouse.lot_stock_id, marketplace_not_for_sale=True
        )
        below = self.make_location(damaged)
        product = self.make_product(stock=5)
        self.put(product, 3, shelf)
        self.put(product, 20, damaged)
        self.put(product, 50, below)
        listing = self.make_listing(product)
        self.assertEqual(listing.qty, 8)
        self.assertTrue(below.marketplace_excluded)

    def test_taking_a_location_off_sale_refreshes_what_lies_there_and_below(self):
        shelf = self.make_location(self.warehouse.lot_stock_id)
        below = self.make_location(shelf)
        product = self.make_product(stock=5)
        self.put(product, 3, below)
        listing = self.make_listing(product)
        self.changed_products()
        shelf.marketplace_not_for_sale = True
        self.assertNumbers(listing, 5, 0, 5)
        shelf.marketplace_not_for_sale = False
        self.assertNumbers(listing, 8, 0, 8)

    def test_a_shelf_moved_below_a_place_off_sale_is_off_sale(self):
        damaged = self.make_location(
            self.warehouse.lot_stock_id, marketplace_not_for_sale=True
        )
        shelf = self.make_location(self.warehouse.lot_stock_id)
        product = self.make_product(stock=5)
        self.put(product, 3, shelf)
        listing = self.make_listing(product)
        self.changed_products()
        shelf.location_id = damaged
        self.assertNumbers(listing, 5, 0, 5)

    def test_a_shelf_moved_to_another_warehouse_takes_its_stock_along(self):
        second = self.make_warehouse()
        shelf = self.make_location(self.warehouse.lot_stock_id)
        product = self.make_product()
        self.put(product, 3, shelf)
        here = self.make_listing(product)
        there = self.make_listing(product, self.make_site(second))
        self.changed_products()
        shelf.location_id = second.lot_stock_id
        self.refresh()
        self.assertEqual((here.qty, there.qty), (0, 3))

    def test_goods_on_their_way_are_not_shown(self):
        transit = self.make_location(self.warehouse.lot_stock_id, usage="transit")
        product = self.make_product(stock=5)
        self.put(product, 3, transit)
        self.put(product, 30, self.customers)
        self.assertEqual(self.make_listing(product).qty, 5)

    def test_demand_that_is_reserved_off_sale_does_not_lower_what_is_for_sale(self):
        damaged = self.make_location(
            self.warehouse.lot_stock_id, marketplace_not_for_sale=True
        )
        product = self.make_product(stock=5)
        self.put(product, 4, damaged)
        listing = self.make_listing(product)
        move = self.move(product, 4, damaged, self.customers)
        self.assertNumbers(listing, 5, 0, 5, "demand on goods that nobody is shown")
        move._action_assign()
        self.assertNumbers(listing, 5, 0, 5)

    # === KINDS OF STOCK ===

    def test_fractions_are_floored_and_negative_stock_shows_zero(self):
        kilo = self.env.ref("uom.product_uom_kgm")
        for stock, shown in ((2.99, 2), (0.5, 0), (-0.5, 0), (-30, 0), (3, 3)):
            with self.subTest(stock=stock):
                product = self.make_product(stock=stock, uom_id=kilo.id)
                listing = self.make_listing(product)
                self.assertEqual((listing.qty, listing.sellable_qty), (shown, shown))

    def test_negative_stock_on_one_shelf_takes_from_the_others(self):
        shelf = self.make_location(self.warehouse.lot_stock_id)
        product = self.make_product(stock=10)
        self.put(product, -4, shelf)
        self.assertEqual(self.make_listing(product).qty, 6)

    def test_ten_times_three_tenths_are_three(self):
        """Float noise of stock moves costs no unit."""
        kilo = self.env.ref("uom.product_uom_kgm")
        product = self.make_product(uom_id=kilo.id)
        for _time in range(10):
            self.put(product, 0.1)
            self.put(product, 0.2)
        self.assertEqual(self.make_listing(product).qty, 3)

    def test_stock_beyond_what_a_channel_takes_is_cut(self):
        product = self.make_product(stock=5e9)
        self.assertEqual(self.make_listing(product).sellable_qty, 1_000_000_000)

    # === TERMS OF SITE AND LISTING ===

    def test_share_cap_and_pack_apply_in_this_order(self):
        product = self.make_product(stock=101)
        site = self.make_site(self.warehouse, share_percent=50)
        pack = self.make_listing(product, site, units_per_listing=6)
        self.assertEqual((pack.qty, pack.sellable_qty), (101, 8))
        site.max_qty = 5
        self.assertEqual(pack.sellable_qty, 5)
        site.write({"max_qty": 0, "share_percent": 0})
        self.assertEqual(pack.sellable_qty, 0)
        site.share_percent = 100
        self.assertEqual(pack.sellable_qty, 16)
        pack.units_per_listing = 12
        self.assertEqual(pack.sellable_qty, 8)

    def test_two_sites_may_share_one_stock(self):
        product = self.make_product(stock=100)
        most = self.make_listing(
            product, self.make_site(self.warehouse, share_percent=70)
        )
        rest = self.make_listing(
            product, self.make_site(self.warehouse, share_percent=30)
        )
        self.assertEqual((most.sellable_qty, rest.sellable_qty), (70, 30))

    def test_a_manual_listing_shows_what_was_typed(self):
        policy = self.make_policy({"units": 50, "percent": 50})
        site = self.make_site(
            self.warehouse, share_percent=10, buffer_policy_id=policy.id
        )
        product = self.make_product(stock=3)
        listing = self.make_listing(
            product, site, qty_source="manual", qty=40, units_per_listing=6
        )
        self.assertNumbers(listing, 40, 0, 40)
        listing.qty = 12
        self.assertNumbers(listing, 12, 0, 12)
        listing.qty = 0
        self.assertNumbers(listing, 0, 0, 0)
        self.assertFalse(listing.block_code)

    def test_typing_a_number_over_one_from_stock_changes_nothing(self):
        listing = self.make_listing(self.make_product(stock=3))
        listing.qty = 500
        self.assertNumbers(listing, 3, 0, 3)

    def test_a_person_who_changes_the_source_gets_its_number_at_once(self):
        listing = self.make_listing(self.make_product(stock=3))
        listing.qty_source = "mto"
        self.assertEqual(listing.sellable_qty, 999)
        listing.qty_source = "stock"
        self.assertEqual(listing.sellable_qty, 3)

    def test_stopped_selling_shows_zero_until_it_is_resumed(self):
        listing = self.make_listing(self.make_product(stock=3))
        listing.action_stop_selling()
        self.assertEqual((listing.qty, listing.sellable_qty), (3, 0))
        listing.action_resume()
        self.assertEqual(listing.sellable_qty, 3)

    # === WHY THIS NUMBER ===

    def test_the_explanation_is_the_arithmetic_of_the_published_number(self):
        second = self.make_warehouse(name="Second house")
        policy = self.make_policy({"units": 3, "percent": 10}, name="Ten percent")
        site = self.make_site(
            self.warehouse | second,
            share_percent=50,
            buffer_policy_id=policy.id,
            max_qty=6,
        )
        product = self.make_product(stock=100.0)
        self.put(product, 20.0, second.lot_stock_id)
        self.make_order(product, 20)
        listing = self.make_listing(product, site, units_per_listing=6)
        values = listing._explain()
        self.assertEqual(values["sellable"], listing.sellable_qty)
        self.assertEqual(
            {key: values[key] for key in ("qty", "committed", "effective")},
            {"qty": 120, "committed": 20, "effective": 50},
        )
        self.assertEqual((values["buffer_qty"], values["policy"]), (5, "Ten percent"))
        self.assertEqual(listing.sellable_qty, 6)
        free = {row["name"]: row["free"] for row in values["warehouses"]}
        self.assertEqual(free, {self.warehouse.name: 100, "Second house": 20})
        text = str(listing.explanation)
        for words in ("Second house", "Ten percent", "× 50 %", "÷ 6", "− 20"):
            self.assertIn(words, text)

    def test_the_explanation_writes_names_as_text_not_as_html(self):
        self.warehouse.name = "<script>alert(1)</script>"
        listing = self.make_listing(self.make_product(stock=1))
        self.assertNotIn("<script>", str(listing.explanation))
        self.assertIn("&lt;script&gt;", str(listing.explanation))

    def test_a_listing_without_a_number_has_no_explanation(self):
        listing = self.make_listing(self.env["product.product"])
        self.assertEqual(listing._explain(), {})
        self.assertFalse(listing.explanation)


@tagged("post_install", "-at_install")
class TestExpiredLots(MarketplaceCase):
    def setUp(self):
        super().setUp()
        if "removal_date" not in self.env["stock.quant"]._fields:
            self.skipTest("product_expiry is not installed: lots have no removal date")

    def test_expired_lots_are_not_shown(self):
        product = self.make_product(tracking="lot", use_expiration_date=True)
        for days, quantity in ((-1, 40), (1, 3)):
            lot = self.env["stock.lot"].create({"product_id": product.id})
            self.put(product, quantity, lot_id=lot)
            lot.removal_date = self.env.cr.now() + timedelta(days=days)
        self.put(
            product,
            5,
            lot_id=self.env["stock.lot"].create(
                {"product_id": product.id, "removal_date": False}
            ),
        )
        self.env.flush_all()
        self.assertEqual(self.make_listing(product).qty, 8)


@tagged("post_install", "-at_install")
class TestExpiryFragment(MarketplaceCase):
    """The condition itself, on a table that has the column, without product_expiry."""

    def test_the_condition_keeps_lots_without_a_date_and_those_of_tomorrow(self):
        Stock = self.env["marketplace.stock"]
        fields_ = self.env["stock.quant"]._fields
        if "removal_date" in fields_:
            self.skipTest("product_expiry is installed: tested on real lots")
        self.assertFalse(Stock._sql_not_expired().code.strip())
        self.patch(
            type(self.env["stock.quant"]),
            "_fields",
            {**fields_, "removal_date": fields_["in_date"]},
        )
        rows = self.env.execute_query(
            SQL(
                """SELECT q.name FROM (VALUES
                       ('undated', NULL),
                       ('yesterday', (now() AT TIME ZONE 'UTC') - interval '1 day'),
                       ('tomorrow', (now() AT TIME ZONE 'UTC') + interval '1 day')
                   ) q(name, removal_date) WHERE TRUE %s ORDER BY name""",
                Stock._sql_not_expired(),
            )
        )
        self.assertEqual([name for (name,) in rows], ["tomorrow", "undated"])
