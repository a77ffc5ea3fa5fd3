"""Comparing: what is found, what is not, and what becomes of a finding."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..channels.base import Problem
from .reconcile_case import ReconcileCase


@tagged("post_install", "-at_install")
class TestFindings(ReconcileCase):
    def test_what_agrees_is_no_finding_and_is_verified(self):
        listing = self.in_step("A")
        run = self.reconcile()
        self.assertEqual(run.state, "done")
        self.assertFalse(self.findings())
        self.assertEqual(listing.channel_qty, 20)
        self.assertGreaterEqual(listing.reconciled_at, run.started_at)
        self.assertEqual((run.read_count, run.progress), (1, 100.0))
        self.assertEqual(self.account.last_reconciliation_at, run.finished_at)

    def test_a_number_changed_on_the_channel_is_found_with_its_figures(self):
        listing = self.in_step("A")
        listing.product_id.lst_price = 12.5
        self.show(listing, 30)
        self.reconcile()
        line = self.findings()
        self.assertEqual(line.cause, "changed_on_channel")
        self.assertEqual(
            (line.odoo_qty, line.expected_qty, line.published_qty, line.channel_qty),
            (20, 20, 20, 30),
        )
        self.assertEqual((line.delta, line.variance), (10, 50.0))
        self.assertEqual((line.level, line.risk_units), ("3_high", 10))
        self.assertEqual(line.risk_amount, 125.0)
        self.assertEqual(line.proposal, "push")
        self.assertEqual(
            (line.product_id, line.site_id), (listing.product_id, self.site)
        )
        self.assertIn("30", line.explanation)

    def test_every_problem_that_a_reading_tells_has_its_cause(self):
        expected = {
            "unknown_sku": "unknown_sku",
            "inactive_level": "wrong_location",
            "multi_location": "wrong_location",
            "continue_selling": "keeps_selling",
            "untracked": "keeps_selling",
        }
        listings = self.in_step(*expected)
        for listing in listings:
            self.shelf.problems[listing.sku] = [Problem(listing.sku, "It is so.")]
        self.reconcile()
        self.assertEqual(self.causes(), expected)
        self.assertIn("It is so.", self.findings()[0].explanation)

    def test_a_note_of_the_channel_that_does_not_block_is_no_finding(self):
        listing = self.in_step("A")
        self.shelf.problems["A"] = [Problem("not_active", "Draft.", blocking=False)]
        self.reconcile()
        self.assertFalse(self.findings())
        self.assertEqual(listing.warning, "Draft.")

    def test_a_listing_that_the_channel_took_over_is_told_until_it_is_accepted(self):
        self.in_step("A")
        self.shelf.fulfilled.add("A")
        self.shelf.problems["A"] = [Problem("fulfilled_by_channel", "They ship it.")]
        self.reconcile()
        self.assertEqual(self.causes(), {"A": "fulfilled_by_channel"})
        self.reconcile()
        self.assertEqual(self.findings().times_seen, 2)

    def test_a_listing_that_the_channel_always_shipped_is_no_finding(self):
        self.shelf.fulfilled.add("A")
        self.shelf.problems["A"] = [Problem("fulfilled_by_channel", "They ship it.")]
        self.make_listing("A")
        self.run_cron()
        self.reconcile()
        self.assertFalse(self.findings())

    def test_a_refused_push_is_found(self):
        listing = self.in_step("A")
        self.shelf.script["A"] = "rejected"
        self.change_stock(listing, -5)
        self.run_cron()
        self.assertEqual(listing.sync_state, "failed")
        self.reconcile()
        self.assertEqual(self.causes(), {"A": "rejected_push"})

    def test_a_number_that_was_never_sent_is_found(self):
        listing = self.in_step("A")
        listing.write({"sync_state": "failed", "last_error": "By a test."})
        self.env["marketplace.push.line"].search([]).unlink()
        self.change_stock(listing, -5)
        self.reconcile()
        self.assertEqual(self.causes(), {"A": "never_published"})

    def test_fewer_than_published_is_probably_a_sale(self):
        listing = self.in_step("A")
        self.show(listing, 18)
        self.reconcile()
        self.assertEqual(self.causes(), {"A": "channel_sale"})
        self.assertEqual(self.findings().proposal, "wait")

    def test_it_was_no_sale_when_the_orders_have_been_read_since(self):
        listing = self.in_step("A")
        self.show(listing, 18)
        now = fields.Datetime.now()
        self.account.last_order_sync_at = now - timedelta(minutes=1)
        run = self.request()
        self.run_cron()
        self.assertEqual(run.phase, "again")
        self.assertGreater(run.resume_at, now)
        self.assertFalse(self.findings())
        run.resume_at = False
        self.account.last_order_sync_at = now + timedelta(minutes=2)
        self.run_cron()
        self.assertEqual(self.causes(), {"A": "changed_on_channel"})

    def test_a_late_submission_that_overwrote_a_newer_number_is_found(self):
        listing = self.in_step("A")
        pushes = self.env["marketplace.push"]
        hour = fields.Datetime.now() - timedelta(hours=1)
        for number, minutes in ((9, 120), (20, 60)):
            push = pushes.create(
                {
                    "account_id": self.account.id,
                    "idempotency_key": str(number),
                    "state": "done",
                    "started_at": hour - timedelta(minutes=minutes),
                    "finished_at": hour,
                }
            )
            self.env["marketplace.push.line"].create(
                {
                    "push_id": push.id,
                    "listing_id": listing.id,
                    "sku": "A",
                    "qty": number,
                    "outcome": "accepted",
                }
            )
        self.show(listing, 9)
        self.reconcile()
        self.assertEqual(self.causes(), {"A": "stale_feed"})

    def test_pieces_shown_instead_of_packs_are_found(self):
        listing = self.in_step("A", units_per_listing=6)
        self.assertEqual(listing.sellable_qty, 3)
        self.show(listing, 20)
        self.reconcile()
        self.assertEqual(self.causes(), {"A": "rounding"})

    def test_rounded_up_instead_of_down_is_found(self):
        listing = self.in_step("A", units_per_listing=6)
        self.show(listing, 4)
        self.reconcile()
        self.assertEqual(self.causes(), {"A": "rounding"})

    def test_a_kit_that_shows_more_than_can_be_assembled_is_found(self):
        listing = self.in_step("A")
        self.show(listing, 30)
        Run = type(self.env["marketplace.reconciliation"])
        with patch.object(Run, "_sql_is_kit", lambda run: "TRUE"):
            self.reconcile()
        self.assertEqual(self.causes(), {"A": "kit_overstated"})

    def test_members_of_a_pool_that_disagree_are_found(self):
        self.shelf.pooled = True
        other = self._make_site("M2")
        other.share_percent = 50
        product = self.make_product("A", 20)
        for site in (self.site, other):
            self.make_listing("A", site=site, product_id=product.id)
        self.run_cron()
        self.long_ago(self.account.listing_ids)
        # one counter: both show the lowest number
        self.shelf.quantities = {("M1", "A"): 10, ("M2", "A"): 10}
        self.reconcile()
        self.assertEqual(set(self.findings().mapped("cause")), {"pool_disagrees"})

    def test_a_channel_listing_without_one_here_is_found_once(self):
        self.in_step("A")
        self.shelf.quantities["M1", "STRANGER"] = 4
        product = self.make_product("STRANGER")
        product.lst_price = 7
        self.reconcile()
        line = self.findings()
        self.assertEqual((line.sku, line.cause), ("STRANGER", "not_listed_here"))
        self.assertEqual((line.channel_qty, line.product_id), (4, product))
        self.assertEqual((line.risk_amount, line.proposal), (28.0, "match"))
        self.reconcile()
        self.assertEqual((len(self.findings()), line.times_seen), (1, 2))

    def test_an_archived_listing_is_one_that_a_person_let_go(self):
        self.in_step("A").active = False
        self.reconcile()
        self.assertFalse(self.findings())

    def test_listings_of_sites_that_are_not_ours_are_nobodys_business(self):
        self.in_step("A")
        self.shelf.quantities["ELSEWHERE", "STRANGER"] = 4
        self.reconcile()
        self.assertFalse(self.findings())

    def test_what_is_only_listed_here_and_sold_from_elsewhere_is_no_stranger(self):
        self.in_step("A")
        self.shelf.quantities.update({("M1", "X"): None, ("M1", "FBA"): 3})
        self.shelf.problems["X"] = [Problem("inactive_level", "Not stocked here.")]
        self.shelf.fulfilled.add("FBA")
        self.reconcile()
        self.assertFalse(self.findings())

    def test_a_listing_without_a_number_is_compared_with_nothing(self):
        listing = self.in_step("A")
        listing.product_id = False
        self.show(listing, 30)
        self.reconcile()
        self.assertFalse(self.findings())

    def test_odoo_0_and_more_on_the_channel_is_critical_whatever_the_tolerance(self):
        listing = self.in_step("A", stock=0)
        self.show(listing, 2)
        self.account.write({"reconcile_percent": 100, "reconcile_units": 50})
        self.reconcile()
        self.assertEqual(self.findings().level, "4_critical")

    def test_made_to_order_shown_as_0_is_critical(self):
        listing = self.in_step("A", stock=0, qty_source="mto")
        self.show(listing, 0)
        self.reconcile()
        self.assertEqual(self.findings().level, "4_critical")

    def test_the_accounts_tolerance_counts(self):
        listing = self.in_step("A")
        self.show(listing, 21)
        self.account.write({"reconcile_percent": 5, "reconcile_units": 1})
        self.reconcile()
        self.assertFalse(self.findings())
        self.account.reconcile_units = 0
        self.reconcile()
        self.assertTrue(self.findings())

    def test_a_change_of_stock_since_the_last_refresh_is_no_drift(self):
        """The number is computed once more before it is compared, and what is on its
        way then gets a second look."""
        listing = self.in_step("A")
        self.move_stock(listing.product_id, -5)
        self.reconcile()
        self.assertFalse(self.findings("open", "closed"))
        self.assertEqual(self.shelf.quantities["M1", "A"], 15)


@tagged("post_install", "-at_install")
class TestSettling(ReconcileCase):
    def test_a_number_younger_than_the_settling_time_is_looked_at_twice(self):
        self.adapter_class.settling_seconds = 900
        listing = self.in_step("A")
        listing.published_at = fields.Datetime.now()
        self.show(listing, 30)
        run = self.request()
        self.run_cron()
        self.assertFalse(self.findings())
        self.assertEqual((run.state, run.phase), ("running", "again"))
        left = (run.resume_at - fields.Datetime.now()).total_seconds()
        self.assertAlmostEqual(left, 900, delta=30)
        run.resume_at = False
        self.run_cron()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.causes(), {"A": "changed_on_channel"})

    def test_what_has_settled_by_the_second_look_is_no_finding(self):
        self.adapter_class.settling_seconds = 900
        listing = self.in_step("A")
        listing.published_at = fields.Datetime.now()
        self.show(listing, 30)
        run = self.request()
        self.run_cron()
        self.show(listing, 20)
        run.resume_at = False
        self.run_cron()
        self.assertEqual(run.state, "done")
        self.assertFalse(self.findings("open", "closed"))
        self.assertFalse(listing.look_again_at)


@tagged("post_install", "-at_install")
class TestLife(ReconcileCase):
    def found(self, shown=30):
        self.listing = self.in_step("A")
        self.show(self.listing, shown)
        self.reconcile()
        return self.findings()

    def test_a_finding_persists_over_runs(self):
        line = self.found()
        first = line.first_seen
        self.reconcile()
        self.assertEqual(self.findings(), line)
        self.assertEqual((line.times_seen, line.first_seen), (2, first))

    def test_a_finding_closes_itself_when_a_later_read_agrees(self):
        line = self.found()
        self.show(self.listing, 20)
        run = self.reconcile()
        self.assertEqual((line.state, line.closed_reason), ("closed", "agrees"))
        self.assertEqual(run.closed_count, 1)

    def test_history_stays_and_the_same_difference_is_a_new_finding(self):
        line = self.found()
        self.show(self.listing, 20)
        self.reconcile()
        self.show(self.listing, 30)
        self.reconcile()
        self.assertEqual(len(self.findings("open", "closed")), 2)
        self.assertEqual(line.state, "closed")

    def test_another_cause_closes_the_first(self):
        line = self.found()
        self.show(self.listing, 15)
        self.reconcile()
        self.assertEqual((line.state, line.closed_reason), ("closed", "other"))
        self.assertEqual(self.causes(), {"A": "channel_sale"})

    def test_an_archived_or_deleted_listing_closes_its_findings(self):
        line = self.found()
        self.listing.active = False
        self.reconcile()
        self.assertEqual((line.state, line.closed_reason), ("closed", "gone"))

    def test_a_stranger_that_was_matched_or_has_gone_is_closed(self):
        self.in_step("A")
        self.shelf.quantities.update({("M1", "X"): 1, ("M1", "Y"): 1})
        self.reconcile()
        self.assertEqual(len(self.findings()), 2)
        del self.shelf.quantities["M1", "X"]
        self.in_step("Y")
        self.reconcile()
        self.assertFalse(self.findings())

    # --- accept ---------------------------------------------------------------------
    def accept(self, lines, days=10):
        until = fields.Date.context_today(lines) + timedelta(days=days)
        wizard = self.env["marketplace.reconciliation.accept"].create(
            {"line_ids": lines.ids, "reason": "Kept for the fair", "until": until}
        )
        wizard.action_accept()

    def test_an_accepted_finding_does_not_come_back_while_numbers_stay(self):
        line = self.found()
        self.accept(line)
        self.reconcile()
        self.assertEqual((line.state, line.times_seen), ("accepted", 2))
        self.assertFalse(self.findings())

    def test_it_comes_back_when_the_numbers_change(self):
        line = self.found()
        self.accept(line)
        self.show(self.listing, 31)
        self.reconcile()
        self.assertEqual(line.state, "open")

    def test_it_comes_back_after_its_date(self):
        line = self.found()
        self.accept(line)
        line.accepted_until = fields.Date.context_today(line) - timedelta(days=1)
        self.reconcile()
        self.assertEqual(line.state, "open")

    def test_an_accepted_condition_stays_accepted_when_numbers_move(self):
        self.in_step("A")
        self.shelf.quantities["M1", "X"] = 5
        self.reconcile()
        line = self.findings()
        self.accept(line)
        self.shelf.quantities["M1", "X"] = 4
        self.reconcile()
        self.assertEqual(line.state, "accepted")

    def test_an_accepted_finding_closes_when_a_later_read_agrees(self):
        line = self.found()
        self.accept(line)
        self.show(self.listing, 20)
        self.reconcile()
        self.assertEqual(line.state, "closed")

    # --- buttons --------------------------------------------------------------------
    def test_push_again_sends_the_right_number_by_the_normal_way(self):
        line = self.found()
        line.action_push()
        self.assertEqual(self.listing.sync_state, "pending")
        self.assertEqual(self.listing.published_qty, 30)
        self.run_cron()
        self.assertEqual(self.shelf.quantities["M1", "A"], 20)
        self.assertTrue(line.repaired_at)
        self.reconcile()
        self.assertEqual(line.state, "closed")

    def test_check_again_reads_only_the_listing_concerned(self):
        line = self.found()
        self.in_step("B")
        self.show(self.listing, 20)
        line.action_check_again()
        before = self.account.last_reconciliation_at
        self.run_cron()
        run = self.env["marketplace.reconciliation"].search([], limit=1)
        self.assertEqual((run.state, run.read_count), ("done", 1))
        self.assertEqual(line.state, "closed")
        self.assertEqual(self.account.last_reconciliation_at, before)

    def test_pause_leaves_the_channels_number_alone(self):
        line = self.found()
        line.action_pause()
        self.assertEqual(self.listing.sync_state, "paused")
        self.reconcile()
        self.assertEqual(line.state, "closed")

    def test_findings_lead_to_product_listing_and_page(self):
        line = self.found()
        line.channel_url = "https://example.com/A"
        self.assertEqual(
            line.action_open_product()["res_id"], self.listing.product_id.id
        )
        self.assertEqual(line.action_open_listing()["res_id"], self.listing.id)
        self.assertEqual(
            line.action_open_channel_page()["url"], "https://example.com/A"
        )


@tagged("post_install", "-at_install")
class TestPolicy(ReconcileCase):
    def stock(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id, product_id, location_id, quantity, reserved_quantity,"
            " write_date FROM stock_quant ORDER BY id"
        )
        return self.env.cr.fetchall()

    def test_repair_sends_only_real_differences(self):
        raised, sold, right = self.in_step("RAISED", "SOLD", "RIGHT")
        self.show(raised, 30)
        self.show(sold, 18)
        self.shelf.calls.clear()
        run = self.reconcile(policy="repair")
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("RAISED", 20)])
        self.assertEqual(run.repaired_count, 1)
        # a sale that is not imported yet: sending would put the units back
        self.assertEqual(self.shelf.quantities["M1", "SOLD"], 18)
        self.assertEqual(right.sync_state, "synced")

    def test_what_was_repaired_is_looked_at_again_and_closed(self):
        listing = self.in_step("A")
        self.show(listing, 30)
        self.reconcile(policy="repair")
        line = self.findings("closed")
        self.assertEqual((line.closed_reason, len(self.findings())), ("agrees", 0))
        self.assertTrue(line.repaired_at)

    def test_propose_and_alert_send_nothing(self):
        listing = self.in_step("A")
        self.show(listing, 30)
        self.shelf.calls.clear()
        for policy, proposal in (("alert", False), ("propose", "push")):
            self.reconcile(policy=policy)
            self.run_cron()
            self.assertEqual(self.findings().proposal, proposal)
        self.assertFalse(self.shelf.sent())

    def test_what_a_person_accepted_is_not_repaired(self):
        listing = self.in_step("A")
        self.show(listing, 30)
        self.reconcile()
        self.findings()._accept("So be it", fields.Date.today() + timedelta(days=9))
        self.reconcile(policy="repair")
        self.run_cron()
        self.assertEqual(self.shelf.quantities["M1", "A"], 30)

    def test_odoos_stock_is_never_written(self):
        listings = self.in_step("A", "B", "C")
        for listing, shown in zip(listings, (0, 18, 90), strict=True):
            self.show(listing, shown)
        self.shelf.quantities["M1", "STRANGER"] = 4
        before = self.stock()
        for policy in ("alert", "propose", "repair"):
            self.reconcile(policy=policy)
        self.findings().action_push()
        self.run_cron()
        self.assertEqual(self.stock(), before)
