from odoo.tests import tagged
from odoo.tools import mute_logger

from ..channels.base import Problem
from ..channels.errors import (
    AuthenticationError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
)
from .push_case import PushCase


@tagged("post_install", "-at_install")
class TestPush(PushCase):
    def test_nothing_is_sent_before_going_live(self):
        listing = self.make_listing("A", stock=10, shown=3)
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])
        self.assertEqual(listing.sync_state, "pending")
        self.assertEqual((listing.channel_qty, listing.published_qty), (3, 3))

    def test_a_new_listing_is_read_before_its_first_push(self):
        listing = self.make_listing("A", stock=10, shown=3)
        self.assertEqual(listing.sync_state, "unverified")
        self.go_live()
        self.run_cron()
        self.assertEqual(self.shelf.reads, 1)
        self.assertEqual(self.shelf.sent(), [("A", 10)])
        self.assertEqual(listing.external_ref, "ref-A")
        self.assertEqual(listing.sync_state, "synced")
        self.assertEqual(listing.published_qty, 10)

    def test_a_listing_that_shows_the_right_number_is_not_sent(self):
        listing = self.make_listing("A", stock=10, shown=10)
        self.go_live()
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])
        self.assertEqual(listing.sync_state, "synced")

    def test_ten_changes_while_waiting_are_one_push(self):
        listing = self.make_listing("A", stock=10, shown=10)
        self.go_live()
        self.run_cron()
        for _time in range(10):
            self.change_stock(listing, -1)
        self.assertEqual(listing.sync_state, "pending")
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 0)])

    def test_a_number_that_came_back_by_itself_is_not_sent(self):
        listing = self.make_listing("A", stock=10, shown=10)
        self.go_live()
        self.run_cron()
        self.change_stock(listing, -4)
        self.change_stock(listing, 4)
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])
        self.assertEqual(listing.sync_state, "synced")
        self.assertFalse(listing.pending_since)

    def test_zeros_go_first_then_decreases_then_increases(self):
        self.adapter_class.max_rows = 1
        up = self.make_listing("UP", stock=10, shown=10)
        down = self.make_listing("DOWN", stock=10, shown=10)
        zero = self.make_listing("ZERO", stock=10, shown=10)
        self.go_live()
        self.run_cron()
        self.move_stock(up.product_id, 5)
        self.move_stock(down.product_id, -5)
        self.move_stock(zero.product_id, -10)
        self.refresh()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("ZERO", 0), ("DOWN", 5), ("UP", 15)])

    def test_a_refused_row_waits_for_a_person_and_fails_no_neighbour(self):
        bad = self.make_listing("BAD", stock=10)
        good = self.make_listing("GOOD", stock=10)
        self.shelf.script["BAD"] = "rejected"
        self.go_live()
        self.run_cron()
        self.assertEqual(bad.sync_state, "failed")
        self.assertEqual(bad.last_error, "The channel says rejected.")
        self.assertEqual(good.sync_state, "synced")
        push = self.env["marketplace.push"].search(
            [("account_id", "=", self.account.id)]
        )
        self.assertEqual(push.state, "partial")
        self.assertEqual((push.accepted_count, push.rejected_count), (1, 1))
        self.run_cron()
        self.assertEqual(len(self.shelf.calls), 1, "a refused row is not sent again")
        del self.shelf.script["BAD"]
        bad.action_retry()
        self.run_cron()
        self.assertEqual(bad.sync_state, "synced")

    def test_a_row_to_retry_is_postponed_and_parked_after_n_attempts(self):
        self.account.max_attempts = 3
        listing = self.make_listing("A", stock=10)
        self.shelf.script["A"] = "retry"
        self.go_live()
        self.run_cron()
        self.assertEqual((listing.sync_state, listing.attempt_count), ("pending", 1))
        self.assertTrue(listing.next_attempt_at)
        self.run_cron()
        self.assertEqual(len(self.shelf.calls), 1, "it waits for its time")
        for _time in range(2):
            self.due(listing)
            self.run_cron()
        self.assertEqual((listing.sync_state, listing.attempt_count), ("failed", 3))
        self.assertIn("Gave up after 3 attempts", listing.last_error)

    def test_a_call_without_an_answer_is_sent_again_even_if_the_number_is_back(self):
        listing = self.make_listing("A", stock=10, shown=10)
        self.go_live()
        self.run_cron()
        self.change_stock(listing, -4)
        self.shelf.script["A"] = ChannelUnreachable("The channel did not answer.")
        self.run_cron()
        self.assertTrue(listing.is_uncertain)
        self.change_stock(listing, 4)
        self.assertEqual(listing.sellable_qty, listing.published_qty)
        self.assertEqual(listing.sync_state, "pending", "the channel may show 6")
        del self.shelf.script["A"]
        self.due(listing)
        self.run_cron()
        self.assertEqual(self.shelf.sent()[-1], ("A", 10))
        self.assertEqual(listing.sync_state, "synced")
        self.assertFalse(listing.is_uncertain)

    def test_an_outage_pauses_the_account_and_parks_no_innocent_row(self):
        listings = self.env["marketplace.listing"]
        for number in range(5):
            listings |= self.make_listing(f"S{number}", stock=10)
        error = ChannelUnreachable("The channel did not answer.")
        self.shelf.script.update({sku: error for sku in listings.mapped("sku")})
        self.go_live()
        for _time in range(12):
            self.run_cron()
            self.due(listings)
        self.assertGreater(self.account.failure_count, 3)
        self.assertEqual(self.account.state, "connected")
        parked = listings.filtered(lambda listing: listing.sync_state == "failed")
        self.assertLess(len(parked), 3)
        self.shelf.script.clear()
        parked.action_retry()
        self.run_cron()
        self.assertEqual(set(listings.mapped("sync_state")), {"synced"})
        self.assertEqual(self.account.failure_count, 0)

    def test_the_neighbours_of_a_row_that_breaks_the_call_are_served(self):
        poison = self.make_listing("A-POISON", stock=10)
        others = self.env["marketplace.listing"]
        for number in range(4):
            others |= self.make_listing(f"S{number}", stock=10)
        self.shelf.script["A-POISON"] = ChannelUnreachable("Broken answer.")
        self.go_live()
        self.run_cron()
        self.account.retry_at = False
        self.run_cron()
        self.assertEqual(set(others.mapped("sync_state")), {"synced"})
        self.assertEqual(poison.sync_state, "pending")

    def test_a_limit_counts_against_no_row_and_is_obeyed(self):
        listing = self.make_listing("A", stock=10)
        self.shelf.script["A"] = RateLimited("Slow down.", retry_after=120)
        self.go_live()
        self.run_cron()
        self.assertEqual((listing.sync_state, listing.attempt_count), ("pending", 0))
        wait = (self.account.retry_at - self.env.cr.now()).total_seconds()
        self.assertGreaterEqual(wait, 115)
        self.run_cron()
        self.assertEqual(len(self.shelf.calls), 1)
        self.assertEqual(self.account.failure_count, 0)

    def test_revoked_credentials_block_the_account_and_keep_its_rows(self):
        listing = self.make_listing("A", stock=10)
        self.shelf.script["A"] = AuthenticationError("The token was revoked.")
        self.go_live()
        self.run_cron()
        self.assertEqual(self.account.state, "blocked")
        self.assertIn("revoked", self.account.blocked_reason)
        self.assertEqual(len(self.account.activity_ids), 1)
        self.assertEqual((listing.sync_state, listing.attempt_count), ("pending", 0))
        self.run_cron()
        self.assertEqual(len(self.shelf.calls), 1, "a blocked account is left alone")
        self.shelf.script.clear()
        self.account.action_test_connection()
        self.assertEqual(self.account.state, "connected")
        self.run_cron()
        self.assertEqual(listing.sync_state, "synced")

    def test_a_bug_keeps_its_traceback_and_the_other_accounts_running(self):
        listing = self.make_listing("A", stock=10)
        other = self.account.copy({"name": "Other"})
        other_site = self._make_site("M2", other)
        neighbour = self.make_listing("B", stock=10, site=other_site)
        self.go_live()
        other.action_go_live()
        self.shelf.script["A"] = KeyError("a bug of ours")
        logger = "odoo.addons.marketplace_sync.models.marketplace_account_push"
        with self.assertLogs(logger, "ERROR") as logs:
            self.run_cron(self.account | other)
        self.assertIn("Traceback", "".join(logs.output))
        self.assertEqual(listing.sync_state, "pending")
        self.assertEqual(neighbour.sync_state, "synced")

    @mute_logger("odoo.addons.marketplace_sync.models.marketplace_account_push")
    def test_what_was_answered_before_a_failure_is_kept(self):
        first = self.make_listing("A1", stock=10)
        second = self.make_listing("A2", stock=10)
        self.shelf.script["A2"] = KeyError("a bug of ours")
        self.go_live()
        self.run_cron()
        self.assertEqual(first.sync_state, "synced")
        self.assertEqual(second.sync_state, "pending")

    def test_a_row_without_an_answer_waits_for_its_next_try(self):
        silent = self.make_listing("A", stock=10, shown=3)
        good = self.make_listing("B", stock=10, shown=3)
        self.run_cron()
        self.shelf.script["A"] = "silence"
        self.go_live()
        self.run_cron()
        self.assertEqual(len(self.shelf.calls), 1, "not sent again at once")
        self.assertEqual((silent.sync_state, silent.attempt_count), ("pending", 1))
        self.assertIn("no answer", silent.last_error)
        self.assertEqual(good.sync_state, "synced")

    def test_a_listing_that_a_read_passes_over_is_asked_for_later(self):
        self.shelf.script["A"] = "silence"
        listing = self.make_listing("A", stock=10, shown=3)
        self.run_cron()
        self.assertEqual(self.shelf.reads, 1, "not asked again at once")
        self.assertEqual(listing.sync_state, "unverified")
        self.assertIn("no answer", listing.last_error)

    def test_a_call_refused_as_a_whole_is_said_at_the_account(self):
        listing = self.make_listing("A", stock=10)
        self.shelf.script["A"] = RejectedError("The location is not one of this shop.")
        self.go_live()
        self.run_cron()
        self.assertIn("not one of this shop", self.account.last_failure)
        self.assertEqual(listing.sync_state, "pending")
        self.assertTrue(self.account.retry_at)

    def test_an_unknown_sku_is_found_by_the_first_read_and_never_sent(self):
        listing = self.make_listing("NOWHERE", stock=10, shown=None)
        self.go_live()
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])
        self.assertEqual(listing.sync_state, "failed")
        self.assertEqual(listing.last_error, "There is no SKU NOWHERE.")

    def test_a_listing_that_the_channel_fulfils_is_shown_and_never_sent(self):
        self.shelf.fulfilled.add("FBA")
        self.shelf.problems["FBA"] = [
            Problem("fulfilled_by_channel", "Amazon ships this one.")
        ]
        listing = self.make_listing("FBA", stock=10, shown=4)
        self.go_live()
        self.run_cron()
        self.change_stock(listing, 7)
        self.run_cron()
        listing.action_push()
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])
        self.assertEqual(listing.fulfilment, "channel")
        self.assertEqual(listing.sync_state, "paused")
        self.assertEqual(listing.channel_qty, 4)

    def test_a_warning_of_the_first_read_is_shown_and_does_not_stop_it(self):
        self.shelf.problems["A"] = [
            Problem("continue_selling", "Sells below zero.", blocking=False)
        ]
        listing = self.make_listing("A", stock=10)
        self.go_live()
        self.run_cron()
        self.assertEqual(listing.sync_state, "synced")
        self.assertEqual(listing.warning, "Sells below zero.")

    def test_listings_that_share_a_counter_are_written_once(self):
        self.shelf.pooled = True
        other_site = self._make_site("M2")
        first = self.make_listing("A", stock=10)
        second = self.make_listing(
            "A", shown=0, site=other_site, product_id=first.product_id.id
        )
        self.go_live()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 10)])
        self.assertEqual((first | second).mapped("published_qty"), [10, 10])
        self.assertEqual(set((first | second).mapped("sync_state")), {"synced"})

    def test_a_made_to_order_listing_is_never_sent_as_zero_by_a_computation(self):
        self.shelf.pooled = True
        other_site = self._make_site("M2")
        first = self.make_listing("A", stock=0, shown=50, qty_source="mto")
        self.make_listing(
            "A",
            shown=50,
            site=other_site,
            product_id=first.product_id.id,
            qty_source="stock",
        )
        self.go_live()
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])
        self.assertEqual(first.sync_state, "failed")
        self.assertIn("Made to order", first.last_error)

    def test_stopping_to_sell_shows_zero_even_for_made_to_order(self):
        listing = self.make_listing("A", stock=0, shown=999, qty_source="mto")
        self.go_live()
        self.run_cron()
        listing.action_stop_selling()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 0)])
        listing.action_resume()
        self.run_cron()
        self.assertEqual(self.shelf.sent()[-1], ("A", 999))

    def test_a_paused_listing_is_left_as_it_is(self):
        listing = self.make_listing("A", stock=10, shown=10)
        self.go_live()
        self.run_cron()
        listing.action_pause()
        self.change_stock(listing, -5)
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])
        listing.action_resume()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 5)])

    def test_the_number_is_read_when_it_is_sent(self):
        listing = self.make_listing("A", stock=10, shown=0)
        self.go_live()
        self.move_stock(listing.product_id, -3)  # the refresh has not run yet
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 7)])

    def test_a_number_that_moved_while_we_spoke_is_sent_next(self):
        listing = self.make_listing("A", stock=10, shown=0)
        self.go_live()

        def sell(level):
            self.shelf.on_push = None
            self.env["stock.quant"]._update_available_quantity(
                listing.product_id, self.warehouse.lot_stock_id, -4
            )
            listing._refresh()

        self.shelf.on_push = sell
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 10), ("A", 6)])
        self.assertEqual(listing.sync_state, "synced")

    def test_every_row_keeps_its_arithmetic_and_its_correlation(self):
        self.account.buffer_policy_id = self.env["marketplace.buffer.policy"].create(
            {"name": "Two", "line_ids": [(0, 0, {"units": 2})]}
        )
        listing = self.make_listing("A", stock=10, shown=0)
        self.go_live()
        self.change_stock(listing, 5)
        self.run_cron()
        line = self.env["marketplace.push.line"].search(
            [("listing_id", "=", listing.id)]
        )
        self.assertEqual((line.old_qty, line.qty), (0, 13))
        self.assertEqual(line.breakdown["qty"], 15)
        self.assertEqual(line.breakdown["buffer_qty"], 2)
        self.assertIn("Two", line.explanation)
        self.assertEqual(line.request_id, "request-1")
        self.assertTrue(line.correlation_id)
        self.assertEqual(line.correlation_id, listing.correlation_id)


@tagged("post_install", "-at_install")
class TestInterruptedPush(PushCase):
    """A crash between any two steps loses nothing."""

    def _crash_after_claim(self, prepare=True):
        """Leave behind what a process leaves that dies while it sends."""
        self.go_live()
        with self.crons() as env:
            account = self.account.with_env(env)
            with account._adapter_session() as adapter:
                account._verify_listings(adapter)
                push = account._claim(adapter)
                if prepare:
                    push._prepare(adapter, push._get_levels())
        return push.with_env(self.env)

    def test_an_interrupted_push_is_repeated_under_the_same_key(self):
        listing = self.make_listing("A", stock=10, shown=0)
        push = self._crash_after_claim()
        self.run_cron()
        self.assertEqual(self.shelf.keys, [push.idempotency_key])
        self.assertEqual(push.state, "done")
        self.assertEqual(listing.sync_state, "synced")

    def test_an_interrupted_push_with_an_old_number_is_not_repeated(self):
        listing = self.make_listing("A", stock=10, shown=0)
        push = self._crash_after_claim()
        self.change_stock(listing, -7)
        self.run_cron()
        self.assertEqual(push.state, "interrupted")
        self.assertEqual(self.shelf.sent(), [("A", 3)])
        self.assertNotIn(push.idempotency_key, self.shelf.keys)

    def test_an_interrupted_push_is_uncertain_even_if_the_number_is_back(self):
        listing = self.make_listing("A", stock=10, shown=3)
        push = self._crash_after_claim(prepare=False)
        self.change_stock(listing, -7)
        self.assertEqual(listing.sellable_qty, 3)
        self.run_cron()
        self.assertEqual(push.state, "interrupted")
        self.assertEqual(self.shelf.sent(), [("A", 3)])
        self.assertEqual(listing.sync_state, "synced")
