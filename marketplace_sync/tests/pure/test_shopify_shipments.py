"""A parcel is told to Shopify once, whatever happens to the call; orders cancelled."""

from datetime import datetime, timezone
from decimal import Decimal

from marketplace_sync.channels.errors import (
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
    RetryableError,
)
from marketplace_sync.channels.orders import Shipment
from marketplace_sync.channels.shopify import documents
from marketplace_sync.tests.pure.shopify_case import BERLIN, MADRID, ShopifyCase

SERVICE = "gid://shopify/Location/9"


class ShipmentCase(ShopifyCase):
    def setUp(self):
        super().setUp()
        self.seed(delivery="held")
        self.stock("A", 50)

    def order(self, quantity=2, **more):
        self.order_id = self.shop.sell("A", quantity, **more)
        return self.adapter().fetch_order(self.order_id)

    def parcel(self, order, units=None, number="T1", **more):
        values = {
            "shipped_at": datetime.fromtimestamp(self.clock(), timezone.utc),
            "site_code": order.site_code,
            "tracking_number": number,
            "carrier_name": "Example Express",
            **more,
        }
        lines = units or [(line.external_id, line.quantity) for line in order.lines]
        if isinstance(units, int):
            lines = [(order.lines[0].external_id, Decimal(units))]
        return Shipment(order.external_id, "1", lines, **values)

    def confirm(self, shipment, **config):
        return self.adapter(**config).confirm_shipment(shipment)

    def parcels(self):
        return self.shop.shop.orders.get(self.order_id)["fulfillments"]

    def sent(self):
        return [(p["number"], p["total"]) for p in self.parcels()]

    def assert_rejected(self, result, words):
        self.assertEqual(result.outcome, "rejected")
        self.assertIn(words, result.error)


class TestConfirming(ShipmentCase):
    def test_a_parcel_arrives_with_carrier_number_and_address(self):
        order = self.order()
        url = "https://track.test/T1"
        result = self.confirm(self.parcel(order, tracking_url=url))
        self.assertEqual((result.outcome, result.error), ("accepted", ""))
        (parcel,) = self.parcels()
        self.assertEqual(
            result.external_id, f"gid://shopify/Fulfillment/{parcel['id']}"
        )
        self.assertEqual(
            [parcel[name] for name in ("number", "company", "url", "total")],
            ["T1", "Example Express", url, 2],
        )

    def test_shopify_s_own_name_of_the_carrier_goes_before_ours(self):
        self.confirm(self.parcel(self.order(), carrier_code="DHL Express"))
        self.assertEqual(self.parcels()[0]["company"], "DHL Express")

    def test_an_address_that_is_none_is_left_out(self):
        self.confirm(self.parcel(self.order(), tracking_url="javascript:alert(1)"))
        self.assertIsNone(self.parcels()[0]["url"])

    def test_what_left_is_no_longer_committed(self):
        self.confirm(self.parcel(self.order()))
        level = self.shop.shop.state["variants"]["1"]["levels"][BERLIN]
        self.assertEqual((level["available"], level["committed"]), (48, 0))

    def test_only_the_parcel_s_own_units_are_told(self):
        order = self.order(3)
        self.confirm(self.parcel(order, 2))
        self.confirm(self.parcel(order, 1, "T2"))
        self.assertEqual(self.sent(), [("T1", 2), ("T2", 1)])

    def test_units_come_from_several_fulfilment_orders_of_the_place(self):
        order = self.order(1)
        orders = self.shop.shop.orders
        state = orders.get(self.order_id)
        (line,) = state["lines"].values()
        (first,) = state["fulfillment_orders"].values()
        first["status"] = "IN_PROGRESS"
        second = orders.fulfilment._new(state, BERLIN)
        item = {"id": orders.serial(), "line": line["id"], "total": 2, "remaining": 2}
        second["lines"].append(item)
        result = self.confirm(self.parcel(order, 3))
        self.assertEqual(result.outcome, "accepted")
        self.assertEqual(self.sent(), [("T1", 3)])

    def test_two_places_are_two_parcels(self):
        self.stock("B", 5, MADRID)
        order = self.order(also=[{"sku": "B"}])
        for line, number in zip(order.lines, ("T1", "T2"), strict=True):
            units = [(line.external_id, line.quantity)]
            shipment = self.parcel(order, units, number, site_code=line.site_code)
            self.assertEqual(self.confirm(shipment).outcome, "accepted")
        self.assertEqual(self.sent(), [("T1", 2), ("T2", 1)])

    def test_without_a_place_the_first_that_can_is_taken(self):
        result = self.confirm(self.parcel(self.order(), site_code=""))
        self.assertEqual(result.outcome, "accepted")

    def test_shopify_is_read_before_it_is_written(self):
        order = self.order()
        self.sim.clear_log("shopify")
        self.confirm(self.parcel(order))
        self.assertEqual(self.calls(), ["order", "fulfillmentCreate"])

    def test_the_buyer_is_told_only_when_the_account_says_so(self):
        told = []
        for options in ({}, {"shopify_notify_customer": True}):
            adapter = self.adapter(options=options)
            execute = adapter.client.execute
            adapter.client.execute = lambda o, v, e=execute: (
                (
                    told.append(v["fulfillment"]["notifyCustomer"])
                    if "fulfillment" in v
                    else None
                )
                or e(o, v)
            )
            adapter.confirm_shipment(self.parcel(self.order()))
        self.assertEqual(told, [False, True])


class TestOnce(ShipmentCase):
    def test_a_tracking_number_that_is_there_is_not_told_again(self):
        order = self.order(3)
        self.confirm(self.parcel(order, 1))
        result = self.confirm(self.parcel(order, 1))
        self.assertEqual(result.outcome, "already")
        self.assertTrue(result.external_id)
        self.assertEqual(self.sent(), [("T1", 1)])

    def test_nothing_left_to_send_is_known_already(self):
        order = self.order()
        self.confirm(self.parcel(order))
        self.assertEqual(
            self.confirm(self.parcel(order, number="T9")).outcome, "already"
        )
        self.assertEqual(self.sent(), [("T1", 2)])

    def test_a_cancelled_parcel_does_not_count(self):
        order = self.order(3)
        self.confirm(self.parcel(order, 1))
        self.parcels()[0]["status"] = "CANCELLED"
        self.assertEqual(self.confirm(self.parcel(order, 1)).outcome, "accepted")

    def test_after_a_lost_answer_shopify_is_read_and_not_written_again(self):
        for number in ("T1", ""):
            order = self.order(3)
            self.sim.clear_log("shopify")
            self.fault("fulfillmentCreate", "reset_after")
            result = self.confirm(self.parcel(order, 2, number))
            self.assertEqual(result.outcome, "accepted")
            self.assertTrue(result.external_id)
            self.assertEqual(self.sent(), [(number or None, 2)])
            self.assertEqual(self.calls("fulfillmentCreate"), 1)

    def test_a_call_that_did_not_arrive_is_left_for_a_later_attempt(self):
        for kind in ("reset", "503_empty", "html", "malformed", "internal_error"):
            with self.subTest(kind):
                order = self.order()
                self.sim.clear_log("shopify")
                self.fault("fulfillmentCreate", kind)
                with self.assertRaises(ChannelUnreachable):
                    self.confirm(self.parcel(order))
                self.assertEqual(self.calls("fulfillmentCreate"), 1)
                self.assertEqual(self.sent(), [])
                self.assertEqual(self.confirm(self.parcel(order)).outcome, "accepted")

    def test_a_throttled_call_is_not_repeated_blindly(self):
        order = self.order()
        self.sim.clear_log("shopify")
        self.fault("fulfillmentCreate", "throttled")
        with self.assertRaises(RateLimited):
            self.confirm(self.parcel(order))
        self.assertEqual(self.calls("fulfillmentCreate"), 1)

    def test_no_call_without_a_key_is_repeated_by_the_client(self):
        for operation in documents.ALL:
            is_write = operation.text.lstrip().startswith("mutation")
            repeatable = not is_write or "@idempotent" in operation.text
            self.assertEqual(operation.repeatable, repeatable, operation.name)

    def test_a_parcel_without_a_number_that_may_be_there_waits_for_a_person(self):
        order = self.order(4)
        parcel = self.parcel(order, 2, "")
        self.confirm(parcel)
        self.assert_rejected(self.confirm(parcel), "Add a tracking number")
        self.assertEqual(self.sent(), [(None, 2)])

    def test_a_later_parcel_without_a_number_is_another_one(self):
        order = self.order(4)
        self.confirm(self.parcel(order, 2, ""))
        self.clock.sleep(60)
        self.assertEqual(self.confirm(self.parcel(order, 2, "")).outcome, "accepted")

    def test_when_shopify_is_silent_after_a_lost_answer_the_next_attempt_reads(self):
        order = self.order(3)
        adapter = self.adapter()
        execute = adapter.client.execute

        def lose_then_fail(operation, variables):
            result = execute(operation, variables)
            if operation is documents.FULFILLMENT_CREATE:
                self.fault("order", "503_empty")
                raise ChannelUnreachable("lost")
            return result

        adapter.client.execute = lose_then_fail
        with self.assertRaises(RetryableError):
            adapter.confirm_shipment(self.parcel(order, 2))
        self.assertEqual(self.confirm(self.parcel(order, 2)).outcome, "already")
        self.assertEqual(self.sent(), [("T1", 2)])


class TestRefused(ShipmentCase):
    def test_a_hold_is_respected_and_named(self):
        order = self.order()
        self.shop.hold_order(self.order_id, "AWAITING_PAYMENT", "Invoice 7")
        self.assert_rejected(
            self.confirm(self.parcel(order)),
            "On hold in Shopify: awaiting payment: Invoice 7. Release the hold",
        )
        self.assertEqual(self.sent(), [])
        self.shop.release_order(self.order_id)
        self.assertEqual(self.confirm(self.parcel(order)).outcome, "accepted")

    def test_a_parcel_of_which_a_part_is_held_is_not_told_in_part(self):
        self.stock("B", 5, MADRID)
        order = self.order(also=[{"sku": "B"}])
        self.shop.hold_order(self.order_id, site=MADRID)
        self.assert_rejected(self.confirm(self.parcel(order, site_code=BERLIN)), "hold")
        self.assertEqual(self.sent(), [])

    def test_another_place_is_named(self):
        order = self.order()
        result = self.confirm(self.parcel(order, site_code=MADRID))
        self.assert_rejected(result, "from Berlin")

    def test_a_service_s_units_are_not_ours_to_tell(self):
        site = {"code": SERVICE, "name": "3PL", "fulfillment_service": "3PL"}
        self.seed(sites=[site])
        self.stock("B", 5, SERVICE)
        self.order_id = self.shop.sell("B")
        order = self.adapter().fetch_order(self.order_id)
        self.assert_rejected(self.confirm(self.parcel(order)), "3PL")

    def test_an_order_for_later_says_so(self):
        order = self.order()
        orders = self.shop.shop.orders
        orders.fulfilment.schedule(orders.get(self.order_id))
        self.assert_rejected(self.confirm(self.parcel(order)), "scheduled")

    def test_a_cancelled_order_is_refused(self):
        order = self.order()
        self.shop.cancel_order(self.order_id)
        self.assert_rejected(self.confirm(self.parcel(order)), "cancelled")

    def test_units_that_were_removed_are_refused_when_nothing_was_sent(self):
        order = self.order(2, also=[{"sku": "A"}])
        self.shop.edit_order(self.order_id, "A", 0)
        self.assert_rejected(self.confirm(self.parcel(order, 2)), "expects none")

    def test_more_units_than_shopify_expects_are_told_as_far_as_it_does(self):
        order = self.order(3)
        self.shop.edit_order(self.order_id, "A", 2)
        result = self.confirm(self.parcel(order, 3))
        self.assertEqual(result.outcome, "accepted")
        self.assertIn("1 units fewer", result.error)
        self.assertEqual(self.sent(), [("T1", 2)])

    def test_what_cannot_be_a_parcel_is_refused_without_a_call(self):
        order = self.order()
        line = order.lines[0].external_id
        self.sim.clear_log("shopify")
        for lines, words in (
            ([(line, Decimal("1.5"))], "whole units"),
            ([(line, Decimal(-1))], "whole units"),
            ([(line, Decimal(0))], "nothing in"),
            ([(f"{n}", Decimal(1)) for n in range(513)], "at most 512"),
        ):
            self.assert_rejected(self.confirm(self.parcel(order, lines)), words)
        self.assertEqual(self.calls(), [])

    def test_an_order_of_too_many_lines_is_not_taken_for_sent(self):
        order = self.order(also=[{"sku": "A"} for _line in range(260)])
        units = [(line.external_id, line.quantity) for line in order.lines[:1]]
        self.assertEqual(self.confirm(self.parcel(order, units)).outcome, "accepted")
        units = [(line.external_id, line.quantity) for line in order.lines[-1:]]
        result = self.confirm(self.parcel(order, units, "T2"))
        self.assert_rejected(result, "too many lines")

    def test_an_unknown_order_is_refused(self):
        order = self.order()
        for gid in ("gid://shopify/Order/9", "9"):
            shipment = Shipment(**{**vars(self.parcel(order)), "order_id": gid})
            self.assertEqual(self.confirm(shipment).outcome, "rejected")

    def test_a_missing_scope_stops_the_shipment_not_the_account(self):
        order = self.order()
        scopes = ["read_orders", "read_merchant_managed_fulfillment_orders"]
        self.seed(credentials={"scopes": scopes})
        result = self.confirm(self.parcel(order))
        self.assert_rejected(result, "write_merchant_managed_fulfillment_orders")

    def test_a_closed_shop_stops_the_account(self):
        order = self.order()
        self.fault("fulfillmentCreate", "shop_inactive")
        with self.assertRaises(ChannelBlockedError):
            self.confirm(self.parcel(order))


class TestCancelling(ShipmentCase):
    def cancel(self, reason="customer", gid=None):
        return self.adapter().cancel_order(gid or self.order_id, reason)

    def test_an_order_is_cancelled_and_its_goods_are_back_on_the_shelf(self):
        self.order(2)
        result = self.cancel("inventory")
        self.assertEqual(result.outcome, "accepted")
        self.assertIn("/Job/", result.external_id)
        order = self.adapter().fetch_order(self.order_id)
        self.assertEqual(
            (order.status, order.cancel_reason), ("cancelled", "inventory")
        )
        self.assertEqual(self.shown("A"), 50)

    def test_a_reason_of_our_own_is_other(self):
        self.order()
        self.cancel("wrong colour")
        order = self.shop.shop.orders.get(self.order_id)
        self.assertEqual(order["cancel_reason"], "OTHER")

    def test_cancelling_twice_is_once(self):
        self.order()
        self.assertEqual([self.cancel().outcome for _ in "12"], ["accepted", "already"])
        self.assertEqual(self.calls("orderCancel"), 1)

    def test_what_was_sent_is_not_cancelled(self):
        order = self.order(2)
        self.confirm(self.parcel(order, 1))
        self.assert_rejected(self.cancel(), "has been sent")
        self.assertEqual(self.calls("orderCancel"), 0)

    def test_after_a_lost_answer_shopify_is_read(self):
        self.order()
        self.fault("orderCancel", "reset_after")
        self.assertEqual(self.cancel().outcome, "already")
        self.order()
        self.fault("orderCancel", "reset")
        with self.assertRaises(ChannelUnreachable):
            self.cancel()

    def test_what_is_no_order_is_refused(self):
        for gid in ("gid://shopify/Order/9", "9"):
            self.assertEqual(self.cancel(gid=gid).outcome, "rejected")

    def test_a_missing_scope_stops_the_cancellation_not_the_account(self):
        self.order()
        self.seed(credentials={"scopes": ["read_orders"]})
        self.assert_rejected(self.cancel(), "write_orders")
