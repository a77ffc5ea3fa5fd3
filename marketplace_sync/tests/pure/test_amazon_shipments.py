"""Shipments to Amazon: only 204 is a yes, and repeating is safe."""

import unittest
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal

from marketplace_sync.channels.errors import ChannelUnreachable, RetryableError
from marketplace_sync.channels.orders import Shipment
from marketplace_sync.tests.pure.amazon_case import CANADA, US, AmazonCase, body_of


class ShipmentCase(AmazonCase, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.known_ref("A", quantity=9)
        self.order_id = self.simulator.sell("A", 3)
        self.order = self.make_adapter().fetch_order(self.order_id)
        self.line = self.order.lines[0].external_id
        self.requests = self.record()

    def shipment(self, **changes):
        shipment = Shipment(
            order_id=self.order_id,
            package_ref="1",
            lines=[(self.line, Decimal(3))],
            shipped_at=datetime(2026, 11, 2, 14, tzinfo=timezone.utc),
            carrier_code="UPS",
            tracking_number="1Z-EXAMPLE",
            site_code=US,
            data=self.order.data,
        )
        return replace(shipment, **changes)

    def confirm(self, **changes):
        return self.make_adapter().confirm_shipment(self.shipment(**changes))

    def correct(self, **changes):
        return self.make_adapter().correct_shipment(self.shipment(**changes), "1")

    def sent(self):
        """Return the bodies that were sent to confirmShipment."""
        return [
            body_of(request)
            for request in self.requests
            if request.path.endswith("/shipmentConfirmation")
        ]

    def tracking(self):
        return self.simulator.orders()[0]["tracking"]


class TestBody(ShipmentCase):
    def test_the_body_is_the_one_of_the_model(self):
        self.confirm(shipping_method="Ground")
        package = {
            "packageReferenceId": "1",
            "carrierCode": "UPS",
            "shippingMethod": "Ground",
            "trackingNumber": "1Z-EXAMPLE",
            "shipDate": "2026-11-02T14:00:00Z",
            "orderItems": [{"orderItemId": self.line, "quantity": 3}],
        }
        self.assertEqual(self.sent(), [{"marketplaceId": US, "packageDetail": package}])

    def test_it_goes_to_v0_which_has_no_successor(self):
        self.confirm()
        paths = [request.path for request in self.requests if request.method == "POST"]
        self.assertIn(f"/orders/v0/orders/{self.order_id}/shipmentConfirmation", paths)

    def test_a_carrier_that_amazon_does_not_know_is_named(self):
        result = self.confirm(carrier_code="", carrier_name="Example Express")
        self.assertEqual(result.outcome, "accepted")
        package = self.sent()[0]["packageDetail"]
        self.assertEqual(
            (package["carrierCode"], package["carrierName"]),
            ("Other", "Example Express"),
        )

    def test_the_marketplace_is_the_orders_own(self):
        self.seed(sites=[US, CANADA])
        self.sites = (US, CANADA)
        self.known_ref("B", quantity=9, site=CANADA)
        order_id = self.simulator.sell("B", 1, site=CANADA)
        adapter = self.make_adapter()
        order = adapter.fetch_order(order_id)
        lines = [(order.lines[0].external_id, Decimal(1))]
        shipment = self.shipment(order_id=order_id, lines=lines, data=order.data)
        self.assertEqual(adapter.confirm_shipment(shipment).outcome, "accepted")
        self.assertEqual(self.sent()[-1]["marketplaceId"], CANADA)

    def test_a_shipment_without_the_orders_data_takes_its_site_or_the_only_one(self):
        self.assertEqual(self.confirm(data={}, site_code=US).outcome, "accepted")
        self.assertEqual(self.confirm(data={}, site_code="").outcome, "accepted")
        self.sites = (US, CANADA)
        result = self.confirm(data={}, site_code="")
        self.assertEqual((result.outcome, result.code), ("rejected", "marketplace"))


class TestRefusedBeforeSending(ShipmentCase):
    def test_what_amazon_would_refuse_is_said_in_words_and_not_sent(self):
        other = {"carrier_code": "", "carrier_name": ""}
        cases = {
            "tracking": {"tracking_number": " "},
            "carrier": other,
            "package_ref": {"package_ref": "OUT/00012"},
            "quantity": {"lines": [(self.line, Decimal("1.5"))]},
        }
        for code, changes in cases.items():
            with self.subTest(code):
                result = self.confirm(**changes)
                self.assertEqual((result.outcome, result.code), ("rejected", code))
                self.assertTrue(result.error)
        for changes in (
            {"package_ref": "0"},
            {"package_ref": ""},
            {"package_ref": "²"},
            {"lines": []},
            {"lines": [(self.line, Decimal(0))]},
            {"carrier_code": "other"},
        ):
            with self.subTest(changes):
                self.assertEqual(self.confirm(**changes).outcome, "rejected")
        self.assertEqual(self.sent(), [])


class TestAnswers(ShipmentCase):
    def test_only_204_is_a_yes(self):
        for status, body in ((200, {}), (200, "<html>"), (202, {}), (201, None)):
            with self.subTest(status=status, body=body):
                self.fault("confirmShipment", "status", status=status, body=body)
                with self.assertRaises(ChannelUnreachable):
                    self.confirm()
        self.assertEqual(self.tracking(), [])

    def test_the_same_parcel_again_is_the_same_parcel(self):
        for _attempt in range(2):
            self.assertEqual(self.confirm().outcome, "accepted")
        self.assertEqual(self.tracking(), ["1Z-EXAMPLE"])

    def test_an_order_that_was_shipped_by_hand_is_done_already(self):
        self.simulator.ship_order(self.order_id)
        result = self.confirm()
        self.assertEqual((result.outcome, result.error), ("already", ""))
        self.assertEqual(self.tracking(), ["BY-HAND-1"])

    def test_a_parcel_that_amazon_lists_is_done_already(self):
        self.confirm(lines=[(self.line, Decimal(1))])
        refusal = {"errors": [{"code": "InvalidInput", "message": "No."}]}
        self.fault("confirmShipment", "status", status=400, body=refusal, times=2)
        part = {"lines": [(self.line, Decimal(1))]}
        self.assertEqual(self.confirm(**part).outcome, "already")
        result = self.confirm(**part, tracking_number="1Z-ANOTHER")
        self.assertEqual(result.outcome, "rejected")

    def test_more_than_was_ordered_is_refused_with_amazons_words(self):
        result = self.confirm(lines=[(self.line, Decimal(4))])
        self.assertEqual((result.outcome, result.code), ("rejected", "InvalidInput"))
        self.assertIn("quantity", result.error)
        self.assertTrue(result.request_id)

    def test_a_cancelled_order_is_called_so(self):
        self.simulator.cancel_order(self.order_id)
        self.assertIn("cancelled on Amazon", self.confirm().error)

    def test_a_refusal_that_cannot_be_checked_is_tried_again(self):
        self.simulator.ship_order(self.order_id)
        self.fault("getOrder", "503_empty")
        with self.assertRaises(RetryableError):
            self.confirm()
        self.assertEqual(self.confirm().outcome, "already")

    def test_a_refusal_that_may_not_be_checked_is_told(self):
        refusal = {"errors": [{"code": "Unauthorized", "message": "Denied."}]}
        self.fault("getOrder", "status", status=403, body=refusal, times=-1)
        result = self.confirm(lines=[(self.line, Decimal(4))])
        self.assertEqual(result.outcome, "rejected")

    def test_a_parcel_may_get_another_tracking_number(self):
        self.confirm()
        result = self.confirm(tracking_number="1Z-CORRECTED")
        self.assertEqual(result.outcome, "accepted")
        self.assertEqual(self.tracking(), ["1Z-CORRECTED"])

    def test_cancelling_is_not_offered(self):
        self.assertFalse(self.adapter_class.supports("cancel_order"))


class TestCorrecting(ShipmentCase):
    def test_a_changed_number_edits_the_same_package(self):
        self.confirm()
        self.assertEqual(self.correct(tracking_number="1Z-RIGHT").outcome, "accepted")
        packages = self.simulator.order(self.order_id)["packages"]
        self.assertEqual([p["tracking"] for p in packages.values()], ["1Z-RIGHT"])

    def test_a_refused_change_is_not_taken_for_done_because_the_order_is_shipped(self):
        self.confirm()
        result = self.correct(tracking_number="1Z-R", lines=[(self.line, Decimal(9))])
        self.assertEqual(result.outcome, "rejected")
