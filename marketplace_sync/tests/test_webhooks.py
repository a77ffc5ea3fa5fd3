"""Asking channels for notifications, and notifications over real protocols: each
channel's simulator calls our own door."""

import sys
import types
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged

from ..channels.amazon import queue as sqs
from ..channels.errors import (
    AuthenticationError,
    ChannelUnreachable,
    RejectedError,
    UnsupportedError,
)
from .test_channels import ChannelCase
from .webhook_case import WebhookMixin

AWS_SECRET = "fake-aws-secret-of-the-tests"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"


@tagged("post_install", "-at_install")
class TestAddress(WebhookMixin, ChannelCase):
    channel = "shopify"
    site_code = "gid://shopify/Location/1"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_webhook_accounts()
        cls.parameter = cls.env["ir.config_parameter"]
        cls.parameter.set_param("web.base.url", "https://odoo.example.com")

    def test_every_account_has_a_secret_address_of_its_own(self):
        accounts = self.shopify | self.mercadolibre | self.amazon
        paths = set(accounts.mapped("webhook_path"))
        self.assertEqual(len(paths), 3)
        for path in paths:
            self.assertRegex(path, r"^[A-Za-z0-9_-]{43}$", "256 bits")
        self.assertEqual(
            self.shopify.webhook_address,
            f"https://odoo.example.com/marketplace_sync/shopify/"
            f"{self.shopify.webhook_path}",
        )
        self.assertFalse(self.shopify.webhook_hint)
        self.assertFalse(self.amazon.webhook_address, "Amazon calls no address")

    def test_a_copy_has_another_address(self):
        self.assertNotEqual(self.shopify.copy().webhook_path, self.shopify.webhook_path)

    def test_a_weak_path_is_refused(self):
        for path in ("orders", "x" * 21, "a/b" * 12, "ä" * 30):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.shopify.webhook_path = path

    def test_an_address_that_no_channel_can_call_is_said(self):
        for base in (
            "http://odoo.example.com",
            "https://localhost",
            "https://10.0.0.5",
        ):
            self.parameter.set_param("web.base.url", base)
            self.shopify.invalidate_recordset()
            self.assertIn(base, self.shopify.webhook_hint)

    def test_users_do_not_see_it(self):
        user = self.env["res.users"].create(
            {
                "name": "u",
                "login": "webhook-user",
                "group_ids": [
                    (4, self.env.ref("marketplace_sync.marketplace_sync_group_user").id)
                ],
            }
        )
        for name in ("webhook_path", "webhook_address"):
            with self.assertRaises(AccessError):
                self.shopify.with_user(user).read([name])
        for method in ("action_renew_webhook_path", "action_register_webhooks"):
            with self.assertRaises(AccessError):
                getattr(self.shopify.with_user(user), method)()

    def test_the_old_client_secret_is_kept_when_a_new_one_is_typed(self):
        first = self.shopify._get_webhook_secrets()
        self.shopify.shopify_client_secret = "fake-second"
        self.assertEqual(self.shopify._get_webhook_secrets(), ["fake-second", *first])
        self.shopify.shopify_client_secret = "fake-second"
        self.assertEqual(self.shopify._get_webhook_secrets(), ["fake-second", *first])
        self.shopify.shopify_previous_client_secret = False
        self.assertEqual(self.shopify._get_webhook_secrets(), ["fake-second"])


@tagged("post_install", "-at_install")
class TestRegistering(ChannelCase):
    channel = "shopify"
    site_code = "gid://shopify/Location/1"
    credentials = {
        "shopify_shop": "demo-shop",
        "shopify_client_id": "demo-client-id",
        "shopify_client_secret": "demo-client-secret",
        "shopify_access_token": "demo-access-token",
    }

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "http://127.0.0.1:8069"
        )

    @property
    def subscriptions(self):
        return self.simulator.channels["shopify"].shop.state["subscriptions"]

    def check(self, hours=25):
        if hours:
            then = fields.Datetime.now() - timedelta(hours=hours)
            self.account.webhook_checked_at = then
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr)["marketplace.account"]._cron_check_webhooks()
        self.env.invalidate_all()

    def register(self):
        return self.account.action_register_webhooks()["params"]

    def lose(self, count):
        for number in list(self.subscriptions)[:count]:
            del self.subscriptions[number]

    def test_the_button_registers_what_is_missing(self):
        told = self.register()
        self.assertEqual(told["type"], "success")
        self.assertIn("orders/create", told["message"])
        addresses = {entry["uri"] for entry in self.subscriptions.values()}
        self.assertEqual(addresses, {self.account.webhook_address})
        count = len(self.subscriptions)
        self.assertGreater(count, 5)
        self.assertTrue(self.account.webhook_registered_at)
        self.assertIn("already", self.register()["message"])
        self.assertEqual(len(self.subscriptions), count)

    def test_without_a_secret_nothing_is_registered(self):
        """Nothing that came could be believed."""
        self.account.shopify_client_secret = False
        with self.assertRaisesRegex(UserError, "client secret"):
            self.register()
        self.assertFalse(self.subscriptions)

    def test_a_refusal_is_said_at_the_account(self):
        self.fault("503_empty", "*", times=50)
        told = self.register()
        self.assertEqual(told["type"], "danger")
        self.assertTrue(self.account.webhook_problem)
        self.assertFalse(self.account.webhook_registered_at)

    def test_what_went_wrong_does_not_repeat_the_secret_address(self):
        path = self.account.webhook_path
        self.account._note_webhook_problem(RejectedError(f"No: https://o/{path}"))
        self.assertEqual(self.account.webhook_problem, "No: https://o/…")

    def test_the_daily_check_registers_again_what_shopify_deleted(self):
        self.register()
        count = len(self.subscriptions)
        self.lose(2)
        self.check()
        self.assertEqual(len(self.subscriptions), count)
        self.assertTrue(self.account.webhook_restored_at)
        activity = self.account.activity_ids
        self.assertIn("stopped sending", activity.summary)
        self.lose(1)
        self.check()
        self.assertEqual(len(self.account.activity_ids), 1, "one is enough")

    def test_nothing_is_said_when_all_is_well(self):
        self.register()
        self.check()
        self.assertFalse(self.account.activity_ids)
        self.assertFalse(self.account.webhook_restored_at)
        age = fields.Datetime.now() - self.account.webhook_checked_at
        self.assertLess(age, timedelta(hours=1))

    def test_it_is_looked_at_once_a_day(self):
        self.register()
        self.simulator.clear_log()
        self.check(hours=0)
        self.assertFalse(self.simulator.counts("shopify"))
        self.check(hours=25)
        self.assertTrue(self.simulator.counts("shopify"))

    def test_an_account_that_nobody_registered_is_left_alone(self):
        self.simulator.clear_log()
        self.check()
        self.assertFalse(self.subscriptions)
        self.assertFalse(self.simulator.counts("shopify"))

    def test_a_silent_shop_is_asked_again_the_next_hour(self):
        self.register()
        self.lose(1)
        with patch.object(
            type(self.account),
            "_ask_for_webhooks",
            side_effect=ChannelUnreachable("No answer."),
        ):
            self.check()
        self.assertEqual(self.account.webhook_problem, "No answer.")
        self.assertFalse(self.account.activity_ids, "nobody has to act")
        self.check(hours=0)
        self.assertFalse(self.account.webhook_problem)
        self.assertTrue(self.account.activity_ids)

    def test_a_refusal_is_an_activity_and_stops_no_other_account(self):
        self.register()
        other = self.account.copy({**self.credentials, "api_url": self.account.api_url})
        other.write({"state": "connected"})
        other.action_register_webhooks()
        ask = type(self.account)._ask_for_webhooks

        def refused(account):
            if account.id == self.account.id:
                raise RejectedError("No scope.")
            return ask(account)

        other.webhook_checked_at = "2026-01-01"
        with patch.object(type(self.account), "_ask_for_webhooks", refused):
            self.check()
        self.assertIn("may not send", self.account.activity_ids.summary)
        self.assertGreater(other.webhook_checked_at, fields.Datetime.today())

    def test_a_new_address_has_to_be_registered(self):
        self.register()
        old = self.account.webhook_address
        self.account.action_renew_webhook_path()
        self.assertNotEqual(self.account.webhook_address, old)
        self.assertIn("register it", self.account.webhook_problem)
        self.register()
        self.assertFalse(self.account.webhook_problem)
        addresses = {entry["uri"] for entry in self.subscriptions.values()}
        self.assertIn(self.account.webhook_address, addresses)


class FromChannelToOrder(HttpCase, ChannelCase):
    """A sale on the simulated channel, its notification over HTTP, our order."""

    def setUp(self):
        super().setUp()
        self.account.write({"read_orders": True, "order_start_at": "2026-01-01"})
        self.account.order_start_at = "2020-01-01"
        self.env["ir.config_parameter"].set_param("web.base.url", self.base_url())
        self.seed(["A-1"], quantity=9)
        self.listing = self.make_listings(["A-1"])
        self.channel_simulator = self.simulator.channels[self.channel]

    def work(self):
        """Work off the inbox; to list orders is not due."""
        self.account.last_order_sync_at = fields.Datetime.now()
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.account.with_env(self.env(cr=cr))._cron_orders()
        self.env.invalidate_all()

    def deliver(self, function, *args, **kwargs):
        """Let the simulator call our door; return the statuses that it got."""
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            return function(*args, **kwargs)

    @property
    def events(self):
        self.env.invalidate_all()
        return self.env["marketplace.event"].search(
            [("account_id", "=", self.account.id)]
        )

    def assertOrdered(self, quantity):
        order = self.account.order_ids
        self.assertEqual(len(order), 1)
        self.assertEqual(order.line_ids.mapped("sku"), ["A-1"])
        self.assertEqual(order.line_ids.quantity, quantity)
        return order


@tagged("post_install", "-at_install")
class TestShopifyToOrder(FromChannelToOrder):
    channel = "shopify"
    site_code = "gid://shopify/Location/1"
    credentials = TestRegistering.credentials

    def setUp(self):
        super().setUp()
        self.simulator.seed("shopify", {"delivery": "held"})
        self.account.action_register_webhooks()
        self.env.flush_all()
        self.outbox = self.channel_simulator.outbox

    def test_a_sale_is_known_from_its_notification(self):
        self.channel_simulator.sell("A-1", 2, self.site_code)
        self.assertEqual(set(self.deliver(self.outbox.deliver)), {200})
        self.assertEqual(self.events[0].state, "new")
        self.work()
        self.assertEqual(set(self.events.mapped("state")), {"done"})
        self.assertOrdered(2)

    def test_twice_and_backwards_is_the_same_sale(self):
        sold = self.channel_simulator.sell("A-1", 2, self.site_code)
        self.channel_simulator.cancel_order(sold)
        statuses = self.deliver(self.outbox.deliver, copies=2, order=reversed)
        self.assertEqual(set(statuses), {200})
        self.deliver(self.outbox.replay, 3)
        self.work()
        self.assertEqual(self.account.order_ids.status, "cancelled")
        deliveries = self.events.mapped("delivery_id")
        self.assertEqual(len(deliveries), len(set(deliveries)))

    def test_a_shop_with_another_secret_is_turned_away(self):
        credentials = self.channel_simulator.shop.state["credentials"]
        with patch.dict(credentials, {"webhook_secret": "another"}):
            self.channel_simulator.sell("A-1", 2, self.site_code)
            self.assertEqual(set(self.deliver(self.outbox.deliver)), {401})
        self.assertFalse(self.events)


@tagged("post_install", "-at_install")
class TestMercadoLibreToOrder(FromChannelToOrder):
    channel = "mercadolibre"
    site_code = "MLM"
    credentials = {
        "mercadolibre_user_id": "1234567890",
        "mercadolibre_client_id": "1111222233334444",
        "mercadolibre_client_secret": "fake-secret-mercadolibre",
        "mercadolibre_refresh_token": "TG-fake-refresh-0",
    }

    def site_spec(self):
        return self.site_code

    def setUp(self):
        super().setUp()
        self.notices = self.channel_simulator.notices
        self.notices.subscribe(self.account.webhook_address)
        self.env.flush_all()

    def test_a_sale_is_known_from_its_hint(self):
        self.channel_simulator.sell("A-1", 2)
        self.assertEqual(set(self.deliver(self.notices.deliver, twice=True)), {200})
        self.work()
        order = self.assertOrdered(2)
        about = self.events.filtered(lambda e: e.kind == "order")
        self.assertEqual(about.order_id, order)
        self.assertEqual(about.state, "done")

    def test_a_shipment_leads_to_its_order(self):
        self.channel_simulator.sell("A-1", 2)
        waiting = self.notices.waiting("shipments")
        if not waiting:
            self.fail("the simulator told of no shipment")
        self.deliver(self.notices.deliver, [entry["id"] for entry in waiting])
        self.work()
        self.assertOrdered(2)
        self.assertEqual(set(self.events.mapped("kind")), {"shipment"})


class FakeSqs:
    """What boto3 would be, in front of the simulator's queue."""

    def __init__(self, queue):
        self.queue = queue
        self.error = None

    def receive_message(self, **arguments):
        assert arguments["QueueUrl"] == QUEUE
        if self.error:
            raise self.error
        found = self.queue.receive_messages(arguments["MaxNumberOfMessages"])
        return {"Messages": found} if found else {}

    def delete_message_batch(self, **arguments):
        for entry in arguments["Entries"]:
            self.queue.delete_message(entry["ReceiptHandle"])


class AwsError(Exception):
    def __init__(self, code):
        super().__init__(f"{code}: {AWS_SECRET}")
        self.response = {"Error": {"Code": code, "Message": AWS_SECRET}}


@tagged("post_install", "-at_install")
class TestAmazonQueue(ChannelCase):
    channel = "amazon"
    site_code = "ATVPDKIKX0DER"
    credentials = {
        "amazon_seller_id": "A1SIMULATOR",
        "amazon_client_id": "amzn1.application-oa2-client.simulator",
        "amazon_client_secret": "amzn1.oa2-cs.v1.simulator",
        "amazon_refresh_token": "Atzr|simulator",
        "amazon_queue_url": QUEUE,
        "amazon_queue_key_id": "AKIAFAKE",
        "amazon_queue_secret": AWS_SECRET,
        "read_orders": True,
        "order_start_at": "2020-01-01",
    }

    def site_spec(self):
        return self.site_code

    def setUp(self):
        super().setUp()
        self.seed(["A-1"], quantity=9)
        self.make_listings(["A-1"])
        self.sim = self.simulator.channels["amazon"]
        self.boto3(FakeSqs(self.sim))

    def boto3(self, client):
        """Install a boto3 that gives ``client``."""
        self.sqs, self.asked = client, []

        def make(service, **arguments):
            self.asked.append((service, arguments))
            return client

        modules = {
            "boto3": types.SimpleNamespace(client=make),
            "botocore": types.ModuleType("botocore"),
            "botocore.config": types.SimpleNamespace(Config=dict),
        }
        patcher = patch.dict(sys.modules, modules)
        patcher.start()
        self.addCleanup(patcher.stop)

    def process(self):
        """Look into the queue and work off what was in it."""
        self.account.last_order_sync_at = fields.Datetime.now()
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.account.with_env(self.env(cr=cr))._cron_orders()
        self.env.invalidate_all()

    @property
    def events(self):
        return self.env["marketplace.event"].search(
            [("account_id", "=", self.account.id)]
        )

    def test_a_sale_is_known_from_the_queue(self):
        self.sim.sell("A-1", 2)
        self.process()
        self.assertEqual(self.events.state, "done")
        self.assertEqual(self.account.order_ids.line_ids.quantity, 2)
        self.assertFalse(self.sim.state["queue"], "deleted once it was stored")
        service, arguments = self.asked[0]
        self.assertEqual((service, arguments["region_name"]), ("sqs", "eu-west-1"))
        self.assertEqual(arguments["aws_secret_access_key"], AWS_SECRET)
        self.assertTrue(arguments["config"]["read_timeout"])

    def test_what_comes_twice_is_one_event(self):
        self.sim.plan_delivery("twice")
        self.sim.sell("A-1", 2)
        self.process()
        self.assertEqual(len(self.events), 1)
        self.assertFalse(self.sim.state["queue"])

    def test_a_crash_before_the_delete_stores_nothing_twice(self):
        self.sim.sell("A-1", 2)
        with patch.object(FakeSqs, "delete_message_batch", side_effect=AwsError("x")):
            self.process()
        self.assertEqual(len(self.events), 1)
        self.assertTrue(self.sim.state["queue"])
        for message in self.sim.state["queue"]:
            message["due"] = 0  # it comes again
        self.process()
        self.assertEqual(len(self.events), 1)
        self.assertFalse(self.sim.state["queue"])

    def test_rubbish_and_other_sellers_are_counted_not_stored(self):
        self.sim.sell("A-1", 2)
        message = self.sim.state["queue"][0]
        message["Body"] = message["Body"].replace("A1SIMULATOR", "A2OTHER")
        self.sim.state["queue"].append({**message, "Body": "\ud800{", "receipt": ""})
        self.process()
        self.assertFalse(self.events)
        counters = self.env["marketplace.webhook.counter"].search(
            [("account_id", "=", self.account.id)]
        )
        self.assertEqual(set(counters.mapped("kind")), {"forged", "unused"})
        self.assertFalse(self.sim.state["queue"])

    def test_without_boto3_the_account_says_so_and_orders_are_read(self):
        with patch.dict(sys.modules, {"boto3": None}):
            self.process()
        self.assertIn("boto3", self.account.webhook_problem)
        self.assertEqual(self.account.state, "connected")
        self.process()
        self.assertFalse(self.account.webhook_problem, "installed since")

    def test_a_refused_key_is_said_without_the_key_and_blocks_nothing(self):
        for code in ("InvalidClientTokenId", "AccessDenied", "QueueDoesNotExist", "?"):
            self.sqs.error = AwsError(code)
            self.process()
            self.assertIn("Amazon SQS", self.account.webhook_problem)
            self.assertNotIn(AWS_SECRET, self.account.webhook_problem)
        self.assertEqual(self.account.state, "connected")

    def test_without_a_queue_nothing_is_asked(self):
        self.account.amazon_queue_url = False
        self.process()
        self.assertFalse(self.asked)
        self.assertFalse(self.account.webhook_problem)

    def test_the_queue_is_looked_into_every_minute(self):
        moment = self.account._get_next_event_moment()
        self.assertLess(moment - fields.Datetime.now(), timedelta(seconds=61))
        self.account.amazon_queue_url = False
        self.assertFalse(self.account._get_next_event_moment())

    def test_only_a_queue_of_amazons_is_taken(self):
        for url in (
            "https://sqs.eu-west-1.amazonaws.com.evil.example/1/q",
            "http://sqs.eu-west-1.amazonaws.com/1/q",
            "https://169.254.169.254/latest/meta-data",
            "https://sqs.eu-west-1.amazonaws.com/",
            "queue",
        ):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.account.amazon_queue_url = url
            with self.assertRaises(RejectedError):
                sqs.open_queue(url, "key", "secret")

    def test_opening_a_queue_says_what_is_missing(self):
        with self.assertRaises(AuthenticationError):
            sqs.open_queue(QUEUE, "key", "")
        with (
            patch.dict(sys.modules, {"boto3": None}),
            self.assertRaises(UnsupportedError),
        ):
            sqs.open_queue(QUEUE, "key", "secret")
