"""The inbox: every notification is dealt with, and none stands in another's way."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..channels.errors import (
    AuthenticationError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
    TakesLong,
)
from ..channels.orders import WebhookEvent
from ..models import marketplace_account_inbox as inbox
from ..models.marketplace_event import RETENTION_PARAMETER
from ..models.marketplace_event_kinds import ECHO_SECONDS, REFUSED_ATTEMPTS
from .order_case import OrderCase, told_order


class EventCase(OrderCase):
    """Events of the memory account; every read of an order is noted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.action_go_live()
        cls.account.order_start_at = datetime(2026, 11, 1)

    def setUp(self):
        super().setUp()
        self.fetched, self.trouble = [], {}
        case, fetch = self, self.adapter_class.fetch_order

        def fetch_order(adapter, external_id):
            case.fetched.append(external_id)
            if external_id in case.trouble:
                raise case.trouble[external_id]
            return fetch(adapter, external_id)

        self.adapter_class.fetch_order = fetch_order

    def receive(self, external_id="1001", delivery=None, kind="order", **values):
        """Store a notification as the door does; return it."""
        account = values.pop("account", self.account)
        self.deliveries = getattr(self, "deliveries", 0) + 1
        told = WebhookEvent(
            delivery_id=delivery or f"delivery-{self.deliveries}",
            topic=values.pop("topic", f"{kind}s/updated"),
            kind=kind,
            external_id=external_id,
            **values,
        )
        Event = self.env["marketplace.event"]
        if not Event._store(account, told, {}, b"{}"):
            return Event
        return Event.search([("account_id", "=", account.id)], limit=1)

    def process(self):
        """Run the account's order action; to list its orders is not due."""
        self.account.last_order_sync_at = fields.Datetime.now()
        with self.crons() as env:
            self.account.with_env(env)._cron_orders()

    def run_by_hand(self, cron):
        """Run a scheduled action as a person does in the list of them."""
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def wait(self, events):
        """Let the waiting time of events pass."""
        events.write({"next_attempt_at": False})
        self.account.write({"order_retry_at": False})


@tagged("post_install", "-at_install")
class TestWorkingOff(EventCase):
    def test_an_order_is_read_back_and_linked(self):
        self.book.tell(told_order("1001", [("A-1", 2)]))
        event = self.receive("1001")
        self.process()
        self.assertEqual(event.state, "done")
        self.assertEqual(event.order_id, self.order("1001"))
        self.assertEqual(event.order_id.line_ids.quantity, 2)
        self.assertTrue(event.processed_at)

    def test_a_duplicate_is_not_stored(self):
        self.assertTrue(self.receive(delivery="same"))
        self.assertFalse(self.receive(delivery="same"))

    @mute_logger("odoo.sql_db")
    def test_the_database_itself_refuses_a_duplicate(self):
        event = self.receive(delivery="same")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            event.create({"account_id": self.account.id, "delivery_id": "same"})

    def test_several_events_of_one_order_are_one_read(self):
        self.book.tell(told_order("1001", [("A-1", 2)]), told_order("1002"))
        same = [self.receive("1001") for _ in range(4)]
        other = self.receive("1002")
        self.process()
        self.assertEqual(self.fetched, ["1001", "1002"])
        self.assertEqual({event.state for event in (*same, other)}, {"done"})
        self.assertEqual({event.order_id for event in same}, {self.order("1001")})

    def test_what_arrives_during_the_read_gets_its_own(self):
        """The read may have been answered before the second change."""
        self.book.tell(told_order("1001"))
        self.receive("1001")
        fetch, case = self.adapter_class.fetch_order, self

        def fetch_order(adapter, external_id):
            answer = fetch(adapter, external_id)
            if len(case.fetched) == 1:
                case.late = case.receive("1001")
            return answer

        self.adapter_class.fetch_order = fetch_order
        self.process()
        self.assertEqual(self.fetched, ["1001", "1001"])
        self.assertEqual(self.late.state, "done")

    def test_a_poisoned_event_is_parked_and_its_neighbours_are_served(self):
        self.trouble["1002"] = RejectedError("No such thing.", code="E1")
        self.book.tell(told_order("1001"), told_order("1003"))
        first, poison, last = map(self.receive, ("1001", "1002", "1003"))
        self.process()
        self.assertEqual((first.state, last.state), ("done", "done"))
        self.assertEqual((poison.state, poison.attempt_count), ("postponed", 1))
        self.assertGreater(poison.next_attempt_at, fields.Datetime.now())
        for _attempt in range(REFUSED_ATTEMPTS):
            self.wait(poison)
            self.process()
        self.assertEqual(poison.state, "failed")
        self.assertEqual(poison.attempt_count, REFUSED_ATTEMPTS)
        self.assertEqual(poison.error, "No such thing. (code E1)")
        self.assertEqual(self.account.state, "connected")

    def test_a_bug_of_ours_is_parked_like_any_poison(self):
        self.trouble["1002"] = ZeroDivisionError("a bug")
        self.book.tell(told_order("1001"), told_order("1003"))
        first, poison, last = map(self.receive, ("1001", "1002", "1003"))
        with self.assertLogs(inbox.__name__, "ERROR") as logs:
            self.process()
        self.assertIn("ZeroDivisionError", logs.output[0])
        self.assertEqual((first.state, last.state), ("done", "done"))
        self.assertEqual(poison.error, "ZeroDivisionError: a bug")

    def test_an_order_that_is_not_there_yet_is_asked_for_again(self):
        """Mercado Libre answers 404 just after its notification."""
        event = self.receive("1001")
        self.process()
        self.assertEqual(event.state, "postponed")
        self.book.tell(told_order("1001"))
        self.wait(event)
        self.process()
        self.assertEqual(event.state, "done")
        self.assertTrue(self.order("1001"))

    def test_an_order_that_never_comes_is_parked(self):
        event = self.receive("1001")
        for _attempt in range(REFUSED_ATTEMPTS):
            self.wait(event)
            self.process()
        self.assertEqual(event.state, "failed")
        self.assertIn("1001", event.error)

    def test_one_404_does_not_cancel_an_order_that_we_know(self):
        order = self.store(told_order("1001", [("A-1", 2)]))
        event = self.receive("1001")
        self.process()
        self.assertEqual(order.status, "open")
        for _attempt in range(REFUSED_ATTEMPTS):
            self.wait(event)
            self.process()
        self.assertEqual((order.status, event.state), ("cancelled", "done"))

    def test_a_deleted_order_is_gone_at_once(self):
        order = self.store(told_order("1001", [("A-1", 2)]))
        event = self.receive("1001", topic="orders/delete")
        self.process()
        self.assertEqual((order.status, event.state), ("cancelled", "done"))

    def test_an_order_from_before_the_start_is_left_alone(self):
        self.account.order_start_at = datetime(2030, 1, 1)
        self.book.tell(told_order("1001"))
        event = self.receive("1001")
        self.process()
        self.assertEqual((event.state, bool(event.order_id)), ("ignored", False))

    def test_a_crash_between_store_and_process_loses_nothing(self):
        """The wake-up call is lost; the row is not, and the safety net finds it. It
        reads nothing itself: two that read at once would store the same orders."""
        self.book.tell(told_order("1001"))
        event = self.receive("1001")
        draft = self.account.copy()
        self.receive("1002", account=draft)
        self.env["ir.cron.trigger"].search([]).unlink()
        self.run_by_hand(self.env.ref("marketplace_sync.ir_cron_marketplace_events"))
        woken = self.env["ir.cron.trigger"].search([]).cron_id
        self.assertEqual((woken, self.fetched), (self.account.order_cron_id, []))
        self.assertEqual((event.state, draft.state), ("new", "draft"))
        self.run_by_hand(woken)
        self.assertEqual(event.state, "done")

    def test_a_crash_between_read_and_settling_reads_once_more(self):
        self.book.tell(told_order("1001", [("A-1", 2)]))
        event = self.receive("1001")
        with (
            patch.object(type(event), "_settle", side_effect=SystemExit),
            self.assertRaises(SystemExit),
        ):
            self.process()
        self.env.invalidate_all()
        self.assertEqual(event.state, "new")
        self.process()
        self.assertEqual(event.state, "done")
        self.assertEqual(len(self.order("1001").line_ids), 1)


@tagged("post_install", "-at_install")
class TestWaiting(EventCase):
    def test_a_limit_makes_everything_wait_and_blames_nothing(self):
        self.trouble["1001"] = RateLimited("Not so fast.", retry_after=120)
        first, second = self.receive("1001"), self.receive("1002")
        self.process()
        self.assertEqual(self.fetched, ["1001"], "the second is not even tried")
        for event in (first, second):
            self.assertEqual((event.state, event.attempt_count), ("postponed", 0))
            wait = event.next_attempt_at - fields.Datetime.now()
            self.assertGreater(wait.total_seconds(), 110)

    def test_a_silent_channel_is_not_asked_about_every_order(self):
        events = [self.receive(str(number)) for number in range(1001, 1009)]
        for number in range(1001, 1009):
            self.trouble[str(number)] = ChannelUnreachable("No answer.")
        self.process()
        self.assertEqual(len(self.fetched), inbox.SILENT_LIMIT)
        self.assertEqual(self.account.last_order_failure, "No answer.")
        self.assertTrue(self.account.order_retry_at)
        self.assertEqual([e.attempt_count for e in events], [1, 1, 1, 0, 0, 0, 0, 0])
        self.fetched.clear()
        self.process()
        self.assertFalse(self.fetched, "the account rests")

    def test_one_order_without_an_answer_stops_no_other(self):
        self.trouble["1001"] = ChannelUnreachable("No answer.", retry_after=300)
        self.book.tell(told_order("1002"))
        silent, served = self.receive("1001"), self.receive("1002")
        self.process()
        self.assertEqual((silent.state, served.state), ("postponed", "done"))
        wait = silent.next_attempt_at - fields.Datetime.now()
        self.assertGreater(wait.total_seconds(), 290, "what the channel asked for")

    def test_what_takes_long_is_remembered(self):
        self.trouble["1001"] = TakesLong("Being prepared.", remember={"job": 7})
        event = self.receive("1001")
        self.process()
        self.assertEqual(self.account.channel_data["job"], 7)
        self.assertEqual(event.state, "postponed")

    def test_retries_have_an_end(self):
        self.account.max_attempts = 2
        self.trouble["1001"] = ChannelUnreachable("No answer.")
        event = self.receive("1001")
        for _attempt in range(2):
            self.wait(event)
            self.process()
        self.assertEqual((event.state, event.attempt_count), ("failed", 2))

    def test_a_channel_that_refuses_us_stops_the_account_and_keeps_the_event(self):
        self.trouble["1001"] = AuthenticationError("The token is dead.")
        event = self.receive("1001")
        self.process()
        self.assertEqual(self.account.state, "blocked")
        self.assertEqual((event.state, event.attempt_count), ("new", 0))
        self.process()
        self.assertEqual(self.fetched, ["1001"], "a blocked account asks nothing")

    def test_a_draft_account_keeps_its_events(self):
        self.account.state = "draft"
        event = self.receive("1001")
        self.process()
        self.assertEqual(event.state, "new")

    def test_the_account_comes_back_when_the_next_event_is_due(self):
        event = self.receive("1001")
        moment = fields.Datetime.now() + timedelta(minutes=7)
        event.write({"state": "postponed", "next_attempt_at": moment})
        self.assertIn(moment, self.account._get_next_order_moments())


@tagged("post_install", "-at_install")
class TestKinds(EventCase):
    def test_an_event_without_an_id_is_ignored_with_the_reason(self):
        event = self.receive("")
        self.process()
        self.assertEqual(event.state, "ignored")
        self.assertIn("names no order", event.error)
        self.assertFalse(self.fetched)

    def test_a_kind_that_nobody_knows_is_ignored(self):
        event = self.receive("1001", kind="weather")
        self.process()
        self.assertEqual(event.state, "ignored")
        self.assertTrue(event.error)

    def test_a_shipment_is_read_through_its_orders(self):
        self.book.tell(told_order("1001"), told_order("1002"))
        found = {"S-1": ("1001", "1002"), "S-2": ()}
        self.patch(
            type(self.account),
            "_get_order_ids_of_shipment",
            lambda account, adapter, external_id: found[external_id],
        )
        event = self.receive("S-1", kind="shipment")
        nobody = self.receive("S-2", kind="shipment")
        self.process()
        self.assertEqual(self.fetched, ["1001", "1002"])
        self.assertEqual(event.state, "done")
        self.assertEqual(nobody.state, "ignored")

    def test_a_listing_is_read_again_and_stopped_when_the_channel_has_lost_it(self):
        listing = self.make_listing("A-1", 10, shown=10)
        self.run_cron()
        self.assertEqual(listing.sync_state, "synced")
        listing.published_at = "2026-01-01"
        self.shelf.quantities["M1", "A-1"] = 4
        event = self.receive(listing.external_ref, kind="stock")
        self.process()
        self.assertEqual(event.state, "done")
        self.assertEqual((listing.channel_qty, listing.sync_state), (4, "synced"))
        del self.shelf.quantities["M1", "A-1"]
        self.receive(listing.external_ref, kind="listing")
        self.process()
        self.assertEqual(listing.sync_state, "failed")

    def test_the_echo_of_our_own_push_is_not_read(self):
        listing = self.make_listing("A-1", 10, shown=10)
        self.run_cron()
        listing.published_at = fields.Datetime.now()
        reads = self.shelf.reads
        echo = self.receive(listing.external_ref, kind="stock")
        self.process()
        self.assertEqual((echo.state, self.shelf.reads), ("ignored", reads))
        listing.published_at -= timedelta(seconds=ECHO_SECONDS + 60)
        self.receive(listing.external_ref, kind="stock")
        self.process()
        self.assertEqual(self.shelf.reads, reads + 1)

    def test_a_paused_listing_stays_as_the_person_left_it(self):
        listing = self.make_listing("A-1", 10, shown=10)
        self.run_cron()
        listing.write({"sync_state": "paused", "published_at": "2026-01-01"})
        event = self.receive(listing.external_ref, kind="listing")
        self.process()
        self.assertEqual((event.state, listing.sync_state), ("ignored", "paused"))

    def test_many_listings_are_one_read(self):
        listings = [self.make_listing(f"A-{n}", 10, shown=10) for n in range(5)]
        self.run_cron()
        reads = self.shelf.reads
        for listing in listings:
            listing.published_at = "2026-01-01"
            self.receive(listing.external_ref, kind="stock")
        self.process()
        self.assertEqual(self.shelf.reads, reads + 1)

    def test_uninstalled_blocks_when_the_channel_refuses_us(self):
        def refuse(adapter):
            raise AuthenticationError("The app is gone.")

        self.adapter_class.check_connection = refuse
        event = self.receive("", kind="uninstalled")
        self.process()
        self.assertEqual(self.account.state, "blocked")
        self.assertIn("The app is gone.", self.account.blocked_reason)
        self.assertEqual(event.state, "new")

    def test_a_late_uninstalled_after_a_new_installation_changes_nothing(self):
        event = self.receive("", kind="uninstalled")
        self.process()
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(event.state, "ignored")


@tagged("post_install", "-at_install")
class TestPeople(EventCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.make_user("user", "marketplace_sync.marketplace_sync_group_user")
        cls.manager = cls.make_user(
            "manager", "marketplace_sync.marketplace_sync_group_manager"
        )
        cls.picker = cls.make_user("picker", "stock.group_stock_user")

    @classmethod
    def make_user(cls, name, group):
        groups = [cls.env.ref(xmlid).id for xmlid in ("base.group_user", group)]
        return cls.env["res.users"].create(
            {
                "name": name,
                "login": f"events-{name}",
                "group_ids": [Command.set(groups)],
            }
        )

    def failed(self, external_id="1001"):
        event = self.receive(external_id)
        event.write({"state": "failed", "error": "Broken.", "attempt_count": 5})
        return event

    def test_a_user_lets_failed_ones_be_processed_again(self):
        self.book.tell(told_order("1001"), told_order("1002"))
        events = self.failed("1001") | self.failed("1002")
        woken = []
        self.patch(type(self.account), "_wake_orders", lambda a: woken.extend(a.ids))
        events.with_user(self.user).action_process_again()
        self.assertEqual(set(events.mapped("state")), {"new"})
        self.assertFalse(any(events.mapped("error")))
        self.assertEqual(woken, self.account.ids)
        self.process()
        self.assertEqual(set(events.mapped("state")), {"done"})

    def test_a_user_ignores(self):
        event = self.failed()
        event.with_user(self.user).action_ignore()
        self.assertEqual(event.state, "ignored")
        self.assertIn("user", event.error)
        done = self.receive("1002")
        done.state = "done"
        done.with_user(self.user).action_ignore()
        self.assertEqual(done.state, "done")

    def test_an_order_opens_the_notifications_that_named_it(self):
        self.book.tell(told_order("1001"), told_order("1002"))
        dealt_with = self.receive("1001") | self.receive("1002")
        self.process()
        failed = self.failed("1001")
        self.receive("1001", kind="listing")
        order = self.order("1001").with_user(self.user)
        self.assertEqual((order.event_count, order.event_failed_count), (2, 1))
        action = order.action_open_events()
        events = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(events, dealt_with[:1] | failed)
        form = order.get_view(view_type="form")["arch"]
        self.assertIn("action_open_events", form)

    def test_who_sells_sees_an_order_without_its_notifications(self):
        salesperson = self.make_user(
            "salesperson", "sales_team.group_sale_salesman_all_leads"
        )
        self.book.tell(told_order("1001"))
        self.receive("1001")
        self.process()
        order = self.order("1001").with_user(salesperson)
        self.assertNotIn("event_count", order.get_view(view_type="form")["arch"])
        self.assertEqual(order.name, "#1001")

    def test_nobody_writes_what_was_received(self):
        event = self.failed()
        for user in (self.user, self.manager):
            own = event.with_user(user)
            for change in (
                lambda own=own: own.write({"external_id": "another"}),
                own.unlink,
                lambda own=own: own.create(
                    {"account_id": self.account.id, "delivery_id": "x"}
                ),
            ):
                with self.assertRaises(AccessError):
                    change()

    def test_the_raw_text_is_for_managers(self):
        event = self.failed()
        self.assertEqual(event.with_user(self.manager).body, "{}")
        with self.assertRaises(AccessError):
            event.with_user(self.user).read(["body"])

    def test_a_stock_user_sees_no_events(self):
        event = self.failed()
        with self.assertRaises(AccessError):
            event.with_user(self.picker).read(["topic"])
        with self.assertRaises(AccessError):
            event.with_user(self.picker).action_process_again()

    def test_another_companys_events_are_not_there(self):
        company = self.env["res.company"].create({"name": "Other"})
        theirs = self.env["marketplace.account"].create(
            {"name": "T", "channel": "shopify", "company_id": company.id}
        )
        event = self.receive(account=theirs)
        self.assertEqual(event.company_id, company)
        ours = self.receive()
        self.env["marketplace.webhook.counter"]._add(theirs, "shopify", "forged")
        self.env["marketplace.webhook.counter"]._add(
            ours.account_id, "shopify", "forged"
        )
        found = self.env["marketplace.event"].with_user(self.user).search([])
        self.assertEqual(found, ours)
        counters = self.env["marketplace.webhook.counter"].with_user(self.manager)
        self.assertEqual(counters.search([]).account_id, self.account)
        with self.assertRaises(AccessError):
            event.with_user(self.user).action_process_again()

    def test_addresses_of_nobody_are_seen_by_every_manager(self):
        Counter = self.env["marketplace.webhook.counter"]
        Counter._add(self.env["marketplace.account"], "shopify", "unknown")
        found = Counter.with_user(self.manager).search([])
        self.assertEqual((found.kind, found.count), ("unknown", 1))
        with self.assertRaises(AccessError):
            Counter.with_user(self.user).search([])

    def test_the_account_tells_how_its_inbox_is(self):
        self.failed()
        self.receive("1002")
        Counter = self.env["marketplace.webhook.counter"]
        for kind in ("forged", "oversize", "duplicate", "unused"):
            Counter._add(self.account, "shopify", kind)
        self.env.invalidate_all()
        account = self.account.with_user(self.user)
        self.assertEqual(account.event_failed_count, 1)
        self.assertEqual(account.event_waiting_count, 1)
        self.assertTrue(account.last_event_at)
        self.assertEqual(account.refused_count, 2, "a duplicate is none")


@tagged("post_install", "-at_install")
class TestRetention(EventCase):
    def old(self, days, state="done"):
        event = self.receive()
        then = fields.Datetime.now() - timedelta(days=days)
        event.write({"received_at": then, "state": state})
        return event

    def test_settled_ones_are_deleted_after_30_days(self):
        kept, gone = self.old(29), self.old(31)
        self.env["marketplace.event"]._gc_old_events()
        self.assertEqual((kept | gone).exists(), kept)
        self.assertTrue(kept.body)

    def test_one_that_waits_for_a_person_loses_what_it_said_only(self):
        failed = self.old(31, "failed")
        self.env["marketplace.event"]._gc_old_events()
        self.assertTrue(failed.exists())
        self.assertFalse(failed.body)
        self.assertFalse(failed.headers)

    def test_the_days_are_a_setting(self):
        self.env["ir.config_parameter"].set_param(RETENTION_PARAMETER, "5")
        kept, gone = self.old(4), self.old(6)
        self.env["marketplace.event"]._gc_old_events()
        self.assertEqual((kept | gone).exists(), kept)

    def test_a_setting_that_is_no_number_changes_nothing(self):
        self.env["ir.config_parameter"].set_param(RETENTION_PARAMETER, "a month")
        kept, gone = self.old(29), self.old(31)
        self.env["marketplace.event"]._gc_old_events()
        self.assertEqual((kept | gone).exists(), kept)

    def test_counters_are_kept_for_90_days(self):
        Counter = self.env["marketplace.webhook.counter"]
        Counter._add(self.account, "shopify", "forged")
        Counter._gc_old_counters()
        self.assertTrue(Counter.search([]))
        Counter.search([]).day -= timedelta(days=91)
        Counter._gc_old_counters()
        self.assertFalse(Counter.search([]))
