"""How a run proceeds: when it begins, what it yields to, crashes, faults, rights."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..channels.catalogue import CataloguePage
from ..channels.errors import (
    AuthenticationError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
    TakesLong,
)
from ..models import marketplace_reconciliation_work as work
from .reconcile_case import ReconcileCase

USER = "marketplace_sync.marketplace_sync_group_user"


class PowerCut(BaseException):
    """What ends a process: nothing catches it."""


@tagged("post_install", "-at_install")
class TestWhen(ReconcileCase):
    def due(self, now, **values):
        self.account.write(values)
        return self.account._is_reconciliation_due(fields.Datetime.to_datetime(now))

    def test_the_hour_is_the_responsible_persons_own(self):
        self.account.user_id.tz = "America/Mexico_City"  # UTC-6
        self.account.reconcile_hour = 4
        moment = self.account._get_reconcile_moment(datetime(2026, 11, 20, 10, 30))
        self.assertEqual(moment, datetime(2026, 11, 20, 10, 0))
        moment = self.account._get_reconcile_moment(datetime(2026, 11, 20, 9, 59))
        self.assertEqual(moment, datetime(2026, 11, 19, 10, 0))

    def test_a_new_account_waits_for_its_hour(self):
        self.account.user_id.tz = "UTC"
        live = "2026-11-20 12:00:00"
        self.assertFalse(self.due("2026-11-21 03:59:00", went_live_at=live))
        self.assertTrue(self.due("2026-11-21 04:00:00", went_live_at=live))

    def test_no_listing_waits_longer_than_24_hours(self):
        """Whatever the hour is changed to."""
        run = self.request()
        run.state = "done"
        begun = run.create_date
        self.account.user_id.tz = "UTC"
        self.account.reconcile_hour = begun.hour
        soon = begun + timedelta(hours=23)
        with patch.object(
            type(self.account), "_get_reconcile_moment", lambda account, now: begun
        ):
            self.assertFalse(self.account._is_reconciliation_due(soon))
            late = begun + timedelta(hours=24)
            self.assertTrue(self.account._is_reconciliation_due(late))

    def test_one_run_a_day(self):
        self.account.went_live_at = fields.Datetime.now() - timedelta(days=2)
        self.run_cron()
        runs = self.env["marketplace.reconciliation"].search([])
        self.assertEqual((len(runs), runs.trigger, runs.state), (1, "daily", "done"))
        self.run_cron()
        self.assertEqual(self.env["marketplace.reconciliation"].search([]), runs)

    def test_a_run_of_some_listings_is_not_the_daily_one(self):
        listing = self.in_step("A")
        self.reconcile(listing_ids=listing.ids)
        self.account.went_live_at = fields.Datetime.now() - timedelta(days=2)
        self.assertTrue(self.account._is_reconciliation_due(fields.Datetime.now()))

    def test_the_hour_lies_in_a_day(self):
        for hour in (-1, 24):
            with self.assertRaises(ValidationError):
                self.account.reconcile_hour = hour

    def test_a_draft_account_is_not_compared(self):
        draft = self.account.copy()
        with self.assertRaisesRegex(UserError, "not connected"):
            self.request(draft)


@tagged("post_install", "-at_install")
class TestProgress(ReconcileCase):
    def setUp(self):
        super().setUp()
        patcher = patch.object(work, "BATCH", 2)
        patcher.start()
        self.addCleanup(patcher.stop)

    def run_until_cut(self):
        """Run the scheduled action until its process dies: what it had not committed
        is gone."""
        with self.crons() as env:
            try:  # assertRaises would open a savepoint
                self.account.with_env(env)._cron_push()
            except PowerCut:
                env.cr.rollback()
            else:
                self.fail("it was not cut off")

    def test_a_run_cut_off_goes_on_where_it_stopped(self):
        listings = self.in_step("A", "B", "C", "D", "E")
        for listing in listings:
            self.show(listing, 30)
        run, read, fetch = self.request(), [], self.adapter_class.fetch_stock

        def cut_off(adapter, refs):
            refs = list(refs)
            if len(read) == 2:
                raise PowerCut
            read.extend(ref.sku for ref in refs)
            return fetch(adapter, refs)

        with patch.object(self.adapter_class, "fetch_stock", cut_off):
            self.run_until_cut()
        self.assertEqual((run.state, run.read_count), ("running", 2))
        self.assertEqual(len(self.findings()), 2)
        self.shelf.reads = 0
        self.run_cron()
        self.assertEqual((run.state, run.read_count), ("done", 5))
        self.assertEqual(self.shelf.reads, 2)
        self.assertEqual(len(self.findings()), 5)
        self.assertEqual(set(self.findings().mapped("times_seen")), {1})

    def test_a_batch_that_was_not_committed_is_read_again(self):
        """Cut off between the reading and its commit: nothing is told twice."""
        listing = self.in_step("A")
        self.show(listing, 30)
        run = self.request()
        Run = type(run)
        with patch.object(Run, "_save", side_effect=PowerCut):
            self.run_until_cut()
        self.assertFalse(self.findings())
        self.run_cron()
        self.assertEqual((run.state, len(self.findings())), ("done", 1))

    def test_after_the_deadline_it_goes_on_with_the_next_turn(self):
        self.in_step("A", "B", "C", "D", "E")
        run = self.request()
        way = type(self.account)._make_way
        with patch.object(
            type(self.account), "_make_way", lambda account, adapter, deadline: False
        ):
            self.run_cron()
            self.assertEqual((run.state, run.read_count), ("running", 2))
            self.assertEqual(run.progress, 40.0)
            self.run_cron()
            self.assertEqual(run.read_count, 4)
        self.assertIs(type(self.account)._make_way, way)
        self.run_cron()
        self.assertEqual((run.state, run.progress), ("done", 100.0))

    def test_pushes_go_first_and_between_batches(self):
        listings = self.in_step("A", "B", "C", "D")
        events, fetch = [], self.adapter_class.fetch_stock
        push, make_way = self.adapter_class.push_stock, type(self.account)._make_way

        def reading(adapter, refs):
            events.append("read")
            return fetch(adapter, refs)

        def pushing(adapter, levels, key):
            events.append("push")
            return push(adapter, levels, key)

        def sell_meanwhile(account, adapter, deadline):
            if events.count("read") == 1:
                last = account.listing_ids[-1]
                account.env["stock.quant"]._update_available_quantity(
                    last.product_id, self.warehouse.lot_stock_id, -1
                )
                last._refresh()
            return make_way(account, adapter, deadline)

        listings[0].action_push()
        self.request()
        with (
            patch.object(self.adapter_class, "fetch_stock", reading),
            patch.object(self.adapter_class, "push_stock", pushing),
            patch.object(type(self.account), "_make_way", sell_meanwhile),
        ):
            self.run_cron()
        self.assertEqual(events[:4], ["push", "read", "push", "read"])

    def test_memory_holds_one_batch_however_many_queries_stay_alike(self):
        """Queries per listing do not grow with the number of listings."""
        with patch.object(work, "BATCH", 5):
            few = self.in_step(*(f"F{n}" for n in range(5)))
            counts = []
            for listings in (few, few | self.in_step(*(f"M{n}" for n in range(15)))):
                for listing in listings:
                    self.show(listing, 30)
                before = self.env.cr.sql_log_count
                self.reconcile(listing_ids=listings.ids)
                counts.append((self.env.cr.sql_log_count - before) / len(listings))
        self.assertLessEqual(counts[1], counts[0])

    def test_a_listing_without_an_answer_is_counted_and_keeps_nothing_up(self):
        self.in_step("A", "B", "C")
        self.shelf.script["B"] = "silence"
        run = self.reconcile()
        self.assertEqual((run.state, run.read_count, run.silent_count), ("done", 2, 1))

    def test_a_run_can_be_cancelled(self):
        self.in_step("A")
        run = self.request()
        run.action_cancel()
        self.run_cron()
        self.assertEqual((run.state, run.read_count), ("cancelled", 0))


@tagged("post_install", "-at_install")
class TestFaults(ReconcileCase):
    def failing(self, error, name="fetch_stock"):
        def fail(adapter, *args, **kwargs):
            raise error

        return patch.object(self.adapter_class, name, fail)

    def test_a_channel_that_does_not_answer_puts_the_run_off_not_the_pushes(self):
        listing = self.in_step("A")
        run = self.request()
        with self.failing(ChannelUnreachable("Silence.")):
            self.run_cron()
            self.assertEqual((run.state, run.attempt_count), ("running", 1))
            self.assertIn("Silence", run.error)
            self.assertFalse(self.account.retry_at)
            self.change_stock(listing, -3)
            self.run_cron()
        self.assertEqual(self.shelf.quantities["M1", "A"], 17)
        run.resume_at = False
        self.run_cron()
        self.assertEqual((run.state, run.error), ("done", False))

    def test_a_limit_is_waited_for_and_never_ends_a_run(self):
        self.in_step("A")
        run = self.request()
        with self.failing(RateLimited("Not so fast.", retry_after=40)):
            for _turn in range(10):
                run.resume_at = False
                self.run_cron()
                left = (run.resume_at - fields.Datetime.now()).total_seconds()
                self.assertGreater(left, 30)
        self.assertEqual((run.state, run.attempt_count), ("running", 0))

    def test_after_several_attempts_a_run_is_given_up_with_the_reason(self):
        self.in_step("A")
        run = self.request()
        with self.failing(RejectedError("No.")):
            for _turn in range(9):
                run.resume_at = False
                self.run_cron()
        self.assertEqual((run.state, run.error), ("failed", "No."))

    def test_a_channel_that_refuses_us_blocks_the_account_and_keeps_the_run(self):
        self.in_step("A")
        run = self.request()
        with self.failing(AuthenticationError("Revoked.")):
            self.run_cron()
        self.assertEqual((self.account.state, run.state), ("blocked", "running"))
        self.account.action_resume()
        self.run_cron()
        self.assertEqual(run.state, "done")

    def test_a_bug_ends_the_run_and_nothing_else(self):
        listing = self.in_step("A")
        run = self.request()
        with (
            self.failing(ZeroDivisionError("a bug")),
            mute_logger(
                "odoo.addons.marketplace_sync.models.marketplace_account_reconcile"
            ),
        ):
            self.run_cron()
        self.assertEqual((run.state, run.error), ("failed", "a bug"))
        self.assertFalse(self.account.last_failure)
        self.change_stock(listing, -3)
        self.run_cron()
        self.assertEqual(self.shelf.quantities["M1", "A"], 17)

    def test_a_catalogue_that_is_refused_is_noted_and_listings_are_compared(self):
        listing = self.in_step("A")
        self.show(listing, 30)
        self.shelf.quantities["M1", "STRANGER"] = 1
        self.reconcile()
        self.assertEqual(len(self.findings()), 2)
        with self.failing(RejectedError("No list."), "fetch_listings"):
            run = self.reconcile()
        self.assertEqual(run.state, "done")
        self.assertIn("No list.", run.note)
        # what could not be looked for is not gone
        self.assertEqual(len(self.findings()), 2)

    def test_a_list_that_the_channel_prepares_is_come_back_for(self):
        self.in_step("A")
        run = self.request()
        error = TakesLong("Wait.", remember={"report": "7"}, retry_after=90)
        with self.failing(error, "fetch_listings"):
            self.run_cron()
        self.assertEqual((run.state, run.phase), ("running", "unlisted"))
        left = (run.resume_at - fields.Datetime.now()).total_seconds()
        self.assertAlmostEqual(left, 90, delta=10)
        asked, fetch = [], self.adapter_class.fetch_listings

        def note(adapter):
            asked.append(dict(adapter.config.data))
            return fetch(adapter)

        run.resume_at = False
        with patch.object(self.adapter_class, "fetch_listings", note):
            self.run_cron()
        self.assertEqual(asked[0]["report"], "7")
        self.assertEqual((run.state, run.memory), ("done", False))


@tagged("post_install", "-at_install")
class TestWholeCatalogue(ReconcileCase):
    """A channel whose catalogue tells what each listing's own reading tells."""

    def setUp(self):
        super().setUp()
        self.adapter_class.catalogue_shows_stock = True

    def test_what_the_catalogue_told_is_not_asked_for_again(self):
        listings = self.in_step("A", "B")
        self.show(listings[0], 30)
        self.shelf.quantities["M1", "STRANGER"] = 1
        self.shelf.reads = 0
        run = self.reconcile()
        self.assertEqual(self.shelf.reads, 0)
        self.assertEqual(run.read_count, 2)
        self.assertEqual(
            self.causes(), {"A": "changed_on_channel", "STRANGER": "not_listed_here"}
        )

    def test_what_the_catalogue_did_not_name_is_asked_for(self):
        self.in_step("A", "B")
        del self.shelf.quantities["M1", "B"]
        self.shelf.reads = 0
        self.reconcile()
        self.assertEqual(self.shelf.reads, 1)
        self.assertEqual(self.causes(), {"B": "unknown_sku"})

    def test_a_catalogue_that_is_being_prepared_is_waited_for(self):
        self.in_step("A")
        pages = [CataloguePage((), {"operation": 1}, retry_after=60)]
        cursors = []

        def fetch(adapter, cursor=None, count=0):
            cursors.append(cursor)
            yield from pages if cursor is None else ()

        run = self.request()
        with patch.object(self.adapter_class, "fetch_catalogue", fetch):
            self.run_cron()
            self.assertEqual((run.phase, run.cursor), ("catalogue", {"operation": 1}))
            self.assertGreater(run.resume_at, fields.Datetime.now())
            run.resume_at = False
            self.run_cron()
        self.assertEqual(cursors, [None, {"operation": 1}])
        self.assertEqual(run.state, "done")


@tagged("post_install", "-at_install")
class TestWizardAndRights(ReconcileCase):
    def make_user(self, login, company=None, group=USER):
        values = {"name": login, "login": login}
        values["group_ids"] = [Command.set([self.env.ref(group).id])]
        if company:
            values["company_id"] = company.id
            values["company_ids"] = [Command.set(company.ids)]
        return self.env["res.users"].create(values)

    def wizard(self, user=None, **values):
        Wizard = self.env["marketplace.reconciliation.run"]
        form = Form(Wizard.with_user(user or self.env.user))
        for name, value in values.items():
            setattr(form, name, value)
        return form.save()

    def test_a_user_compares_pushes_and_accepts(self):
        user = self.make_user("rec-user")
        listing = self.in_step("A")
        self.show(listing, 30)
        action = self.wizard(user).with_user(user).action_run()
        run = self.env["marketplace.reconciliation"].search(action["domain"])
        self.assertEqual((run.account_id, run.user_id), (self.account, user))
        self.run_cron()
        line = self.findings().with_user(user)
        self.assertIn("30", line.explanation)
        line.action_push()
        self.assertEqual(listing.sync_state, "pending")
        accept = self.env["marketplace.reconciliation.accept"].with_user(user)
        accept.create({"line_ids": line.ids, "reason": "So"}).action_accept()
        self.assertEqual((line.state, line.accepted_by_id), ("accepted", user))
        line.action_reopen()
        line.action_check_again()
        line.action_pause()

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.models", "odoo.orm.models")
    def test_nobody_else_sees_or_changes_findings(self):
        listing = self.in_step("A")
        self.show(listing, 30)
        self.reconcile()
        picker = self.make_user("rec-picker", group="stock.group_stock_user")
        line = self.findings().with_user(picker)
        for name in ("action_push", "action_check_again", "action_reopen"):
            with self.subTest(name), self.assertRaises(AccessError):
                getattr(line, name)()
        with self.assertRaises(AccessError):
            line.with_user(self.make_user("rec-user")).write({"state": "closed"})

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.models", "odoo.orm.models")
    def test_another_company_sees_nothing(self):
        listing = self.in_step("A")
        self.show(listing, 30)
        run = self.reconcile()
        other = self.env["res.company"].create({"name": "Other"})
        user = self.make_user("rec-other", other)
        for record in (run, self.findings()):
            model = self.env[record._name].with_user(user)
            self.assertFalse(model.search([("id", "in", record.ids)]))
            with self.assertRaises(AccessError):
                record.with_user(user).read(["account_id"])
        with self.assertRaises(AccessError):
            self.findings().with_user(user).action_push()

    def test_read_only_sends_nothing_even_where_the_account_repairs(self):
        listing = self.in_step("A")
        self.show(listing, 30)
        self.account.reconcile_policy = "repair"
        self.wizard().action_run()
        self.run_cron()
        self.assertEqual(self.shelf.quantities["M1", "A"], 30)
        self.wizard(mode="repair").action_run()
        self.run_cron()
        self.run_cron()
        self.assertEqual(self.shelf.quantities["M1", "A"], 20)

    def test_only_the_chosen_sites_are_compared(self):
        other = self._make_site("M2")
        here = self.in_step("A")
        there = self.in_step("B", site=other)
        for listing in (here, there):
            self.show(listing, 30)
        self.shelf.quantities["M1", "STRANGER"] = 1
        wizard = self.env["marketplace.reconciliation.run"].create(
            {
                "account_ids": self.account.ids,
                "site_ids": other.ids,
                "is_own_tolerance": True,
                "tolerance_percent": 100,
                "tolerance_units": 3,
            }
        )
        wizard.action_run()
        self.run_cron()
        run = self.env["marketplace.reconciliation"].search([], limit=1)
        self.assertEqual((run.tolerance_percent, run.tolerance_units), (100, 3))
        self.assertEqual(self.causes(), {"B": "changed_on_channel"})
        self.assertFalse(self.account.last_reconciliation_at)

    def test_accepting_needs_a_day_to_come(self):
        with self.assertRaises(ValidationError):
            self.env["marketplace.reconciliation.accept"].create(
                {"reason": "So", "until": "2020-01-01"}
            )
