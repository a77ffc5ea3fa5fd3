"""The shipped contract, with both kinds of Shopify credentials."""

import unittest

from marketplace_sync.channels.base import ListingRef
from marketplace_sync.channels.shopify import ShopifyAdapter
from marketplace_sync.tests.pure.adapter_contract import AdapterContract

LOCATION = "gid://shopify/Location/1"


class ShopifyContract(AdapterContract):
    channel = "shopify"
    adapter_class = ShopifyAdapter
    sites = (LOCATION,)
    operations = {
        "token": "token",
        "write": "inventorySetQuantities",
        "read": "nodes|productVariants",
    }

    def start_channel(self):
        super().start_channel()
        self.simulator.seed({"sites": [{"code": LOCATION, "name": "Shop"}]})

    def known_ref(self, sku="CONTRACT-1", quantity=5):
        row = {"sku": sku, "site": LOCATION, "quantity": quantity}
        self.simulator.seed({"listings": [row]})
        return ListingRef(key=f"key of {sku}", sku=sku, site_code=LOCATION)

    def channel_fault(self, operation_class, kind, **kwargs):
        """Misbehave twice at writes: a lost answer is asked for once more."""
        if operation_class == "write" and kind in ("503_empty", "html", "malformed"):
            kwargs.setdefault("times", 2)
        super().channel_fault(operation_class, kind, **kwargs)


class TestShopifyContract(ShopifyContract, unittest.TestCase):
    """Client id and secret, a token for 24 hours."""

    credentials = {
        "shop": "demo-shop",
        "client_id": "demo-client-id",
        "client_secret": "demo-client-secret",
    }
    wrong_credentials = {"client_secret": "not-the-secret"}


class TestShopifyContractWithStaticToken(ShopifyContract, unittest.TestCase):
    """The permanent token of an app made in the shop's admin."""

    credentials = {"shop": "demo-shop", "access_token": "demo-access-token"}
    wrong_credentials = {"access_token": "not-the-token"}
    refreshes_tokens = False
