"""The sync health report: times, shares and limits that are right in every group."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..channels.ratelimit import Bucket, RateLimiter
from .common import MarketplaceCase
from .push_case import PushCase

USER = "marketplace_sync.marketplace_sync_group_user"
DAY = datetime(2026, 5, 4, 10, 0, 0)


@tagged("post_install", "-at_install")
class TestSyncHealth(MarketplaceCase):
    def send(self, *seconds, day=DAY, state="done", outcome="accepted", account=None):
        """Store a push whose rows took so long."""
        account = account or self.account
        push = self.env["marketplace.push"].create(
            {
                "account_id": account.id,
                "idempotency_key": "key",
                "state": state,
                "started_at": day,
                "row_count": len(seconds),
            }
        )
        self.env["marketplace.push.line"].create(
            [
                {
                    "push_id": push.id,
                    "sku": "SKU",
                    "outcome": outcome,
                    "changed_at": day,
                    "answered_at": day + timedelta(seconds=one),
                }
                for one in seconds
            ]
        )
        self.env.flush_all()
        return push

    def days(self, *names):
        rows = self.env["marketplace.sync.health"].search(
            [("account_id", "=", self.account.id)], order="day"
        )
        return [tuple(row[name] for name in names) for row in rows]

    def group(self, *aggregates, groupby=()):
        return self.env["marketplace.sync.measure"]._read_group(
            [("account_id", "=", self.account.id)], list(groupby), list(aggregates)
        )

    def test_a_day_has_its_percentiles(self):
        self.send(*range(1, 101))
        self.assertEqual(
            self.days("row_count", "median_seconds", "p95_seconds", "max_seconds"),
            [(100, 50.5, 95.05, 100.0)],
        )

    def test_percentiles_of_several_days_are_those_of_the_rows(self):
        """90 quick rows on one day and 10 slow ones on the next: the mean of the days'
        medians would be 50.5."""
        self.send(*[1] * 90)
        self.send(*[100] * 10, day=DAY + timedelta(days=1))
        measures = ("median_seconds:avg", "p95_seconds:avg", "seconds:avg")
        self.assertEqual(self.group(*measures), [(1.0, 100.0, 10.9)])
        by_day = self.group("median_seconds:avg", groupby=["at:day"])
        self.assertEqual([row[1] for row in by_day], [1.0, 100.0])

    def test_days_together_show_the_worst_days_percentile(self):
        self.send(1, 1, 1)
        self.send(9, 9, 9, day=DAY + timedelta(days=1))
        [(p95,)] = self.env["marketplace.sync.health"]._read_group(
            [("account_id", "=", self.account.id)], [], ["p95_seconds:max"]
        )
        self.assertEqual(p95, 9.0)

    def test_the_refused_share_of_days_is_that_of_their_rows(self):
        self.send(*[1] * 9)
        self.send(1, outcome="rejected")
        self.send(1, outcome="rejected", day=DAY + timedelta(days=1))
        self.send(1, outcome="retry", day=DAY + timedelta(days=1))
        self.assertEqual(
            self.days("refused_count", "retry_count", "refused_share"),
            [(1, 0, 10.0), (1, 1, 50.0)],
        )
        [(share,)] = self.env["marketplace.sync.health"]._read_group(
            [("account_id", "=", self.account.id)], [], ["refused_share:avg"]
        )
        self.assertAlmostEqual(share, 100 * 2 / 12)
        [(share,)] = self.group("refused_share:avg")
        self.assertAlmostEqual(share, 100 * 2 / 12)

    def test_what_was_not_taken_has_no_time(self):
        self.send(5, outcome="rejected")
        self.send(7, outcome="submitted", state="submitted")
        self.send(60)
        self.assertEqual(self.days("median_seconds"), [(60.0,)])

    def test_the_fullest_hour_says_how_much_of_the_limit_was_used(self):
        Count = self.env["marketplace.call.count"]
        limiter = RateLimiter({"read": Bucket(rate=0.01, burst=100)})  # 36 an hour
        for _call in range(9):
            limiter.acquire("read")
        limiter.acquire("free")
        Count._add(self.account.id, limiter)
        Count._add(self.account.id, limiter)
        for _call in range(9):
            limiter.acquire("read")
        Count._add(self.account.id, limiter)
        self.assertEqual(self.days("call_count", "call_share"), [(19, 50.0)])

    def test_the_worst_wait_of_an_hour_is_kept(self):
        listing = self.make_listing(self.make_product(stock=1))
        self.account.state = "connected"
        for minutes in (10, 40, 5):
            listing.write(
                {
                    "sync_state": "pending",
                    "pending_since": fields.Datetime.now() - timedelta(minutes=minutes),
                }
            )
            self.env["marketplace.account"]._take_samples()
        samples = self.env["marketplace.health.sample"].search(
            [("account_id", "=", self.account.id)]
        )
        # an hour may have ended between two of them
        self.assertIn(len(samples), (1, 2))
        self.assertAlmostEqual(max(samples.mapped("oldest_seconds")), 2400, delta=2)
        self.assertAlmostEqual(max(self.days("oldest_minutes"))[0], 40, delta=0.1)

    def test_figures_expire(self):
        old = fields.Datetime.now() - timedelta(days=91)
        self.env["marketplace.health.sample"].create(
            [
                {"account_id": self.account.id, "hour": hour}
                for hour in (old, fields.Datetime.now())
            ]
        )
        self.env["marketplace.health.sample"]._gc_old()
        self.assertEqual(len(self.days("day")), 1)

    def test_the_other_companys_figures_are_not_seen(self):
        self.send(1)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "health-stranger",
                "company_id": other.id,
                "company_ids": [Command.set(other.ids)],
                "group_ids": [Command.link(self.env.ref(USER).id)],
            }
        )
        for name in ("marketplace.sync.health", "marketplace.sync.measure"):
            mine = [("account_id", "=", self.account.id)]
            self.assertTrue(self.env[name].search(mine), name)
            self.assertFalse(self.env[name].with_user(stranger).search(mine), name)

    def test_a_day_leads_to_its_pushes(self):
        push = self.send(1)
        self.send(1, day=DAY + timedelta(days=1))
        day = self.env["marketplace.sync.health"].search(
            [("account_id", "=", self.account.id)], order="day", limit=1
        )
        domain = day.action_open_rows()["domain"]
        self.assertEqual(self.env["marketplace.push"].search(domain), push)


@tagged("post_install", "-at_install")
class TestTimesOfARow(PushCase):
    def test_a_sent_row_knows_since_when_it_waited_and_when_it_was_taken(self):
        listing = self.make_listing("A1", stock=5, shown=1)
        self.go_live()
        self.run_cron()
        line = self.env["marketplace.push.line"].search(
            [("listing_id", "=", listing.id)], order="id desc", limit=1
        )
        self.assertEqual(line.outcome, "accepted")
        self.assertTrue(line.changed_at and line.answered_at)
        self.assertLessEqual(line.changed_at, line.answered_at)
        calls = self.env["marketplace.call.count"].search(
            [("account_id", "=", self.account.id)]
        )
        self.assertEqual(bool(calls), bool(self.adapter_class.limits))

    def test_what_waits_goes_on_waiting_when_no_answer_came(self):
        listing = self.make_listing("A2", stock=5, shown=1)
        since = fields.Datetime.now() - timedelta(hours=2)
        listing.write({"sync_state": "pending", "pending_since": since})
        listing._set_uncertain()
        self.assertEqual(listing.pending_since, since)
        listing.write({"sync_state": "synced", "pending_since": False})
        listing._set_uncertain()
        self.assertTrue(listing.pending_since)
