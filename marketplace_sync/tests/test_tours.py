"""The screens, as a person uses them in a browser."""

import unittest

from odoo.tests import HttpCase, tagged

try:
    from simulator import testing
except ImportError:  # the addon without its repository
    testing = None

LOCATION = "gid://shopify/Location/1"


class TourCase(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].create(
            {"name": "Tour warehouse", "code": "TOUR"}
        )

    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        """Odoo's own compares the timeout with a number; ours are (connect, read)."""
        if isinstance(kwargs.get("timeout"), tuple):
            kwargs["timeout"] = kwargs["timeout"][1]
        return super()._request_handler(session, request, **kwargs)

    def make_product(self, sku, stock):
        product = self.env["product.product"].create(
            {"name": f"Product {sku}", "default_code": sku, "is_storable": True}
        )
        if stock:
            self.env["stock.quant"]._update_available_quantity(
                product, self.warehouse.lot_stock_id, stock
            )
        return product

    def make_account(self, **values):
        account = self.env["marketplace.account"].create(
            {"channel": "shopify", "buffer_policy_id": False, **values}
        )
        self.env["marketplace.site"].create(
            {
                "account_id": account.id,
                "name": "Tour site",
                "code": LOCATION,
                "warehouse_ids": self.warehouse.ids,
            }
        )
        return account


@tagged("post_install", "-at_install")
class TestListingTour(TourCase):
    def test_a_person_reads_why_a_number_is_shown_and_sends_it_again(self):
        policy = self.env["marketplace.buffer.policy"].create(
            {"name": "Three", "line_ids": [(0, 0, {"units": 3})]}
        )
        account = self.make_account(name="Tour account", buffer_policy_id=policy.id)
        listing = self.env["marketplace.listing"].create(
            {
                "site_id": account.site_ids.id,
                "sku": "TOUR-1",
                "product_id": self.make_product("TOUR-1", 20).id,
            }
        )
        account.action_go_live()
        listing.write(
            {
                "sync_state": "synced",
                "published_qty": 17,
                "published_at": self.env.cr.now(),
            }
        )
        self.start_tour("/odoo", "marketplace_listing_tour", login="admin")
        listing.invalidate_recordset()
        self.assertEqual(listing.sync_state, "pending")
        self.assertTrue(listing.is_uncertain, "it is sent whatever is shown")


@tagged("post_install", "-at_install")
class TestFirstPushTour(TourCase):
    def setUp(self):
        super().setUp()
        if testing is None:
            raise unittest.SkipTest("The simulator is not beside the addon.")
        self.simulator = self.enterContext(testing.running(["shopify"]))
        self.simulator.seed(
            "shopify",
            {
                "sites": [{"code": LOCATION, "name": "Tour site"}],
                "listings": [
                    {"sku": sku, "site": LOCATION, "quantity": quantity, "title": sku}
                    for sku, quantity in (
                        ("TOUR-UP", 1),
                        ("TOUR-DOWN", 9),
                        ("TOUR-ZERO", 5),
                        ("NO-SUCH-THING", 2),
                    )
                ],
            },
        )

    def test_from_a_new_account_to_live(self):
        for sku, stock in (("TOUR-UP", 8), ("TOUR-DOWN", 4), ("TOUR-ZERO", 0)):
            self.make_product(sku, stock)
        account = self.make_account(
            name="Tour shop",
            is_test=True,
            api_url=self.simulator.url("shopify"),
            shopify_shop="demo-shop.myshopify.com",
            shopify_access_token="demo-access-token",
        )
        self.start_tour("/odoo", "marketplace_first_push_tour", login="admin")
        account.invalidate_recordset()
        self.assertEqual(account.state, "connected")
        self.assertEqual(self.simulator.quantity("shopify", "TOUR-DOWN"), 9)
        self.run_cron(account)
        shown = {
            sku: self.simulator.quantity("shopify", sku)
            for sku in ("TOUR-UP", "TOUR-DOWN", "TOUR-ZERO", "NO-SUCH-THING")
        }
        self.assertEqual(
            shown,
            {"TOUR-UP": 8, "TOUR-DOWN": 4, "TOUR-ZERO": 0, "NO-SUCH-THING": 2},
        )

    def run_cron(self, account):
        """Run what the account's scheduled actions run, commits included."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            account = account.with_env(self.env(cr=cr))
            account._cron_orders()  # no number rises before the orders are read
            account._cron_push()
        self.env.invalidate_all()
