"""Odoo to shelf, over real protocols: each channel's simulator on loopback."""

import contextlib
import unittest

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tests.common import TransactionCase

try:
    from simulator import testing
except ImportError:  # the addon without its repository
    testing = None

HOSTILE_SKUS = [
    "A/B",
    "A B",
    "A,B",
    "Ñandú-ß",
    "X" * 40,
    "50%-OFF",
    "A&B=C#D",
    "'\"<b>",
]


class ChannelCase(TransactionCase):
    """What must hold on every channel; the mixin's tests run in its subclasses."""

    channel = None
    site_code = None
    credentials = {}
    write_operation = None
    #: a write is believed only once the channel's answer or a read shows the number
    confirms_writes = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if testing is None:
            raise unittest.SkipTest("The simulator is not beside the addon.")
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.simulator = stack.enter_context(testing.running())
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.env.company.id)], limit=1
        )

    def setUp(self):
        super().setUp()
        self.simulator.clear_faults()
        self.simulator.reset(self.channel)
        self.seed([])
        self.account = self.env["marketplace.account"].create(
            {
                "name": self.channel,
                "channel": self.channel,
                "is_test": True,
                "api_url": self.simulator.url(self.channel),
                "buffer_policy_id": False,
                "read_orders": False,  # these tests are about quantities
                **self.credentials,
            }
        )
        self.site = self.env["marketplace.site"].create(
            {
                "account_id": self.account.id,
                "name": "Site",
                "code": self.site_code,
                "warehouse_ids": self.warehouse.ids,
            }
        )
        self.account.action_go_live()

    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        """Odoo's own compares the timeout with a number; ours are (connect, read)."""
        return super()._request_handler(
            session, request, **{**kwargs, "timeout": kwargs["timeout"][1]}
        )

    # --- helpers ------------------------------------------------------------------
    def seed(self, skus, quantity=1):
        self.simulator.seed(
            self.channel,
            {
                "rate_limits": False,
                "latency": 0,
                "sites": [self.site_spec()],
                "listings": [
                    {
                        "sku": sku,
                        "title": sku,
                        "site": self.site_code,
                        "quantity": quantity,
                        "price": 9,
                    }
                    for sku in skus
                ],
            },
        )

    def site_spec(self):
        return {"code": self.site_code, "name": "Site"}

    def make_listings(self, skus, stock=7):
        listings = self.env["marketplace.listing"]
        for sku in skus:
            product = self.env["product.product"].create(
                {"name": sku, "is_storable": True}
            )
            if stock:
                self.env["stock.quant"]._update_available_quantity(
                    product, self.warehouse.lot_stock_id, stock
                )
            listings |= listings.create(
                {"site_id": self.site.id, "sku": sku, "product_id": product.id}
            )
        return listings

    def run_cron(self):
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.account.with_env(self.env(cr=cr))._cron_push()
        self.env.invalidate_all()

    def due(self, listings=None):
        """Let every waiting time pass."""
        self.account.write({"retry_at": False})
        (listings or self.account.listing_ids).write({"next_attempt_at": False})

    def shown(self, sku):
        return self.simulator.quantity(self.channel, sku, self.site_code)

    def fault(self, kind, operation=None, **more):
        self.simulator.fault(
            self.channel, operation or self.write_operation, kind, **more
        )


class SharedChannelTests:
    allow_inherited_tests_method = True

    def test_the_right_number_reaches_the_shelf_for_every_kind_of_sku(self):
        self.seed(HOSTILE_SKUS)
        listings = self.make_listings(HOSTILE_SKUS)
        self.run_cron()
        self.assertEqual(
            {sku: self.shown(sku) for sku in HOSTILE_SKUS},
            dict.fromkeys(HOSTILE_SKUS, 7),
        )
        self.due(listings)
        self.run_cron()
        self.assertEqual(
            set(listings.mapped("sync_state")),
            {"synced"},
            listings.mapped("last_error"),
        )

    def test_zero_reaches_the_shelf(self):
        self.seed(["A"])
        self.make_listings(["A"], stock=0)
        self.run_cron()
        self.assertEqual(self.shown("A"), 0)

    def test_an_unknown_sku_says_so_and_its_neighbour_is_served(self):
        self.seed(["GOOD"])
        listings = self.make_listings(["GOOD", "NOWHERE"])
        self.run_cron()
        bad = listings.filtered(lambda listing: listing.sku == "NOWHERE")
        self.assertEqual(self.shown("GOOD"), 7)
        self.assertEqual(bad.sync_state, "failed")
        self.assertTrue(bad.last_error)

    def test_the_connection_test_names_the_sites(self):
        self.account.action_test_connection()
        self.assertIn(self.site_code, self.account.site_ids.mapped("code"))
        self.assertTrue(self.account.connection_message.startswith("Connected to"))

    def test_wrong_credentials_are_said_in_words_and_block_the_account(self):
        self.account.write(self.wrong_credentials)
        with self.assertRaises(UserError) as caught:
            self.account.action_test_connection()
        for secret in self.wrong_credentials.values():
            self.assertNotIn(secret, str(caught.exception))
        self.seed(["A"])
        listing = self.make_listings(["A"])
        self.run_cron()
        self.assertEqual(self.account.state, "blocked")
        self.assertTrue(self.account.blocked_reason)
        self.assertNotEqual(listing.sync_state, "failed")

    def test_every_broken_answer_ends_at_the_right_number(self):
        kinds = ("429", "429_empty", "429_html", "503_empty", "html", "malformed")
        for kind in (*kinds, "reset", "reset_after"):
            with self.subTest(kind=kind):
                skus = [f"{kind}-A", f"{kind}-B"]
                self.seed(skus)
                listings = self.make_listings(skus)
                self.fault(kind, times=3)
                for _attempt in range(12):
                    self.run_cron()
                    self.due(listings)
                    self.env["marketplace.rate.limit"]._save(self.account.id, {})
                self.assertEqual([self.shown(sku) for sku in skus], [7, 7])
                self.assertEqual(self.account.state, "connected")
                self.assertNotIn("failed", listings.mapped("sync_state"))

    def test_a_swallowed_update_is_found_and_sent_again(self):
        self.seed(["A"])
        listing = self.make_listings(["A"])
        self.fault("ignore", times=1)
        for _attempt in range(4):
            self.run_cron()
            listing.published_at = "2020-01-01 00:00:00"
            self.due(listing)
        if self.confirms_writes:
            self.assertEqual(self.shown("A"), 7)
        listing.action_verify()
        self.run_cron()
        self.assertEqual(self.shown("A"), 7)

    def test_matching_proposes_every_listing_of_the_channel(self):
        self.seed(["A", "B"])
        with self.account._adapter_session() as adapter:
            found = {listing.sku for listing in adapter.fetch_listings()}
        self.assertEqual(found, {"A", "B"})


@tagged("post_install", "-at_install")
class TestAmazon(SharedChannelTests, ChannelCase):
    channel = "amazon"
    site_code = "ATVPDKIKX0DER"
    write_operation = "patchListingsItem"
    credentials = {
        "amazon_seller_id": "A1SIMULATOR",
        "amazon_client_id": "amzn1.application-oa2-client.simulator",
        "amazon_client_secret": "amzn1.oa2-cs.v1.simulator",
        "amazon_refresh_token": "Atzr|simulator",
    }
    wrong_credentials = {"amazon_refresh_token": "Atzr|this-one-is-wrong"}

    def site_spec(self):
        return self.site_code

    def test_many_waiting_quantities_go_as_one_feed(self):
        self.account.amazon_feed_threshold = 30
        skus = [f"S{number}" for number in range(40)]
        self.seed(skus)
        listings = self.make_listings(skus)
        self.simulator.seed("amazon", {"feed_seconds": 0})
        self.run_cron()
        self.assertEqual(set(listings.mapped("sync_state")), {"submitted"})
        pushes = self.env["marketplace.push"].search(
            [("account_id", "=", self.account.id)]
        )
        self.assertEqual(len(pushes), 1)
        pushes.next_poll_at = "2020-01-01 00:00:00"
        self.run_cron()
        self.assertEqual(set(listings.mapped("sync_state")), {"synced"})
        self.assertEqual(self.shown("S39"), 7)

    def test_a_feed_that_changed_nothing_is_not_believed(self):
        self.account.amazon_feed_threshold = 30
        skus = [f"S{number}" for number in range(30)]
        self.seed(skus)
        listings = self.make_listings(skus)
        self.simulator.seed("amazon", {"feed_seconds": 0})
        self.fault("ignore", "createFeed")
        self.run_cron()
        push = self.env["marketplace.push"].search(
            [("account_id", "=", self.account.id)]
        )
        push.next_poll_at = "2020-01-01 00:00:00"
        self.run_cron()
        self.assertNotIn("synced", listings.mapped("sync_state"))

    def test_a_sku_that_amazon_ships_is_never_touched(self):
        self.simulator.seed(
            "amazon",
            {
                "listings": [
                    {
                        "sku": "FBA",
                        "site": self.site_code,
                        "quantity": 4,
                        "fulfilment": "channel",
                    }
                ]
            },
        )
        listing = self.make_listings(["FBA"])
        self.run_cron()
        listing.action_push()
        self.run_cron()
        self.assertEqual(self.shown("FBA"), 4)
        self.assertEqual(listing.fulfilment, "channel")
        self.assertEqual(listing.sync_state, "paused")

    def test_the_lead_time_is_published_with_the_number(self):
        self.seed(["A"])
        listing = self.make_listings(["A"])
        listing.product_id.sale_delay = 10
        self.run_cron()
        shelf = {row.sku: row for row in self.simulator.channels["amazon"].shelf()}
        self.assertEqual(shelf["A"].lead_time_days, 10)


@tagged("post_install", "-at_install")
class TestShopify(SharedChannelTests, ChannelCase):
    channel = "shopify"
    site_code = "gid://shopify/Location/1"
    write_operation = "inventorySetQuantities"
    confirms_writes = False  # its answer names no quantity; the next read finds it
    credentials = {
        "shopify_shop": "demo-shop",
        "shopify_client_id": "demo-client-id",
        "shopify_client_secret": "demo-client-secret",
        "shopify_access_token": "demo-access-token",
    }
    wrong_credentials = {
        "shopify_access_token": "this-one-is-wrong",
        "shopify_client_secret": "and-this-one-too",
    }

    def test_a_product_that_is_not_tracked_waits_for_a_person(self):
        self.simulator.seed(
            "shopify",
            {
                "listings": [
                    {
                        "sku": "FREE",
                        "site": self.site_code,
                        "quantity": 1,
                        "tracked": False,
                    },
                    {
                        "sku": "BELOW",
                        "site": self.site_code,
                        "quantity": 1,
                        "policy": "CONTINUE",
                    },
                ]
            },
        )
        listings = self.make_listings(["FREE", "BELOW"])
        self.run_cron()
        self.assertEqual(listings.mapped("sync_state"), ["failed", "failed"])
        self.assertEqual(self.shown("BELOW"), 1)

    def test_a_token_of_a_dashboard_app_is_asked_for_and_kept(self):
        self.account.shopify_access_token = False
        self.seed(["A"])
        self.make_listings(["A"])
        self.run_cron()
        self.assertEqual(self.shown("A"), 7)
        self.assertTrue(self.account._get_secrets()["token"]["access_token"])


@tagged("post_install", "-at_install")
class TestMercadoLibre(SharedChannelTests, ChannelCase):
    channel = "mercadolibre"
    site_code = "MLM"
    write_operation = "putItem"
    credentials = {
        "mercadolibre_user_id": "1234567890",
        "mercadolibre_client_id": "1111222233334444",
        "mercadolibre_client_secret": "fake-secret-mercadolibre",
        "mercadolibre_refresh_token": "TG-fake-refresh-0",
    }
    wrong_credentials = {"mercadolibre_refresh_token": "TG-this-one-is-wrong"}

    def site_spec(self):
        return self.site_code

    def test_two_listings_of_one_user_product_are_one_write(self):
        self.simulator.seed(
            "mercadolibre",
            {
                "listings": [
                    {"sku": sku, "quantity": 1, "user_product_id": "MLMU77", "price": 9}
                    for sku in ("A", "B")
                ]
            },
        )
        listings = self.make_listings(["A", "B"])
        self.run_cron()
        writes = [
            call
            for call in self.simulator.log("mercadolibre")
            if call["operation"] == "putItem"
        ]
        self.assertEqual(len(writes), 1)
        self.assertEqual((self.shown("A"), self.shown("B")), (7, 7))
        self.assertEqual(set(listings.mapped("published_qty")), {7})
