"""The simulated Mercado Libre sells, ships, cancels, and tells about it."""

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from simulator.core import Request
from simulator.delivery import Courier
from simulator.mercadolibre import MercadoLibreSimulator
from simulator.mercadolibre_notices import ATTEMPTS, OFF_AFTER
from simulator.tests.test_mercadolibre_shop import ShopCase

NEW_FORMAT = {"x_format_new": "true"}
HOSTED = {"x_new_domain": "true"}


class SaleCase(ShopCase):
    def setUp(self):
        super().setUp()
        self.seed({"sku": "A", "item_id": "MLM1", "quantity": 10}, {"sku": "B"})

    def order(self, order_id):
        return self.get(f"/orders/{order_id}").body

    def shipment_of(self, order_id):
        number = self.order(order_id)["shipping"]["id"]
        return self.get(f"/shipments/{number}", **NEW_FORMAT).body

    def version(self, item="MLM1"):
        up = self.sim.shop.items[item]["user_product_id"]
        return self.get(f"/user-products/{up}/stock").headers["x-version"]

    def found(self, **more):
        query = "".join(f"&{name}={value}" for name, value in more.items())
        answer = self.get(f"/orders/search?seller=1234567890{query}")
        return [row["id"] for row in answer.body["results"]]


class TestSelling(SaleCase):
    def test_a_sale_lowers_the_shelf_and_raises_the_version(self):
        before = int(self.version())
        self.sim.sell("A", 3)
        self.assertEqual(self.shelf()[("A", "MLM")], 7)
        self.assertGreater(int(self.version()), before)
        self.assertEqual(self.get("/items/MLM1").body["available_quantity"], 7)

    def test_the_last_unit_pauses_the_item(self):
        self.sim.sell("A", 10)
        self.assertEqual(self.get("/items/MLM1").body["status"], "paused")

    def test_nobody_buys_what_is_not_there(self):
        with self.assertRaises(ValueError):
            self.sim.sell("A", 11)
        with self.assertRaises(LookupError):
            self.sim.sell("nothing")
        self.assertEqual(self.shelf()[("A", "MLM")], 10)
        self.assertEqual(self.sim.orders(), [])

    def test_a_full_listing_sells_from_full(self):
        self.seed({"sku": "F", "logistic_type": "fulfillment", "quantity": 4})
        order_id = self.sim.sell("F")
        self.assertEqual(self.shelf()[("F", "MLM")], 3)
        self.assertEqual(self.shipment_of(order_id)["logistic"]["type"], "fulfillment")

    def test_a_depot_sells_its_own(self):
        rows = [{"sku": "D", "site": s, "user_product_id": "MLMU9"} for s in "12"]
        self.seed(*rows)
        order_id = self.sim.sell("D", 2, "2")
        self.assertEqual(self.shelf()[("D", "1")], 5)
        self.assertEqual(self.shelf()[("D", "2")], 3)
        (line,) = self.order(order_id)["order_items"]
        self.assertEqual(line["stock"][0]["store_id"], "2")

    def test_a_cart_is_a_pack_of_orders_with_one_shipment(self):
        ids = self.sim.sell_pack([("A", 1, None), ("B", 2, None)])
        orders = [self.order(order_id) for order_id in ids]
        self.assertEqual(len({order["pack_id"] for order in orders}), 1)
        self.assertEqual(len({order["shipping"]["id"] for order in orders}), 1)

    def test_orders_survive_a_restart(self):
        order_id = self.sim.sell("A")
        again = MercadoLibreSimulator(self.clock)
        again.load(json.loads(json.dumps(self.sim.dump())))
        self.assertEqual(again.orders(), self.sim.orders())
        again.cancel_order(order_id)
        self.assertEqual(again.orders()[0]["status"], "cancelled")

    def test_a_state_from_before_orders_is_taken_over(self):
        state = self.sim.dump()
        for name in ("orders", "shipments", "notices", "next_sale"):
            del state["shop"][name]
        self.sim.load(state)
        self.assertTrue(self.sim.sell("A"))

    def test_the_page_sees_lines_and_tracking(self):
        order_id = self.sim.sell("A", 2)
        (row,) = self.sim.orders()
        self.assertEqual((row["id"], row["status"]), (order_id, "paid"))
        self.assertEqual(row["lines"][0]["sku"], "A")
        self.assertTrue(row["tracking"])


class TestLater(SaleCase):
    def test_cancelled_orders_vanish_from_searches(self):
        order_id = self.sim.sell("A")
        self.assertEqual(len(self.found()), 1)
        self.sim.cancel_order(order_id)
        self.assertEqual(self.found(), [])
        self.assertEqual(self.order(order_id)["status"], "cancelled")

    def test_the_stock_comes_back_only_when_asked(self):
        first, second = self.sim.sell("A"), self.sim.sell("A")
        self.sim.cancel_order(first)
        self.assertEqual(self.shelf()[("A", "MLM")], 8)
        self.sim.cancel_order(second, restock=True)
        self.assertEqual(self.shelf()[("A", "MLM")], 9)

    def test_a_refund_leaves_a_mexican_order_paid_and_unfulfilled(self):
        order_id = self.sim.sell("A")
        self.sim.refund_order(order_id)
        order = self.order(order_id)
        self.assertEqual(order["status"], "paid")
        self.assertIn("unfulfilled", order["tags"])

    def test_a_partial_refund_is_a_status(self):
        order_id = self.sim.sell("A")
        self.sim.refund_order(order_id, 1)
        self.assertEqual(self.order(order_id)["status"], "partially_refunded")
        with self.assertRaises(ValueError):
            self.sim.refund_order(order_id, 1000)

    def test_lines_never_change(self):
        with self.assertRaises(ValueError):
            self.sim.edit_order(self.sim.sell("A"), quantity=2)

    def test_a_split_pack_ends_and_new_orders_appear_without_selling_again(self):
        ids = self.sim.sell_pack([("A", 1, None), ("B", 2, None)])
        shelf = self.shelf()
        new = self.sim.split_pack(self.order(ids[0])["pack_id"])
        detail = self.order(ids[0])["cancel_detail"]
        self.assertEqual(detail["code"], "pack_splitted")
        self.assertEqual(len({self.order(n)["shipping"]["id"] for n in new}), 2)
        self.assertEqual(self.shelf(), shelf)


class TestReading(SaleCase):
    def test_the_filter_looks_at_the_hour_only(self):
        self.sim.sell("A")
        shown = "order.date_last_updated.from"
        late = {shown: "2026-10-26T07:59:59.000-00:00"}
        self.assertEqual(len(self.found(**late)), 1)
        self.assertEqual(self.found(**{shown: "2030-01-01T00:00:00.000-00:00"}), [])

    def test_another_name_of_the_filter_is_ignored(self):
        self.sim.sell("A")
        wrong = {"order.last_updated.from": "2030-01-01T00:00:00.000-00:00"}
        self.assertEqual(len(self.found(**wrong)), 1)

    def test_pages_hold_fifty_at_most(self):
        self.seed({"sku": "A", "item_id": "MLM1", "quantity": 100})
        for _ in range(60):
            self.sim.sell("A")
        self.assertEqual(len(self.found(limit=100)), 50)
        self.assertEqual(len(self.found(offset=50)), 10)

    def test_somebody_elses_orders_are_not_searched(self):
        self.assertEqual(self.get("/orders/search?seller=1").status, 403)

    def test_the_headers_of_the_new_views_are_wanted(self):
        order = self.order(self.sim.sell("A"))
        number = order["shipping"]["id"]
        for path in (f"/orders/{order['id']}/shipments", f"/shipments/{number}"):
            self.assertEqual(self.get(path).status, 400)
        answer = self.get(f"/orders/{order['id']}/shipments", **HOSTED)
        self.assertEqual(answer.body, [{"id": number, "type": "forward"}])

    def test_a_sale_without_shipment_answers_204(self):
        order_id = self.sim.sell("A", mode="none")
        answer = self.get(f"/orders/{order_id}/shipments", **HOSTED)
        self.assertEqual((answer.status, answer.body), (204, None))

    def test_who_and_where_is_hidden_until_payment(self):
        order_id = self.sim.sell("A", status="payment_in_process")
        hidden = self.shipment_of(order_id)["destination"]
        self.assertEqual(hidden["receiver_name"], "XXXXXXX")
        self.sim.edit_order(order_id, status="paid")
        shown = self.shipment_of(order_id)["destination"]
        self.assertNotEqual(shown["receiver_name"], "XXXXXXX")


class TestTelling(SaleCase):
    BODY = {
        "payload": {"service_id": 231876, "date": "2030-08-10T14:44:52.252Z"},
        "status": "shipped",
        "substatus": None,
    }

    def notify(self, order_id, drop=(), **changes):
        number = self.order(order_id)["shipping"]["id"]
        body = {**self.BODY, **changes}
        body = {name: value for name, value in body.items() if name not in drop}
        return self.call("POST", f"/v2/shipments/{number}/seller_notifications", body)

    def test_me1_takes_what_the_page_shows(self):
        order_id = self.sim.sell("A", mode="me1")
        pair = {"tracking_number": "1", "tracking_url": "https://carrier.example/1"}
        self.assertEqual(self.notify(order_id, **pair).body, {"status": "OK"})
        self.assertEqual(self.shipment_of(order_id)["status"], "shipped")

    def test_me1_refuses_what_the_page_refuses(self):
        order_id = self.sim.sell("A", mode="me1")
        early = {**self.BODY["payload"], "date": "2020-01-01T00:00:00.000Z"}
        other = {**self.BODY["payload"], "service_id": 11}
        for wanted, changes in (
            (400, {"drop": ("substatus",)}),
            (400, {"tracking_number": "1"}),
            (400, {"tracking_url": "https://carrier.example/1"}),
            (400, {"payload": early}),
            (400, {"payload": other}),
            (403, {"substatus": "null"}),
            (403, {"status": "lost"}),
        ):
            answer = self.notify(order_id, **changes)
            self.assertEqual(answer.status, wanted, changes)
            self.assertTrue(answer.body["error_code"])
        self.assertEqual(self.shipment_of(order_id)["status"], "pending")

    def test_me2_is_not_the_sellers_to_tell(self):
        order_id = self.sim.sell("A")
        answer = self.notify(order_id)
        self.assertEqual(answer.body["error_code"], "shipment_mode_is_not_me1")
        number = self.order(order_id)["shipping"]["id"]
        self.assertEqual(self.put(f"/shipments/{number}", {}).status, 400)

    def test_v1_is_gone(self):
        number = self.order(self.sim.sell("A", mode="me1"))["shipping"]["id"]
        path = f"/shipments/{number}/seller_notifications"
        self.assertEqual(self.call("POST", path, self.BODY).status, 404)

    def test_custom_wants_number_and_receiver(self):
        order_id = self.sim.sell("A", mode="custom", buyer_id=42)
        number = self.order(order_id)["shipping"]["id"]
        body = {"status": "shipped", "tracking_number": "1", "receiver_id": 42}
        for name in ("tracking_number", "receiver_id"):
            short = {key: value for key, value in body.items() if key != name}
            self.assertEqual(self.put(f"/shipments/{number}", short).status, 400)
        self.assertEqual(self.put(f"/shipments/{number}", body).status, 200)
        self.assertEqual(self.shipment_of(order_id)["status"], "shipped")


class TestNotices(SaleCase):
    URL = "http://127.0.0.1:9/hook"

    def setUp(self):
        super().setUp()
        self.sent, self.status = [], 200
        self.subscribe()

    def subscribe(self, **options):
        self.sim.seed({"notifications": {"callback": self.URL, **options}})
        self.sim.notices.send = self.receive

    def receive(self, url, body):
        self.sent.append((url, json.loads(body)))
        return self.status

    def topics(self):
        return sorted({note["topic"] for _url, note in self.sent})

    def give_up(self, topic="orders_v2"):
        """Fail until nothing waits."""
        self.status = 500
        while waiting := self.sim.notices.waiting(topic):
            self.sim.notices.deliver({n["id"] for n in waiting})

    def feed(self, **query):
        query = {"app_id": "1111222233334444", **query}
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return self.get(f"/missed_feeds?{text}")

    def test_a_sale_is_told_unsigned(self):
        order_id = self.sim.sell("A")
        self.sim.notices.deliver()
        wanted = ["items", "orders_v2", "shipments", "stock-location"]
        self.assertEqual(self.topics(), wanted)
        notes = [note for _url, note in self.sent if note["topic"] == "orders_v2"]
        self.assertEqual(notes[0]["resource"], f"/orders/{order_id}")
        self.assertEqual(notes[0]["user_id"], 1234567890)
        self.assertEqual(notes[0]["attempts"], 1)
        self.assertEqual(self.sim.notices.waiting(), [])

    def test_our_own_write_is_told_too(self):
        self.put("/items/MLM1", {"available_quantity": 6})
        self.sim.notices.deliver()
        self.assertEqual(self.topics(), ["items", "stock-location"])

    def test_only_what_was_subscribed_is_told(self):
        self.subscribe(topics=["shipments"])
        self.sim.sell("A")
        self.sim.notices.deliver()
        self.assertEqual(self.topics(), ["shipments"])

    def test_the_lazy_reader_gets_it_again_later(self):
        self.sim.sell("A")
        self.status = 0
        self.sim.notices.deliver()
        before = len(self.sent)
        self.sim.notices.deliver(everything=False)
        self.assertEqual(len(self.sent), before, "not due yet")
        self.clock.now += 20
        self.status = 200
        self.sim.notices.deliver(everything=False)
        self.assertEqual({n["attempts"] for _url, n in self.sent[before:]}, {2})
        self.assertEqual(self.sim.notices.waiting(), [])

    def test_twice_backwards_or_never(self):
        self.subscribe(topics=["orders_v2"])
        first, second = self.sim.sell("A"), self.sim.sell("A")
        self.sim.notices.deliver(twice=True, backwards=True)
        told = [note["resource"] for _url, note in self.sent]
        self.assertEqual(told, [f"/orders/{n}" for n in (second,) * 2 + (first,) * 2])
        self.sim.sell("A")
        self.sim.notices.drop()
        self.assertEqual(self.sim.notices.deliver(), [])

    def test_after_eight_attempts_it_is_missed_for_two_days(self):
        order_id = self.sim.sell("A")
        self.give_up()
        self.assertEqual(max(n["attempts"] for _url, n in self.sent), ATTEMPTS)
        (message,) = self.feed(topic="orders_v2").body["messages"]
        self.assertEqual(message["resource"], f"/orders/{order_id}")
        self.clock.now += 2 * 86_400 + 1
        self.assertEqual(self.feed(topic="orders_v2").body["messages"], [])

    def test_a_topic_that_keeps_failing_is_switched_off_and_keeps_nothing(self):
        for _ in range(OFF_AFTER):
            self.sim.sell("A")
            self.give_up()
        self.status = 200
        self.sim.sell("A")
        self.assertEqual(self.sim.notices.waiting("orders_v2"), [])
        feed = self.feed(topic="orders_v2").body["messages"]
        self.assertEqual(len(feed), OFF_AFTER)
        self.subscribe()
        self.sim.sell("A")
        self.assertEqual(len(self.sim.notices.waiting("orders_v2")), 1)

    def test_missed_items_are_told_by_site_only(self):
        self.sim.sell("A")
        self.give_up("items")
        self.assertEqual(self.feed(topic="items").status, 400)
        messages = self.feed(topic="items", site_id="MLM").body["messages"]
        self.assertEqual(len(messages), 1)
        other = self.feed(topic="items", site_id="MLA")
        self.assertEqual(other.body["messages"], [])

    def test_the_feed_belongs_to_the_application(self):
        self.assertEqual(self.feed(app_id="1").status, 403)

    def test_notifications_stay_on_this_machine(self):
        with self.assertRaises(ValueError):
            self.sim.notices.subscribe("https://shop.example/hook")


class TestOverHttp(SaleCase):
    """Delivered by itself, to a real port."""

    def setUp(self):
        super().setUp()
        self.notes, self.all_there = [], threading.Event()
        case = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.end_headers()
                case.notes.append((dict(self.headers), json.loads(body)))
                if len(case.notes) == 4:
                    case.all_there.set()

            def log_message(self, *args):
                pass

        server = HTTPServer(("127.0.0.1", 0), Hook)
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        self.addCleanup(thread.join, 5)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/hook"

    def test_a_sale_is_told_at_once_when_nobody_has_to_ask(self):
        courier = Courier([self.sim], lambda: None)
        courier.start()
        self.addCleanup(courier.close)
        self.sim.seed({"notifications": {"callback": self.url, "auto": True}})
        self.sim.sell("A")
        self.assertTrue(self.all_there.wait(10))
        headers, _note = self.notes[0]
        self.assertFalse([name for name in headers if "signature" in name.lower()])

    def test_nobody_there_is_no_answer(self):
        self.sim.notices.subscribe("http://127.0.0.1:1/hook", ["orders_v2"])
        self.sim.sell("A")
        self.assertEqual(self.sim.notices.deliver(), [0])


class TestRoutes(unittest.TestCase):
    def test_every_operation_has_a_name(self):
        sim = MercadoLibreSimulator()
        paths = (
            ("GET", "/orders/search"),
            ("GET", "/orders/1"),
            ("GET", "/orders/1/shipments"),
            ("GET", "/shipments/1"),
            ("PUT", "/shipments/1"),
            ("GET", "/shipments/1/orders"),
            ("GET", "/shipments/1/sla"),
            ("POST", "/v2/shipments/1/seller_notifications"),
            ("GET", "/missed_feeds"),
        )
        names = {sim.operation(Request(method, path)) for method, path in paths}
        self.assertEqual(len(names), len(paths))
        self.assertNotIn("unknown", names)
