"""Mercado Libre signs nothing: what passes is a hint, and nothing else does."""

import json
import unittest

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.channels.mercadolibre import MercadoLibreAdapter, const
from marketplace_sync.tests.pure.mercadolibre_sale_case import SaleCase

USER, APP = "1234567890", "1111222233334444"
NOTE = {
    "resource": "/orders/2195160686",
    "user_id": 1234567890,
    "topic": "orders_v2",
    "application_id": 1111222233334444,
    "attempts": 1,
    "sent": "2026-10-30T16:19:20.129Z",
    "received": "2026-10-30T16:19:20.106Z",
}


def raw(**changes):
    return json.dumps({**NOTE, **changes}).encode()


def verify(body, secrets=(APP,), user=USER):
    return MercadoLibreAdapter.verify_webhook({}, body, secrets, user)


def parse(body):
    return MercadoLibreAdapter.parse_webhook({}, body)


class TestVerify(unittest.TestCase):
    def test_user_and_application_must_be_ours(self):
        self.assertTrue(verify(raw()))
        self.assertTrue(verify(raw(user_id=USER, application_id=APP)), "ids as texts")
        self.assertFalse(verify(raw(user_id=1)))
        self.assertFalse(verify(raw(application_id=1)))

    def test_an_old_application_counts_while_it_is_being_replaced(self):
        self.assertTrue(verify(raw(), ("999", APP)))
        self.assertTrue(verify(raw(), (APP, "999")))
        self.assertFalse(verify(raw(), ("999", "998")))

    def test_it_fails_closed(self):
        for secrets in ((), None, ("",), (None,)):
            self.assertFalse(verify(raw(), secrets))
        for user in ("", None):
            self.assertFalse(verify(raw(user_id=""), user=user))
        for name in ("user_id", "application_id", "topic"):
            for value in (None, "", [], {}, True, 1.5):
                self.assertFalse(verify(raw(**{name: value}), ("", "None", APP)))

    def test_what_is_no_object_is_refused(self):
        bodies = (b"", b"[]", b"null", b"{", b"\xff", b"[" * 16000, None, "text")
        for body in bodies:
            self.assertFalse(verify(body))
            self.assertIsNone(parse(body))

    def test_a_big_body_is_refused_unread(self):
        padded = raw(padding="x" * const.NOTIFICATION_BYTES)
        self.assertFalse(verify(padded))
        self.assertIsNone(parse(padded))

    def test_a_resource_must_be_one_of_its_topic(self):
        for resource in (
            "/orders/1/../../users/me",
            "/orders/1?x=1",
            "/orders/1\n",
            "/orders/١",
            "/orders/",
            "orders/1",
            "https://evil.example/orders/1",
            "//evil.example/orders/1",
            "/orders/" + "1" * 21,
            "/items/MLM1",
            "",
            None,
            ["/orders/1"],
        ):
            body = raw(resource=resource)
            self.assertFalse(verify(body), resource)
            self.assertIsNone(parse(body), resource)

    def test_a_topic_that_is_not_ours_is_answered_and_forgotten(self):
        """Refusing it would have it switched off for the whole application."""
        body = raw(topic="questions", resource="/questions/5036111111")
        self.assertTrue(verify(body))
        self.assertIsNone(parse(body))
        self.assertFalse(verify(body, user="1"))

    @given(st.binary(max_size=300))
    def test_no_bytes_break_it(self, body):
        self.assertFalse(verify(body))
        self.assertIsNone(parse(body))

    @given(st.dictionaries(st.sampled_from([*NOTE, "_id"]), st.none() | st.text()))
    def test_nothing_but_numbers_and_ids_comes_out(self, changes):
        event = parse(raw(**changes))
        if event:
            self.assertRegex(event.external_id, r"\A[A-Z0-9]{1,25}\Z")
            self.assertRegex(event.account_ref, r"\A[0-9]{1,20}\Z")


class TestParse(unittest.TestCase):
    def test_each_topic_says_what_changed(self):
        for topic, resource, kind, external_id in (
            ("orders_v2", "/orders/21", "order", "21"),
            ("shipments", "/shipments/40", "shipment", "40"),
            ("items", "/items/MLA68", "listing", "MLA68"),
            ("user_products", "/user-products/MLBU12", "listing", "MLBU12"),
            ("stock-location", "/user-products/MLBU1/stock", "stock", "MLBU1"),
            ("fbm_stock_operations", "/stock/fulfillment/operations/9", "stock", "9"),
            ("post_purchase", "/post-purchase/v1/claims/51", "return", "51"),
            ("payments", "/collections/30", "other", "30"),
        ):
            event = parse(raw(topic=topic, resource=resource))
            self.assertEqual((event.kind, event.external_id), (kind, external_id))
            self.assertEqual((event.topic, event.account_ref), (topic, USER))

    def test_repetitions_of_one_delivery_are_the_same(self):
        again = raw(attempts=4, sent="2026-10-30T16:26:00.000Z", user_id=USER)
        self.assertEqual(parse(raw()).delivery_id, parse(again).delivery_id)
        named = raw(_id="5da8a1b24be30a49eb66c52a")  # as missed_feeds tells it
        self.assertEqual(parse(raw()).delivery_id, parse(named).delivery_id)

    def test_another_change_is_another_delivery(self):
        ids = {
            parse(raw(**changes)).delivery_id
            for changes in (
                {},
                {"resource": "/orders/1"},
                {"received": "2026-10-30T16:19:20.107Z"},
                {"user_id": 1},
            )
        }
        self.assertEqual(len(ids), 4)

    def test_without_a_time_the_channels_own_id_tells_deliveries_apart(self):
        one, two = (parse(raw(received=None, _id=i)) for i in ("a", "b"))
        self.assertNotEqual(one.delivery_id, two.delivery_id)

    def test_the_moment_is_when_it_happened(self):
        self.assertEqual(
            parse(raw()).triggered_at.isoformat(), "2026-10-30T16:19:20.106000+00:00"
        )
        self.assertIsNone(
            parse(raw(received="2026-02-31T00:00:00Z", sent=5)).triggered_at
        )


class TestMissed(SaleCase):
    def setUp(self):
        super().setUp()
        self.got = []
        self.channel.notices.subscribe("http://127.0.0.1:1/hook")
        self.channel.notices.send = self.receive
        self.status = 500

    def receive(self, url, body):
        self.got.append(body)
        return self.status

    def lose(self, topic=None):
        while self.channel.notices.waiting(topic):
            ids = {n["id"] for n in self.channel.notices.waiting(topic)}
            self.channel.notices.deliver(ids)

    def test_what_the_simulator_sends_is_plausible_and_parsed(self):
        order_id = self.sell()
        self.channel.notices.deliver()
        self.assertTrue(all(verify(body) for body in self.got))
        kinds = {(parse(b).kind, parse(b).external_id) for b in self.got}
        self.assertIn(("order", order_id), kinds)
        self.assertEqual(
            {k for k, _ in kinds}, {"order", "shipment", "listing", "stock"}
        )

    def test_lost_notifications_are_read_and_are_the_same_delivery(self):
        order_id = self.sell()
        self.lose()
        events = list(self.adapter.fetch_missed())
        self.assertEqual({event.topic for event in events}, {"orders_v2", "shipments"})
        (event,) = [event for event in events if event.kind == "order"]
        self.assertEqual(event.external_id, order_id)
        sent = {parse(body).delivery_id for body in self.got}
        self.assertIn(event.delivery_id, sent)

    def test_items_are_asked_for_site_by_site(self):
        self.sell()
        self.lose()
        self.wire.sent.clear()
        events = list(self.adapter.fetch_missed(("items",), sites=("MLM", "MLA")))
        self.assertEqual({event.topic for event in events}, {"items"})
        asked = [call.query["site_id"] for call in self.calls("missedFeeds")]
        self.assertEqual(asked, [["MLM"], ["MLA"]])

    def test_without_a_site_items_are_not_asked_for(self):
        self.assertEqual(list(self.adapter.fetch_missed(("items",))), [])
        self.assertEqual(self.calls("missedFeeds"), [])

    def test_all_pages_are_read(self):
        self.channel.notices.state["missed"] = [
            {
                "id": f"{n}",
                "at": self.clock(),
                "status": 500,
                "note": {**NOTE, "resource": f"/orders/{n}"},
            }
            for n in range(1, 26)
        ]
        events = list(self.adapter.fetch_missed(("orders_v2",)))
        self.assertEqual(len({event.external_id for event in events}), 25)

    def test_other_sellers_of_the_application_are_left_out(self):
        note = {**NOTE, "user_id": 666}
        entry = {"id": "1", "at": self.clock(), "status": 500, "note": note}
        self.channel.notices.state["missed"] = [entry]
        self.assertEqual(list(self.adapter.fetch_missed()), [])


if __name__ == "__main__":
    unittest.main()
