"""The daily page by mail: to whom, when, and what stands on it."""

from datetime import timedelta
from unittest.mock import patch

from lxml import html
from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import MarketplaceCase
from .reconcile_case import ReconcileCase

USER = "marketplace_sync.marketplace_sync_group_user"


@tagged("post_install", "-at_install")
class TestSummary(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls.make_reader("reader")
        cls.account.write(
            {"state": "connected", "summary_user_ids": [Command.set(cls.reader.ids)]}
        )
        cls.listing = cls.make_listing(cls.make_product(stock=5))
        cls.listing.sync_state = "synced"

    @classmethod
    def make_reader(cls, login, **values):
        return cls.env["res.users"].create(
            {
                "name": login,
                "login": f"summary-{login}",
                "email": f"{login}@example.com",
                "group_ids": [Command.link(cls.env.ref(USER).id)],
                **values,
            }
        )

    def send(self):
        """Send, and return the mails that wait."""
        before = self.env["mail.mail"].search([])
        self.account.last_summary_at = False
        self.account._send_daily_summary()
        return self.env["mail.mail"].search([]) - before

    def let_fail(self):
        self.listing.write({"sync_state": "failed", "last_error": "No."})

    def text(self, mail):
        return " ".join(html.fromstring(mail.body_html).text_content().split())

    def test_nothing_is_sent_unless_somebody_asked_for_it(self):
        self.let_fail()
        self.assertFalse(self.make_account().summary_user_ids)
        self.account.summary_user_ids = False
        self.assertFalse(self.send())

    def test_a_day_with_nothing_to_say_says_nothing_unless_it_is_wanted(self):
        self.assertFalse(self.send())
        self.account.summary_when_quiet = True
        mail = self.send()
        self.assertIn("all is well", mail.subject)
        self.assertIn("All is well", self.text(mail))

    def test_what_waits_for_a_person_is_on_the_page(self):
        self.let_fail()
        mail = self.send()
        self.assertEqual(mail.subject, f"{self.account.name}, to look at: 1")
        self.assertIn("Listings that failed 1", self.text(mail))
        self.assertEqual(mail.email_to, self.reader.email_formatted)
        self.assertNotIn("All is well", self.text(mail))

    def test_open_alerts_are_on_the_page_and_seen_ones_are_not(self):
        rule = self.env["marketplace.alert.rule"].create(
            {"name": "R", "kind": "lag", "account_ids": self.account.ids}
        )
        alert = self.env["marketplace.alert"].create(
            {
                "rule_id": rule.id,
                "account_id": self.account.id,
                "facts": {"count": 3, "minutes": 45},
            }
        )
        mail = self.send()
        self.assertIn("Quantities wait to be sent: 3", self.text(mail))
        alert.action_close()
        self.assertFalse(self.send())

    def test_the_chart_is_a_table_that_mail_programs_show(self):
        self.let_fail()
        push = self.env["marketplace.push"].create(
            {"account_id": self.account.id, "idempotency_key": "k", "state": "done"}
        )
        now = fields.Datetime.now()
        self.env["marketplace.push.line"].create(
            [
                {
                    "push_id": push.id,
                    "outcome": outcome,
                    "changed_at": now - timedelta(seconds=20),
                    "answered_at": now,
                }
                for outcome in ("accepted", "accepted", "accepted", "rejected")
            ]
        )
        mail = self.send()
        self.assertIn("4 1 refused (95 % within 20 s)", self.text(mail))
        for tag in ("<svg", "<img", "<script", "<style"):
            self.assertNotIn(tag, mail.body_html)
        widths = [
            td.get("width")
            for td in html.fromstring(mail.body_html).iter("td")
            if "background:#dc2626" in (td.get("style") or "")
        ]
        self.assertEqual(widths, ["14%"])  # a quarter of 55 %

    def test_a_second_run_of_a_day_sends_no_second_page(self):
        self.let_fail()
        self.assertTrue(self.send())
        before = self.env["mail.mail"].search([])
        self.account._send_daily_summary()
        self.assertFalse(self.env["mail.mail"].search([]) - before)

    def test_a_person_of_another_company_gets_nothing(self):
        self.let_fail()
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self.make_reader(
            "stranger", company_id=other.id, company_ids=[Command.set(other.ids)]
        )
        self.account.summary_user_ids |= stranger
        self.assertEqual(self.send().email_to, self.reader.email_formatted)

    def test_a_person_without_an_address_gets_nothing(self):
        self.let_fail()
        self.reader.partner_id.email = False
        self.assertFalse(self.send())

    def test_a_name_with_markup_stays_text(self):
        self.let_fail()
        self.account.name = "<b>Bold</b>"
        self.assertIn("<b>Bold</b>", self.text(self.send()))

    def run_cron(self):
        with self.crons() as env:
            env["marketplace.account"]._cron_summaries()
        return self.account.last_summary_at

    def test_without_a_comparison_the_page_comes_a_little_later(self):
        self.let_fail()
        recently = fields.Datetime.now().replace(microsecond=0) - timedelta(hours=25)
        self.account.last_summary_at = recently
        self.assertEqual(self.run_cron(), recently)
        self.account.last_summary_at = recently - timedelta(hours=2)
        self.assertGreater(self.run_cron(), recently)

    def test_a_paused_account_sends_no_page_of_its_own(self):
        self.let_fail()
        self.account.state = "paused"
        self.account.last_summary_at = "2026-01-01"
        self.assertEqual(str(self.run_cron())[:10], "2026-01-01")


@tagged("post_install", "-at_install")
class TestSummaryOfAComparison(ReconcileCase):
    def setUp(self):
        super().setUp()
        user = self.env["res.users"].create(
            {
                "name": "Reader",
                "login": "summary-compared",
                "email": "reader@example.com",
                "group_ids": [Command.link(self.env.ref(USER).id)],
            }
        )
        self.account.summary_user_ids = user

    def compare(self, **values):
        """Compare one listing that somebody changed; return the mails that wait."""
        before = self.env["mail.mail"].search([])
        listing = self.in_step("DRIFTED")
        self.show(listing, 30)
        self.assertEqual(self.reconcile(**values).state, "done")
        self.assertTrue(self.findings())
        return self.env["mail.mail"].search([]) - before

    def test_the_page_is_sent_when_the_daily_comparison_ends(self):
        mail = self.compare(trigger="daily")
        self.assertEqual(len(mail), 1)
        text = " ".join(html.fromstring(mail.body_html).text_content().split())
        self.assertIn("Numbers that differ: 1", text)
        self.assertIn("DRIFTED 20 30 Changed on the channel", text)

    def test_a_comparison_by_hand_sends_nothing(self):
        self.assertFalse(self.compare(trigger="manual"))

    @mute_logger("odoo.addons.marketplace_sync.models.marketplace_account_summary")
    def test_a_page_that_fails_takes_nothing_of_the_comparison_along(self):
        account = type(self.env["marketplace.account"])
        with patch.object(account, "_mail_summary", side_effect=ZeroDivisionError):
            self.assertFalse(self.compare(trigger="daily"))
        self.assertTrue(self.account.last_reconciliation_at)
