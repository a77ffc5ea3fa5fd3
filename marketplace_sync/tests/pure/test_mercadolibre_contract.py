"""The shipped contract, with every kind of listing that can be written."""

import itertools
import unittest

from marketplace_sync.channels.base import ListingRef
from marketplace_sync.channels.mercadolibre import MercadoLibreAdapter
from marketplace_sync.tests.pure.adapter_contract import AdapterContract


class MercadoLibreContract(AdapterContract):
    channel = "mercadolibre"
    adapter_class = MercadoLibreAdapter
    wrong_credentials = {
        "client_secret": "not-the-secret",
        "refresh_token": "TG-not-the-token",
    }
    sites = ("MLM",)
    operations = {"token": "oauthToken", "write": "putItem", "read": "bulkItems"}
    #: Mercado Libre documents none
    has_request_ids = False
    #: of the simulated seller and listing
    seller, listing = {}, {}

    @property
    def credentials(self):
        """Return a grant that still works: each refresh token is good once."""
        return {
            "user_id": "1234567890",
            "client_id": "1111222233334444",
            "client_secret": "fake-secret-mercadolibre",
            "refresh_token": self.simulator.state["auth"]["refresh_token"],
        }

    def start_channel(self):
        super().start_channel()
        self.variation_ids = itertools.count(71)
        self.simulator.seed({"seller": self.seller})

    def known_ref(self, sku="CONTRACT-1", quantity=5):
        row = {"sku": sku, "quantity": quantity, **self.listing}
        self.simulator.seed({"listings": [self.row(row)]})
        (item,) = self.simulator.shop.items_with(sku)
        return ListingRef(
            key=f"key of {sku}",
            sku=sku,
            site_code=self.sites[0],
            external_ref=self.external_ref(item, sku),
        )

    def row(self, row):
        return {**row, "site": self.sites[0]}

    def external_ref(self, item, sku):
        return item["id"]


class TestItemsContract(MercadoLibreContract, unittest.TestCase):
    """A seller without depots."""


class TestBySkuContract(MercadoLibreContract, unittest.TestCase):
    """Refs that know no item yet are found by SKU."""

    def external_ref(self, item, sku):
        return ""


class TestVariationsContract(MercadoLibreContract, unittest.TestCase):
    """Legacy items with variations."""

    listing = {"item_id": "MLM900"}

    def row(self, row):
        return {**super().row(row), "variation_id": next(self.variation_ids)}

    def external_ref(self, item, sku):
        variation = self.simulator.shop.items["MLM900"]["variations"][-1]
        return f"MLM900:{variation['id']}"


class TestDepotsContract(MercadoLibreContract, unittest.TestCase):
    """A seller with two depots, one of which is a site of ours."""

    sites = ("201",)
    operations = {
        "token": "oauthToken",
        "write": "putSellerWarehouse",
        "read": "bulkItems",
    }

    def start_channel(self):
        super().start_channel()
        self.simulator.seed({"sites": ["201", "202"]})


class TestFlexBesideFullContract(MercadoLibreContract, unittest.TestCase):
    """Full with Flex in Argentina: 204, seen some seconds later."""

    sites = ("MLA",)
    seller = {"site_id": "MLA"}
    listing = {"logistic_type": "fulfillment", "flex": True, "full_quantity": 11}
    operations = {
        "token": "oauthToken",
        "write": "putSellingAddress",
        "read": "bulkItems",
    }
