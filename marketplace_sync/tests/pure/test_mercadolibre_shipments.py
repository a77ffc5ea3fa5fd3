"""Telling Mercado Libre that a parcel has left, where it is the seller's to tell."""

import unittest
from datetime import timedelta

from marketplace_sync.channels.errors import ChannelBlockedError, RetryableError
from marketplace_sync.channels.mercadolibre import const
from marketplace_sync.tests.pure.mercadolibre_sale_case import SaleCase
from simulator.mercadolibre_errors import POLICY_AGENT


class TestMe2(SaleCase):
    def test_nothing_is_told(self):
        result = self.confirm(self.sell())
        self.assertEqual(result.outcome, "not_applicable")
        writes = [call for call in self.wire.sent if call.method in ("PUT", "POST")]
        self.assertEqual({call.path for call in writes}, {"/oauth/token"})

    def test_not_even_when_it_has_left(self):
        order_id = self.sell()
        self.channel.ship_order(order_id)
        self.assertEqual(self.confirm(order_id).outcome, "not_applicable")

    def test_nor_for_a_parcel_of_full(self):
        self.seed({"sku": "F", "logistic_type": "fulfillment"})
        self.assertEqual(self.confirm(self.sell("F")).outcome, "not_applicable")


class TestMe1(SaleCase):
    def told(self):
        (call,) = self.calls("notifyShipment")
        return call.json()

    def test_it_is_told_with_all_that_the_page_wants(self):
        order_id = self.sell(mode="me1")
        result = self.confirm(order_id)
        self.assertEqual(result.outcome, "accepted")
        self.assertEqual(result.external_id, str(self.parcel(order_id)["id"]))
        body = self.told()
        self.assertEqual(body["status"], "shipped")
        self.assertIn("substatus", body)
        self.assertIsNone(body["substatus"])
        self.assertEqual(body["payload"]["service_id"], 231876)
        self.assertRegex(body["payload"]["date"], r"^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$")
        self.assertEqual(self.parcel(order_id)["status"], "shipped")
        self.assertEqual(self.parcel(order_id)["tracking_number"], "T-1")

    def test_number_and_address_go_together_or_not_at_all(self):
        for changes in (
            {"tracking_url": ""},
            {"tracking_number": ""},
            {"tracking_url": "javascript:alert(1)"},
        ):
            self.wire.sent.clear()
            result = self.confirm(self.sell(mode="me1"), **changes)
            self.assertEqual(result.outcome, "accepted")
            self.assertFalse(self.told().keys() & {"tracking_number", "tracking_url"})

    def test_a_number_that_cannot_go_stays_in_the_comment(self):
        self.confirm(self.sell(mode="me1"), tracking_url="")
        self.assertEqual(self.told()["payload"]["comment"], "Estafeta T-1")

    def test_it_is_told_once(self):
        order_id = self.sell(mode="me1")
        self.confirm(order_id)
        self.assertEqual(self.confirm(order_id).outcome, "already")
        self.assertEqual(len(self.calls("notifyShipment")), 1)

    def test_an_answer_that_got_lost_is_found_by_reading(self):
        order_id = self.sell(mode="me1")
        self.fault("notifyShipment", "reset_after")
        with self.assertRaises(RetryableError):
            self.confirm(order_id)
        self.assertEqual(self.confirm(order_id).outcome, "already")
        self.assertEqual(len(self.calls("notifyShipment")), 1)

    def test_a_date_before_the_shipment_is_moved_to_it(self):
        left = self.now - timedelta(hours=1)
        result = self.confirm(self.sell(mode="me1"), shipped_at=left)
        self.assertEqual(result.outcome, "accepted", result.error)

    def test_a_refusal_is_a_result_in_words(self):
        for status in (400, 403):
            order_id = self.sell(mode="me1")
            body = {"error_code": "forbidden_client", "message": "not the sender"}
            self.fault("notifyShipment", "status", status=status, body=body)
            result = self.confirm(order_id)
            self.assertEqual(
                (result.outcome, result.code), ("rejected", body["error_code"])
            )
            self.assertIn("not the sender", result.error)

    def test_a_missing_permission_stops_the_account(self):
        self.fault("notifyShipment", "status", status=403, body=POLICY_AGENT)
        with self.assertRaises(ChannelBlockedError):
            self.confirm(self.sell(mode="me1"))

    def test_a_site_without_me1_is_refused_here(self):
        order_id = self.sell(mode="me1")
        self.parcel(order_id)["source"]["site_id"] = "MEC"
        result = self.confirm(order_id)
        self.assertEqual((result.outcome, result.code), ("rejected", "no_service"))

    def test_the_forward_shipment_is_told_never_a_return(self):
        order_id = self.sell(mode="me1")
        number = str(self.parcel(order_id)["id"])
        self.channel.parcels.all[number]["returns"].append(777)
        self.assertEqual(self.confirm(order_id).external_id, number)

    def test_a_cancelled_shipment_is_not_sent(self):
        order_id = self.sell(mode="me1")
        self.channel.ship_order(order_id, "cancelled")
        self.assertEqual(self.confirm(order_id).outcome, "rejected")
        self.assertEqual(self.calls("notifyShipment"), [])


class TestCustom(SaleCase):
    def told(self):
        (call,) = self.calls("putShipment")
        return call.json()

    def test_it_is_told_with_number_and_receiver(self):
        order_id = self.sell(mode="custom", buyer_id=42)
        self.assertEqual(self.confirm(order_id).outcome, "accepted")
        body = self.told()
        self.assertEqual(body["receiver_id"], 42)
        self.assertEqual((body["status"], body["tracking_number"]), ("shipped", "T-1"))
        self.assertEqual(self.parcel(order_id)["status"], "shipped")

    def test_a_promise_to_the_buyer_is_sent_only_when_somebody_made_it(self):
        self.confirm(self.sell(mode="custom"))
        self.assertNotIn("speed", self.told())

    def test_a_promise_that_was_made_is_sent(self):
        options = {"custom_speed_hours": 48}
        object.__setattr__(self.adapter.config, "options", options)
        self.confirm(self.sell(mode="custom"))
        self.assertEqual(self.told()["speed"], 48)

    def test_without_a_number_it_waits_for_a_person(self):
        result = self.confirm(self.sell(mode="custom"), tracking_number="")
        self.assertEqual(result.outcome, "rejected")
        self.assertEqual(result.code, "no_tracking_number")
        self.assertEqual(self.calls("putShipment"), [])

    def test_in_other_countries_nothing_can_be_told(self):
        order_id = self.sell(mode="custom")
        self.parcel(order_id)["source"]["site_id"] = "MLC"
        self.assertEqual(self.confirm(order_id).outcome, "not_applicable")


class TestWithoutShipment(SaleCase):
    def test_one_that_is_not_made_yet_is_waited_for(self):
        self.assertEqual(self.confirm(self.sell(late_shipment=True)).outcome, "retry")

    def test_delivery_that_was_agreed_has_none(self):
        order_id = self.sell(mode="none")
        self.pass_time(seconds=const.SHIPMENT_GRACE_SECONDS)
        self.assertEqual(self.confirm(order_id).outcome, "not_applicable")

    def test_an_unknown_mode_is_for_a_person(self):
        self.assertEqual(self.confirm(self.sell(mode="me9")).outcome, "rejected")


class TestAboutShipments(SaleCase):
    def test_a_shipment_names_our_orders_only(self):
        ids = self.channel.sell_pack([("A", 1, None), ("B", 1, None)])
        number = str(self.parcel(ids[0])["id"])
        other = {"order_id": "1", "seller_id": 666}
        self.channel.parcels.all[number]["others"] = [other]
        self.assertEqual(self.adapter.fetch_shipment_orders(number), tuple(ids))

    def test_an_unknown_or_foreign_shipment_has_none(self):
        number = str(self.parcel(self.sell())["id"])
        self.channel.parcels.all[number]["foreign"] = True
        for shipment_id in (number, "404"):
            self.assertEqual(self.adapter.fetch_shipment_orders(shipment_id), ())

    def test_the_latest_dispatch_is_told_but_not_for_full(self):
        number = self.parcel(self.sell())["id"]
        expected = self.now + timedelta(days=1)
        self.assertEqual(self.adapter.fetch_ship_by(number), expected)
        self.seed({"sku": "F", "logistic_type": "fulfillment"})
        number = self.parcel(self.sell("F"))["id"]
        self.assertIsNone(self.adapter.fetch_ship_by(number))


if __name__ == "__main__":
    unittest.main()
