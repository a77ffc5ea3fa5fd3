"""The address for outside monitors: figures, and nothing else, for one token."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields, http
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import mute_logger

from ..controllers import access_log
from ..models import marketplace_health

USER = "marketplace_sync.marketplace_sync_group_user"
MANAGER = "marketplace_sync.marketplace_sync_group_manager"


class HealthMixin:
    @classmethod
    def setUpHealth(cls):
        cls.env["marketplace.account"].search([]).active = False
        cls.account = cls.env["marketplace.account"].create(
            {
                "name": 'Shop "A"',
                "channel": "shopify",
                "shopify_shop": "fake-shop",
                "shopify_access_token": "fake-secret-token",
                "buffer_policy_id": False,
            }
        )
        cls.account.write({"state": "connected", "last_push_at": "2026-11-21 05:35:31"})
        cls.token = cls.env["marketplace.health"]._renew_token()


@tagged("post_install", "-at_install")
class TestHealthAddress(HealthMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setUpHealth()

    def ask(self, token=None, query="", **headers):
        path = f"/marketplace_sync/health/{self.token if token is None else token}"
        return self.url_open(path + query, headers=headers)

    def test_a_monitor_gets_the_figures_of_every_account(self):
        answer = self.ask()
        self.assertEqual(answer.status_code, 200)
        told = answer.json()
        self.assertEqual(told["status"], "ok")
        [account] = told["accounts"]
        self.assertEqual(account["name"], 'Shop "A"')
        self.assertEqual(account["state"], "connected")
        self.assertEqual(account["pending"], 0)
        self.assertEqual(account["last_push"], "2026-11-21T05:35:31Z")
        self.assertIsNone(account["last_reconciliation"])

    def test_no_session_and_no_cache_is_left(self):
        answer = self.ask()
        self.assertNotIn("Set-Cookie", answer.headers)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_it_tells_no_secret(self):
        text = self.ask().text + self.ask(query="?format=prometheus").text
        for secret in ("fake-secret-token", "fake-shop", self.account.webhook_path):
            self.assertNotIn(secret, text)

    def test_prometheus_is_answered_by_format_and_by_its_accept_header(self):
        by_format = self.ask(query="?format=prometheus")
        by_header = self.ask(
            Accept="application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4"
        )
        for answer in (by_format, by_header):
            self.assertIn("text/plain; version=0.0.4", answer.headers["Content-Type"])
            labels = (
                f'account="{self.account.id}",name="Shop \\"A\\"",channel="shopify"'
            )
            self.assertIn(f"marketplace_pending{{{labels}}} 0\n", answer.text)
            self.assertIn(
                f'marketplace_account_state{{{labels},state="connected"}} 1\n',
                answer.text,
            )
            self.assertIn(
                f"marketplace_last_push_seconds{{{labels}}} 1795239331\n", answer.text
            )
            self.assertNotIn("last_reconciliation", answer.text)

    def test_json_is_asked_for_by_format_too(self):
        answer = self.ask(query="?format=json", Accept="text/plain")
        self.assertEqual(answer.json()["status"], "ok")

    @mute_logger("odoo.http")
    def test_a_wrong_token_is_404(self):
        near = self.token[:-1] + ("A" if self.token[-1] != "A" else "B")
        for token in ("x", near, self.token[:-1], self.token + "A", "%00", "a" * 5000):
            self.assertEqual(self.ask(token).status_code, 404, token[:50])

    def test_without_a_token_of_ours_nobody_is_let_in(self):
        self.env["marketplace.health"]._forget_token()
        for token in (self.token, "False", "None"):
            self.assertEqual(self.ask(token).status_code, 404, token)

    def test_a_new_token_ends_the_old_one(self):
        new = self.env["marketplace.health"]._renew_token()
        self.assertEqual(self.ask().status_code, 404)
        self.assertEqual(self.ask(new).status_code, 200)

    def test_the_address_may_name_the_database_and_no_other(self):
        name = self.env.cr.dbname
        self.assertEqual(self.ask(f"{self.token}/{name}").status_code, 200)
        self.assertEqual(self.ask(f"{self.token}/{name}x").status_code, 404)

    def test_another_database_than_the_asked_one_is_404(self):
        with patch.object(http, "db_list", return_value=[]):
            self.assertEqual(self.ask(f"{self.token}/elsewhere").status_code, 404)

    def test_nothing_is_written(self):
        answer = self.url_open(
            f"/marketplace_sync/health/{self.token}", data=b"{}", method="POST"
        )
        self.assertEqual(answer.status_code, 404)

    def test_the_token_stays_out_of_the_access_log(self):
        line = f"GET /marketplace_sync/health/{self.token}?format=prometheus HTTP/1.1"
        self.assertNotIn(self.token, access_log.mask(line))


@tagged("post_install", "-at_install")
class TestHealthFigures(HealthMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setUpHealth()
        cls.site = cls.env["marketplace.site"].create(
            {"name": "S", "code": "s", "account_id": cls.account.id}
        )

    def figures(self):
        self.env.flush_all()
        return self.env["marketplace.health"]._read()

    def listing(self, sku, **values):
        listing = self.env["marketplace.listing"].create(
            {"site_id": self.site.id, "sku": sku}
        )
        listing.write(values)
        return listing

    def test_waiting_and_failed_listings_are_counted(self):
        since = fields.Datetime.now() - timedelta(minutes=10)
        self.listing("A", sync_state="pending", pending_since=since)
        self.listing("B", sync_state="failed")
        self.listing("C", sync_state="synced")
        [account] = self.figures()["accounts"]
        self.assertEqual(
            (account["listings"], account["pending"], account["failed"]), (3, 1, 1)
        )
        self.assertAlmostEqual(account["oldest_pending_seconds"], 600, delta=3)

    def test_the_status_is_the_worst_of_all_accounts(self):
        rule = self.env["marketplace.alert.rule"].create(
            {"name": "R", "kind": "lag", "account_ids": self.account.ids}
        )
        alert = self.env["marketplace.alert"].create(
            {"rule_id": rule.id, "account_id": self.account.id}
        )
        told = self.figures()
        self.assertEqual(
            (told["status"], told["accounts"][0]["open_alerts"]), ("warning", 1)
        )
        alert.action_close()
        told = self.figures()
        self.assertEqual(
            (told["status"], told["accounts"][0]["seen_alerts"]), ("ok", 1)
        )
        self.account.state = "blocked"
        self.assertEqual(self.figures()["status"], "blocked")

    def test_it_is_cheap_however_many_accounts_there_are(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["marketplace.health"]._read()
            return self.env.cr.sql_log_count - before

        count()
        few = count()
        self.account.copy({"name": "Another"})
        self.assertEqual(count(), few)

    def test_tokens_are_compared_in_constant_time(self):
        with patch.object(
            marketplace_health.hmac, "compare_digest", return_value=False
        ) as compare:
            self.assertFalse(self.env["marketplace.health"]._is_token(self.token))
        compare.assert_called_once()

    def test_figures_are_json(self):
        self.assertTrue(json.dumps(self.figures()))

    def wizard(self, group):
        user = self.env["res.users"].create(
            {
                "name": "W",
                "login": f"health-{group}",
                "group_ids": [Command.link(self.env.ref(group).id)],
            }
        )
        return self.env["marketplace.health.address"].with_user(user)

    def test_a_manager_sees_and_renews_the_address(self):
        wizard = self.wizard(MANAGER).create({})
        self.assertIn(f"/marketplace_sync/health/{self.token}", wizard.address)
        self.assertTrue(wizard.prometheus_address.endswith("?format=prometheus"))
        wizard.action_renew()
        wizard.invalidate_recordset()
        self.assertNotIn(self.token, wizard.address)
        wizard.action_switch_off()
        wizard.invalidate_recordset()
        self.assertFalse(wizard.address)

    def test_a_user_does_not(self):
        with self.assertRaises(AccessError):
            self.wizard(USER).create({})
        with self.assertRaises(AccessError):
            self.wizard(USER).new({}).action_renew()
        self.assertEqual(self.env["marketplace.health"]._get_token(), self.token)
