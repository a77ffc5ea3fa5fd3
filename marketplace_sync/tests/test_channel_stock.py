"""What the channel holds: read daily, shown, and never taken for ours."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..channels.errors import ChannelBlockedError, ChannelUnreachable, RateLimited
from .channel_stock_case import ALL_BUCKETS, FULFILLABLE, ChannelStockCase
from .common import MarketplaceCase


@tagged("post_install", "-at_install")
class TestCounts(ChannelStockCase):
    def test_every_bucket_of_amazon_has_its_column(self):
        listing = self.make_held()
        self.count(listing)
        count = listing.channel_stock_id
        self.assertEqual(count.fulfillable_qty, 21)
        inbound = ("working", 10), ("shipped", 20), ("receiving", 5)
        for name, quantity in inbound:
            self.assertEqual(count[f"inbound_{name}_qty"], quantity)
        reserved = ("order", 3), ("transfer", 4), ("processing", 1)
        for name, quantity in reserved:
            self.assertEqual(count[f"reserved_{name}_qty"], quantity)
        self.assertEqual((count.inbound_qty, count.reserved_qty), (35, 8))
        self.assertEqual((count.customer_damaged_qty, count.expired_qty), (2, 6))
        self.assertEqual((count.unfulfillable_qty, count.researching_qty), (8, 7))
        self.assertEqual(count.total_qty, 79)
        self.assertEqual(len(count.buckets), len(ALL_BUCKETS))

    def test_fulls_buckets_have_theirs(self):
        held = {
            "available_quantity": (5, "sellable"),
            "damage": (2, "unfulfillable"),
            "lost": (1, "unfulfillable"),
            "noFiscalCoverage": (4, "unfulfillable"),
            "withdrawal": (3, "reserved"),
            "transfer": (6, "reserved"),
        }
        listing = self.make_held(held=held)
        self.count(listing)
        count = listing.channel_stock_id
        self.assertEqual(
            (count.fulfillable_qty, count.damaged_qty, count.lost_qty), (5, 2, 1)
        )
        self.assertEqual((count.no_fiscal_coverage_qty, count.withdrawal_qty), (4, 3))
        self.assertEqual(count.reserved_transfer_qty, 6)

    def test_a_day_has_one_count_and_the_next_day_another(self):
        listing = self.make_held()
        self.count(listing)
        self.hold(listing, fulfillable=20)
        self.count(listing)
        self.assertEqual(self.rows(listing).mapped("fulfillable_qty"), [20])
        with self.days_later(1):
            self.hold(listing, fulfillable=18)
            self.count(listing)
        self.assertEqual(self.rows(listing).mapped("fulfillable_qty"), [18, 20])
        self.assertEqual(listing.channel_stock_id.fulfillable_qty, 18)
        latest = self.rows(listing).filtered_domain([("is_latest", "=", True)])
        self.assertEqual(latest, listing.channel_stock_id)
        found = self.env["marketplace.channel.stock"].search(
            [("is_latest", "=", True), ("listing_id", "=", listing.id)]
        )
        self.assertEqual(found, listing.channel_stock_id)

    def test_the_form_says_why_units_cannot_be_sold(self):
        listing = self.make_held()
        self.count(listing)
        words = str(listing.channel_stock_table)
        self.assertIn("Can be sold now", words)
        self.assertIn("Sold already", words)
        self.assertIn("looking for it", words)
        self.assertIn("fcProcessingQuantity", words)
        self.assertIn(words, str(listing.explanation))
        self.assertIn("own warehouses plays no part", str(listing.explanation))

    def test_a_bucket_that_is_new_is_kept_shown_and_not_sellable(self):
        held = {FULFILLABLE: (4, "sellable"), "quarantineQuantity": (9, "other")}
        listing = self.make_held(held=held)
        self.count(listing)
        count = listing.channel_stock_id
        self.assertEqual((count.fulfillable_qty, count.other_qty), (4, 9))
        self.assertIn("quarantineQuantity", str(count.bucket_table))

    def test_a_channel_that_renamed_fulfillable_is_said_and_nothing_is_sellable(self):
        listing = self.make_held(held={"sellableUnits": (9, "other")})
        self.count(listing)
        count = listing.channel_stock_id
        self.assertFalse(count.is_fulfillable_told)
        self.assertEqual(count.fulfillable_qty, 0)
        self.assertIn("did not say how many", str(count.bucket_table))

    def test_a_listing_that_the_channel_does_not_hold_says_so_beside_the_others(self):
        good, bad = self.make_held("GOOD"), self.make_held("BAD", held="Nothing there.")
        self.count(good | bad)
        self.assertEqual(good.fulfillable_qty, 21)
        self.assertEqual(bad.channel_stock_error, "Nothing there.")
        self.assertFalse(bad.channel_stock_id)

    def test_a_count_survives_the_day_on_which_the_channel_says_nothing(self):
        listing = self.make_held()
        self.count(listing)
        with self.days_later(1):
            self.shelf.held[listing.sku] = "Not today."
            self.count(listing)
        self.assertEqual(listing.fulfillable_qty, 21)
        self.assertEqual(listing.channel_stock_error, "Not today.")

    def test_a_listing_of_ours_has_nothing_to_read(self):
        with self.assertRaises(UserError):
            self.count(self.make_listing("MINE"))

    def test_old_days_are_forgotten_but_the_latest_count_stays(self):
        listing, other = self.make_held("A"), self.make_held("B")
        self.count(listing | other)
        with self.days_later(500):
            self.count(listing)
            self.env["marketplace.channel.stock"]._gc_old()
        self.assertEqual(len(self.rows(listing)), 1)
        self.assertEqual(len(self.rows(other)), 1)


@tagged("post_install", "-at_install")
class TestCron(ChannelStockCase):
    def setUp(self):
        super().setUp()
        self.go_live()

    def test_it_is_read_once_a_day(self):
        listing = self.make_held()
        self.run_cron()
        self.run_cron()
        self.assertEqual(self.shelf.held_reads, [["FBA"]])
        self.assertEqual(listing.fulfillable_qty, 21)
        listing.channel_stock_read_at -= timedelta(hours=25)
        self.run_cron()
        self.assertEqual(len(self.shelf.held_reads), 2)

    def test_only_what_the_channel_ships_is_asked_for(self):
        self.make_held()
        self.make_listing("MINE", shown=3)
        self.run_cron()
        self.assertEqual(self.shelf.held_reads, [["FBA"]])

    def test_a_read_that_was_cut_short_goes_on_where_it_was(self):
        self.adapter_class.channel_stock_rows = 2
        listings = self.env["marketplace.listing"]
        for sku in "ABCDE":
            listings |= self.make_held(sku)
        self.shelf.held["C"] = RateLimited("Not so fast.", retry_after=5)
        self.run_cron()
        self.assertEqual(self.shelf.held_reads, [["A", "B"], ["C", "D"]])
        self.assertIn("Not so fast", self.account.channel_stock_failure)
        self.shelf.held["C"] = ALL_BUCKETS
        self.run_cron()  # not before its time
        self.assertEqual(len(self.shelf.held_reads), 2)
        self.account.channel_stock_retry_at = False
        self.run_cron()
        self.assertEqual(self.shelf.held_reads[2:], [["C", "D"], ["E"]])
        self.assertFalse(self.account.channel_stock_failure)
        self.assertEqual(set(listings.mapped("fulfillable_qty")), {21})

    def test_a_slice_that_is_used_up_gives_its_turn_back(self):
        self.adapter_class.channel_stock_rows = 1
        self.make_held("A")
        self.make_held("B")
        self.patch(
            self.env.registry["marketplace.account"]._read_channel_stock.__globals__[
                "time"
            ],
            "monotonic",
            iter(range(0, 100_000, 100)).__next__,
        )
        self.run_cron()
        self.assertEqual(len(self.shelf.held_reads), 1)
        self.run_cron()
        self.assertEqual(len(self.shelf.held_reads), 2)

    def test_a_refusal_is_said_at_the_account_and_stops_no_push(self):
        self.make_held()
        mine = self.make_listing("MINE", stock=7, shown=3)
        for error in (ChannelBlockedError("No role."), ChannelUnreachable("Gone.")):
            self.shelf.held["FBA"] = error
            self.account.channel_stock_retry_at = False
            self.change_stock(mine, 1)
            self.run_cron()
            with self.subTest(error=error):
                self.assertEqual(self.account.state, "connected")
                self.assertFalse(self.account.last_failure)
                self.assertIn(str(error), self.account.channel_stock_failure)
                self.assertEqual(mine.sync_state, "synced")
                self.assertEqual(self.shelf.quantities["M1", "MINE"], mine.qty)

    def test_the_button_has_everything_read_anew(self):
        self.make_held()
        self.run_cron()
        self.account.action_read_channel_stock()
        self.run_cron()
        self.assertEqual(len(self.shelf.held_reads), 2)

    def test_a_channel_that_cannot_tell_is_not_asked(self):
        del self.adapter_class
        from ..channels.base import Adapter
        from .memory_channel import memory_adapter

        self.adapter_class = memory_adapter(self.shelf)
        self.adapter_class.fetch_channel_stock = Adapter.fetch_channel_stock
        self.make_held()
        self.assertFalse(self.account.has_channel_stock)
        self.run_cron()
        self.assertFalse(self.account.channel_stock_failure)


@tagged("post_install", "-at_install")
class TestNotOurs(ChannelStockCase):
    def test_what_the_channel_holds_is_never_pushed_nor_added(self):
        self.go_live()
        held = self.make_held(stock=5)
        mine = self.make_listing("MINE", shown=0, product_id=held.product_id.id)
        self.run_cron()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("MINE", 5)])
        self.assertEqual((mine.sellable_qty, held.fulfillable_qty), (5, 21))

    def test_reading_writes_no_stock(self):
        listing = self.make_held(stock=5)
        before = self.env["stock.quant"].search_count([])
        moves = self.env["stock.move"].search_count([])
        self.count(listing)
        self.assertEqual(self.env["stock.quant"].search_count([]), before)
        self.assertEqual(self.env["stock.move"].search_count([]), moves)


@tagged("post_install", "-at_install")
class TestInbound(MarketplaceCase):
    """Goods on their way to the channel left our free stock when they were sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.make_product(stock=30)
        cls.listing = cls.make_listing(cls.product)

    def send(self, location, quantity=10):
        move = self.move(self.product, quantity, self.warehouse.lot_stock_id, location)
        return move

    def count_inbound(self, quantity):
        fba = self.make_listing(self.product, sku="FBA", fulfilment="channel")
        count = self.env["marketplace.channel.stock"].create(
            {
                "listing_id": fba.id,
                "date": fields.Date.today(),
                "read_at": fields.Datetime.now(),
                "inbound_shipped_qty": quantity,
                "inbound_qty": quantity,
                "is_fulfillable_told": True,
            }
        )
        fba.channel_stock_id = count
        return fba

    def test_a_shipment_to_the_channel_is_subtracted_once(self):
        amazon = self.env["stock.location"].create({"name": "FBA", "usage": "internal"})
        self.account.channel_location_id = amazon
        move = self.send(amazon)
        self.assertNumbers(self.listing, 30, 10, 20, "promised to the channel")
        self.done(move)
        self.assertNumbers(self.listing, 20, 0, 20, "left")
        self.count_inbound(10)
        self.listing._refresh()
        self.assertNumbers(self.listing, 20, 0, 20, "the channel tells it, too")

    def test_a_location_for_the_channel_below_our_warehouse_is_not_for_sale(self):
        amazon = self.make_location(self.warehouse.view_location_id, name="FBA")
        self.done(self.send(amazon))
        self.assertNumbers(self.listing, 30, 0, 30, "a shelf like any other")
        self.account.channel_location_id = amazon
        self.assertTrue(amazon.marketplace_not_for_sale)
        self.assertNumbers(self.listing, 20, 0, 20, "the channel's")

    def test_a_sites_own_location_is_not_for_sale_either(self):
        amazon = self.make_location(self.warehouse.view_location_id, name="FBA")
        self.site.channel_location_id = amazon
        self.assertTrue(amazon.marketplace_not_for_sale)
        self.assertEqual(self.site._get_channel_location(), amazon)
        second, third = (
            self.make_location(self.warehouse.view_location_id) for _ in "ab"
        )
        self.make_site(self.warehouse, channel_location_id=second.id)
        self.make_account(channel_location_id=third.id)
        self.assertTrue(second.marketplace_not_for_sale)
        self.assertTrue(third.marketplace_not_for_sale)
