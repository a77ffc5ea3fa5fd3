"""A channel order is demand from the commit of its record, and stops being so by what
happens to it."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..channels.errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
    RetryableError,
)
from ..channels.orders import OrderBuyer
from .order_case import NOON, OrderCase, later, told_line, told_order


@tagged("post_install", "-at_install")
class TestOrdersStored(OrderCase):
    def shows(self, listing, quantity):
        """A listing of which the channel has shown ``quantity`` for a day."""
        listing.write(
            {
                "sync_state": "synced",
                "published_qty": quantity,
                "published_at": fields.Datetime.subtract(
                    NOON.replace(tzinfo=None), days=1
                ),
            }
        )

    def test_an_order_lowers_every_listing_that_shares_the_stock_at_once(self):
        other = self.env["marketplace.account"].create(
            {"name": "Other", "channel": "amazon", "buffer_policy_id": False}
        )
        here = self.make_listing("CUP", stock=10)
        there = self.make_listing(
            "CUP", product_id=here.product_id.id, site=self._make_site("X", other)
        )
        self.store(told_order(lines=[("CUP", 3)]))
        self.assertEqual((here.committed_qty, here.sellable_qty), (3, 7))
        self.assertEqual((there.committed_qty, there.sellable_qty), (3, 7))

    def test_a_site_with_other_warehouses_is_not_lowered(self):
        warehouse = self.env["stock.warehouse"].create({"name": "Far", "code": "FAR"})
        far_site = self._make_site("FAR")
        far_site.warehouse_ids = warehouse
        here = self.make_listing("CUP", stock=10)
        far = self.make_listing("CUP", product_id=here.product_id.id, site=far_site)
        self.env["stock.quant"]._update_available_quantity(
            here.product_id, warehouse.lot_stock_id, 5
        )
        self.refresh()
        self.store(told_order(lines=[("CUP", 3)]))
        self.assertEqual((here.sellable_qty, far.sellable_qty), (7, 5))

    def test_an_order_of_an_unknown_place_counts_everywhere(self):
        self._make_site("M2")
        listing = self.make_listing("CUP", stock=10)
        order = self.store(told_order(lines=[("CUP", 3)], site_code="elsewhere"))
        self.assertEqual(order.line_ids.site_id, listing.site_id, "its listing's place")
        order.line_ids.site_id = False
        self.assertEqual(listing.sellable_qty, 7)

    def test_a_pending_order_is_promised(self):
        listing = self.make_listing("CUP", stock=10)
        self.store(told_order(lines=[("CUP", 3)], status="pending"))
        self.assertEqual(listing.sellable_qty, 7)

    def test_what_the_channel_ships_itself_is_never_demand(self):
        listing = self.make_listing("CUP", stock=10)
        line = told_line("CUP", 3, fulfilled_by_channel=True)
        order = self.store(told_order(lines=[line]))
        self.assertEqual((listing.sellable_qty, order.state), (10, "ignored"))
        foreign = self.store(told_order("1002", lines=[("CUP", 3)], is_foreign=True))
        self.assertEqual((listing.sellable_qty, foreign.state), (10, "ignored"))

    def test_a_pack_takes_its_units(self):
        listing = self.make_listing("SIX", stock=24, units_per_listing=6)
        order = self.store(told_order(lines=[("SIX", 2)]))
        self.assertEqual(order.line_ids.product_qty, 12)
        self.assertEqual((listing.committed_qty, listing.sellable_qty), (12, 2))
        listing.units_per_listing = 12
        self.assertEqual(
            order.line_ids.product_qty, 12, "what was bought is not changed"
        )

    def test_made_to_order_does_not_move(self):
        listing = self.make_listing("WALLET", stock=0, qty_source="mto")
        self.store(told_order(lines=[("WALLET", 3)]))
        self.assertEqual(listing.sellable_qty, 999)

    # === EVERY ORDER OF EVENTS ===

    def test_cancelled_on_the_channel_is_released(self):
        listing = self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)])
        order = self.store(told)
        self.store(later(told, status="cancelled", lines=[told_line("CUP", 0)]))
        self.assertEqual((listing.committed_qty, listing.sellable_qty), (0, 10))
        self.assertEqual(order.state, "cancelled")

    def test_cancelled_before_it_was_ever_seen(self):
        listing = self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)])
        order = self.store(later(told, status="cancelled"))
        self.assertEqual((listing.sellable_qty, order.state), (10, "cancelled"))
        self.store(told)  # the creation, delivered late
        self.assertEqual((listing.sellable_qty, order.status), (10, "cancelled"))

    def test_an_older_telling_changes_nothing(self):
        listing = self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)])
        self.store(later(told, lines=[told_line("CUP", 5)]))
        self.store(told)
        self.assertEqual(listing.sellable_qty, 5)

    def test_the_same_telling_twice_is_one_order(self):
        listing = self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)])
        self.assertEqual(self.store(told), self.store(told))
        self.assertEqual(listing.sellable_qty, 7)

    def test_a_quantity_that_is_edited_is_followed(self):
        listing = self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)])
        self.store(told)
        for minute, (wanted, sellable) in enumerate([(1, 9), (4, 6), (0, 10)], 1):
            self.store(later(told, minute, lines=[told_line("CUP", wanted)]))
            self.assertEqual(listing.sellable_qty, sellable)

    def test_a_line_that_an_edit_takes_out_is_released(self):
        cup, pot = self.make_listing("CUP"), self.make_listing("POT")
        told = told_order(lines=[("CUP", 3), ("POT", 2)])
        order = self.store(told)
        self.store(later(told, lines=told.lines[:1]))
        self.assertEqual((cup.sellable_qty, pot.sellable_qty), (7, 10))
        self.assertEqual(order.line_ids.mapped("quantity"), [3, 0])

    def test_a_listing_that_is_made_later_lets_the_line_count(self):
        order = self.store(told_order(lines=[("CUP", 3)]))
        self.assertFalse(order.line_ids.product_id)
        listing = self.make_listing("CUP", stock=10)
        self.assertEqual(order.line_ids.listing_id, listing)
        self.assertEqual(listing.sellable_qty, 7)

    def test_a_product_given_to_a_listing_lets_its_lines_count(self):
        listing = self.make_listing("CUP", product_id=False)
        order = self.store(told_order(lines=[("CUP", 3)]))
        listing.product_id = self.make_product("CUP", 10)
        self.assertEqual(order.line_ids.product_id, listing.product_id)
        self.assertEqual(listing.sellable_qty, 7)

    def test_orders_from_before_the_start_are_left_alone(self):
        listing = self.make_listing("CUP", stock=10)
        old = told_order(lines=[("CUP", 3)], placed_at=NOON - timedelta(days=60))
        self.assertFalse(self.store(old))
        self.assertEqual(listing.sellable_qty, 10)

    # === TAKEN OVER BY A SALE ORDER ===

    def make_sale(self, order, quantity=None, confirm=True):
        line = order.line_ids
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Buyer"}).id,
                "warehouse_id": self.warehouse.id,
                "order_line": [
                    fields.Command.create(
                        {
                            "product_id": line.product_id.id,
                            "product_uom_qty": quantity or line.product_qty,
                            "marketplace_order_line_id": line.id,
                        }
                    )
                ],
            }
        )
        order.sale_order_id = sale
        if confirm:
            sale.action_confirm()
        return sale

    def test_a_quotation_takes_nothing_over_and_nothing_counts_twice(self):
        listing = self.make_listing("CUP", stock=10)
        order = self.store(told_order(lines=[("CUP", 3)]))
        sale = self.make_sale(order, confirm=False)
        self.refresh()
        self.assertEqual(listing.sellable_qty, 7)
        sale.action_confirm()
        self.refresh()
        self.assertEqual(listing.sellable_qty, 7)

    def test_what_the_sale_order_lacks_is_promised_still(self):
        listing = self.make_listing("CUP", stock=10)
        order = self.store(told_order(lines=[("CUP", 3)]))
        self.make_sale(order, quantity=1)
        self.refresh()
        self.assertEqual(listing.sellable_qty, 7)

    def test_a_sale_order_cancelled_here_leaves_the_promise(self):
        listing = self.make_listing("CUP", stock=10)
        order = self.store(told_order(lines=[("CUP", 3)]))
        sale = self.make_sale(order)
        sale._action_cancel()
        self.refresh()
        self.assertEqual(listing.sellable_qty, 7)

    def test_a_delivery_cancelled_here_leaves_the_promise(self):
        listing = self.make_listing("CUP", stock=10)
        order = self.store(told_order(lines=[("CUP", 3)]))
        self.make_sale(order).picking_ids.action_cancel()
        self.refresh()
        self.assertEqual(listing.sellable_qty, 7)

    def test_the_rest_of_a_delivery_cancelled_here_is_promised_still(self):
        listing = self.make_listing("CUP", stock=10)
        order = self.store(told_order(lines=[("CUP", 3)]))
        moves = self.make_sale(order).picking_ids.move_ids
        moves.write({"quantity": 1, "picked": True})
        moves._action_done()
        order.sale_order_id.picking_ids.filtered(
            lambda p: p.state != "done"
        ).action_cancel()
        self.refresh()
        self.assertEqual((listing.qty, listing.sellable_qty), (9, 7))

    def test_several_steps_of_a_delivery_are_one_promise(self):
        for steps in ("pick_ship", "pick_pack_ship"):
            with self.subTest(steps):
                self.warehouse.delivery_steps = steps
                listing = self.make_listing(steps, stock=10)
                order = self.store(told_order(steps, [(steps, 3)]))
                sale = self.make_sale(order)
                for _step in range(steps.count("_") + 1):
                    self.refresh()
                    self.assertEqual(listing.sellable_qty, 7)
                    picking = sale.picking_ids.filtered(
                        lambda p: p.state not in ("done", "cancel")
                    )[:1]
                    picking.action_assign()
                    picking.move_ids.write({"quantity": 3, "picked": True})
                    picking.button_validate()
                self.refresh()
                self.assertEqual((listing.committed_qty, listing.sellable_qty), (0, 7))

    def test_delivered_units_left_the_stock_and_the_promise(self):
        listing = self.make_listing("CUP", stock=10)
        order = self.store(told_order(lines=[("CUP", 3)]))
        picking = self.make_sale(order).picking_ids
        picking.move_ids.quantity = 3
        picking.move_ids.picked = True
        picking.button_validate()
        self.refresh()
        self.assertEqual(
            (listing.qty, listing.committed_qty, listing.sellable_qty), (7, 0, 7)
        )

    # === THE CHANNEL'S OWN COUNTER ===

    def test_ten_shown_two_sold_two_received_ends_with_ten_shown(self):
        listing = self.make_listing("CUP", stock=10, shown=10)
        self.shows(listing, 10)
        self.shelf.quantities["M1", "CUP"] = 8  # the channel lowers its own counter
        self.store(told_order(lines=[("CUP", 2)]))
        self.assertEqual((listing.published_qty, listing.sellable_qty), (8, 8))
        self.assertEqual(listing.sync_state, "synced")
        self.move_stock(listing.product_id, 2)
        self.refresh()
        self.assertEqual((listing.sellable_qty, listing.sync_state), (10, "pending"))
        self.account.order_start_at = fields.Datetime.now()
        self.run_orders()
        self.run_cron()
        self.assertEqual(self.shelf.quantities["M1", "CUP"], 10)

    def test_a_sale_that_our_number_was_written_over_is_told_again(self):
        listing = self.make_listing("CUP", stock=10, shown=10)
        self.shows(listing, 10)
        listing.published_at = NOON.replace(tzinfo=None) + timedelta(minutes=5)
        self.store(told_order(lines=[("CUP", 2)]))
        self.assertEqual((listing.published_qty, listing.sellable_qty), (10, 8))
        self.assertEqual(listing.sync_state, "pending")

    def test_a_sale_in_the_moment_of_a_push_is_told_again(self):
        listing = self.make_listing("CUP", stock=10, shown=10)
        self.shows(listing, 10)
        listing.published_at = NOON.replace(tzinfo=None)
        self.store(told_order(lines=[("CUP", 2)]))
        self.assertEqual((listing.sync_state, listing.is_uncertain), ("pending", True))

    def test_a_cancelled_order_makes_the_counter_uncertain(self):
        listing = self.make_listing("CUP", stock=10, shown=10)
        self.shows(listing, 10)
        told = told_order(lines=[("CUP", 2)])
        self.store(told)
        self.store(later(told, status="cancelled", lines=[told_line("CUP", 0)]))
        self.assertEqual((listing.sync_state, listing.is_uncertain), ("pending", True))

    def test_listings_that_share_a_counter_are_lowered_together(self):
        one = self.make_listing("CUP", stock=10, pool_key="pool")
        two = self.make_listing(
            "CUP-B", product_id=one.product_id.id, pool_key="pool", shown=10
        )
        for listing in one | two:
            self.shows(listing, 10)
        self.store(told_order(lines=[("CUP", 2)]))
        self.assertEqual((one.published_qty, two.published_qty), (8, 8))

    # === READING ===

    def test_orders_are_read_and_the_watermark_follows_the_last_page(self):
        listing = self.make_listing("CUP", stock=10)
        self.book.tell(told_order("1", [("CUP", 1)]), told_order("2", [("CUP", 2)]))
        self.run_orders()
        self.assertEqual(listing.sellable_qty, 7)
        self.assertTrue(self.account.order_watermark)
        self.assertTrue(self.account.last_order_sync_at)

    def test_a_read_that_breaks_off_keeps_its_pages_and_the_watermark(self):
        listing = self.make_listing("CUP", stock=10)
        first = [told_order("1", [("CUP", 1)])]
        self.book.pages = [first, ChannelUnreachable("The channel does not answer.")]
        self.run_orders()
        self.assertEqual(listing.sellable_qty, 9)
        self.assertFalse(self.account.order_watermark)
        self.assertFalse(self.account.last_order_sync_at)
        self.assertIn("does not answer", self.account.last_order_failure)
        self.assertTrue(self.account.order_retry_at)

    def test_a_limit_is_nobodys_fault(self):
        self.book.error = RateLimited("Not so fast.", retry_after=120)
        self.run_orders()
        self.assertEqual(self.account.order_failure_count, 0)
        self.assertGreater(
            self.account.order_retry_at, fields.Datetime.now() + timedelta(seconds=100)
        )

    def test_an_order_that_cannot_be_stored_stops_no_other(self):
        listing = self.make_listing("CUP", stock=10)
        bad = replace(told_order("1", [("CUP", 1)]), status="nonsense")
        self.book.tell(bad, told_order("2", [("CUP", 2)]))
        self.run_orders()
        self.assertEqual(self.order("1").state, "to_fix")
        self.assertIn("could not be read", self.order("1").problem)
        self.assertEqual(listing.sellable_qty, 8)

    def test_what_the_database_refuses_stops_no_other(self):
        """No collision: trying the page again and again would keep all orders out."""
        listing = self.make_listing("CUP", stock=10)
        bad = told_order("1", [("CUP", 1)], name="#1")
        self.book.tell(bad, told_order("2", [("CUP", 2)]))
        store = type(self.account)._store_order

        def refuse(account, told):
            if told.external_id == "1":
                account.env.cr.execute("SELECT 2147483647 + 1", log_exceptions=False)
            return store(account, told)

        self.patch(type(self.account), "_store_order", refuse)
        self.run_orders()
        self.assertIn("out of range", self.order("1").problem)
        self.assertEqual(self.order("1").state, "to_fix")
        self.assertEqual(listing.sellable_qty, 8)

    def test_texts_that_no_database_can_hold_keep_no_order_out(self):
        """JSON can spell NUL and half a character."""
        listing = self.make_listing("CUP", stock=10)
        line = told_line("CUP", 3, title="Cup\0", taxes=[])
        buyer = OrderBuyer(name="E\0ve \ud83d")
        self.book.tell(
            told_order("1", [line], name="#\0 1", buyer=buyer, raw={"a": "\0"})
        )
        self.run_orders()
        order = self.order("1")
        self.assertEqual((order.name, order.line_ids.title), ("# 1", "Cup"))
        self.assertFalse(order.problem and "could not be read" in order.problem)
        self.assertEqual(listing.sellable_qty, 7)

    def test_numbers_do_not_rise_while_the_order_book_is_stale(self):
        low = self.make_listing("LOW", stock=10, shown=2)
        high = self.make_listing("HIGH", stock=10, shown=50)
        made = self.make_listing("MADE", stock=0, shown=0, qty_source="mto")
        self.go_live()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("HIGH", 10), ("MADE", 999)])
        self.assertEqual(low.sync_state, "pending")
        self.run_orders()
        self.run_cron()
        self.assertIn(("LOW", 10), self.shelf.sent())
        self.assertEqual((high.published_qty, made.published_qty), (10, 999))

    def test_open_orders_are_read_again_where_the_search_hides_cancelled_ones(self):
        self.adapter_class.hides_cancelled_orders = True
        listing = self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)])
        self.book.tell(told)
        self.run_orders()
        self.assertEqual(listing.sellable_qty, 7)
        self.book.tell(later(told, status="cancelled", lines=[told_line("CUP", 0)]))
        self.book.pages = [[]]
        self.env.cr.execute("UPDATE marketplace_order SET write_date = '2026-01-01'")
        self.account.order_reread_at = False
        self.run_orders()
        self.refresh()
        self.assertEqual(listing.sellable_qty, 10)

    def test_an_order_that_cannot_be_read_again_stops_no_other(self):
        self.adapter_class.hides_cancelled_orders = True
        listing = self.make_listing("CUP", stock=10)
        gone, told = told_order("1", [("CUP", 1)]), told_order("2", [("CUP", 2)])
        self.book.tell(gone, told)
        self.run_orders()
        self.book.errors["1"] = RetryableError("There is no such order, or not yet.")
        self.book.tell(later(told, lines=[told_line("CUP", 5)]))
        self.book.pages = [[]]
        self.env.cr.execute("UPDATE marketplace_order SET write_date = '2026-01-01'")
        self.account.order_reread_at = False
        self.run_orders()
        self.assertEqual(listing.sellable_qty, 4)
        self.assertFalse(self.account.last_order_failure)

    def test_orders_that_are_refused_do_not_stop_quantities(self):
        self.make_listing("CUP", stock=10, shown=50)
        self.go_live()
        self.book.error = ChannelBlockedError("The app may not read orders.")
        for _time in range(2):
            self.run_orders()
        self.run_cron()
        self.assertEqual(self.account.state, "connected")
        self.assertIn("may not read orders", self.account.last_order_failure)
        self.assertEqual(len(self.account.activity_ids), 1)
        self.assertEqual(self.shelf.quantities["M1", "CUP"], 10)
        self.book.error = AuthenticationError("The token was revoked.")
        self.run_orders()
        self.assertEqual(self.account.state, "blocked")

    def test_an_order_that_the_channel_deleted_is_released(self):
        listing = self.make_listing("CUP", stock=10)
        self.store(told_order(lines=[("CUP", 3)]))
        with self.crons() as env:
            account = self.account.with_env(env)
            with account._adapter_session() as adapter:
                account._fetch_order(adapter, "1001")
        self.assertEqual(
            (listing.sellable_qty, self.order("1001").state), (10, "cancelled")
        )

    def test_the_channels_own_words_are_forgotten_after_a_time(self):
        told = told_order(lines=[("CUP", 3)], raw={"buyer": "x"}, status="cancelled")
        order = self.store(told)
        waiting = self.store(told_order("2", [("CUP", 1)], raw={"buyer": "y"}))
        self.env.flush_all()
        self.env.cr.execute("UPDATE marketplace_order SET write_date = '2026-01-01'")
        self.env.invalidate_all()
        with patch.object(self.env.registry, "ready", True):
            self.env["marketplace.order"]._gc_raw()
        self.assertFalse(order.raw)
        self.assertTrue(waiting.raw, "a person may still need it")


@tagged("post_install", "-at_install")
class TestReadingAndNotifications(OrderCase):
    def notify(self, external_id):
        return self.env["marketplace.event"].create(
            {
                "account_id": self.account.id,
                "delivery_id": f"delivery-{external_id}",
                "kind": "order",
                "external_id": external_id,
            }
        )

    def read_after(self, minutes):
        """Run the order action; the last read was so long ago."""
        self.go_live()
        moment = fields.Datetime.now() - timedelta(minutes=minutes)
        self.account.last_order_sync_at = moment
        with self.crons() as env:
            account = self.account.with_env(env)
            with account._adapter_session() as adapter, suppress(ChannelUnreachable):
                account._read_orders(adapter)

    def test_a_read_waits_while_notifications_wait(self):
        self.book.tell(told_order("1", [("CUP", 1)]))
        self.notify("1")
        self.read_after(minutes=6)
        self.assertEqual(self.book.reads, [])

    def test_a_read_that_waited_for_long_is_made_all_the_same(self):
        self.book.tell(told_order("1", [("CUP", 1)]))
        self.notify("1")
        self.read_after(minutes=11)
        self.assertEqual(len(self.book.reads), 1)

    def test_what_is_announced_during_a_long_read_is_not_kept_waiting(self):
        listing = self.make_listing("CUP", stock=10)
        self.book.tell(told_order("1", [("CUP", 3)]))
        self.book.pages = [[], ChannelUnreachable("The channel does not answer.")]
        event = self.notify("1")
        self.read_after(minutes=11)
        self.assertEqual((event.state, listing.sellable_qty), ("done", 7))
