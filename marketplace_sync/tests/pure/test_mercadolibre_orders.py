"""What one sale on Mercado Libre becomes."""

import unittest
from decimal import Decimal

from marketplace_sync.channels.errors import (
    ChannelBlockedError,
    RetryableError,
    UnknownListing,
)
from marketplace_sync.channels.mercadolibre import const
from marketplace_sync.tests.pure.mercadolibre_sale_case import SaleCase
from simulator.mercadolibre_errors import POLICY_AGENT


class TestStatus(SaleCase):
    def status(self, status, *tags):
        order_id = self.sell()
        self.channel.edit_order(order_id, status=status, tags=tags)
        return self.order(order_id)

    def test_a_paid_order_is_to_be_shipped(self):
        order = self.sold()
        self.assertEqual((order.status, order.is_held), ("open", False))

    def test_an_order_that_is_not_paid_waits(self):
        states = ("confirmed", "payment_required", "payment_in_process")
        for status in (*states, "partially_paid"):
            order = self.status(status)
            self.assertEqual((order.status, order.is_held), ("pending", False))

    def test_a_cancelled_or_invalid_order_is_cancelled(self):
        for status in ("cancelled", "invalid"):
            order = self.status(status)
            self.assertEqual((order.status, order.is_held), ("cancelled", False))

    def test_who_cancelled_and_why_is_told(self):
        order_id = self.sell()
        self.channel.cancel_order(order_id)
        self.assertEqual(
            self.order(order_id).cancel_reason, "buyer cancel express (buyer)"
        )

    def test_a_cancellation_on_its_way_is_not_shipped(self):
        order = self.status("pending_cancel")
        self.assertEqual((order.status, order.cancel_requested), ("pending", True))

    def test_a_risk_of_fraud_is_held(self):
        order = self.status("paid", "fraud_risk_detected")
        self.assertEqual(order.status, "open")
        self.assertTrue(order.is_held)
        self.assertIn("fraud", order.hold_reason)

    def test_a_partial_refund_is_for_a_person(self):
        order_id = self.sell()
        self.channel.refund_order(order_id, 10)
        order = self.order(order_id)
        self.assertEqual((order.status, order.is_held), ("open", True))

    def test_a_refunded_order_that_stays_paid_is_held(self):
        order_id = self.sell()
        self.channel.refund_order(order_id)
        order = self.order(order_id)
        self.assertEqual(order.raw["order"]["status"], "paid")
        self.assertTrue(order.is_held)

    def test_a_status_that_nobody_knows_is_held(self):
        order = self.status("something_new")
        self.assertEqual((order.status, order.is_held), ("pending", True))
        self.assertIn("something_new", order.hold_reason)

    def test_what_has_left_is_shipped(self):
        for status in ("shipped", "delivered", "not_delivered"):
            order_id = self.sell(quantity=2)
            self.channel.ship_order(order_id, status)
            order = self.order(order_id)
            self.assertEqual((order.status, order.is_held), ("shipped", False))
            self.assertEqual(order.lines[0].shipped_quantity, 2)

    def test_a_cancelled_parcel_of_a_living_sale_is_held(self):
        order_id = self.sell()
        self.channel.ship_order(order_id, "cancelled", "closed_by_user")
        self.assertTrue(self.order(order_id).is_held)

    def test_a_parcel_under_review_is_held(self):
        order_id = self.sell()
        self.channel.ship_order(order_id, "pending", "under_review")
        self.assertTrue(self.order(order_id).is_held)

    def test_a_shipment_that_moves_makes_the_order_newer(self):
        order_id = self.sell()
        before = self.order(order_id).updated_at
        self.pass_time(minutes=5)
        self.channel.ship_order(order_id)
        self.assertGreater(self.order(order_id).updated_at, before)


class TestWhoShips(SaleCase):
    def test_full_is_not_our_stock(self):
        self.seed({"sku": "F", "logistic_type": "fulfillment"})
        order = self.sold("F")
        self.assertTrue(order.lines[0].fulfilled_by_channel)
        self.assertFalse(self.sold("A").lines[0].fulfilled_by_channel)

    def test_the_flex_share_of_a_full_listing_is_ours(self):
        row = {"sku": "F", "logistic_type": "fulfillment", "flex": True}
        self.seed({**row, "full_quantity": 4})
        self.assertFalse(self.sold("F").lines[0].fulfilled_by_channel)

    def test_before_the_shipment_is_known_nobody_ships(self):
        """It may be Full's: the same goods would be sent twice."""
        order_id = self.sell(late_shipment=True)
        order = self.order(order_id)
        self.assertEqual(
            (order.status, order.data["awaits_shipment"]), ("pending", True)
        )
        self.channel.make_shipment(order_id)
        self.assertEqual(self.order(order_id).status, "open")

    def test_the_shipment_is_found_before_the_order_names_it(self):
        order_id = self.sell()
        self.body(order_id)["shipping"]["id"] = None
        order = self.order(order_id)
        self.assertEqual((order.status, order.data["mode"]), ("open", "me2"))

    def test_no_shipment_for_long_is_delivery_to_be_agreed(self):
        order_id = self.sell(mode="none")
        self.assertEqual(self.order(order_id).status, "pending")
        self.pass_time(seconds=const.SHIPMENT_GRACE_SECONDS)
        order = self.order(order_id)
        self.assertEqual((order.status, order.is_held), ("open", False))
        self.assertTrue(order.is_withheld)

    def test_a_shipment_that_cannot_be_read_is_held_after_a_while(self):
        order_id = self.sell()
        del self.channel.parcels.all[str(self.body(order_id)["shipping"]["id"])]
        self.assertEqual(self.order(order_id).status, "pending")
        self.pass_time(hours=2)
        order = self.order(order_id)
        self.assertEqual((order.status, order.is_held), ("open", True))


class TestLines(SaleCase):
    def test_a_line_says_what_was_bought(self):
        order = self.sold(quantity=3)
        (line,), (item,) = order.lines, self.shop.items_with("A")
        self.assertEqual((line.sku, line.quantity, line.unit_price), ("A", 3, 100))
        self.assertEqual(line.external_ref, item["id"])
        self.assertEqual(line.external_id, item["id"])
        self.assertEqual(line.pool_key, item["user_product_id"])
        self.assertEqual(line.site_code, "MLM")
        self.assertIsInstance(line.unit_price, Decimal)

    def test_a_variation_is_part_of_the_reference(self):
        self.seed({"sku": "V", "item_id": "MLM7", "variation_id": 71})
        (line,) = self.sold("V").lines
        self.assertEqual((line.external_ref, line.pool_key), ("MLM7:71", ""))

    def test_the_seller_custom_field_is_not_the_sku(self):
        order_id = self.sell()
        item = self.body(order_id)["order_items"][0]["item"]
        item.update(seller_sku=None, seller_custom_field="internal")
        self.assertEqual(self.order(order_id).lines[0].sku, "")

    def test_the_depot_that_must_ship_is_told(self):
        rows = [{"sku": "D", "site": s, "user_product_id": "MLMU9"} for s in DEPOTS]
        self.seed(*rows)
        adapter = self.make_adapter()
        (line,) = self.order(self.sell("D", 1, "202"), adapter).lines
        self.assertEqual((line.site_code, line.pool_key), ("202", "MLMU9@202"))

    def test_the_depot_may_be_told_by_the_shipment_only(self):
        rows = [{"sku": "D", "site": s, "user_product_id": "MLMU9"} for s in DEPOTS]
        self.seed(*rows)
        order_id = self.sell("D", 1, "202")
        self.body(order_id)["order_items"][0]["stock"] = None
        (line,) = self.order(order_id, self.make_adapter()).lines
        self.assertEqual(line.site_code, "202")

    def test_an_unknown_depot_is_left_open(self):
        rows = [{"sku": "D", "site": s, "user_product_id": "MLMU9"} for s in DEPOTS]
        self.seed(*rows)
        order_id = self.sell("D", 1, "202")
        self.body(order_id)["order_items"][0]["stock"] = None
        self.parcel(order_id)["origin"] = None
        (line,) = self.order(order_id, self.make_adapter()).lines
        self.assertEqual(line.site_code, "")

    def test_a_pack_is_one_group_of_orders_with_a_line_each(self):
        ids = self.channel.sell_pack([("A", 1, None), ("B", 2, None)])
        orders = [self.order(order_id) for order_id in ids]
        self.assertEqual(len({order.group for order in orders}), 1)
        self.assertTrue(orders[0].group)
        self.assertEqual(orders[0].name, orders[0].group)
        self.assertEqual([line.sku for o in orders for line in o.lines], ["A", "B"])

    def test_without_a_pack_there_is_no_group(self):
        order = self.sold()
        self.assertEqual((order.group, order.name), ("", order.external_id))

    def test_a_split_pack_cancels_the_old_and_brings_new_orders(self):
        ids = self.channel.sell_pack([("A", 1, None), ("B", 2, None)])
        new = self.channel.split_pack(self.order(ids[0]).group)
        old = [self.order(order_id) for order_id in ids]
        self.assertEqual({order.status for order in old}, {"cancelled"})
        self.assertIn("pack splitted", old[0].cancel_reason)
        self.assertEqual([self.order(i).status for i in new], ["open", "open"])


class TestPeople(SaleCase):
    def test_the_buyer_is_known_by_id(self):
        buyer = self.sold(buyer_id=42, name="Ana").buyer
        self.assertEqual((buyer.key, buyer.name, buyer.email), ("42", "Ana", ""))

    def test_the_address_comes_from_the_shipment(self):
        address = self.sold(zip_code="01234").shipping_address
        self.assertEqual(address.street, "Calle Falsa 123")
        self.assertEqual(address.street2, "Centro, Timbre 2")
        self.assertEqual((address.zip, address.country_code), ("01234", "MX"))
        self.assertEqual(address.state_code, "DIF")

    def test_what_is_hidden_until_payment_is_withheld_not_copied(self):
        order = self.sold(status="payment_in_process")
        self.assertTrue(order.is_withheld)
        self.assertIsNone(order.shipping_address)
        self.assertEqual(order.buyer.name, "")
        self.assertFalse(self.sold().is_withheld)

    def test_the_phone_is_told_for_me1_only(self):
        self.assertEqual(self.sold(phone="555", mode="me1").buyer.phone, "555")
        self.assertEqual(self.sold(phone="555").buyer.phone, "")

    def test_a_partial_answer_is_used(self):
        order_id = self.sell()
        self.fault("getOrder", "partial")
        order = self.order(order_id)
        self.assertEqual((order.status, order.lines[0].sku), ("open", "A"))
        self.assertEqual(order.data["missing"], "buyer, feedback")
        self.assertEqual(order.buyer.key, "")


class TestNotFound(SaleCase):
    def test_not_found_may_be_not_yet(self):
        with self.assertRaises(RetryableError) as caught:
            self.order("2000000000000000")
        self.assertGreater(caught.exception.retry_after, 0)

    def test_a_forged_hint_at_somebody_elses_order_stops_nothing(self):
        order_id = self.sell()
        self.body(order_id)["seller"]["id"] = 666
        with self.assertRaises(UnknownListing):
            self.order(order_id)
        self.assertEqual(self.sold().status, "open")

    def test_an_answer_about_another_seller_is_not_believed(self):
        body = {**self.body(self.sell()), "seller": {"id": 666}}
        self.fault("getOrder", "status", status=200, body=body)
        with self.assertRaises(UnknownListing):
            self.order(str(body["id"]))

    def test_a_missing_permission_stops_the_account(self):
        order_id = self.sell()
        self.fault("getOrder", "status", status=403, body=POLICY_AGENT)
        with self.assertRaises(ChannelBlockedError):
            self.order(order_id)

    def test_nothing_but_a_number_becomes_part_of_an_address(self):
        for wrong in ("../users/me", "1/shipments", "", "١", "1" * 21):
            with self.assertRaises(UnknownListing):
                self.order(wrong)
        self.assertEqual(self.calls("getOrder"), [])

    def test_an_order_without_lines_is_asked_for_again(self):
        order_id = self.sell()
        self.body(order_id)["order_items"] = []
        with self.assertRaises(RetryableError):
            self.order(order_id)

    def test_the_headers_of_the_new_views_are_sent(self):
        order_id = self.sell(late_shipment=True)
        self.order(order_id)
        self.channel.make_shipment(order_id, shipping_cost=9)
        self.order(order_id)
        shipments = self.calls("getShipment")
        hosted = self.calls("getOrderShipments", "getShipmentOrders")
        self.assertTrue(all(c.headers["x-format-new"] == "true" for c in shipments))
        self.assertTrue(all(c.headers["x-new-domain"] == "true" for c in hosted))
        self.assertTrue(shipments and len(hosted) == 2)


DEPOTS = ("201", "202")


if __name__ == "__main__":
    unittest.main()
