"""Simulated sales against the samples that stand beside the facts."""

import json

import pytest

from simulator.tests.test_mercadolibre_sales import HOSTED, NEW_FORMAT, SaleCase
from simulator.tests.test_mercadolibre_samples import SAMPLES, missing, sample, shape

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"no samples of Mercado Libre at {SAMPLES}"
)
#: Payment details that nothing here looks at.
PAYMENT = ("id", "order_id", "payer_id", "currency_id", "status", "transaction_amount")


class TestAnswers(SaleCase):
    def gaps(self, name, body, without=()):
        wanted = shape(sample(name)["body"])
        rows = wanted if isinstance(wanted, list) else [wanted]
        for row in rows:
            for left_out in without:
                row.pop(left_out, None)
            trim(row)
        return missing(wanted, shape(body))

    def test_an_order(self):
        ids = self.sim.sell_pack([("A", 1, None), ("B", 2, None)])
        self.assertEqual(self.gaps("order_pack_order", self.order(ids[0])), [])
        self.assertEqual(self.gaps("order_with_variation", self.order(ids[0]), OLD), [])

    def test_a_search(self):
        self.sim.sell("A")
        body = self.get("/orders/search?seller=1234567890").body
        wanted = shape(sample("orders_search")["body"])
        wanted["results"][0]["seller"].pop("nickname")
        trim(wanted["results"][0])
        self.assertEqual(missing(wanted, shape(body)), [])
        told = sample("orders_search")["body"]["results"][0]
        for name in ("context", "coupon"):
            self.assertNotIn(name, told)
            self.assertNotIn(name, body["results"][0])

    def test_a_shipment(self):
        shipment = self.shipment_of(self.sim.sell("A"))
        wanted = sample("shipment_me2_buffered")["body"]
        wanted["dimensions"] = None
        self.assertEqual(missing(shape(wanted), shape(shipment)), [])

    def test_a_shipment_uses_only_names_of_the_new_format(self):
        shipment = self.shipment_of(self.sim.sell("A", mode="me1", phone="5"))
        schema = sample("shipment_new_format_schema")["body"]
        for holder in ("logistic", "lead_time", "destination", "source", "origin"):
            strange = set(shipment[holder]) - set(schema[holder])
            self.assertEqual(strange, set(), holder)
        address = shipment["destination"]["shipping_address"]
        known = schema["destination"]["shipping_address"]
        self.assertEqual(set(address) - set(known), set())

    def test_the_hosted_view(self):
        order_id = self.sim.sell("A")
        number = str(self.order(order_id)["shipping"]["id"])
        self.sim.parcels.all[number]["returns"].append(7)
        body = self.get(f"/orders/{order_id}/shipments", **HOSTED).body
        self.assertEqual(self.gaps("order_shipments_hosted", body), [])
        self.assertEqual({row["type"] for row in body}, {"forward", "return"})

    def test_the_orders_of_a_shipment(self):
        ids = self.sim.sell_pack([("A", 1, None), ("B", 2, None)])
        number = self.order(ids[0])["shipping"]["id"]
        body = self.get(f"/shipments/{number}/orders", **HOSTED).body
        self.assertEqual(self.gaps("shipment_orders", body), [])
        self.assertEqual([row["order_id"] for row in body], ids)

    def test_the_dispatch_deadline(self):
        number = self.order(self.sim.sell("A"))["shipping"]["id"]
        body = self.get(f"/shipments/{number}/sla").body
        self.assertEqual(self.gaps("shipment_sla", body), [])

    def test_the_sample_of_me1_is_taken(self):
        request = json.loads((SAMPLES / "me1_seller_notifications_v2.json").read_text())
        self.seed({"sku": "A", "item_id": "MLA1"}, sites=["MLA"])
        order_id = self.sim.sell("A", mode="me1")
        number = self.order(order_id)["shipping"]["id"]
        self.sim.parcels.all[str(number)]["body"]["source"]["site_id"] = "MLA"
        path = f"/v2/shipments/{number}/seller_notifications"
        body = request["request"]["body"]
        body["payload"]["date"] = "2030-08-10T14:44:52.252Z"
        answer = self.call("POST", path, body)
        self.assertEqual(answer.body, request["response"]["body"])

    def test_a_refusal_of_me1(self):
        number = self.order(self.sim.sell("A"))["shipping"]["id"]
        path = f"/v2/shipments/{number}/seller_notifications"
        answer = self.call("POST", path, {})
        self.assertEqual(
            self.gaps("me1_seller_notifications_v2_error", answer.body), []
        )
        self.assertEqual(answer.status, 400)

    def test_the_sample_of_a_custom_shipment_is_taken(self):
        request = json.loads(
            (SAMPLES / "custom_shipping_put_shipment.json").read_text()
        )
        order_id = self.sim.sell("A", mode="custom", buyer_id=12345678)
        number = self.order(order_id)["shipping"]["id"]
        answer = self.put(f"/shipments/{number}", request["request"]["body"])
        self.assertEqual(answer.body, request["response"]["body"])

    def test_notifications_and_missed_ones(self):
        sent = []
        self.sim.notices.subscribe("http://127.0.0.1:9/hook")
        self.sim.notices.send = lambda url, body: sent.append(json.loads(body)) or 500
        self.sim.sell("A")
        while self.sim.notices.waiting():
            self.sim.notices.deliver()
        by_topic = {note["topic"]: note for note in sent}
        for topic in ("orders_v2", "shipments"):
            name = "notification_orders_v2" if topic == "orders_v2" else ME2_NOTE
            self.assertEqual(self.gaps(name, by_topic[topic]), [])
        body = self.get("/missed_feeds?app_id=1111222233334444").body
        wanted = shape(sample("missed_feeds")["body"])
        wanted["messages"][0]["response"]["headers"] = {}
        wanted["messages"][0]["request"]["headers"].pop("content-length")
        self.assertEqual(missing(wanted, shape(body)), [])

    def test_the_new_format_is_the_only_one(self):
        shipment = self.shipment_of(self.sim.sell("A"))
        self.assertEqual(NEW_FORMAT, {"x_format_new": "true"})
        self.assertNotIn("order_id", shipment)


ME2_NOTE = "notification_shipments"
OLD = ("comment", "pickup_id")


def trim(order):
    """Leave out of a sample what nothing here looks at."""
    if "payments" in order:
        payment = order["payments"][0]
        order["payments"] = [{n: v for n, v in payment.items() if n in PAYMENT}]
        lines = order["order_items"][0]
        for name in ("base_exchange_rate", "base_currency_id"):
            lines.pop(name, None)
        for name in ("warranty", "global_price", "net_weight", "release_date"):
            lines["item"].pop(name, None)
        lines["item"]["variation_attributes"] = []
        for name in ("user_type", "tags", "status", "buy_restrictions"):
            for who in ("seller", "buyer"):
                order.get(who, {}).pop(name, None)
        for name in ("sale", "purchase"):
            order.get("feedback", {}).pop(name, None)
        for name in ("fee", "store_id"):
            lines.pop(name, None)
        if lines.get("stock"):
            lines["stock"] = "any"
