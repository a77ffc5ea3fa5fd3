"""The shipped contract of orders, shipments and notifications, for Shopify."""

import unittest

import pytest

from marketplace_sync.tests.pure.test_shopify_contract import ShopifyContract

contract = pytest.importorskip(
    "marketplace_sync.tests.pure.order_contract",
    reason="the order contract is another builder's and not here yet",
)


class TestShopifyOrderContract(
    ShopifyContract, contract.OrderContract, unittest.TestCase
):
    credentials = {
        "shop": "demo-shop",
        "client_id": "demo-client-id",
        "client_secret": "demo-client-secret",
    }
    wrong_credentials = {"client_secret": "not-the-secret"}
    order_operations = {
        "read": "orders",
        "one": "order",
        "ship": "fulfillmentCreate",
    }
    unknown_order_id = "gid://shopify/Order/999"
    many_orders = 260

    def test_a_shipment_whose_answer_was_lost_is_one_parcel(self):
        """Shopify is asked at once whether it has the parcel, so the call succeeds."""
        order = self.sold_order()
        self.fault_on("ship", "reset_after")
        for outcome in ("accepted", "already"):
            result = self.make_adapter().confirm_shipment(self.shipment_of(order))
            self.assertEqual(result.outcome, outcome)
        self.assertEqual(self.tracking_on_channel(order.external_id), ["TRACK-1"])
