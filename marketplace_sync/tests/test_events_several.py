"""Channels that tell several orders at once: many events, few reads, nobody harmed."""

from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..channels.errors import ChannelUnreachable, RejectedError
from .order_case import told_order
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
