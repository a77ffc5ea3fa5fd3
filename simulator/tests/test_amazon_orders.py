"""Orders of the simulated Amazon: what people do, and what the API then tells."""

import json

from .amazon_client import CANADA, US, AmazonSimulatorCase
from .amazon_schemas import ORDER_CHANGE, Witness, check, schema, skip_without_schemas

ALL = "BUYER,RECIPIENT,PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES,TAX"
SEARCH = "/orders/2026-01-01/orders"


class OrdersCase(AmazonSimulatorCase):
    def setUp(self):
        super().setUp()
        self.seed({"sku": "A", "sites": [US, CANADA], "quantity": 10, "price": 9.99})

    def sell(self, quantity=2, sku="A", **kwargs):
        return self.amazon.sell(sku, quantity, **kwargs)

    def read(self, order_id, parts=ALL):
        return self.call("GET", f"{SEARCH}/{order_id}", includedData=parts)

    def status(self, order_id):
        return self.read(order_id).body["order"]["fulfillment"]["fulfillmentStatus"]

    def search(self, **query):
        query = query or {"lastUpdatedAfter": "2026-10-01T00:00:00Z"}
        return self.call("GET", SEARCH, **{"includedData": ALL, **query})

    def confirm(self, order_id, reference="1", units=2, item=None, **package):
        item = item or self.amazon.order(order_id)["items"][0]["id"]
        package = {
            "packageReferenceId": reference,
            "carrierCode": "UPS",
            "trackingNumber": f"T-{reference}",
            "shipDate": "2026-11-02T00:00:00Z",
            "orderItems": [{"orderItemId": item, "quantity": units}],
            **package,
        }
        path = f"/orders/v0/orders/{order_id}/shipmentConfirmation"
        return self.call("POST", path, {"marketplaceId": US, "packageDetail": package})


class TestLife(OrdersCase):
    def test_a_sale_lowers_the_one_counter_of_all_marketplaces(self):
        self.sell(3)
        self.assertEqual(
            [self.shelf("A", site).quantity for site in (US, CANADA)], [7, 7]
        )
        self.assertEqual(self.quantity("A"), 7)

    def test_a_pending_sale_lowers_it_too_and_tells_no_price(self):
        order_id = self.sell(3, pending=True)
        self.assertEqual(self.shelf("A").quantity, 7)
        order = self.read(order_id).body["order"]
        self.assertEqual(self.status(order_id), "PENDING")
        for name in ("proceeds", "buyer", "recipient"):
            self.assertNotIn(name, order)
        self.assertNotIn("price", order["orderItems"][0]["product"])
        self.amazon.pay_order(order_id)
        self.assertEqual(self.status(order_id), "UNSHIPPED")

    def test_nobody_buys_what_is_not_there(self):
        with self.assertRaises(ValueError):
            self.sell(11)
        with self.assertRaises(LookupError):
            self.sell(1, sku="NOT-THERE")
        self.assertEqual(self.shelf("A").quantity, 10)

    def test_a_cancellation_puts_the_units_back_unless_there_were_none(self):
        self.amazon.cancel_order(self.sell(3))
        self.assertEqual(self.shelf("A").quantity, 10)
        order_id = self.sell(3)
        self.amazon.cancel_order(order_id, reason="NoInventory")
        self.assertEqual(self.shelf("A").quantity, 7)
        self.assertEqual(self.status(order_id), "CANCELLED")

    def test_an_absolute_number_that_was_on_its_way_swallows_a_sale(self):
        self.patch("A", quantity=20)
        self.sell(3)
        self.assertEqual(self.shelf("A").quantity, 7)
        self.now += 1
        self.assertEqual(self.shelf("A").quantity, 20)

    def test_an_order_only_becomes_smaller(self):
        order_id = self.sell(3)
        self.amazon.edit_order(order_id, {"A": 1}, city="Elsewhere")
        item = self.read(order_id).body["order"]["orderItems"][0]
        self.assertEqual(item["quantityOrdered"], 3)
        self.assertEqual(item["fulfillment"]["quantityUnfulfilled"], 1)
        self.assertEqual(self.shelf("A").quantity, 9)
        with self.assertRaises(ValueError):
            self.amazon.edit_order(order_id, {"A": 4})

    def test_a_request_to_cancel_changes_nothing_else(self):
        order_id = self.sell()
        self.amazon.request_cancellation(order_id, "Oops")
        item = self.read(order_id).body["order"]["orderItems"][0]
        self.assertEqual(
            item["cancellation"]["cancellationRequest"]["cancelReason"], "Oops"
        )
        self.assertEqual(self.status(order_id), "UNSHIPPED")

    def test_money_adds_up_to_the_grand_total(self):
        self.amazon.seed({"tax_rate": "0.1"})
        lines = [{"sku": "A", "quantity": 3, "discount": "1.01", "shipping": "2.00"}]
        order_id = self.amazon.place_order(lines, tip="1.50")
        order = self.read(order_id).body["order"]
        # 29.97 − 1.01 + 2.00 + 2.90 (tax of 28.96) + 1.50
        self.assertEqual(order["proceeds"]["grandTotal"]["amount"], "35.36")

    def test_orders_survive_a_restart(self):
        order_id = self.sell()
        state = json.loads(json.dumps(self.amazon.dump()))
        self.amazon.load(state)
        self.assertEqual(self.amazon.orders()[0]["id"], order_id)
        del state["orders"]
        self.amazon.load(state)
        self.assertEqual(self.amazon.orders(), [])

    def test_the_page_gets_rows_of_plain_values(self):
        order_id = self.sell()
        self.confirm(order_id)
        self.amazon.refund_order(order_id)
        (row,) = self.amazon.orders()
        self.assertEqual((row["status"], row["tracking"]), ("shipped", ["T-1"]))
        self.assertEqual(
            row["lines"], [{"sku": "A", "quantity": 2, "shipped": 2, "cancelled": 0}]
        )
        self.assertTrue(row["refunded"])
        json.dumps(row)


class TestSearch(OrdersCase):
    def test_the_last_two_minutes_are_not_seen(self):
        order_id = self.sell()
        self.now += 119
        self.assertEqual(self.search().body["orders"], [])
        self.now += 2
        self.assertEqual(
            [one["orderId"] for one in self.search().body["orders"]], [order_id]
        )

    def test_exactly_one_beginning_must_be_named(self):
        time = "2026-10-01T00:00:00Z"
        for query in (
            {"maxResultsPerPage": 1},
            {"createdAfter": time, "lastUpdatedAfter": time},
            {"createdAfter": time, "lastUpdatedBefore": time},
            {"lastUpdatedAfter": "yesterday"},
            {"lastUpdatedAfter": time, "lastUpdatedBefore": "2030-01-01T00:00:00Z"},
            {"lastUpdatedAfter": "2030-01-01T00:00:00Z"},
            {"lastUpdatedAfter": time, "maxResultsPerPage": 101},
            {"lastUpdatedAfter": time, "includedData": "EVERYTHING"},
            {"lastUpdatedAfter": time, "marketplaceIds": "A1PA6795UKMFR9"},
            {"lastUpdatedAfter": time, "paginationToken": "invented"},
        ):
            with self.subTest(query):
                self.assertEqual(self.search(**query).status, 400)

    def test_pages_share_their_parameters_and_their_end(self):
        for _sale in range(5):
            self.sell(1)
        self.now += 600
        query = {"lastUpdatedAfter": "2026-10-01T00:00:00Z", "maxResultsPerPage": 2}
        first = self.search(**query).body
        self.now += 600
        token = first["pagination"]["nextToken"]
        second = self.search(**query, paginationToken=token).body
        self.assertEqual(second["lastUpdatedBefore"], first["lastUpdatedBefore"])
        ids = {one["orderId"] for one in first["orders"] + second["orders"]}
        self.assertEqual(len(ids), 4)
        other = {**query, "maxResultsPerPage": 3, "paginationToken": token}
        self.assertEqual(self.search(**other).status, 400)
        self.now += 24 * 3600
        self.token = self.login().body["access_token"]
        self.assertEqual(self.search(**query, paginationToken=token).status, 400)

    def test_sites_statuses_and_makers_can_be_chosen(self):
        here = self.sell(1)
        there = self.sell(1, site=CANADA, pending=True)
        self.now += 600
        after = {"lastUpdatedAfter": "2026-10-01T00:00:00Z"}
        for query, found in (
            ({"marketplaceIds": US}, [here]),
            ({"fulfillmentStatuses": "PENDING"}, [there]),
            ({"fulfilledBy": "AMAZON"}, []),
        ):
            answer = self.search(**after, **query)
            self.assertEqual([one["orderId"] for one in answer.body["orders"]], found)

    def test_an_application_without_roles_gets_403(self):
        order_id = self.sell()
        self.amazon.seed({"roles": ["sellers", "listings", "orders"]})
        self.assertEqual(self.search().status, 403)
        self.assertEqual(self.read(order_id, "PROCEEDS").status, 200)
        self.amazon.seed({"pii_refusal": 400})
        self.assertEqual(self.read(order_id).status, 400)
        self.amazon.seed({"pii_refusal": 0})
        self.assertNotIn("buyer", self.read(order_id).body["order"])
        self.amazon.seed({"roles": ["sellers", "listings"]})
        self.assertEqual(self.read(order_id, "PROCEEDS").status, 403)

    def test_searches_are_few(self):
        self.amazon.seed({"rate_limits": True})
        statuses = [self.search().status for _search in range(21)]
        self.assertEqual((statuses.count(200), statuses[-1]), (20, 429))
        self.now += 179
        self.assertEqual(self.search().status, 200)


class TestConfirmShipment(OrdersCase):
    def test_a_package_is_named_by_its_reference(self):
        order_id = self.sell(3)
        self.assertEqual(self.confirm(order_id, "1", 2).status, 204)
        self.assertEqual(self.confirm(order_id, "1", 2).status, 204)
        self.assertEqual(self.status(order_id), "PARTIALLY_SHIPPED")
        self.assertEqual(self.confirm(order_id, "2", 1).status, 204)
        self.assertEqual(self.status(order_id), "SHIPPED")
        self.assertEqual(self.amazon.orders()[0]["tracking"], ["T-1", "T-2"])

    def test_the_same_package_again_changes_nothing_not_even_the_time(self):
        order_id = self.sell()
        self.confirm(order_id)
        before = self.read(order_id).body
        self.now += 60
        self.confirm(order_id)
        self.assertEqual(self.read(order_id).body, before)

    def test_what_is_wrong_is_400(self):
        order_id = self.sell(3)
        for changes in (
            {"reference": "0"},
            {"reference": "P-1"},
            {"packageReferenceId": 1},
            {"units": 4},
            {"units": 0},
            {"item": "unknown"},
            {"trackingNumber": ""},
            {"carrierCode": "Other"},
            {"orderItems": []},
        ):
            with self.subTest(changes):
                self.assertEqual(self.confirm(order_id, **changes).status, 400)
        self.assertEqual(self.amazon.orders()[0]["tracking"], [])

    def test_orders_that_cannot_be_shipped_refuse_a_new_package(self):
        pending, gone, shipped = self.sell(1, pending=True), self.sell(1), self.sell(1)
        self.amazon.cancel_order(gone)
        self.amazon.ship_order(shipped)
        for order_id in (pending, gone, shipped):
            self.assertEqual(self.confirm(order_id, units=1).status, 400)
        item = {"item": "1"}
        self.assertEqual(self.confirm("701-9-9", **item).status, 404)

    def test_a_yes_can_be_a_lie(self):
        order_id = self.sell()
        item = self.amazon.order(order_id)["items"][0]["id"]
        package = {
            "packageReferenceId": "1",
            "carrierCode": "UPS",
            "trackingNumber": "T",
            "shipDate": "2026-11-02T00:00:00Z",
            "orderItems": [{"orderItemId": item, "quantity": 2}],
        }
        path = f"/orders/v0/orders/{order_id}/shipmentConfirmation"
        body = {"marketplaceId": US, "packageDetail": package}
        answer = self.call("POST", path, body, fault={"kind": "ignore"})
        self.assertEqual((answer.status, self.status(order_id)), (204, "UNSHIPPED"))


class TestQueue(OrdersCase):
    def kinds(self, **kwargs):
        found = []
        for message in self.amazon.receive_messages(**kwargs):
            body = json.loads(message["Body"])
            change = body["Payload"]["OrderChangeNotification"]
            found.append((change["AmazonOrderId"], change["Summary"]["OrderStatus"]))
        return found

    def test_what_is_not_deleted_comes_again(self):
        self.sell()
        (message,) = self.amazon.receive_messages()
        self.assertEqual(self.amazon.receive_messages(), [])
        self.now += 31
        (again,) = self.amazon.receive_messages()
        self.assertEqual(again["Body"], message["Body"])
        self.amazon.delete_message(again["ReceiptHandle"])
        self.now += 31
        self.assertEqual(self.amazon.receive_messages(), [])

    def test_every_change_is_told(self):
        order_id = self.sell(pending=True)
        self.amazon.pay_order(order_id)
        self.confirm(order_id)
        self.assertEqual(
            [status for _order, status in self.kinds()],
            ["Pending", "Unshipped", "Shipped"],
        )

    def test_notifications_come_twice_late_out_of_order_or_never(self):
        self.amazon.plan_delivery("never")
        self.amazon.plan_delivery("twice")
        self.amazon.plan_delivery("late", seconds=600)
        never, twice, late, last = (self.sell(1) for _sale in range(4))
        found = [order_id for order_id, _status in self.kinds(unordered=True)]
        self.assertEqual(found, [last, twice, twice])
        self.assertNotIn(never, found)
        self.now += 600
        self.assertIn(late, [order_id for order_id, _status in self.kinds()])
        with self.assertRaises(ValueError):
            self.amazon.plan_delivery("sideways")


class TestSchemas(OrdersCase):
    def test_what_is_taken_and_answered_keeps_to_the_models(self):
        skip_without_schemas()
        witness = Witness(self.amazon)
        self.seed({"sku": "FBA", "fulfilment": "channel", "quantity": 3})
        self.amazon.seed({"tax_rate": "0.1", "tax_collected": True})
        lines = [{"sku": "A", "quantity": 2, "discount": "1", "gift_wrap": "1"}]
        orders = [self.amazon.place_order(lines, tip="2", programs=["PRIME"])]
        orders += [self.sell(1, pending=True), self.sell(1), self.sell(1, sku="FBA")]
        self.amazon.request_cancellation(orders[0])
        self.confirm(orders[0])
        self.confirm(orders[0], "0")
        self.amazon.cancel_order(orders[2])
        self.now += 600
        for order_id in orders:
            self.read(order_id)
        self.read("701-9-9")
        self.search(lastUpdatedAfter="2026-10-01T00:00:00Z", maxResultsPerPage=2)
        self.search(lastUpdatedAfter="no")
        self.assertEqual(witness.problems, [])
        self.assertEqual(
            witness.seen, {"getOrder": 5, "searchOrders": 2, "confirmShipment": 2}
        )
        for message in self.amazon.receive_messages(count=99):
            check(json.loads(message["Body"]), schema(ORDER_CHANGE))
