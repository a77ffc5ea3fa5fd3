"""A neutralised copy of the database speaks to no marketplace."""

from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools import SQL

from .common import MarketplaceCase


@tagged("post_install", "-at_install")
class TestNeutralize(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        credentials = {
            "amazon": {
                "amazon_client_id": "fake-client",
                "amazon_client_secret": "fake-secret",
                "amazon_refresh_token": "fake-refresh",
                "amazon_queue_url": "https://sqs.eu-west-1.amazonaws.com/1/fake",
                "amazon_queue_key_id": "fake-key",
                "amazon_queue_secret": "fake-secret",
            },
            "shopify": {
                "shopify_shop": "fake-shop",
                "shopify_client_id": "fake-client",
                "shopify_client_secret": "fake-secret",
                "shopify_access_token": "fake-token",
            },
            "mercadolibre": {
                "mercadolibre_client_id": "fake-client",
                "mercadolibre_client_secret": "fake-secret",
                "mercadolibre_access_token": "fake-token",
                "mercadolibre_refresh_token": "fake-refresh",
            },
        }
        cls.accounts = cls.account
        for channel, values in credentials.items():
            cls.accounts |= cls.make_account(
                channel,
                is_test=True,
                api_url="http://127.0.0.1:8099",
                channel_data={"scope": "fake"},
                **values,
            )
        cls.accounts.action_go_live()
        cls.blocked, cls.draft = cls.make_account("amazon"), cls.make_account("amazon")
        cls.blocked.state = "blocked"
        cls.accounts |= cls.blocked | cls.draft
        cls.archived = cls.make_account("amazon", amazon_client_secret="fake-secret")
        cls.archived.write({"state": "connected", "active": False})
        cls.accounts |= cls.archived
        cls.accounts.webhook_registered_at = "2026-01-01"
        cls.addresses = [(one.channel, one.webhook_path) for one in cls.accounts]
        cls.event = cls.env["marketplace.event"].create(
            [
                {"account_id": account.id, "delivery_id": "1", "kind": "order"}
                for account in cls.accounts
            ]
        )
        cls.listing = cls.make_listing(cls.make_product(stock=5))

    def setUp(self):
        super().setUp()
        self.env.flush_all()
        queries = list(get_neutralization_queries(["marketplace_sync"]))
        self.assertEqual(len(queries), 1, "data/neutralize.sql is found")
        self.env.cr.execute(queries[0])
        self.env.invalidate_all()

    def test_no_credentials_are_left(self):
        rows = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM marketplace_credential")
        )
        self.assertEqual(rows, [(0,)])
        for account in self.accounts:
            for name in account._get_secret_fields():
                self.assertFalse(account[name])

    def test_no_adapter_gets_anything_to_speak_with(self):
        harmless = {"shop", "seller_id", "user_id"}
        for account in self.accounts:
            configuration = account._get_adapter_config()
            self.assertEqual(configuration.api_url, "")
            self.assertEqual(configuration.data, {})
            kept = {
                name
                for name, value in configuration.credentials.items()
                if value and name not in harmless and isinstance(value, str)
            }
            self.assertFalse(kept, account.channel)

    def test_every_account_is_paused(self):
        self.assertEqual(set(self.accounts.mapped("state")), {"paused"})

    def test_no_scheduled_action_of_an_account_runs(self):
        for crons in (self.accounts.cron_id, self.accounts.order_cron_id):
            self.assertFalse(any(crons.mapped("active")))
            self.assertEqual(len(crons), len(self.accounts))

    def note_adapters(self):
        """Return a list of the accounts that ask for their channel from now on.

        An error alone would not be seen: the scheduled actions catch every one.
        """
        asked = []

        def note(account):
            asked.append(account.name)
            raise AssertionError("an adapter was asked for")

        self.patch(type(self.account), "_adapter_session", note)
        return asked

    def test_what_the_scheduled_action_calls_speaks_to_nobody(self):
        asked = self.note_adapters()
        with self.crons() as env:
            for account in self.accounts.with_env(env):
                account._cron_push()
            env["marketplace.account"]._cron_push()
        self.assertEqual(asked, [])

    def test_it_answers_for_no_address_and_registers_none(self):
        self.assertFalse(any(self.accounts.mapped("webhook_path")))
        self.assertFalse(any(self.accounts.mapped("webhook_registered_at")))
        self.assertNotIn("new", self.event.mapped("state"))
        Account = self.env["marketplace.account"]
        for channel, path in self.addresses:
            self.assertTrue(path)
            self.assertFalse(Account._find_by_webhook(channel, path))

    def test_no_scheduled_action_of_notifications_speaks_to_anybody(self):
        asked = self.note_adapters()
        self.event.write({"state": "new"})
        self.env["ir.cron.trigger"].search([]).unlink()
        with self.crons() as env:
            env["marketplace.account"]._cron_check_webhooks()
            env["marketplace.event"]._cron_process_events()
        self.assertEqual(asked, [])
        woken = self.env["ir.cron.trigger"].search([]).cron_id
        self.assertLessEqual(woken, self.accounts.order_cron_id)
        self.assertFalse(any(woken.mapped("active")), "what is woken sleeps on")

    def test_numbers_are_still_computed(self):
        """Whoever looks at a copy sees what the original would show."""
        self.put(self.listing.product_id, 2)
        self.refresh()
        self.assertEqual(self.listing.sellable_qty, 7)

    def test_neutralising_twice_is_neutralising_once(self):
        for query in get_neutralization_queries(["marketplace_sync"]):
            self.env.cr.execute(query)
