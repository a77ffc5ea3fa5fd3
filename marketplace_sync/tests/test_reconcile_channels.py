"""Comparing over real protocols: each channel's simulator on loopback."""

from odoo.tests import tagged

from . import test_channels
from .test_channels import ChannelCase


class ReconcileChannelCase(ChannelCase):
    def in_step(self, *skus):
        self.seed(skus, quantity=7)
        listings = self.make_listings(skus)
        self.run_cron()
        self.due()
        listings.write({"published_at": "2026-01-01", "sync_state": "synced"})
        return listings

    def reconcile(self, **values):
        run = self.env["marketplace.reconciliation"]._request(self.account, **values)
        for _turn in range(12):
            self.run_cron()
            if run.state != "running":
                break
            run.resume_at = False
        self.assertEqual((run.state, run.error), ("done", False))
        return run

    def edit(self, sku, quantity):
        """Let a person edit the quantity on the channel's own page."""
        channel = self.simulator.channels[self.channel]
        channel.set_quantity(self.site_code, sku, quantity)

    def causes(self):
        lines = self.env["marketplace.reconciliation.line"].search(
            [("account_id", "=", self.account.id), ("state", "=", "open")]
        )
        return {line.sku: line.cause for line in lines}


class SharedReconcileTests:
    allow_inherited_tests_method = True

    def test_what_agrees_is_verified_and_no_finding(self):
        listings = self.in_step("A/1", "B 2", "C,3")
        run = self.reconcile()
        self.assertEqual((self.causes(), run.read_count), ({}, 3))
        self.assertEqual(set(listings.mapped("channel_qty")), {7})
        self.assertTrue(all(listings.mapped("channel_qty_at")))

    def test_edits_on_the_channel_sales_and_strangers_are_found(self):
        self.in_step("RAISED", "SOLD", "SAME")
        self.edit("RAISED", 30)
        self.edit("SOLD", 5)
        rows = [{"sku": "STRANGER", "site": self.site_code, "quantity": 4, "price": 9}]
        self.simulator.seed(self.channel, {"listings": rows})
        self.reconcile()
        self.assertEqual(
            self.causes(),
            {
                "RAISED": "changed_on_channel",
                "SOLD": "channel_sale",
                "STRANGER": "not_listed_here",
            },
        )

    def test_a_listing_that_is_gone_on_the_channel_is_found(self):
        listings = self.in_step("A", "B")
        listings[0].write({"sku": "GONE", "sync_state": "synced"})
        self.reconcile()
        self.assertEqual(self.causes()["GONE"], "unknown_sku")

    def test_repair_brings_the_right_number_back(self):
        self.in_step("A", "B")
        self.edit("A", 30)
        self.reconcile(policy="repair")
        self.run_cron()
        self.due()
        self.run_cron()
        self.assertEqual((self.shown("A"), self.shown("B")), (7, 7))


@tagged("post_install", "-at_install")
class TestReconcileAmazon(SharedReconcileTests, ReconcileChannelCase):
    channel = test_channels.TestAmazon.channel
    site_code = test_channels.TestAmazon.site_code
    credentials = test_channels.TestAmazon.credentials

    def test_listings_are_read_twenty_a_call_on_what_the_shelf_shows(self):
        self.in_step(*(f"S{number:02}" for number in range(45)))
        self.simulator.clear_log("amazon")
        self.reconcile(listing_ids=self.account.listing_ids.ids)
        calls = [c["operation"] for c in self.simulator.log("amazon")]
        self.assertEqual(calls.count("searchListingsItems"), 3)

    def test_a_sku_that_amazon_ships_now_is_found(self):
        self.in_step("A")
        rows = [{"sku": "A", "site": self.site_code, "fulfilment": "channel"}]
        self.simulator.seed("amazon", {"listings": rows})
        self.reconcile()
        self.assertEqual(self.causes(), {"A": "fulfilled_by_channel"})


@tagged("post_install", "-at_install")
class TestReconcileShopify(SharedReconcileTests, ReconcileChannelCase):
    channel = test_channels.TestShopify.channel
    site_code = test_channels.TestShopify.site_code
    credentials = test_channels.TestShopify.credentials

    def test_one_page_of_250_reads_what_is_compared_and_what_is_unknown(self):
        self.in_step("A", "B", "C")
        self.simulator.clear_log("shopify")
        self.reconcile()
        calls = [c["operation"] for c in self.simulator.log("shopify")]
        self.assertEqual(calls, ["productVariants"])

    def test_places_that_sell_nothing_and_what_sells_on_are_found(self):
        self.in_step("OFF", "FREE", "ON")
        rows = [
            {"sku": "OFF", "active": False},
            {"sku": "FREE", "tracked": False},
            {"sku": "ON", "policy": "CONTINUE"},
        ]
        rows = [{"site": self.site_code, "quantity": 7, **row} for row in rows]
        self.simulator.seed("shopify", {"listings": rows})
        self.reconcile()
        self.assertEqual(
            self.causes(),
            {"OFF": "wrong_location", "FREE": "keeps_selling", "ON": "keeps_selling"},
        )

    def test_above_the_limit_a_bulk_operation_is_waited_for_and_read(self):
        listings = self.in_step("A", "B")
        self.edit("A", 30)
        self.simulator.seed("shopify", {"bulk_seconds": 0})
        run = self.env["marketplace.reconciliation"]._request(self.account)
        begin = type(run)._begin
        self.patch(
            type(run),
            "_begin",
            lambda run, adapter: (
                begin(run, adapter) or run.write({"listing_count": 30_000})
            ),
        )
        self.simulator.clear_log("shopify")
        self.run_cron()
        calls = [c["operation"] for c in self.simulator.log("shopify")]
        self.assertIn("bulkResult", calls)
        self.assertNotIn("productVariants", calls)
        self.assertEqual(run.state, "done")
        self.assertEqual(self.causes(), {"A": "changed_on_channel"})
        self.assertEqual(set(listings.mapped("reconciled_run")), {run.id})


@tagged("post_install", "-at_install")
class TestReconcileMercadoLibre(SharedReconcileTests, ReconcileChannelCase):
    channel = test_channels.TestMercadoLibre.channel
    site_code = test_channels.TestMercadoLibre.site_code
    credentials = test_channels.TestMercadoLibre.credentials

    def site_spec(self):
        return self.site_code

    def test_items_are_read_twenty_a_call_and_once(self):
        self.in_step(*(f"S{number:02}" for number in range(45)))
        self.simulator.clear_log("mercadolibre")
        self.reconcile()
        calls = [c["operation"] for c in self.simulator.log("mercadolibre")]
        reads = [name for name in calls if "bulk" in name.lower()]
        self.assertEqual(len(reads), 3, calls)
