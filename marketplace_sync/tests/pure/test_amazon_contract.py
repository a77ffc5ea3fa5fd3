"""Amazon passes the contract that every channel must pass."""

import unittest

from marketplace_sync.tests.pure.adapter_contract import AdapterContract
from marketplace_sync.tests.pure.amazon_case import AmazonCase


class TestAmazonContract(AmazonCase, AdapterContract, unittest.TestCase):
    pass


class TestAmazonContractByFeed(TestAmazonContract):
    """The contract again where every push goes by feed."""

    options = {"feed_threshold": 1}
    operations = {**AmazonCase.operations, "write": "createFeed"}
