"""Who ships a listing: never changed in passing."""

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..channels.base import ChannelListing, Problem
from .channel_stock_case import ChannelStockCase


@tagged("post_install", "-at_install")
class TestByAPerson(ChannelStockCase):
    def confirm(self, listing, understood=True):
        action = listing.action_change_fulfilment()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard = wizard.create({"is_understood": understood})
        wizard.action_confirm()

    def test_a_plain_write_is_refused_with_the_reason(self):
        ours, theirs = self.make_listing("MINE"), self.make_held()
        for listing, side in ((ours, "channel"), (theirs, "merchant")):
            with self.subTest(side), self.assertRaises(UserError) as caught:
                listing.fulfilment = side
            self.assertIn(listing.sku, str(caught.exception))
        self.assertIn("stranded", str(caught.exception))
        theirs.fulfilment = "channel"  # nothing changes

    def test_no_client_can_confirm_by_context(self):
        listing = self.make_held()
        for value in (True, 1, "CONFIRMED"):
            with self.assertRaises(UserError):
                listing.with_context(marketplace_sync_fulfilment=value).write(
                    {"fulfilment": "merchant"}
                )

    def test_the_wizard_explains_and_wants_to_hear_that_it_was_read(self):
        listing = self.make_held()
        context = listing.action_change_fulfilment()["context"]
        wizard = Form(
            self.env["marketplace.listing.fulfilment"].with_context(**context)
        )
        self.assertEqual(wizard.fulfilment, "merchant")
        self.assertIn("Seller Central", wizard.explanation)
        wizard.fulfilment = "channel"
        self.assertIn("keeps showing", wizard.explanation)
        with self.assertRaises(UserError):
            self.confirm(listing, understood=False)
        self.assertEqual(listing.fulfilment, "channel")

    def test_turned_to_us_nothing_is_sent_while_the_channel_says_otherwise(self):
        self.go_live()
        listing = self.make_held(stock=9)
        self.run_cron()
        self.confirm(listing)
        self.assertEqual(listing.fulfilment, "merchant")
        self.run_cron()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [])
        self.assertEqual(listing.fulfilment, "channel")
        self.assertEqual(listing.sync_state, "paused")

    def test_turned_to_us_on_the_channel_first_it_is_read_and_then_pushed(self):
        self.go_live()
        listing = self.make_held(stock=9)
        self.run_cron()
        self.shelf.fulfilled.clear()
        self.confirm(listing)
        self.run_cron()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("FBA", 9)])

    def test_turned_to_the_channel_nothing_more_is_sent(self):
        self.go_live()
        listing = self.make_listing("MINE", stock=4, shown=0)
        self.run_cron()
        self.shelf.fulfilled.add("MINE")
        self.confirm(listing)
        self.change_stock(listing, 3)
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("MINE", 4)])
        self.assertIn("changed by a person", listing.message_ids[0].body)


@tagged("post_install", "-at_install")
class TestOvernight(ChannelStockCase):
    def setUp(self):
        super().setUp()
        self.go_live()

    def activities(self):
        return self.account.activity_ids.filtered(
            lambda one: "changed who ships" in (one.summary or "")
        )

    def test_ours_that_became_the_channels_is_not_pushed_and_the_rest_is_served(self):
        turned = self.make_listing("TURNED", stock=4, shown=0)
        other = self.make_listing("OTHER", stock=4, shown=0)
        self.run_cron()
        self.shelf.fulfilled.add("TURNED")
        (turned | other).action_verify()
        self.change_stock(turned, 5)
        self.change_stock(other, 5)
        self.run_cron()
        self.assertEqual(turned.fulfilment, "channel")
        self.assertEqual(turned.sync_state, "paused")
        self.assertEqual(self.shelf.quantities["M1", "TURNED"], 4)
        self.assertEqual(self.shelf.quantities["M1", "OTHER"], 9)
        self.assertEqual(len(self.activities()), 1)
        self.assertIn("TURNED", self.activities().note)
        self.assertIn("shipped by the channel", turned.message_ids[0].body)

    def test_the_channels_that_became_ours_waits_for_a_person(self):
        turned = self.make_held("TURNED", stock=4)
        other = self.make_held("OTHER")
        self.run_cron()
        self.shelf.fulfilled.discard("TURNED")
        self.account.action_read_channel_stock()
        self.run_cron()
        self.assertEqual(turned.fulfilment, "merchant")
        self.assertEqual(turned.sync_state, "paused")
        self.assertIn("presses Resume", turned.warning)
        self.assertEqual(other.fulfillable_qty, 21)
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [])
        self.assertEqual(len(self.activities()), 1)
        turned.action_resume()
        self.run_cron()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("TURNED", 4)])

    def test_a_first_read_that_contradicts_the_record_waits_for_a_person(self):
        listing = self.make_held(stock=4)
        listing.sync_state = "unverified"  # many at once are computed later
        listing.flush_recordset()
        told = ChannelListing(sku="FBA", site_code="M1", quantity=7)
        listing._store_readings({listing.id: told}, verify=True)
        self.assertEqual(listing.sync_state, "paused")
        self.shelf.fulfilled.clear()
        self.run_cron()
        self.run_cron()
        self.assertEqual(listing.sync_state, "paused")
        self.assertEqual(self.shelf.sent(), [])

    def test_a_listing_that_is_not_found_has_not_changed_sides(self):
        listing = self.make_held()
        self.run_cron()
        self.shelf.fulfilled.clear()
        self.shelf.problems["FBA"] = [Problem("unknown_sku", "There is no SKU FBA.")]
        self.account.action_read_channel_stock()
        self.run_cron()
        self.assertEqual(listing.fulfilment, "channel")
        self.assertEqual(listing.sync_state, "paused")
        self.assertFalse(self.activities())
