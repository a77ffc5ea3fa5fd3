"""What Full holds: by Mercado Libre's own words."""

import json
import os
import unittest
from pathlib import Path

from marketplace_sync.channels.base import ListingRef
from marketplace_sync.channels.errors import ChannelUnreachable, RateLimited
from marketplace_sync.channels.mercadolibre.full import buckets_of, stock_of
from marketplace_sync.tests.pure.mercadolibre_case import MercadoLibreCase

DETAIL = {"damage": 2, "lost": 1, "noFiscalCoverage": 5, "withdrawal": 5}
FULL = {"logistic_type": "fulfillment", "full_detail": DETAIL}


class TestFull(MercadoLibreCase):
    def held(self, *refs):
        found = list(self.adapter.fetch_channel_stock(refs))
        self.assertEqual(sorted(s.key for s in found), sorted(r.key for r in refs))
        return {stock.key: stock for stock in found}

    def held_one(self, ref):
        return self.held(ref)[ref.key]

    def test_only_what_is_available_is_sellable(self):
        self.seed({"sku": "A", "quantity": 5, **FULL})
        stock = self.held_one(self.known("A"))
        told = {bucket.name: bucket.quantity for bucket in stock.buckets}
        self.assertEqual(told, {"available_quantity": 5, **DETAIL})
        self.assertEqual((stock.sellable, stock.total), (5, 18))
        self.assertEqual(stock.sum_of("unfulfillable"), 8)
        self.assertEqual(stock.sum_of("reserved"), 5)
        self.assertTrue(stock.external_id)

    def test_the_inventory_that_an_earlier_read_left_is_not_looked_up_again(self):
        self.seed({"sku": "A", **FULL})
        ref = self.known("A")
        (listing,) = self.adapter.fetch_stock([ref])
        self.wire.sent.clear()
        self.held(self.known("A", **listing.data))
        self.assertEqual(self.operations(), ["getFullStock"])

    def test_listings_of_one_inventory_cost_one_call(self):
        rows = [
            {"sku": sku, "user_product_id": "MLMU7", "quantity": 4, **FULL}
            for sku in ("A", "B")
        ]
        self.seed(*rows)
        stocks = self.held(self.known("A"), self.known("B"))
        self.assertEqual({s.sellable for s in stocks.values()}, {4})
        self.assertEqual(len({s.external_id for s in stocks.values()}), 1)
        self.assertEqual(self.operations().count("getFullStock"), 1)

    def test_a_listing_without_inventory_is_an_answer_in_words(self):
        self.seed({"sku": "A", **FULL}, {"sku": "B"})
        gone = self.ref("MLM99", "C", inventory_id="GONE1")
        stocks = self.held(self.known("A"), self.known("B"), gone)
        self.assertEqual(stocks["A@MLM"].sellable, 5)
        self.assertIn("no inventory", stocks["B@MLM"].error)
        self.assertIn("GONE1", stocks["C@MLM"].error)

    def test_a_status_that_is_new_is_kept_and_not_sellable(self):
        self.seed({"sku": "A", **FULL, "full_detail": {"quarantine": 3}})
        stock = self.held_one(self.known("A"))
        (new,) = [one for one in stock.buckets if one.name == "quarantine"]
        self.assertEqual((new.quantity, new.kind), (3, "other"))
        self.assertEqual(stock.sellable, 5)

    def test_without_available_quantity_nothing_is_sellable(self):
        stock = stock_of(
            {"total": 4, "not_available_quantity": 4}, ListingRef("k", "A")
        )
        self.assertIsNone(stock.sellable)
        self.assertEqual([b.name for b in stock.buckets], ["not_available_quantity"])

    def test_an_answer_without_any_quantity_is_no_answer(self):
        with self.assertRaises(ChannelUnreachable):
            buckets_of({"inventory_id": "X"})

    def test_too_many_calls_are_said(self):
        self.seed({"sku": "A", **FULL})
        self.fault("getFullStock", "429_fulfillment")
        with self.assertRaises(RateLimited):
            self.held(self.known("A"))

    def test_the_official_example_is_understood(self):
        root = Path(__file__).resolve().parents[3]
        folder = os.environ.get("MARKETPLACE_API_SCHEMAS") or root / "../shared/apis"
        path = Path(folder) / "mercadolibre/samples/fulfillment_stock.json"
        if not path.exists():
            raise unittest.SkipTest("set MARKETPLACE_API_SCHEMAS")
        body = json.loads(path.read_text())["response"]["body"]
        stock = stock_of(body, ListingRef("k", "A"))
        self.assertEqual((stock.sellable, stock.total), (5, 20))
        self.assertEqual(sum(one.quantity for one in stock.buckets), 20)
        self.assertNotIn("other", {one.kind for one in stock.buckets})
