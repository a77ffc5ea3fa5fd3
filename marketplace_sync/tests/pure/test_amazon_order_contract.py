"""Amazon passes the contract of orders that every channel must pass."""

import unittest

from marketplace_sync.tests.pure.amazon_case import AmazonCase
from marketplace_sync.tests.pure.order_contract import OrderContract


class TestAmazonOrderContract(AmazonCase, OrderContract, unittest.TestCase):
    order_operations = {
        "read": "searchOrders",
        "one": "getOrder",
        "ship": "confirmShipment",
    }
    unknown_order_id = "701-9999999-9999999"


class TestAmazonOrderContractWithoutPersonalData(TestAmazonOrderContract):
    """The contract again for an application that may not see names."""

    def setUp(self):
        super().setUp()
        self.seed(roles=["sellers", "listings", "orders"])


class TestAmazonOrderContractWithTax(TestAmazonOrderContract):
    """The contract again where tax is in the prices."""

    def setUp(self):
        super().setUp()
        self.seed(tax_rate="0.19", tax_mode="included")
