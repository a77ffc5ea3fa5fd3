"""Channels that tell several orders at once: many events, few reads, nobody harmed."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..channels.errors import ChannelUnreachable, RejectedError
from .order_case import NOON, told_order
from .test_events import EventCase


@tagged("post_install", "-at_install")
class TestSeveralAtOnce(EventCase):
    def setUp(self):
        super().setUp()
        self.batches, self.breaks = [], None
        case = self

        def fetch_several(adapter, external_ids):
            case.batches.append(list(external_ids))
            if case.breaks:
                raise case.breaks
            known = case.book.orders
            return {one: known[one] for one in external_ids if one in known}

        self.adapter_class.fetch_several_orders = fetch_several
        self.adapter_class.orders_at_once = 3

    def tell(self, *numbers, sku="CUP"):
        self.book.tell(*(told_order(number, [(sku, 1)]) for number in numbers))
        return [self.receive(number) for number in numbers]

    def states(self, events):
        return [event.state for event in events]

    def test_orders_are_read_together_and_each_event_gets_its_own(self):
        listing = self.make_listing("CUP", stock=10)
        events = self.tell("1", "2", "3", "4", "5")
        self.process()
        self.assertEqual(self.batches, [["1", "2", "3"], ["4", "5"]])
        self.assertEqual(self.fetched, [])
        self.assertEqual([event.order_id.external_id for event in events], [*"12345"])
        self.assertEqual(listing.sellable_qty, 5)

    def test_numbers_are_computed_once_for_all_of_them(self):
        self.make_listing("CUP", stock=10)
        self.tell("1", "2", "3")
        Listing = type(self.env["marketplace.listing"])
        with patch.object(
            Listing, "_refresh", autospec=True, side_effect=Listing._refresh
        ) as refresh:
            self.process()
        self.assertEqual(refresh.call_count, 1)

    def test_two_ids_of_one_order_store_it_once(self):
        told = told_order("1", [("CUP", 1)])
        self.book.orders = {"1": told, "place-of-1": told}
        events = [self.receive("1"), self.receive("place-of-1")]
        self.process()
        self.assertEqual(self.states(events), ["done", "done"])
        self.assertEqual({event.order_id for event in events}, {self.order("1")})

    def test_what_is_left_out_is_dealt_with_alone(self):
        known, unknown, other = self.tell("1", "2", "3")
        del self.book.orders["2"]
        self.process()
        self.assertEqual(self.states([known, other]), ["done", "done"])
        self.assertEqual((unknown.state, unknown.attempt_count), ("postponed", 1))
        self.assertEqual(self.fetched, ["2"])

    @mute_logger("odoo.addons.marketplace_sync.models.marketplace_account_inbox")
    def test_a_call_that_breaks_is_made_one_by_one(self):
        for trouble in (RejectedError("No."), ChannelUnreachable("-"), KeyError("id")):
            with self.subTest(trouble=trouble):
                self.breaks, self.fetched[:] = trouble, []
                numbers = [f"{len(self.batches)}-{n}" for n in range(3)]
                events = self.tell(*numbers)
                self.process()
                self.assertEqual(self.states(events), ["done"] * 3)
                self.assertEqual(self.fetched, numbers)

    def test_what_came_before_comes_first(self):
        first = self.receive("listing-1", kind="listing")
        orders = self.tell("1", "2")
        seen = []
        with patch.object(
            type(self.account),
            "_read_listings_of_events",
            lambda account, adapter, events: (
                seen.append(list(self.batches)) or {"state": "done"}
            ),
        ):
            self.process()
        self.assertEqual(seen, [[]])
        self.assertEqual(self.states([first, *orders]), ["done"] * 3)

    def hold(self, number, changed=0, told=3600, **values):
        """Odoo holds an order as of a change (seconds after noon), told long after."""
        changed = NOON + timedelta(seconds=changed)
        moments = {"updated_at": changed, "told_at": changed + timedelta(seconds=told)}
        self.book.tell(told_order(number, [("CUP", 1)]))
        self.store(told_order(number, [("CUP", 1)], **moments))

    def test_what_odoo_holds_as_new_as_that_costs_no_read(self):
        for number in "123":
            self.hold(number)
        known = [self.receive(number, changed_at=NOON) for number in "123"]
        self.process()
        self.assertEqual((self.batches, self.fetched), ([], []))
        self.assertEqual(self.states(known), ["done"] * 3)
        self.assertEqual(known[0].order_id, self.order("1"))

    def test_alone_it_costs_none_either(self):
        self.hold("1", changed=60)
        event = self.receive("1", changed_at=NOON)
        self.process()
        self.assertEqual((self.batches, self.fetched), ([], []))
        self.assertEqual((event.state, event.order_id), ("done", self.order("1")))

    def test_calls_are_filled_with_what_is_news(self):
        for number in "12":
            self.hold(number)
            self.receive(number, changed_at=NOON)
        self.tell(*"345")
        self.process()
        self.assertEqual(self.batches, [[*"345"]])

    def test_news_is_read(self):
        """What happened later; in a second that was not over; nobody says when."""
        for number, more in (("1", 1), ("2", 0), ("3", None)):
            self.hold(number, told=1 if number == "2" else 3600)
            moment = None if more is None else NOON + timedelta(seconds=more)
            self.receive(number, changed_at=moment)
        self.process()
        self.assertEqual(self.batches, [[*"123"]])

    def test_one_that_does_not_say_when_is_enough_to_read(self):
        """A hold comes with the order's notification, and moves no update time."""
        self.hold("1")
        self.receive("1", changed_at=NOON)
        self.receive("1", topic="fulfillment_orders/placed_on_hold")
        self.process()
        self.assertEqual(self.fetched, ["1"])
