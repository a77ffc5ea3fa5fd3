"""What the adapter sends to Amazon keeps to Amazon's official schemas."""

import json
import unittest
from datetime import datetime, timezone

from marketplace_sync.channels.orders import Shipment
from marketplace_sync.tests.pure.amazon_case import US, AmazonCase, level
from marketplace_sync.tests.pure.order_contract import amount_of


class TestSchemas(AmazonCase, unittest.TestCase):
    def setUp(self):
        from simulator.tests.amazon_schemas import Witness, skip_without_schemas

        skip_without_schemas()
        super().setUp()
        self.witness = Witness(self.simulator)

    def expect(self, *operations):
        """Every call kept to the models, and these were among them."""
        self.assertEqual(self.witness.problems, [])
        self.assertLessEqual(set(operations), set(self.witness.seen))

    def test_patches(self):
        refs = [self.known_ref(sku) for sku in ("A/B #1", "ñ,é")]
        levels = [level(refs[0], 7, lead_time_days=3), level(refs[1], 0)]
        self.push_levels(self.make_adapter(), *levels)
        self.expect("patchListingsItem")

    def test_feeds(self):
        refs = [self.known_ref(sku) for sku in ("A/B #1", "ñ,é", "C")]
        adapter = self.make_adapter(feed_threshold=2)
        levels = [level(ref, 7, lead_time_days=3) for ref in refs]
        results = self.push_levels(adapter, *levels)
        self.clock.sleep(60)
        adapter.poll_push(results[refs[0].key].submission)
        self.expect("createFeed", "uploadDocument", "getFeed", "downloadDocument")

    def test_reads(self):
        refs = [self.known_ref(sku) for sku in ("A/B #1", "ñ,é", "C")]
        adapter = self.make_adapter()
        adapter.check_connection()
        self.read(adapter, *refs)
        self.expect(
            "getMarketplaceParticipations", "searchListingsItems", "getListingsItem"
        )

    def test_the_catalogue(self):
        listings = [{"sku": f"S{n}", "site": US} for n in range(1_000)]
        self.seed(listings=listings[:30])
        self.assertEqual(len(list(self.make_adapter().fetch_listings())), 30)
        self.seed(listings=listings)
        self.assertEqual(len(list(self.make_adapter().fetch_listings())), 1_000)
        self.expect("searchListingsItems", "createReport", "getReportDocument")

    def test_orders_and_shipments(self):
        self.seed(tax_rate="0.1", tax_collected=True)
        self.known_ref("A/B #1", quantity=500)
        lines = [{"sku": "A/B #1", "quantity": 3, "discount": "1", "shipping": "2"}]
        order_id = self.simulator.place_order(lines, tip="1")
        for _sale in range(120):
            self.simulator.sell("A/B #1", 1)
        self.simulator.sell("A/B #1", 1, pending=True)
        self.simulator.request_cancellation(order_id)
        self.clock.sleep(600)
        adapter = self.make_adapter()
        self.assertEqual(len(list(adapter.fetch_orders(datetime(2026, 10, 1)))), 2)
        order = adapter.fetch_order(order_id)
        shipment = Shipment(
            order_id,
            "1",
            [(line.external_id, line.quantity) for line in order.lines],
            datetime(2026, 11, 2, tzinfo=timezone.utc),
            carrier_name="Example Express",
            tracking_number="T-1",
            data=order.data,
        )
        self.assertEqual(adapter.confirm_shipment(shipment).outcome, "accepted")
        adapter.fetch_order(order_id)
        self.simulator.cancel_order(self.simulator.orders()[0]["id"])
        self.expect("searchOrders", "getOrder", "confirmShipment")

    def test_notifications(self):
        from simulator.tests.amazon_schemas import ORDER_CHANGE, check, schema

        self.known_ref("A", quantity=500)
        order_id = self.simulator.sell("A", 3, pending=True)
        self.simulator.pay_order(order_id)
        self.simulator.request_cancellation(order_id)
        self.simulator.cancel_order(order_id)
        messages = self.simulator.receive_messages()
        self.assertEqual(len(messages), 4)
        for message in messages:
            check(json.loads(message["Body"]), schema(ORDER_CHANGE))
            self.assertTrue(
                self.adapter_class.parse_webhook({}, message["Body"]).external_id
            )

    def test_amazons_own_examples_are_understood(self):
        from marketplace_sync.channels.amazon.orders import order_of
        from simulator.tests.amazon_schemas import ORDER_CHANGE, schema

        model = schema("orders_2026-01-01.json")
        search = model["paths"]["/orders/2026-01-01/orders"]["get"]["responses"]["200"]
        static = search["x-amzn-api-sandbox"]["static"]
        told = [one for case in static for one in case["response"].get("orders", ())]
        told += search["examples"]["application/json"]["orders"]
        self.assertGreater(len(told), 2)
        for one in told:
            order = order_of(one)
            self.assertTrue(order.lines)
            self.assertFalse(order.is_held)
            self.assertTrue(all(line.quantity for line in order.lines))
            self.assertEqual(amount_of(order), order.total)
        (example,) = schema(ORDER_CHANGE)["examples"]
        event = self.adapter_class.parse_webhook({}, json.dumps(example).encode())
        self.assertEqual(event.external_id, "903-8868176-2219830")
        self.assertEqual(event.account_ref, "A3TH9S8BH6GOGM")
