"""What an order of Shopify means: read incrementally, told in our words."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from unittest.mock import patch

from marketplace_sync.channels.errors import (
    ChannelBlockedError,
    ChannelUnreachable,
    RejectedError,
    UnknownListing,
)
from marketplace_sync.channels.shopify import ShopifyAdapter, orders
from marketplace_sync.channels.shopify.client import Reply
from marketplace_sync.channels.shopify.documents import ORDER_LIST
from marketplace_sync.channels.shopify.order_const import ORDERS_AT_ONCE, RESUME
from marketplace_sync.channels.shopify.order_values import moment
from marketplace_sync.tests.pure.shopify_case import BERLIN, MADRID, ShopifyCase
from simulator import shopify_order_nodes

SERVICE = "gid://shopify/Location/9"


class OrderCase(ShopifyCase):
    def setUp(self):
        super().setUp()
        self.seed(delivery="held")
        self.stock("A", 50, title="Chair")

    def now(self):
        return datetime.fromtimestamp(self.clock(), timezone.utc)

    def read(self, order_id, **config):
        return self.adapter(**config).fetch_order(order_id)

    def sold(self, quantity=1, **more):
        return self.read(self.shop.sell("A", quantity, **more))

    def pages(self, since=None, adapter=None):
        since = since or self.now() - timedelta(days=1)
        return list((adapter or self.adapter()).fetch_orders(since))

    def hinted(self, *pages):
        return [hint.external_id for page in pages for hint in page.hints]


class ListCase(OrderCase):
    """Lists of three orders, so that a few make pages."""

    def setUp(self):
        super().setUp()
        text = ORDER_LIST.text.replace("first: 250", "first: 3")
        self.assertIn("first: 3", text)
        patcher = patch.object(orders, "ORDER_LIST", replace(ORDER_LIST, text=text))
        patcher.start()
        self.addCleanup(patcher.stop)

    def sell(self, count, every=60):
        """Sell ``count`` times, so many seconds apart; return the ids."""
        ids = []
        for _sale in range(count):
            self.clock.sleep(every)
            ids.append(self.shop.sell("A"))
        return ids

    def queries(self):
        """Return ``(moment, cursor)`` of every list that was asked for."""
        return [
            (str(v["q"]).partition("'")[2].rstrip("'"), v["after"]) for v in self.asked
        ]

    def watched(self, **config):
        """Return an adapter whose lists are noted in ``self.asked``."""
        adapter, self.asked = self.adapter(**config), []
        execute = adapter.client.execute

        def note(operation, variables=None):
            if operation.name == "orders":
                self.asked.append(variables)
            return execute(operation, variables)

        adapter.client.execute = note
        return adapter


class TestIncrementalReading(ListCase):
    def test_250_orders_are_one_call_of_13_points(self):
        self.assertEqual(ORDER_LIST.cost, 13)
        with patch.object(orders, "ORDER_LIST", ORDER_LIST):
            ids = [self.shop.sell("A") for _sale in range(250)]
            (page,) = self.pages()
        self.assertEqual(self.hinted(page), ids)
        self.assertEqual((page.orders, self.calls()), ((), ["orders"]))

    def test_the_watermark_is_the_newest_update_of_the_whole_run(self):
        self.sell(4)
        first, last = self.pages()
        self.assertIsNone(first.watermark)
        self.assertEqual(last.watermark, self.now())

    def test_the_watermark_is_not_later_than_the_read_began(self):
        """What the index lacked then is met by the next read's overlap."""
        self.sell(4)
        began = self.now()
        pages = self.adapter().fetch_orders(began - timedelta(days=1))
        next(pages)
        self.sell(1, every=3600)
        self.assertEqual([page.watermark for page in pages], [began])

    def test_the_watermark_never_goes_back(self):
        since = self.now() + timedelta(hours=1)
        (page,) = self.pages(since)
        self.assertEqual((page.hints, page.watermark), ((), since))

    def test_a_run_that_breaks_off_names_no_watermark(self):
        self.sell(4)
        pages = self.adapter().fetch_orders(self.now() - timedelta(days=1))
        self.assertIsNone(next(pages).watermark)
        self.fault("orders", "503_empty")
        with self.assertRaises(ChannelUnreachable):
            next(pages)

    def test_a_page_that_names_no_next_one_is_not_taken_for_the_last(self):
        adapter = self.adapter()
        connection = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}
        adapter.client.execute = lambda *args: Reply({"orders": connection}, "", "")
        with self.assertRaisesRegex(ChannelUnreachable, "no next page"):
            self.pages(adapter=adapter)

    def test_an_order_without_an_update_time_is_no_order(self):
        adapter = self.adapter()
        node = {"id": "gid://shopify/Order/1", "updatedAt": None, "createdAt": None}
        connection = {"nodes": [node], "pageInfo": {"hasNextPage": False}}
        adapter.client.execute = lambda *args: Reply({"orders": connection}, "", "")
        with self.assertRaisesRegex(ChannelUnreachable, "update time"):
            self.pages(adapter=adapter)

    def test_an_order_that_changes_while_we_page_is_met_again(self):
        ids = self.sell(7)
        pages = self.adapter().fetch_orders(self.now() - timedelta(days=1))
        met = self.hinted(next(pages))
        self.clock.sleep(60)
        self.shop.edit_order(met[0], "A", 2)
        met += self.hinted(*pages)
        self.assertEqual(set(met), set(ids))
        self.assertEqual((met.count(ids[0]), met[-1]), (2, ids[0]))

    def test_a_cursor_that_counts_orders_would_skip_none(self):
        """Were Shopify's cursor a number of orders, those behind one that moved to the
        end would be one place nearer than it says."""
        ids = self.sell(7)
        adapter = self.watched()
        pages = adapter.fetch_orders(self.now() - timedelta(days=1))
        met = self.hinted(next(pages))
        with patch.object(shopify_order_nodes, "after_key", counting):
            for order_id in met[:2]:
                self.clock.sleep(60)
                self.shop.edit_order(order_id, "A", 2)
            met += self.hinted(*pages)
        self.assertEqual(set(met), set(ids))
        self.assertEqual({cursor for _moment, cursor in self.queries()}, {None})

    def test_more_orders_in_one_second_than_a_page_holds_are_all_listed_once(self):
        ids = [*self.sell(2), *self.sell(1), *self.sell(7, every=0), *self.sell(2)]
        found = self.hinted(*self.pages(adapter=self.watched()))
        self.assertEqual(sorted(found), sorted(ids))
        self.assertTrue(any(cursor for _moment, cursor in self.queries()))

    def test_cancelled_orders_are_listed_too(self):
        order_id = self.shop.sell("A")
        self.shop.cancel_order(order_id)
        self.assertEqual(self.hinted(*self.pages()), [order_id])

    def test_a_missing_scope_is_named(self):
        self.seed(credentials={"scopes": ["read_products"]})
        with self.assertRaisesRegex(ChannelBlockedError, "read_orders"):
            self.pages()


class TestCutShort(ListCase):
    """A read that is cut short goes on where it was."""

    def cut(self, since, pages=1, data=None):
        """Read some pages; return what the account remembers then."""
        read = self.adapter(data=data or {}).fetch_orders(since)
        found = dict(data or {})
        for _page in range(pages):
            found.update(next(read).data)
        return found

    def since(self):
        return self.now() - timedelta(days=1)

    def test_it_goes_on_a_little_before_its_last_order(self):
        ids, since = self.sell(12, every=300), self.since()
        data = self.cut(since, pages=3)
        found = self.hinted(*self.pages(since, self.watched(data=data)))
        self.assertEqual(found, ids[5:])
        self.assertEqual(len(self.queries()[0][0]), len("2026-11-20T15:00:00Z"))

    def test_its_end_forgets_it_and_names_the_watermark_of_all(self):
        self.sell(5)
        since = self.since()
        data = self.cut(since)
        *_before, last = self.pages(since, self.adapter(data=data))
        self.assertEqual((last.data, last.watermark), ({RESUME: None}, self.now()))

    def test_an_order_that_changed_meanwhile_is_met(self):
        ids, since = self.sell(9, every=600), self.since()
        data = self.cut(since, pages=2)
        self.clock.sleep(60)
        self.shop.edit_order(ids[0], "A", 2)
        found = self.hinted(*self.pages(since, self.adapter(data=data)))
        self.assertEqual(found[-1], ids[0])
        self.assertLessEqual(set(ids[5:]), set(found))

    def test_another_read_begins_at_its_own_moment(self):
        ids, since = self.sell(5, every=600), self.since()
        data = self.cut(since)
        earlier = since - timedelta(days=1)
        found = self.hinted(*self.pages(earlier, self.adapter(data=data)))
        self.assertEqual(found, ids)

    def test_a_place_that_nobody_can_read_begins_at_the_watermark(self):
        ids, since = self.sell(5, every=600), self.since()
        place = self.cut(since)[RESUME]
        for at in ("", None, 7, "tomorrow", "2020-01-01T00:00:00Z"):
            data = {RESUME: {**place, "at": at}}
            with self.subTest(at):
                found = self.hinted(*self.pages(since, self.adapter(data=data)))
                self.assertEqual(found, ids)

    def test_a_cursor_that_is_refused_loses_no_place(self):
        """Within one second only; then, too, the place is a moment and not a cursor."""
        self.sell(7, every=0)
        since, adapter = self.since(), self.watched()
        execute, data = adapter.client.execute, {}

        def refuse(operation, variables=None):
            if (variables or {}).get("after"):
                raise RejectedError("Invalid cursor")
            return execute(operation, variables)

        adapter.client.execute = refuse
        with self.assertRaises(RejectedError):
            for page in adapter.fetch_orders(since):
                data.update(page.data)
        self.assertEqual(set(data[RESUME]), {"since", "at"})
        self.assertEqual(len(self.hinted(*self.pages(since))), 7)


def counting(entries, first, after, key, make_node):
    """``after_key`` with cursors that count, as those of ill-made lists do."""
    start = int(after or 0)
    shown = entries[start : start + first]
    end = start + len(shown)
    page = {"hasNextPage": end < len(entries), "endCursor": str(end)}
    return {"nodes": [make_node(entry) for entry in shown], "pageInfo": page}


class TestSeveralOrders(OrderCase):
    def several(self, *ids):
        return self.adapter().fetch_several_orders(ids)

    def test_ten_orders_are_one_call(self):
        ids = [self.shop.sell("A") for _sale in range(10)]
        self.assertEqual(list(self.several(*ids)), ids)
        self.assertEqual(self.calls(), ["nodes"])

    def test_a_sale_s_two_notifications_are_one_order_to_read(self):
        ids = [self.shop.sell("A") for _sale in range(ORDERS_AT_ONCE)]
        places = [
            f"gid://shopify/FulfillmentOrder/{place}"
            for order_id in ids
            for place in self.shop.shop.orders.get(order_id)["fulfillment_orders"]
        ]
        self.assertEqual(ShopifyAdapter.orders_at_once, len(ids + places))
        self.assertEqual(len(self.several(*ids, *places)), 20)
        self.assertEqual(self.calls(), ["nodes", "nodes"])

    def test_a_query_holds_no_more_than_ten_orders(self):
        """Should Shopify price each of them, twenty were dearer than a query may be."""
        ids = [self.shop.sell("A") for _sale in range(ORDERS_AT_ONCE + 1)]
        self.assertEqual(list(self.several(*ids)), ids)
        self.assertEqual(self.calls(), ["nodes", "nodes"])

    def test_they_are_told_as_single_ones_are(self):
        order_id = self.shop.sell("A", 3)
        together, alone = self.several(order_id)[order_id], self.read(order_id)
        self.assertEqual(
            replace(together, request_id=""), replace(alone, request_id="")
        )

    def test_a_fulfilment_order_stands_for_its_order(self):
        order_id = self.shop.sell("A")
        (place,) = self.shop.shop.orders.get(order_id)["fulfillment_orders"]
        place = f"gid://shopify/FulfillmentOrder/{place}"
        found = self.several(order_id, place)
        self.assertEqual({order.external_id for order in found.values()}, {order_id})
        self.assertEqual(set(found), {order_id, place})

    def test_what_is_no_order_is_left_out(self):
        order_id = self.shop.sell("A")
        gone = ("gid://shopify/Order/404", "gid://shopify/FulfillmentOrder/404")
        found = self.several(order_id, *gone, "", "nonsense")
        self.assertEqual(list(found), [order_id])
        self.assertEqual(self.several("nonsense"), {})


class TestLongOrders(OrderCase):
    def many(self, count):
        items = [{"sku": "A", "line": n} for n in range(count - 1)]
        return self.shop.sell("A", also=items)

    def test_more_lines_than_a_page_holds_are_all_read(self):
        order_id = self.many(240)
        for order in (
            self.read(order_id),
            self.adapter().fetch_several_orders([order_id])[order_id],
        ):
            self.assertEqual(len({line.external_id for line in order.lines}), 240)
            self.assertEqual({line.site_code for line in order.lines}, {BERLIN})

    def test_an_order_that_changed_between_two_pages_is_read_again(self):
        order_id = self.many(12)
        adapter = self.adapter()
        execute, changed = adapter.client.execute, []

        def change_between(operation, variables):
            if operation.name == "order.lineItems" and not changed:
                changed.append(True)
                self.clock.sleep(60)
                self.shop.edit_order(order_id, "A", 5)
            return execute(operation, variables)

        adapter.client.execute = change_between
        order = adapter.fetch_order(order_id)
        self.assertEqual(sum(line.quantity for line in order.lines), 16)
        self.assertEqual(order.updated_at, self.now())

    def test_an_order_that_never_stands_still_is_left_for_later(self):
        order_id = self.many(12)
        adapter = self.adapter()
        execute = adapter.client.execute

        def change_always(operation, variables):
            self.clock.sleep(60)
            self.shop.shop.orders.touch(self.shop.shop.orders.get(order_id))
            return execute(operation, variables)

        adapter.client.execute = change_always
        with self.assertRaisesRegex(ChannelUnreachable, "kept changing"):
            adapter.fetch_order(order_id)


class TestStates(OrderCase):
    def test_what_is_not_paid_waits(self):
        for state in ("PENDING", "PARTIALLY_PAID", "EXPIRED", "VOIDED"):
            self.assertEqual(self.sold(financial=state).status, "pending", state)
        for state in ("PAID", "AUTHORIZED", "PARTIALLY_REFUNDED", None):
            self.assertEqual(self.sold(financial=state).status, "open", state)

    def test_cash_on_delivery_is_a_setting(self):
        order_id = self.shop.sell("A", financial="PENDING")
        order = self.read(order_id, options={"shopify_ship_unpaid": True})
        self.assertEqual(order.status, "open")

    def test_goods_that_are_not_reserved_or_are_ordered_ahead_wait(self):
        self.assertEqual(self.sold(confirmed=False).status, "pending")
        order_id = self.shop.sell("A")
        orders = self.shop.shop.orders
        orders.fulfilment.schedule(orders.get(order_id))
        self.assertEqual(self.read(order_id).status, "pending")

    def test_a_cancelled_order_claims_nothing_and_says_why(self):
        order_id = self.shop.sell("A", 3)
        self.shop.cancel_order(order_id, "INVENTORY")
        order = self.read(order_id)
        self.assertEqual(
            (order.status, order.cancel_reason), ("cancelled", "inventory")
        )
        self.assertEqual((order.lines[0].quantity, order.total), (0, 0))

    def test_an_order_that_was_emptied_by_an_edit_is_cancelled(self):
        order_id = self.shop.sell("A", 3)
        self.shop.edit_order(order_id, "A", 0)
        self.assertEqual(self.read(order_id).status, "cancelled")

    def test_a_cancelled_order_that_is_not_emptied_has_no_total(self):
        order_id = self.shop.sell("A", 3)
        self.shop.shop.orders.get(order_id)["cancelled_at"] = self.clock()
        order = self.read(order_id)
        self.assertEqual((order.lines[0].quantity, order.total), (0, None))

    def test_an_edit_changes_the_units(self):
        order_id = self.shop.sell("A", 3)
        self.stock("B", 5)
        self.shop.edit_order(order_id, "A", 1)
        self.shop.edit_order(order_id, "B", 2)
        lines = {line.sku: line for line in self.read(order_id).lines}
        self.assertEqual((lines["A"].quantity, lines["B"].quantity), (1, 2))
        self.assertEqual(lines["A"].shipped_quantity, 0)

    def test_unknown_words_of_shopify_are_shown_not_stumbled_over(self):
        node = self.raw()
        node.update(
            displayFinancialStatus="ON_THE_MOON",
            displayFulfillmentStatus="TELEPORTED",
            risk={"recommendation": "PRAY"},
            cancelReason="BORED",
        )
        node["fulfillmentOrders"]["nodes"][0].update(
            status="ON_HOLD",
            fulfillmentHolds=[{"reason": "FULL_MOON", "reasonNotes": ""}],
        )
        order = self.told(node)
        self.assertEqual(order.status, "open")
        for words in ("on the moon", "pray", "full moon"):
            self.assertIn(words, order.hold_reason)

    def test_nothing_to_fulfil_is_nothing_to_ship(self):
        node = self.raw()
        node["displayFulfillmentStatus"] = "FULFILLMENT_NOT_REQUIRED"
        self.assertEqual(self.told(node).status, "shipped")

    def raw(self):
        """Return an order's node as Shopify answered it."""
        adapter = self.adapter()
        replies = []
        execute = adapter.client.execute
        adapter.client.execute = lambda *a: replies.append(execute(*a)) or replies[-1]
        adapter.fetch_order(self.shop.sell("A"))
        return replies[0]["order"]

    def told(self, node):
        adapter = self.adapter()
        adapter.client.execute = lambda *args: Reply({"order": node}, "", "")
        return adapter.fetch_order(node["id"])


class TestHeld(OrderCase):
    def test_a_hold_is_told_with_its_reason(self):
        order_id = self.shop.sell("A")
        self.shop.hold_order(order_id, "INCORRECT_ADDRESS", "No such street")
        order = self.read(order_id)
        self.assertTrue(order.is_held)
        self.assertEqual(
            order.hold_reason, "On hold in Shopify: incorrect address: No such street."
        )
        self.shop.release_order(order_id)
        self.assertFalse(self.read(order_id).is_held)

    def test_a_risk_of_fraud_waits_for_a_person(self):
        for advice, held in (
            ("ACCEPT", False),
            ("NONE", False),
            ("INVESTIGATE", True),
            ("CANCEL", True),
        ):
            order = self.sold(risk=advice)
            self.assertEqual(
                (order.is_held, "fraud" in order.hold_reason), (held, held)
            )

    def test_a_test_order_is_no_sale_unless_the_account_is_one_for_tests(self):
        order_id = self.shop.sell("A", test=True)
        self.assertIn("test order", self.read(order_id).hold_reason)
        self.assertFalse(self.read(order_id, options={"is_test": True}).is_held)
        self.assertTrue(self.read(order_id).data["test"])

    def test_a_cancelled_order_is_not_held(self):
        order_id = self.shop.sell("A", risk="CANCEL")
        self.shop.cancel_order(order_id)
        self.assertFalse(self.read(order_id).is_held)


class TestPlaces(OrderCase):
    def setUp(self):
        super().setUp()
        service = {"code": SERVICE, "name": "3PL", "fulfillment_service": "3PL"}
        self.seed(sites=[service])

    def test_a_line_knows_where_it_ships_from(self):
        self.stock("B", 5, MADRID)
        order = self.sold(also=[{"sku": "B"}])
        self.assertEqual([x.site_code for x in order.lines], [BERLIN, MADRID])
        self.assertEqual(order.site_code, "", "two places")
        self.assertEqual(self.sold().site_code, BERLIN)
        line = order.lines[1]
        self.assertEqual(line.pool_key, f"{line.external_ref}|{MADRID}")

    def test_another_service_s_units_are_not_ours(self):
        self.stock("B", 5, SERVICE)
        order = self.sold(also=[{"sku": "B"}])
        self.assertEqual(
            [line.fulfilled_by_channel for line in order.lines], [False, True]
        )
        self.assertEqual(order.site_code, BERLIN)
        self.assertFalse(order.is_held)

    def test_a_service_that_the_account_has_as_a_site_is_ours(self):
        self.stock("B", 5, SERVICE)
        order = self.read(self.shop.sell("B"), sites=(BERLIN, SERVICE))
        self.assertFalse(order.lines[0].fulfilled_by_channel)

    def test_a_hold_of_another_service_is_not_ours_to_solve(self):
        self.stock("B", 5, SERVICE)
        order_id = self.shop.sell("A", also=[{"sku": "B"}])
        self.shop.hold_order(order_id, site=SERVICE)
        self.assertFalse(self.read(order_id).is_held)
        self.shop.hold_order(order_id, site=BERLIN)
        self.assertTrue(self.read(order_id).is_held)

    def test_a_line_that_is_shipped_by_both_waits_for_a_person(self):
        order_id = self.shop.sell("A", 2)
        orders = self.shop.shop.orders
        order = orders.get(order_id)
        (line,) = order["lines"].values()
        (ours,) = order["fulfillment_orders"].values()
        ours["lines"][0].update(total=1, remaining=1)
        orders.fulfilment.add(order, {**line, "site": SERVICE}, 1)
        told = self.read(order_id)
        self.assertFalse(told.lines[0].fulfilled_by_channel)
        self.assertEqual(told.lines[0].site_code, BERLIN)
        self.assertIn("another service", told.hold_reason)

    def test_what_a_scope_hides_counts_as_ours(self):
        """Too few units are offered then; never too many."""
        self.stock("B", 5, SERVICE)
        scopes = ["read_orders", "read_merchant_managed_fulfillment_orders"]
        self.seed(credentials={"scopes": scopes})
        line = self.sold(also=[{"sku": "B"}]).lines[1]
        self.assertEqual((line.fulfilled_by_channel, line.site_code), (False, ""))

    def test_a_missing_scope_is_warned_of_where_a_service_ships(self):
        def warnings():
            found = self.adapter().check_connection().warnings
            return [w for w in found if "third_party" in w]

        self.assertEqual(warnings(), [])
        self.seed(credentials={"scopes": ["read_locations", "read_orders"]})
        self.assertEqual(len(warnings()), 1)

    def test_a_moved_order_is_read_at_its_new_place(self):
        self.stock("A", 5, MADRID)
        order_id = self.shop.sell("A", site=BERLIN)
        self.shop.move_order(order_id, MADRID)
        self.assertEqual(self.read(order_id).site_code, MADRID)

    def test_more_places_than_a_page_holds_are_all_read(self):
        items = []
        for number in range(10, 16):
            gid = f"gid://shopify/Location/{number}"
            self.seed(sites=[{"code": gid, "name": f"L{number}"}])
            self.stock(f"S{number}", 5, gid)
            items.append({"sku": f"S{number}"})
        order = self.sold(also=items)
        self.assertEqual(len({line.site_code for line in order.lines}), 7)


class TestLines(OrderCase):
    def test_a_line_names_its_product(self):
        line = self.sold(2).lines[0]
        self.assertEqual((line.sku, line.title, line.quantity), ("A", "Chair", 2))
        self.assertEqual(line.external_ref, "gid://shopify/InventoryItem/1")
        self.assertEqual(line.unit_price, Decimal("10.00"))

    def test_a_custom_item_has_no_product(self):
        item = {"custom": True, "title": "Engraving", "price": "3.50"}
        line = self.sold(also=[item]).lines[1]
        self.assertEqual(
            (line.sku, line.external_ref, line.pool_key, line.title),
            ("", "", "", "Engraving"),
        )

    def test_a_gift_card_says_so(self):
        more = {"gift_card": True, "requires_shipping": False}
        data = self.sold(line=more).lines[0].data
        self.assertEqual((data["gift_card"], data["requires_shipping"]), (True, False))

    def test_units_refunded_before_they_left_are_gone(self):
        order_id = self.shop.sell("A", 3)
        self.shop.refund_order(order_id, "A", 1, "CANCEL")
        line = self.read(order_id).lines[0]
        self.assertEqual((line.quantity, line.shipped_quantity), (2, 0))


class TestPeople(OrderCase):
    def test_buyer_and_address_come_as_given(self):
        order = self.sold()
        self.assertEqual(order.buyer.name, "Erika Mustermann")
        self.assertEqual(order.shipping_address.country_code, "DE")
        self.assertFalse(order.is_withheld)

    def test_withheld_names_and_streets_are_flagged(self):
        order = self.sold(withheld=True)
        self.assertTrue(order.is_withheld)
        address = order.shipping_address
        self.assertEqual(
            (address.name, address.street, address.city), ("", "", "Koeln")
        )

    def test_no_address_is_flagged_where_one_is_needed(self):
        digital = {"requires_shipping": False}
        self.assertTrue(self.sold(address=False).is_withheld)
        self.assertFalse(self.sold(address=False, source="pos").is_withheld)
        self.assertFalse(self.sold(address=False, line=digital).is_withheld)

    def test_the_buyer_s_id_is_asked_for_only_with_its_scope(self):
        """Without it, the whole call would be refused."""
        order_id = self.shop.sell("A")
        self.assertEqual(self.read(order_id).buyer.key, "")
        data = self.adapter().check_connection().data
        self.assertEqual(
            self.read(order_id, data=data).buyer.key, "gid://shopify/Customer/1"
        )
        self.seed(credentials={"scopes": ["read_orders", "read_products"]})
        self.assertEqual(self.read(order_id).buyer.key, "")


class TestOneOrder(OrderCase):
    def test_what_shopify_has_not_is_unknown(self):
        for gid in ("gid://shopify/Order/7", "7", "", "gid://shopify/Product/1"):
            with self.subTest(gid), self.assertRaises(UnknownListing):
                self.adapter().fetch_order(gid)
        self.assertEqual(self.calls(), ["order"])

    def test_a_fulfilment_order_s_id_leads_to_its_order(self):
        order_id = self.shop.sell("A")
        (number,) = self.shop.shop.orders.get(order_id)["fulfillment_orders"]
        gid = f"gid://shopify/FulfillmentOrder/{number}"
        self.assertEqual(self.read(gid).external_id, order_id)
        with self.assertRaises(UnknownListing):
            self.read("gid://shopify/FulfillmentOrder/9")

    def test_the_address_in_the_admin_is_the_shop_s_own(self):
        self.assertEqual(self.sold().url, "", "not on a test address")
        adapter = self.adapter()
        order_id = self.shop.sell("A")
        reader = adapter.client
        node = reader.execute  # what the test server says, read as if it were real
        adapter.config = replace(adapter.config, api_url="")
        adapter.client.execute = node
        self.assertEqual(
            adapter.fetch_order(order_id).url,
            "https://demo-shop.myshopify.com/admin/orders/"
            + order_id.rpartition("/")[2],
        )


class TestWhenItWasTold(OrderCase):
    def told_at(self, date):
        adapter = self.adapter()
        post = adapter.client._post

        def dated(*args):
            answer = post(*args)
            headers = {**answer.headers, "date": date}
            return replace(answer, headers=headers)

        adapter.client._post = dated
        return adapter.fetch_order(self.shop.sell("A")).told_at

    def test_the_slower_clock_counts(self):
        now = self.now()
        late = format_datetime(now + timedelta(hours=1), usegmt=True)
        early = format_datetime(now - timedelta(hours=1), usegmt=True)
        self.assertEqual(self.told_at(late), now)
        self.assertEqual(self.told_at(early), now - timedelta(hours=1))

    def test_without_a_date_it_is_unknown(self):
        for date in ("", "now", "Mon, 99 Nov 2026"):
            self.assertIsNone(self.told_at(date))


class TestMoments(ShopifyCase):
    def test_all_ways_to_write_a_moment_are_read(self):
        wanted = datetime(2026, 11, 20, 15, 0, tzinfo=timezone.utc)
        for text in (
            "2026-11-20T15:00:00Z",
            "2026-11-20T15:00:00.123456789Z",
            "2026-11-20T10:00:00-05:00",
            "2026-11-20T10:00:00-0500",
            "2026-11-20T15:00:00",
        ):
            self.assertEqual(moment(text), wanted, text)
        for text in ("", None, "now", "2026-13-01T00:00:00Z", 7):
            self.assertIsNone(moment(text))
