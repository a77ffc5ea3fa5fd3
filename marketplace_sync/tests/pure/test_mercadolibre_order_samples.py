"""The adapter reads the samples that stand beside the facts."""

import json
import os
import unittest
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace_sync.channels.mercadolibre import MercadoLibreAdapter
from marketplace_sync.channels.mercadolibre.orders import Account, to_order
from marketplace_sync.channels.mercadolibre.parcel import Parcel, from_rows
from marketplace_sync.channels.mercadolibre.webhooks import RESOURCES

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = Path(
    os.environ.get("MARKETPLACE_API_SCHEMAS") or ROOT.parent / "shared" / "apis"
).joinpath("mercadolibre", "samples")
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"no samples of Mercado Libre at {SAMPLES}"
)
NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)


def body(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())["response"]["body"]


def told(order, stores=None):
    return to_order(
        order, Parcel(body("shipment_me2_buffered")), Account(stores or {}, NOW)
    )


class TestSamples(unittest.TestCase):
    def test_an_order_of_a_pack(self):
        order = told(body("order_pack_order"), {"163942": "54936888"})
        (line,) = order.lines
        self.assertEqual((order.external_id, order.group), (ORDER, PACK))
        self.assertEqual((order.status, order.is_held), ("open", False))
        self.assertEqual((line.unit_price, line.quantity), (Decimal("62.96"), 2))
        self.assertEqual(order.total, Decimal("125.92"))
        self.assertEqual(line.site_code, "54936888")
        self.assertEqual(line.pool_key, "MLBU1458960576@54936888")
        self.assertEqual(order.placed_at.isoformat(), "2024-11-01T13:34:59+00:00")

    def test_an_order_of_a_variation_without_sku(self):
        (line,) = told(body("order_with_variation")).lines
        self.assertEqual(line.external_ref, "MLB2608564035:174390848694")
        self.assertEqual((line.sku, line.pool_key), ("", ""))

    def test_a_result_of_a_search(self):
        (row,) = body("orders_search")["results"]
        order = told(row)
        self.assertEqual((order.status, order.total), ("shipped", Decimal("129.95")))
        self.assertEqual(order.updated_at.isoformat(), "2020-10-20T19:09:22+00:00")

    def test_a_shipment_in_the_new_format(self):
        parcel = Parcel(body("shipment_me2_buffered"))
        self.assertEqual((parcel.mode, parcel.logistic_type), ("me2", "xd_drop_off"))
        self.assertEqual((parcel.cost, parcel.has_left), (0, False))
        schema = Parcel(body("shipment_new_format_schema"))
        self.assertEqual(schema.node, "string")
        self.assertEqual(schema.address().country_code, "string")

    def test_the_orders_of_a_shipment(self):
        rows = body("shipment_orders")
        ours = tuple(row["order_id"] for row in rows)
        self.assertEqual(from_rows({}, rows, "12345").orders, ours)
        self.assertEqual(from_rows({}, rows, "12345").bears_cost, ours[0])
        self.assertTrue(from_rows({}, rows, "999").is_shared)

    def test_every_notification_is_understood(self):
        for path in SAMPLES.glob("notification_*.json"):
            sample = json.loads(path.read_text())
            if "response" not in sample:
                continue  # the list of addresses
            note = sample["response"]["body"]
            self.assertIn(note["topic"], RESOURCES)
            note["resource"] = note["resource"].replace("$USER_PRODUCT_ID", "MLMU1")
            raw = json.dumps(note).encode()
            apps, user = (str(note["application_id"]),), str(note["user_id"])
            self.assertTrue(MercadoLibreAdapter.verify_webhook({}, raw, apps, user))
            self.assertTrue(MercadoLibreAdapter.parse_webhook({}, raw).external_id)


ORDER, PACK = "2000009713473608", "2000006556183755"


if __name__ == "__main__":
    unittest.main()
