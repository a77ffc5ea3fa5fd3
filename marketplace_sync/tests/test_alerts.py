"""Alerts: each rule speaks when it should, once, and falls silent by itself."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.marketplace_alert_rule import KINDS
from .common import MarketplaceCase
from .order_case import OrderCase

USER = "marketplace_sync.marketplace_sync_group_user"
MANAGER = "marketplace_sync.marketplace_sync_group_manager"


class AlertMixin:
    """An account with a responsible person, and one rule of each kind."""

    @classmethod
    def setUpAlerts(cls):
        cls.env["marketplace.alert.rule"].search([]).active = False
        cls.clerk = cls.env["res.users"].create(
            {
                "name": "Clerk",
                "login": "alert-clerk",
                "email": "clerk@example.com",
                "group_ids": [Command.link(cls.env.ref(USER).id)],
            }
        )
        cls.account.user_id = cls.clerk

    def rule(self, kind, **values):
        values.setdefault("threshold", 1)
        return self.env["marketplace.alert.rule"].create(
            {"name": kind, "kind": kind, "account_ids": self.account.ids, **values}
        )

    def alerts(self, rule):
        return self.env["marketplace.alert"].search([("rule_id", "=", rule.id)])

    def check(self, rule):
        """Check, and return the standing alert's state, False when there is none."""
        rule._check()
        return rule._get_standing().state

    def ago(self, **delta):
        return fields.Datetime.now() - timedelta(**delta)

    def activities(self):
        return self.account.activity_ids.filtered("active")


@tagged("post_install", "-at_install")
class TestRules(AlertMixin, MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setUpAlerts()
        cls.account.state = "connected"
        cls.listing = cls.make_listing(cls.make_product(stock=5))

    def test_every_kind_has_a_check_a_sentence_a_hint_and_a_shipped_rule(self):
        kinds = {kind for kind, _name in KINDS}
        Rule = self.env["marketplace.alert.rule"].with_context(active_test=False)
        self.assertEqual(set(Rule._get_checks()), kinds)
        self.assertEqual(set(self.env["marketplace.alert"]._get_words()), kinds)
        self.assertEqual(set(Rule._get_hints()), kinds)
        self.assertEqual(set(Rule._get_units()), kinds - {"blocked"})
        shipped = Rule.search([]).filtered(lambda rule: rule.get_external_id()[rule.id])
        self.assertEqual(set(shipped.mapped("kind")), kinds)

    def test_a_quantity_that_waits_too_long_is_told(self):
        rule = self.rule("lag", threshold=30)
        self.listing.write(
            {"sync_state": "pending", "pending_since": self.ago(minutes=29)}
        )
        self.assertFalse(self.check(rule))
        self.listing.pending_since = self.ago(minutes=95)
        self.assertEqual(self.check(rule), "open")
        self.assertIn("95 min", self.alerts(rule).text)
        self.listing.write({"sync_state": "synced", "pending_since": False})
        self.assertFalse(self.check(rule))

    def test_what_waits_on_a_paused_account_is_no_lag(self):
        rule = self.rule("lag", threshold=30)
        self.listing.write(
            {"sync_state": "pending", "pending_since": self.ago(hours=5)}
        )
        self.account.state = "paused"
        self.assertFalse(self.check(rule))

    def test_a_listing_that_fails_again_and_again_is_named(self):
        rule = self.rule("repeated", threshold=5)
        self.listing.write({"sync_state": "pending", "attempt_count": 4})
        self.assertFalse(self.check(rule))
        self.listing.attempt_count = 5
        self.assertEqual(self.check(rule), "open")
        self.assertIn(self.listing.sku, self.alerts(rule).text)
        self.assertIn("5 times", self.alerts(rule).text)
        self.listing.attempt_count = 0
        self.assertFalse(self.check(rule))

    def test_a_blocked_account_is_told_with_the_reason(self):
        rule = self.rule("blocked")
        self.assertFalse(self.check(rule))
        self.account.write({"state": "blocked", "blocked_reason": "Token expired"})
        self.assertEqual(self.check(rule), "open")
        self.assertIn("Token expired", self.alerts(rule).text)
        self.account.state = "connected"
        self.assertFalse(self.check(rule))

    def test_the_shipped_rule_leaves_the_activity_to_the_account(self):
        shipped = self.env.ref("marketplace_sync.marketplace_alert_rule_blocked")
        self.assertFalse(shipped.has_activity)

    def test_orders_that_are_not_read_are_told(self):
        rule = self.rule("orders", threshold=60)
        self.account.write(
            {
                "order_start_at": self.ago(days=1),
                "last_order_sync_at": self.ago(hours=1),
            }
        )
        self.account.last_order_sync_at = self.ago(minutes=59)
        self.assertFalse(self.check(rule))
        self.account.write(
            {
                "last_order_sync_at": self.ago(minutes=61),
                "last_order_failure": "The channel is down.",
            }
        )
        self.assertEqual(self.check(rule), "open")
        self.assertIn("The channel is down.", self.alerts(rule).text)
        for values in ({"read_orders": False}, {"state": "draft"}):
            self.account.write({"read_orders": True, "state": "connected", **values})
            self.assertFalse(self.check(rule), values)

    def test_an_account_that_never_read_orders_is_late_since_it_should(self):
        rule = self.rule("orders", threshold=60)
        self.account.order_start_at = self.ago(hours=2)
        self.assertEqual(self.check(rule), "open")

    def test_orders_read_every_two_hours_are_not_late_after_one(self):
        rule = self.rule("orders", threshold=60)
        self.account.write(
            {
                "order_start_at": self.ago(days=1),
                "last_order_sync_at": self.ago(hours=3),
                "order_interval_minutes": 120,
            }
        )
        self.assertFalse(self.check(rule))

    def push(self, **values):
        return self.env["marketplace.push"].create(
            {
                "account_id": self.account.id,
                "idempotency_key": "key",
                "state": "done",
                "finished_at": fields.Datetime.now(),
                **values,
            }
        )

    def test_a_large_share_of_refused_rows_is_told(self):
        rule = self.rule("refused", threshold=20, least=20)
        self.push(row_count=18, rejected_count=18)
        self.assertFalse(self.check(rule), "too few rows to judge by")
        self.push(row_count=82, rejected_count=1)
        self.assertFalse(self.check(rule), "19 of 100")
        self.push(row_count=10, rejected_count=2, retry_count=3)
        self.assertEqual(self.check(rule), "open", "24 of 110")
        self.assertIn("Of 110 rows sent, 24", self.alerts(rule).text)
        self.assertIn("22 %", self.alerts(rule).text)

    def test_refused_rows_of_yesterday_are_forgotten(self):
        rule = self.rule("refused", threshold=20, least=20, window_hours=1)
        self.push(row_count=50, rejected_count=50, started_at=self.ago(hours=2))
        self.assertFalse(self.check(rule))

    def event(self, hours, number, **values):
        return self.env["marketplace.event"].create(
            {
                "account_id": self.account.id,
                "delivery_id": f"d-{number}",
                "received_at": self.ago(hours=hours),
                "state": "done",
                **values,
            }
        )

    def test_silence_is_told_only_of_an_account_that_speaks(self):
        rule = self.rule("silence", threshold=24, least=28)
        for number in range(27):
            self.event(25 + number, number)
        self.assertFalse(self.check(rule), "27 in two weeks: it rarely speaks")
        for number in range(100, 500):
            last = self.event(30 + number / 10, number)
        self.assertEqual(self.check(rule), "open")
        self.assertIn("25 hours", self.alerts(rule).text)
        last.received_at = self.ago(hours=23)
        self.assertFalse(self.check(rule))

    def test_a_rare_speaker_is_given_ten_times_its_usual_silence(self):
        rule = self.rule("silence", threshold=24, least=28)
        for number in range(28):  # one in twelve hours: 120 hours are not unusual
            self.event(100 + 8 * number, number)
        self.assertFalse(self.check(rule))
        self.env["marketplace.event"].search(
            [
                ("account_id", "=", self.account.id),
                ("received_at", ">", self.ago(hours=124)),
            ]
        ).received_at = self.ago(hours=124)
        self.assertEqual(self.check(rule), "open")

    def test_failed_listings_and_events_wait_for_a_person(self):
        listings, events = self.rule("failed_listings"), self.rule("failed_events")
        self.assertFalse(self.check(listings))
        self.assertFalse(self.check(events))
        self.listing.write({"sync_state": "failed"})
        self.event(1, 1, state="failed")
        self.assertEqual(self.check(listings), "open")
        self.assertEqual(self.check(events), "open")
        listings.threshold = 2
        self.assertFalse(self.check(listings))

    def finding(self, delta, **values):
        return self.env["marketplace.reconciliation.line"].create(
            {
                "account_id": self.account.id,
                "sku": f"D{delta}",
                "cause": "changed_on_channel",
                "level": "3_high",
                "delta": delta,
                "is_compared": True,
                "first_seen": fields.Datetime.now(),
                "last_seen": fields.Datetime.now(),
                **values,
            }
        )

    def test_a_number_that_is_far_off_is_told(self):
        rule = self.rule("drift", threshold=10)
        self.finding(9)
        self.finding(50, state="accepted")
        self.assertFalse(self.check(rule))
        finding = self.finding(-12)
        self.assertEqual(self.check(rule), "open")
        self.assertIn("D-12 is 12 off", self.alerts(rule).text)
        finding.state = "closed"
        self.assertFalse(self.check(rule))

    def test_another_account_is_none_of_its_business(self):
        rule = self.rule("failed_listings")
        other = self.make_account(state="connected")
        site = self.make_site(self.warehouse, other)
        self.make_listing(self.make_product(stock=1), site, sync_state="failed")
        self.assertFalse(self.check(rule))
        rule.account_ids = False
        self.assertEqual(self.check(rule), "open")
        self.assertEqual(self.alerts(rule).account_id, other)


@tagged("post_install", "-at_install")
class TestOrderRules(AlertMixin, OrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setUpAlerts()

    def test_orders_to_fix_are_told(self):
        rule = self.rule("orders_to_fix")
        order = self.env["marketplace.order"].create(
            {
                "account_id": self.account.id,
                "external_id": "X1",
                "name": "X1",
                "placed_at": fields.Datetime.now(),
            }
        )
        self.assertFalse(self.check(rule))
        order.state = "to_fix"
        self.assertEqual(self.check(rule), "open")
        shipments = self.rule("shipments_to_fix")
        self.assertFalse(self.check(shipments))
        self.env["marketplace.shipment"].create(
            {"order_id": order.id, "shipped_at": order.placed_at, "state": "failed"}
        )
        self.assertEqual(self.check(shipments), "open")


@tagged("post_install", "-at_install")
class TestLifeOfAnAlert(AlertMixin, MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setUpAlerts()
        cls.account.state = "blocked"

    def setUp(self):
        super().setUp()
        self.blocked = self.rule("blocked")

    def test_one_cause_is_one_alert_and_one_activity(self):
        for _time in range(3):
            self.assertEqual(self.check(self.blocked), "open")
        self.assertEqual(len(self.alerts(self.blocked)), 1)
        self.assertEqual(len(self.activities()), 1)
        self.assertEqual(self.activities().user_id, self.clerk)
        self.assertEqual(self.activities().summary, self.alerts(self.blocked).text)

    def test_it_goes_with_its_cause_and_takes_its_activity_along(self):
        self.check(self.blocked)
        self.account.state = "connected"
        self.assertFalse(self.check(self.blocked))
        self.assertFalse(self.activities())
        self.assertEqual(self.alerts(self.blocked).state, "closed")
        self.assertTrue(self.alerts(self.blocked).ended_at)

    def test_unblocking_does_not_tick_off_other_alerts(self):
        listing = self.make_listing(self.make_product(stock=1))
        listing.sync_state = "failed"
        failed = self.rule("failed_listings")
        self.check(failed)
        self.account._unblock()
        self.assertEqual(self.check(failed), "open")
        self.assertEqual(len(self.activities()), 1)

    def test_whoever_closes_it_is_not_told_before_it_went_and_came_back(self):
        self.check(self.blocked)
        self.alerts(self.blocked).with_user(self.clerk).action_close()
        self.assertEqual(self.check(self.blocked), "seen")
        self.assertEqual(self.alerts(self.blocked).seen_by_id, self.clerk)
        self.assertFalse(self.activities())
        self.account.state = "connected"
        self.assertFalse(self.check(self.blocked))
        self.account.state = "blocked"
        self.assertEqual(self.check(self.blocked), "open")
        self.assertEqual(len(self.activities()), 1)
        self.assertEqual(len(self.alerts(self.blocked)), 2)

    def test_ticking_off_the_activity_is_closing_it(self):
        self.check(self.blocked)
        self.activities().with_user(self.clerk).action_done()
        self.assertEqual(self.check(self.blocked), "seen")
        self.assertEqual(self.check(self.blocked), "seen")
        self.assertFalse(self.activities())

    def test_deleting_the_activity_is_closing_it_too(self):
        self.check(self.blocked)
        self.activities().unlink()
        self.assertEqual(self.check(self.blocked), "seen")

    def test_the_words_follow_the_numbers(self):
        rule = self.rule("failed_listings")
        first, second = (
            self.make_listing(self.make_product(stock=1)) for _n in range(2)
        )
        first.sync_state = "failed"
        self.check(rule)
        self.assertIn("listings: 1", self.alerts(rule).text)
        second.sync_state = "failed"
        self.check(rule)
        self.assertIn("listings: 2", self.alerts(rule).text)
        self.assertIn("listings: 2", self.alerts(rule).activity_id.summary)

    def test_without_a_responsible_person_the_alert_stands_alone(self):
        self.account.user_id = False
        self.assertEqual(self.check(self.blocked), "open")
        self.assertEqual(self.check(self.blocked), "open")
        self.assertFalse(self.activities())

    def test_a_rule_without_activity_gives_none(self):
        self.blocked.has_activity = False
        self.assertEqual(self.check(self.blocked), "open")
        self.assertEqual(self.check(self.blocked), "open")
        self.assertFalse(self.activities())

    def test_switching_a_rule_off_ends_its_alerts(self):
        self.check(self.blocked)
        self.blocked.active = False
        self.assertEqual(self.alerts(self.blocked).state, "closed")
        self.assertFalse(self.activities())

    def test_deleting_a_rule_deletes_its_activities(self):
        self.check(self.blocked)
        self.blocked.unlink()
        self.assertFalse(self.activities())

    @mute_logger("odoo.addons.marketplace_sync.models.marketplace_alert_rule")
    def test_a_rule_that_stumbles_stops_no_other(self):
        Rule = type(self.env["marketplace.alert.rule"])
        failing = self.rule("lag", sequence=1)
        real = Rule._check

        def check(rule):
            if rule.id == failing.id:
                raise ZeroDivisionError
            return real(rule)

        with patch.object(Rule, "_check", check), self.crons() as env:
            env["marketplace.alert.rule"]._cron_check()
        self.assertEqual(self.alerts(self.blocked).state, "open")

    def test_checking_costs_no_more_for_more_accounts(self):
        self.blocked.account_ids = False
        self.env["marketplace.alert.rule"].flush_model()

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            rule._check()
            return self.env.cr.sql_log_count - before

        rule = self.rule("failed_listings", account_ids=False)
        rule._check()
        few = count()
        for _n in range(5):
            self.make_account()
        self.assertEqual(count(), few)

    def test_the_card_names_the_worst_first(self):
        self.check(self.rule("blocked", urgency="1_note"))
        self.blocked.urgency = "3_urgent"
        self.account.blocked_reason = "Revoked"
        self.check(self.blocked)
        self.account.invalidate_recordset()
        self.assertEqual(self.account.alert_count, 2)
        self.assertIn("Revoked", self.account.worst_alert)
        self.alerts(self.blocked).action_close()
        self.account.invalidate_recordset()
        self.assertEqual(self.account.alert_count, 1)

    def test_a_picker_may_open_the_account_without_seeing_alerts(self):
        self.check(self.blocked)
        picker = self.env["res.users"].create(
            {
                "name": "Picker",
                "login": "alert-picker",
                "group_ids": [
                    Command.link(self.env.ref("stock.group_stock_user").id),
                ],
            }
        )
        account = self.account.with_user(picker)
        self.assertEqual(account.alert_count, 1)
        with self.assertRaises(AccessError):
            self.alerts(self.blocked).with_user(picker).read(["text"])

    def test_the_other_companys_alerts_are_not_seen(self):
        self.check(self.blocked)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "alert-stranger",
                "company_id": other.id,
                "company_ids": [Command.set(other.ids)],
                "group_ids": [Command.link(self.env.ref(MANAGER).id)],
            }
        )
        Alert = self.env["marketplace.alert"].with_user(stranger)
        self.assertFalse(Alert.search([("rule_id", "=", self.blocked.id)]))
        with self.assertRaises(AccessError):
            self.alerts(self.blocked).with_user(stranger).action_close()

    def test_a_rule_of_a_company_watches_its_accounts_only(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.blocked.write({"account_ids": False, "company_id": other.id})
        self.assertFalse(self.check(self.blocked))
        self.blocked.company_id = self.company
        self.assertEqual(self.check(self.blocked), "open")

    def test_old_alerts_are_forgotten_standing_ones_never(self):
        self.check(self.blocked)
        standing = self.alerts(self.blocked)
        standing.since = self.ago(days=400)
        self.account.state = "connected"
        self.check(self.blocked)
        standing.ended_at = self.ago(days=179)
        self.env["marketplace.alert"]._gc_old_alerts()
        self.assertTrue(standing.exists())
        standing.ended_at = self.ago(days=181)
        self.env["marketplace.alert"]._gc_old_alerts()
        self.assertFalse(standing.exists())

    def test_every_alert_leads_to_what_it_is_about(self):
        for kind, _name in KINDS:
            alert = self.env["marketplace.alert"].create(
                {"rule_id": self.rule(kind).id, "account_id": self.account.id}
            )
            self.assertIn(alert.action_open_cause()["res_model"], self.env, kind)
