"""Made to order: found by routes and rules, never by a name; never published as 0."""

import contextlib
import io

from odoo.fields import Command
from odoo.tests import tagged

from .common import MarketplaceCase

#: Printed in a five-minute diagnostic for this bug; must work unchanged.
DIAGNOSTIC = (
    'listing = env["marketplace.listing"].search('
    '[("product_id.name", "=", "Your MTO Product"), ("channel", "=", "amazon")])\n'
    "print(listing.product_id.free_qty, listing.qty)      # 0.0 999\n"
)


class MadeToOrderCase(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mto = cls.env.ref("stock.route_warehouse0_mto")
        cls.mto.active = True

    def make_route(self, warehouse=None, **rule):
        """Return a route whose rule takes from a warehouse's stock, made to order."""
        warehouse = warehouse or self.warehouse
        values = {
            "name": "A rule",
            "action": "pull",
            "procure_method": "make_to_order",
            "location_src_id": warehouse.lot_stock_id.id,
            "location_dest_id": self.customers.id,
            "picking_type_id": warehouse.out_type_id.id,
            **rule,
        }
        return self.env["stock.route"].create(
            {
                "name": "A route",
                "product_selectable": True,
                "product_categ_selectable": True,
                "warehouse_selectable": True,
                "rule_ids": [Command.create(values)],
            }
        )

    def source_of(self, product, site=None):
        return self.make_listing(product, site).qty_source


@tagged("post_install", "-at_install")
class TestDefaultSource(MadeToOrderCase):
    def test_a_product_without_such_a_route_is_sold_from_stock(self):
        self.assertEqual(self.source_of(self.make_product()), "stock")

    def test_the_route_of_the_product_makes_it_to_order(self):
        product = self.make_product(route_ids=self.mto.ids)
        self.assertEqual(self.source_of(product), "mto")

    def test_the_route_of_the_category_or_its_parent_makes_it_to_order(self):
        parent = self.env["product.category"].create(
            {"name": "Furniture", "route_ids": self.mto.ids}
        )
        child = self.env["product.category"].create(
            {"name": "Tables", "parent_id": parent.id}
        )
        for category in parent | child:
            with self.subTest(category=category.name):
                product = self.make_product(categ_id=category.id)
                self.assertEqual(self.source_of(product), "mto")

    def test_the_route_of_the_warehouse_makes_it_to_order(self):
        warehouse = self.make_warehouse()
        warehouse.route_ids |= self.make_route(warehouse)
        site = self.make_site(warehouse)
        product = self.make_product()
        self.assertEqual(self.source_of(product, site), "mto")
        self.assertEqual(self.source_of(product), "stock", "another warehouse's")

    def test_a_renamed_route_is_found(self):
        self.mto.name = "Sur commande"
        product = self.make_product(route_ids=self.mto.ids)
        self.assertEqual(self.source_of(product), "mto")

    def test_a_route_of_ones_own_is_found_by_its_rules(self):
        route = self.make_route()
        product = self.make_product(route_ids=route.ids)
        self.assertEqual(self.source_of(product), "mto")

    def test_a_rule_that_tries_stock_first_makes_to_order(self):
        route = self.make_route(procure_method="mts_else_mto")
        product = self.make_product(route_ids=route.ids)
        self.assertEqual(self.source_of(product), "mto")

    def test_the_name_of_a_route_says_nothing(self):
        route = self.make_route(procure_method="make_to_stock")
        route.name = "Replenish on Order (MTO)"
        product = self.make_product(route_ids=route.ids)
        self.assertEqual(self.source_of(product), "stock")

    def test_an_archived_route_says_nothing(self):
        product = self.make_product(route_ids=self.mto.ids)
        self.mto.active = False
        self.assertEqual(self.source_of(product), "stock")
        # nor when somebody looks at archived records, and its rules are not archived
        self.mto.with_context(active_test=False).rule_ids.active = True
        self.env.invalidate_all()
        seen = product.with_context(active_test=False)
        self.assertFalse(seen._marketplace_is_made_to_order(self.warehouse))

    def test_an_archived_rule_says_nothing(self):
        route = self.make_route()
        product = self.make_product(route_ids=route.ids)
        route.rule_ids.active = False
        self.assertEqual(self.source_of(product), "stock")

    def test_a_rule_of_another_warehouse_says_nothing(self):
        route = self.make_route(self.make_warehouse())
        product = self.make_product(route_ids=route.ids)
        self.assertEqual(self.source_of(product), "stock")

    def test_a_rule_that_does_not_take_from_stock_says_nothing(self):
        """The second step of a delivery waits for the first; that is no made-to-order
        product. Nor is one whose rule has no source at all."""
        for source in (self.warehouse.wh_output_stock_loc_id, self.suppliers):
            with self.subTest(source=source.display_name):
                route = self.make_route(location_src_id=source.id)
                product = self.make_product(route_ids=route.ids)
                self.assertEqual(self.source_of(product), "stock")

    def test_a_rule_without_a_source_says_nothing(self):
        route = self.make_route(location_src_id=False)
        product = self.make_product(route_ids=route.ids)
        self.assertEqual(self.source_of(product), "stock")

    def test_deliveries_in_several_steps_are_not_made_to_order(self):
        for steps in ("pick_ship", "pick_pack_ship"):
            with self.subTest(steps=steps):
                site = self.make_site(self.make_warehouse(steps))
                self.assertEqual(self.source_of(self.make_product(), site), "stock")

    def test_the_route_is_found_by_users_who_may_not_read_routes(self):
        product = self.make_product(route_ids=self.mto.ids)
        user = self.env["res.users"].create(
            {
                "name": "A user",
                "login": "marketplace-user",
                "group_ids": [
                    Command.set(
                        [
                            self.env.ref(
                                "marketplace_sync.marketplace_sync_group_user"
                            ).id
                        ]
                    )
                ],
            }
        )
        listing = (
            self.env["marketplace.listing"]
            .with_user(user)
            .create({"product_id": product.id, "site_id": self.site.id, "sku": "X"})
        )
        self.assertEqual(listing.qty_source, "mto")


@tagged("post_install", "-at_install")
class TestChoice(MadeToOrderCase):
    def test_a_person_who_chose_at_creation_is_heard(self):
        product = self.make_product(stock=4, route_ids=self.mto.ids)
        listing = self.make_listing(product, qty_source="stock")
        self.assertEqual((listing.qty_source, listing.qty), ("stock", 4))

    def test_the_choice_of_a_person_is_kept(self):
        product = self.make_product(stock=4)
        listing = self.make_listing(product)
        listing.qty_source = "manual"
        listing.qty = 12
        product.route_ids = self.mto
        product.name = "Renamed"
        self.site.warehouse_ids |= self.make_warehouse()
        self.site.account_id.sync_interval_minutes = 60
        listing.write({"sku": "another", "units_per_listing": 2})
        self.refresh()
        listing._refresh()
        self.env.invalidate_all()
        self.assertEqual((listing.qty_source, listing.qty), ("manual", 12))

    def test_a_stock_listing_of_a_product_that_becomes_made_to_order_stays(self):
        """It starts as mto; it does not become so behind a person's back."""
        product = self.make_product(stock=4)
        listing = self.make_listing(product)
        product.route_ids = self.mto
        self.refresh()
        self.assertEqual(listing.qty_source, "stock")


@tagged("post_install", "-at_install")
class TestGuard(MadeToOrderCase):
    def setUp(self):
        super().setUp()
        self.product = self.make_product(route_ids=self.mto.ids)
        self.listing = self.make_listing(self.product)
        # as if it had been read and shown already
        self.listing.write(
            {
                "sync_state": "synced",
                "published_at": "2026-01-01",
                "published_qty": 999,
            }
        )

    def test_a_made_to_order_product_without_stock_shows_the_sites_quantity(self):
        self.assertEqual(self.product.free_qty, 0)
        self.assertEqual((self.listing.qty, self.listing.sellable_qty), (999, 999))
        self.site.mto_qty = 25
        self.assertEqual((self.listing.qty, self.listing.sellable_qty), (25, 25))

    def test_orders_do_not_lower_it(self):
        supply = self.make_route(
            procure_method="make_to_stock",
            location_src_id=self.suppliers.id,
            location_dest_id=self.warehouse.lot_stock_id.id,
            picking_type_id=self.warehouse.in_type_id.id,
        )
        self.product.route_ids |= supply
        order = self.make_order(self.product, 400)
        self.assertTrue(order.picking_ids)
        self.assertNumbers(self.listing, 999, 0, 999)

    def test_neither_buffer_nor_share_lowers_it(self):
        policy = self.make_policy({"units": 990, "percent": 100})
        self.site.write({"buffer_policy_id": policy.id, "share_percent": 1})
        self.assertNumbers(self.listing, 999, 0, 999)
        self.assertEqual(self.listing.buffer_qty, 0)

    def test_a_cap_lowers_it_but_not_to_zero(self):
        self.site.max_qty = 20
        self.assertNumbers(self.listing, 999, 0, 20)
        self.site.max_qty = 0
        self.assertNumbers(self.listing, 999, 0, 999)

    def test_negative_stock_does_not_lower_it(self):
        self.put(self.product, -50)
        self.assertNumbers(self.listing, 999, 0, 999)

    def test_a_site_without_warehouses_does_not_lower_it(self):
        self.site.warehouse_ids = False
        self.assertNumbers(self.listing, 999, 0, 999)
        self.assertFalse(self.listing.block_code)

    def test_a_person_who_stops_selling_shows_zero(self):
        self.listing.action_stop_selling()
        self.assertEqual(self.listing.sellable_qty, 0)
        self.assertEqual(self.listing.sync_state, "pending")

    def test_a_person_who_archives_the_product_shows_zero(self):
        self.product.active = False
        self.assertNumbers(self.listing, 999, 0, 0)
        self.assertEqual(self.listing.sync_state, "pending")
        self.product.active = True
        self.assertNumbers(self.listing, 999, 0, 999)

    def test_a_person_who_types_zero_shows_zero(self):
        self.listing.write({"qty_source": "manual", "qty": 0})
        self.assertNumbers(self.listing, 0, 0, 0)
        self.assertEqual(self.listing.sync_state, "pending")


@tagged("post_install", "-at_install")
class TestDiagnostic(MadeToOrderCase):
    def test_the_published_diagnostic_works_unchanged(self):
        product = self.make_product(name="Your MTO Product", route_ids=self.mto.ids)
        amazon = self.make_site(self.warehouse, self.make_account("amazon"))
        self.make_listing(product, amazon)
        self.make_listing(product)  # the same product on Shopify
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(DIAGNOSTIC, {"env": self.env})  # noqa: S102
        self.assertEqual(printed.getvalue(), "0.0 999\n")
