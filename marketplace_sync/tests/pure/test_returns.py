"""What came back, as Shopify's refunds and Mercado Libre's claims tell it."""

import json
import os
import unittest
from decimal import Decimal
from pathlib import Path

from marketplace_sync.channels.errors import RejectedError, UnknownListing
from marketplace_sync.channels.mercadolibre import claims
from marketplace_sync.tests.pure.mercadolibre_case import MercadoLibreCase
from marketplace_sync.tests.pure.shopify_case import BERLIN, ShopifyCase


class TestShopify(ShopifyCase):
    def sold(self, quantity=3):
        self.stock("A", 20)
        return self.shop.sell("A", quantity, site=BERLIN)

    def returns(self, order_id):
        return list(self.adapter().fetch_returns(order_id))

    def test_units_that_were_sent_and_came_back(self):
        order_id = self.sold()
        order = self.adapter().fetch_order(order_id)
        self.shop.refund_order(order_id, quantity=2)
        (found,) = self.returns(order_id)
        self.assertEqual((found.kind, found.order_id), ("refund", order_id))
        (line,) = found.lines
        self.assertEqual((line.quantity, line.comes_back), (Decimal(2), True))
        self.assertEqual(line.external_id, order.lines[0].external_id)
        self.assertTrue(found.external_id.startswith("gid://shopify/Refund/"))
        self.assertIsNotNone(found.opened_at)

    def test_a_refund_does_not_say_that_goods_come_back(self):
        order_id = self.sold()
        self.shop.refund_order(order_id, quantity=1, restock="NO_RESTOCK")
        (found,) = self.returns(order_id)
        self.assertFalse(found.lines[0].comes_back)

    def test_what_never_left_is_no_return(self):
        order_id = self.sold()
        self.shop.refund_order(order_id, quantity=1, restock="CANCEL")
        self.assertEqual(self.returns(order_id), [])

    def test_an_order_that_is_not_there(self):
        for order_id in ("gid://shopify/Order/999", "junk"):
            with self.subTest(order_id), self.assertRaises(UnknownListing):
                self.returns(order_id)


class TestMercadoLibre(MercadoLibreCase):
    def sold(self, quantity=2):
        self.seed({"sku": "A", "quantity": 9})
        return self.channel.sell("A", quantity)

    def returns(self, claim_id):
        return list(self.adapter.fetch_returns(claim_id))

    def test_goods_on_their_way_back_to_us(self):
        order_id = self.sold()
        order = self.adapter.fetch_order(str(order_id))
        claim = self.channel.open_claim(order_id, quantity=2)
        (found,) = self.returns(claim)
        self.assertEqual((found.kind, found.status), ("return", "open"))
        self.assertEqual(found.order_id, order.external_id)
        self.assertEqual(found.lines[0].quantity, Decimal(2))
        self.assertEqual(found.lines[0].external_ref, order.lines[0].external_ref)
        self.assertFalse(found.goes_to_channel)

    def test_delivered_means_physically_back(self):
        claim = self.channel.open_claim(self.sold(), quantity=1, status="delivered")
        self.assertEqual(self.returns(claim)[0].status, "received")

    def test_what_goes_to_full_does_not_come_to_us(self):
        claim = self.channel.open_claim(self.sold(), quantity=1, to="warehouse")
        self.assertTrue(self.returns(claim)[0].goes_to_channel)

    def test_a_claim_without_goods(self):
        order_id = self.sold()
        (found,) = self.returns(self.channel.open_claim(order_id))
        self.assertEqual((found.kind, found.lines), ("claim", ()))
        self.assertEqual(found.order_id, str(order_id))

    def test_a_claim_that_is_not_there(self):
        for claim in ("999", "../users/1"):
            with self.subTest(claim), self.assertRaises(RejectedError):
                self.returns(claim)

    def test_the_official_examples_are_understood(self):
        root = Path(__file__).resolve().parents[3]
        folder = os.environ.get("MARKETPLACE_API_SCHEMAS") or root / "../shared/apis"
        folder = Path(folder) / "mercadolibre/samples"
        if not folder.exists():
            raise unittest.SkipTest("set MARKETPLACE_API_SCHEMAS")
        claim, body = (
            json.loads((folder / f"{name}.json").read_text())["response"]["body"]
            for name in ("claim", "claim_returns")
        )
        (found,) = claims._returns(body, claim, "")
        self.assertEqual((found.status, found.told), ("received", "delivered"))
        self.assertEqual(found.lines[0].quantity, Decimal(1))
        # from triage it is sent on to the seller
        self.assertFalse(found.goes_to_channel)
        self.assertEqual(claims._claim(claim, "1", "").status, "closed")
