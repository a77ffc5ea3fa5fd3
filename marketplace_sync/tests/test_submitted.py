from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..channels.base import PollResult, PushResult
from .push_case import PushCase


@tagged("post_install", "-at_install")
class TestAcknowledged(PushCase):
    """A channel that only acknowledges: a read must confirm."""

    def _submit(self, shown):
        listing = self.make_listing("A", stock=10, shown=0)
        self.shelf.script["A"] = "submitted"
        self.go_live()
        self.run_cron()
        self.assertEqual((listing.sync_state, listing.published_qty), ("submitted", 10))
        self.shelf.script.clear()
        self.shelf.quantities["M1", "A"] = shown
        return listing

    def _age(self, listing, seconds):
        """Let time pass since the acknowledgement."""
        moment = fields.Datetime.now() - timedelta(seconds=seconds)
        listing.write({"published_at": moment, "next_attempt_at": False})

    def test_an_acknowledged_number_is_synced_once_a_read_shows_it(self):
        listing = self._submit(shown=10)
        self.run_cron()
        self.assertEqual(listing.sync_state, "submitted", "not asked at once")
        self._age(listing, 30)
        self.run_cron()
        self.assertEqual(listing.sync_state, "synced")
        self.assertFalse(listing.next_attempt_at)

    def test_a_read_within_the_settling_time_proves_nothing(self):
        self.adapter_class.settling_seconds = 900
        listing = self._submit(shown=0)
        self._age(listing, 60)
        self.run_cron()
        self.assertEqual((listing.sync_state, listing.attempt_count), ("submitted", 0))
        self.assertTrue(listing.next_attempt_at)

    def test_an_acknowledged_number_that_never_shows_is_sent_again(self):
        self.adapter_class.settling_seconds = 900
        listing = self._submit(shown=0)
        self._age(listing, 1000)
        self.run_cron()
        self.assertEqual((listing.sync_state, listing.attempt_count), ("pending", 1))
        self.assertEqual(listing.last_error, "The channel acknowledged 10 but shows 0.")
        self.due(listing)
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 10), ("A", 10)])

    def test_it_is_given_up_after_n_acknowledgements_without_effect(self):
        self.account.max_attempts = 2
        listing = self._submit(shown=0)
        for _time in range(2):
            self.shelf.script["A"] = "submitted"
            self._age(listing, 1000)
            self.run_cron()
            self.due(listing)
            self.run_cron()
        self.assertEqual(listing.sync_state, "failed")

    def test_a_change_while_acknowledged_is_sent(self):
        listing = self._submit(shown=10)
        self.change_stock(listing, -4)
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 10), ("A", 6)])
        self.assertEqual(listing.sync_state, "synced")


@tagged("post_install", "-at_install")
class TestSubmission(PushCase):
    """A channel that works off a submission on its own time (Amazon's feed)."""

    def setUp(self):
        super().setUp()
        self.shelf.asynchronous = True

    def _submit(self, *skus):
        listings = self.env["marketplace.listing"]
        for sku in skus:
            listings |= self.make_listing(sku, stock=10, shown=0)
        self.go_live()
        self.run_cron()
        self.assertEqual(set(listings.mapped("sync_state")), {"submitted"})
        return listings

    def _push(self):
        return self.env["marketplace.push"].search(
            [("account_id", "=", self.account.id)], order="id", limit=1
        )

    def _hold(self, **values):
        """Have the channel say that it is not done yet."""
        push = self._push()
        self.shelf.poll[push.submission] = PollResult(**values)
        return push

    def test_a_submission_is_settled_by_its_report(self):
        listings = self._submit("A", "B")
        push = self._push()
        self.assertEqual(push.state, "submitted")
        self.run_cron()
        self.assertEqual(set(listings.mapped("sync_state")), {"synced"})
        self.assertFalse(listings.open_push_id)
        self.assertEqual((push.state, push.accepted_count), ("done", 2))

    def test_its_listings_are_frozen_while_it_is_open_but_for_zeros(self):
        listings = self._submit("A", "B")
        self._hold(done=False, retry_after=60)
        self.move_stock(listings[0].product_id, -3)
        self.move_stock(listings[1].product_id, -10)
        self.refresh()
        self.run_cron()
        sent = [row for call in self.shelf.calls[1:] for row in call]
        self.assertEqual(sent, [("B", 0)])
        self.assertEqual(listings[0].sync_state, "pending")
        self.assertEqual(listings[1].open_push_id, self._push())

    def test_a_zero_that_overtook_it_is_sent_again_when_it_has_ended(self):
        listings = self._submit("A")
        push = self._hold(done=False, retry_after=60)
        self.move_stock(listings.product_id, -10)
        self.refresh()
        self.run_cron()
        self.assertEqual(self.shelf.quantities["M1", "A"], 0)
        self.shelf.poll.clear()  # now the old number of the submission lands
        push.next_poll_at = fields.Datetime.now()
        self.run_cron()
        self.assertEqual(self.shelf.calls[-1], [("A", 0)])
        self.assertEqual(self.shelf.quantities["M1", "A"], 0)

    def test_a_row_that_the_report_refuses_fails_alone(self):
        listings = self._submit("A", "B")
        self._hold(
            done=True,
            results=[
                PushResult("A", "rejected", "Amazon says no."),
                PushResult("B", "accepted"),
            ],
        )
        self.run_cron()
        self.assertEqual(listings.mapped("sync_state"), ["failed", "synced"])
        self.assertEqual(listings[0].last_error, "Amazon says no.")

    def test_a_row_that_the_report_does_not_name_is_confirmed_by_a_read(self):
        listing = self._submit("A")
        self._hold(done=True)
        self.shelf.quantities["M1", "A"] = 10
        self.run_cron()
        self.assertEqual(listing.sync_state, "synced")
        self.assertEqual(listing.channel_qty, 10)

    def test_a_submission_that_came_to_nothing_is_sent_again(self):
        listing = self._submit("A")
        push = self._hold(done=True, failed=True, error="The feed was FATAL.")
        self.shelf.asynchronous = False
        self.run_cron()
        self.assertEqual((push.state, push.error), ("failed", "The feed was FATAL."))
        self.assertEqual(self.shelf.sent(), [("A", 10), ("A", 10)])
        self.assertEqual(listing.sync_state, "synced")

    def test_a_submission_that_never_ends_is_given_up(self):
        listing = self._submit("A")
        push = self._hold(done=False)
        push.started_at = fields.Datetime.now() - timedelta(hours=9)
        self.shelf.asynchronous = False
        self.run_cron()
        self.assertIn("has not worked off", push.error)
        self.assertEqual(listing.sync_state, "synced")
