"""Orders that a channel only lists: Odoo reads what it does not hold, and no more; and
a read that is cut short goes on."""

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..channels.errors import (
    ChannelError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
    UnknownListing,
)
from ..channels.orders import OrderHint, OrderPage
from ..models import marketplace_account_order_pages as order_pages
from .order_case import NOON, OrderCase, later, told_order

LONG_AFTER = NOON + timedelta(hours=1)


class HintCase(OrderCase):
    """The memory channel lists its orders, four a page, and tells three in a call."""

    def setUp(self):
        super().setUp()
        self.lists, self.calls, self.singles, self.trouble = [], [], [], {}
        self.now = LONG_AFTER
        case, fetch = self, self.adapter_class.fetch_order

        def fetch_orders(adapter, since):
            orders = sorted(case.book.orders.values(), key=lambda one: one.updated_at)
            place = adapter.config.data.get("place") or 0
            case.lists.append(place)
            for start in range(place, max(1, len(orders)), 4):
                hints = [case.hint(order) for order in orders[start : start + 4]]
                if start + 4 < len(orders):
                    yield OrderPage(hints=hints, data={"place": start + 4})
                else:
                    yield OrderPage(hints=hints, data={"place": 0}, watermark=case.now)

        def fetch_several(adapter, ids):
            case.calls.append(list(ids))
            for one in ids:
                if one in case.trouble:
                    raise case.trouble[one]
            return {
                one: later(case.book.orders[one], 0, told_at=case.now)
                for one in ids
                if one in case.book.orders
            }

        def fetch_order(adapter, external_id):
            case.singles.append(external_id)
            if external_id in case.trouble:
                raise case.trouble[external_id]
            return later(fetch(adapter, external_id), 0, told_at=case.now)

        self.adapter_class.fetch_orders = fetch_orders
        self.adapter_class.fetch_several_orders = fetch_several
        self.adapter_class.fetch_order = fetch_order
        self.adapter_class.orders_at_once = 3
        self.adapter_class.resumes_orders = True

    def hint(self, order):
        return OrderHint(
            order.external_id, order.updated_at, order.placed_at, order.name
        )

    def tell(self, *numbers, **values):
        """The channel has these orders, each a minute newer than the one before."""
        for number in numbers:
            moment = NOON + timedelta(minutes=len(self.book.orders))
            values = {"updated_at": moment, **values}
            self.book.tell(told_order(number, [("CUP", 1)], **values))
            values.pop("updated_at")

    def ask(self, seconds=None):
        """Read orders; return the ids that were asked for whole. What the read ended
        with is in ``self.failed``.

        :param seconds: of the clock that deadlines are counted by, one a look; None =
            no deadline
        """
        self.calls.clear()
        self.singles.clear()
        self.run_orders_only(float("inf") if seconds is None else seconds)
        return [one for call in self.calls for one in call]

    def run_orders_only(self, deadline):
        if self.account.state == "draft":
            self.go_live()
        self.account.write({"last_order_sync_at": False, "order_retry_at": False})
        ticks, self.failed = iter(range(10_000)), None
        clock = SimpleNamespace(monotonic=lambda: next(ticks))
        with self.crons() as env, patch.object(order_pages, "time", clock):
            account = self.account.with_env(env)
            with (
                patch.object(type(account), "_process_events", lambda *args: None),
                account._adapter_session() as adapter,
            ):
                try:
                    account._read_orders(adapter, deadline)
                except ChannelError as error:
                    self.failed = error

    def watermark(self):
        return self.account.order_watermark


@tagged("post_install", "-at_install")
class TestHints(HintCase):
    def test_what_odoo_does_not_hold_is_read(self):
        listing = self.make_listing("CUP", stock=10)
        self.tell("1", "2", "3", "4", "5")
        self.assertEqual(self.ask(), ["1", "2", "3", "4", "5"])
        self.assertEqual(self.calls, [["1", "2", "3"], ["4"], ["5"]])
        self.assertEqual(listing.sellable_qty, 5)
        self.assertEqual(
            self.watermark(), fields.Datetime.to_datetime("2026-11-20 13:00:00")
        )

    def test_what_odoo_holds_costs_no_read(self):
        self.tell("1", "2")
        self.ask()
        self.assertEqual((self.ask(), len(self.lists)), ([], 2))

    def test_what_changed_is_read_again(self):
        self.tell("1", "2")
        self.ask()
        self.book.tell(later(self.book.orders["1"], 30, status="cancelled"))
        self.assertEqual(self.ask(), ["1"])
        self.assertEqual(self.order("1").status, "cancelled")

    def test_what_was_told_as_it_changed_is_read_once_more(self):
        """A hold, or a second change in the same second, moves no update time."""
        self.tell("1")
        self.now = NOON + timedelta(seconds=order_pages.LATE_WORD - 1)
        self.ask()
        self.book.tell(later(self.book.orders["1"], 0, is_held=True))
        self.now = LONG_AFTER
        self.assertEqual(self.ask(), ["1"])
        self.assertTrue(self.order("1").is_held)
        self.assertEqual(self.ask(), [])

    def test_once_more_is_not_before_there_may_be_more_to_tell(self):
        """Else a burst reads each order of its last minute again and again."""
        now = datetime.now(timezone.utc).replace(microsecond=0)
        self.tell("1", updated_at=now)
        self.now = now + timedelta(seconds=order_pages.SAME_SECOND)
        self.ask()
        self.assertEqual(self.ask(), [])
        self.now = now + timedelta(seconds=order_pages.SAME_SECOND - 1)
        self.tell("2", updated_at=now)
        self.ask()
        self.assertEqual(self.ask(), ["2"], "its second was not over")

    def test_an_order_told_nobody_knows_when_is_read(self):
        self.tell("1")
        self.store(self.book.orders["1"])
        self.assertEqual(self.ask(), ["1"])

    def test_a_newer_telling_than_the_list_s_is_enough(self):
        self.tell("1")
        self.store(later(self.book.orders["1"], 5))
        self.assertEqual(self.ask(), [])

    def test_orders_from_before_the_start_are_not_read(self):
        before = NOON - timedelta(days=60)
        self.tell("1", placed_at=before)
        self.assertEqual(self.ask(), [])
        self.assertFalse(self.order("1"))

    def test_what_the_inbox_brings_meanwhile_is_not_read_twice(self):
        self.tell("1", "2", "3", "4")
        self.go_live()
        look_up = type(self.account)._look_up

        def bring(account, adapter):
            told = later(self.book.orders["4"], 0, told_at=LONG_AFTER)
            account._in_transaction(lambda: account._store_order(told))
            return look_up(account, adapter)

        with patch.object(type(self.account), "_look_up", bring):
            self.assertEqual(self.ask(), ["1", "2", "3"])

    def test_another_account_s_order_of_that_id_is_another(self):
        other = self.account.copy({"name": "Other"})
        self.tell("1")
        self.store(later(self.book.orders["1"], 0, told_at=LONG_AFTER), other)
        self.assertEqual(self.ask(), ["1"])


@tagged("post_install", "-at_install")
class TestTroubleWithHints(HintCase):
    def setUp(self):
        super().setUp()
        self.listing = self.make_listing("CUP", stock=10)

    def test_a_page_is_not_done_before_all_of_it_is_stored(self):
        self.tell(*"123456")
        self.trouble["5"] = ChannelUnreachable("It keeps changing.")
        self.ask()
        self.assertIsInstance(self.failed, order_pages.UnreadOrder)
        self.assertEqual(
            str(self.failed), "Order #5 could not be read: It keeps changing."
        )
        self.assertFalse(self.watermark())
        self.assertEqual(self.account.channel_data.get("place"), 4)
        self.assertEqual(self.listing.sellable_qty, 5, "its neighbours are promised")
        self.trouble.clear()
        self.assertEqual(self.ask(), ["5"])
        self.assertTrue(self.watermark())

    def test_an_order_that_cannot_be_read_stops_no_later_page(self):
        self.tell(*"123456")
        self.trouble["2"] = ChannelUnreachable("It keeps changing.")
        self.ask()
        self.assertIsInstance(self.failed, order_pages.UnreadOrder)
        self.assertEqual(self.listing.sellable_qty, 5)
        self.assertFalse((self.account.channel_data or {}).get("place"))

    @mute_logger("odoo.addons.marketplace_sync.models.marketplace_account_order_pages")
    def test_one_that_is_refused_or_broken_is_shown_to_a_person(self):
        self.tell(*"123")
        for trouble in (RejectedError("No such field."), KeyError("price")):
            self.trouble["2"] = trouble
            self.ask()
            self.assertIsInstance(self.failed, order_pages.UnreadOrder)
            order = self.order("2")
            self.assertEqual((order.state, order.name), ("to_fix", "#2"))
            self.assertIn("could not be read", order.problem)
        self.assertEqual(self.order("3").state, "new")
        self.trouble.clear()
        self.assertEqual(self.ask(), ["2"])
        self.assertEqual(self.order("2").line_ids.quantity, 1)

    def test_a_channel_that_answers_nothing_is_not_asked_about_every_order(self):
        self.tell(*"1234567")
        self.trouble = dict.fromkeys("1234567", ChannelUnreachable("No answer."))
        self.ask()
        self.assertIsInstance(self.failed, ChannelUnreachable)
        self.assertEqual(self.singles, ["1", "2", "3"])

    def test_a_limit_stops_at_once_and_keeps_what_was_stored(self):
        self.tell(*"123456")
        self.trouble["5"] = RateLimited("Enough.", retry_after=30)
        self.ask()
        self.assertIsInstance(self.failed, RateLimited)
        self.assertEqual(self.singles, [])
        self.assertFalse(self.watermark())
        self.trouble.clear()
        self.assertEqual((self.ask(), self.lists[-1]), (["5", "6"], 4))

    def test_one_that_is_listed_and_not_there_stops_nothing_and_cancels_nothing(self):
        self.tell("1", "2")
        self.store(self.book.orders["1"])
        self.trouble["1"] = UnknownListing("There is none.")
        self.ask()
        self.assertEqual(self.order("1").status, "open")
        self.assertTrue(self.order("2"))
        self.assertTrue(self.watermark())


@tagged("post_install", "-at_install")
class TestCutShort(HintCase):
    def test_it_goes_on_where_it_was_and_at_once(self):
        listing = self.make_listing("CUP", stock=20)
        self.tell(*"123456789")
        self.go_live()
        with patch.object(type(self.account), "_wake_orders", autospec=True) as wake:
            self.ask(seconds=3)
            self.assertEqual(wake.call_count, 1)
        self.assertFalse(self.account.last_order_sync_at, "the book is not fresh yet")
        self.assertFalse(self.watermark())
        self.assertEqual(self.account.channel_data["place"], 4)
        self.assertEqual(self.ask(), [*"56789"])
        self.assertEqual(self.lists, [0, 4])
        self.assertEqual(listing.sellable_qty, 11)
        self.assertTrue(self.watermark())

    def test_in_the_middle_of_a_page_it_reads_the_rest_only(self):
        self.tell(*"1234")
        self.assertEqual(self.ask(seconds=0.5), ["1", "2", "3"])
        self.assertFalse((self.account.channel_data or {}).get("place"))
        self.assertEqual(self.ask(), ["4"])
        self.assertTrue(self.watermark())

    def test_between_pages_of_whole_orders_too(self):
        def fetch_orders(adapter, since):
            yield OrderPage([told_order("1")], data={"place": 1})
            yield OrderPage([told_order("2")], watermark=LONG_AFTER)

        self.adapter_class.fetch_orders = fetch_orders
        self.ask(seconds=-1)
        self.assertTrue(self.order("1"))
        self.assertFalse(self.order("2"))
        self.assertEqual(self.account.channel_data["place"], 1)

    def test_where_the_channel_begins_anew_it_is_read_to_its_end(self):
        """Else it would never come to it."""
        self.adapter_class.resumes_orders = False
        self.adapter_class.fetch_orders = lambda adapter, since: iter(
            [
                OrderPage([told_order("1")]),
                OrderPage([told_order("2")], watermark=LONG_AFTER),
            ]
        )
        self.ask(seconds=-1)
        self.assertTrue(self.order("2"))
        self.assertTrue(self.watermark())
