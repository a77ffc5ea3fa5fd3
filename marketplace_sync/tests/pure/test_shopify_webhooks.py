"""Notifications: only Shopify's own, for our own shop, and what they are about."""

import json
from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.channels.errors import RejectedError
from marketplace_sync.channels.shopify import ShopifyAdapter, webhooks
from marketplace_sync.channels.shopify.order_const import SUBSCRIBED, TOPICS
from marketplace_sync.tests.pure.shopify_case import ShopifyCase
from simulator.shopify_graphql import SCHEMA

SECRET = "shpss_testsecret"
BODY = b'{"id":820982911946154508,"updated_at":"2026-11-20T10:00:00-05:00"}'
#: a vector that was computed apart from this code
SIGNATURE = "DmW6UYJR9L5bPv/p1trLPB2R1PMhDMYIpEpuK4coESA="
HEADERS = {
    "x-shopify-topic": "orders/create",
    "x-shopify-hmac-sha256": SIGNATURE,
    "x-shopify-shop-domain": "demo-shop.myshopify.com",
    "x-shopify-api-version": "2026-10",
    "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    "x-shopify-triggered-at": "2026-11-20T15:00:01.987654321Z",
}


def verify(body=BODY, secrets=(SECRET,), shop="demo-shop", **headers):
    given = {**HEADERS, **{k.replace("_", "-"): v for k, v in headers.items()}}
    given = {name: value for name, value in given.items() if value is not None}
    return ShopifyAdapter.verify_webhook(given, body, secrets, shop)


class TestVerifying:
    def test_the_known_signature_is_believed(self):
        assert verify() is True
        assert verify(shop="https://Demo-Shop.myshopify.com/") is True

    def test_both_secrets_are_good_while_one_is_being_replaced(self):
        assert verify(secrets=("new", SECRET)) is True
        assert verify(secrets=(SECRET, "old")) is True
        assert verify(secrets=("new", "old")) is False

    def test_every_byte_of_the_body_counts(self):
        for index in range(len(BODY)):
            changed = BODY[:index] + bytes([BODY[index] ^ 1]) + BODY[index + 1 :]
            assert verify(changed) is False
        assert verify(BODY + b"\n") is False

    def test_without_a_secret_nothing_is_believed(self):
        for secrets in ((), None, ("",), (None,), ("", None)):
            assert verify(secrets=secrets) is False
        empty = webhooks.sign(BODY, "").decode()
        assert verify(secrets=("",), x_shopify_hmac_sha256=empty) is False

    def test_without_a_header_nothing_is_believed(self):
        for name in ("hmac_sha256", "shop_domain", "topic", "webhook_id"):
            for value in (None, ""):
                assert verify(**{f"x_shopify_{name}": value}) is False

    def test_another_shop_s_notification_is_not_ours(self):
        for domain in ("other.myshopify.com", "demo-shop.myshopify.com.evil.test"):
            assert verify(x_shopify_shop_domain=domain) is False
        for shop in ("other", "", None, "demo shop", "evil.test/demo-shop"):
            assert verify(shop=shop) is False
        assert verify(shop="", x_shopify_shop_domain="") is False

    def test_the_shop_s_name_is_compared_without_its_case(self):
        assert verify(x_shopify_shop_domain="Demo-Shop.MyShopify.com") is True

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_no_made_up_header_is_believed_or_stumbled_over(self, signature, domain):
        if signature != SIGNATURE:
            assert verify(x_shopify_hmac_sha256=signature) is False
        assert verify(b"{}", x_shopify_shop_domain=domain) is False

    def test_every_comparison_takes_the_same_time(self, monkeypatch):
        """All secrets are compared, whether the first matched or not."""
        compared = []
        real = webhooks.hmac.compare_digest
        monkeypatch.setattr(
            webhooks.hmac,
            "compare_digest",
            lambda a, b: compared.append(1) or real(a, b),
        )
        for secrets, domain in (
            ((SECRET, "old"), HEADERS["x-shopify-shop-domain"]),
            (("new", "old"), HEADERS["x-shopify-shop-domain"]),
            ((SECRET, "old"), "other.myshopify.com"),
        ):
            compared.clear()
            verify(secrets=secrets, x_shopify_shop_domain=domain)
            assert len(compared) == 3


def event(topic, payload, **headers):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return ShopifyAdapter.parse_webhook(
        {**HEADERS, "x-shopify-topic": topic, **headers}, body
    )


ORDER = "gid://shopify/Order/820982911946154508"


class TestParsing:
    def test_a_delivery_keeps_its_id_topic_shop_and_moment(self):
        found = event("orders/create", BODY)
        assert found.delivery_id == HEADERS["x-shopify-webhook-id"]
        assert (found.topic, found.kind) == ("orders/create", "order")
        assert found.account_ref == "demo-shop.myshopify.com"
        assert found.triggered_at == datetime(
            2026, 11, 20, 15, 0, 1, tzinfo=timezone.utc
        )
        assert found.external_id == ORDER

    def test_an_order_s_own_topics_tell_as_of_when(self):
        """The others may be about what moves no update time: a hold, a refund."""
        moment = datetime(2026, 11, 20, 15, 0, tzinfo=timezone.utc)
        for topic in TOPICS:
            whole = topic in (
                "orders/create",
                "orders/updated",
                "orders/cancelled",
                "orders/paid",
            )
            assert event(topic, BODY).changed_at == (moment if whole else None), topic
        for value in (None, 7, "", "soon", {}):
            body = json.dumps({"id": 1, "updated_at": value}).encode()
            assert event("orders/updated", body).changed_at is None

    def test_each_topic_names_what_it_is_about(self):
        number = 820982911946154508
        fulfilment = {"id": "gid://shopify/FulfillmentOrder/3", "status": "open"}
        stock = {"inventory_item_id": 5, "location_id": 6, "available": 1}
        product = {"id": 1, "admin_graphql_api_id": "gid://shopify/Product/1"}
        for topic, payload, kind, external_id in (
            ("orders/updated", {"admin_graphql_api_id": ORDER}, "order", ORDER),
            ("orders/delete", {"id": number}, "order", ORDER),
            (
                "orders/edited",
                {"order_edit": {"id": 9, "order_id": number}},
                "order",
                ORDER,
            ),
            ("refunds/create", {"id": 9, "order_id": number}, "order", ORDER),
            ("fulfillments/create", {"id": 9, "order_id": number}, "shipment", ORDER),
            (
                "orders/risk_assessment_changed",
                {"order_id": ORDER, "risk_level": "HIGH"},
                "order",
                ORDER,
            ),
            (
                "fulfillment_orders/placed_on_hold",
                {"fulfillment_order": fulfilment, "created_fulfillment_hold": {}},
                "order",
                fulfilment["id"],
            ),
            (
                "fulfillment_orders/moved",
                {"original_fulfillment_order": fulfilment},
                "order",
                fulfilment["id"],
            ),
            (
                "inventory_levels/update",
                stock,
                "stock",
                "gid://shopify/InventoryItem/5|gid://shopify/Location/6",
            ),
            ("products/update", product, "listing", "gid://shopify/Product/1"),
            ("returns/request", {"order_id": number}, "return", ORDER),
            ("app/uninstalled", {"id": 1}, "uninstalled", ""),
        ):
            found = event(topic, payload)
            assert (found.kind, found.external_id) == (kind, external_id), topic

    def test_an_edit_is_not_taken_for_the_order_of_its_number(self):
        assert event("orders/edited", {"order_edit": {"id": 9}}).external_id == ""

    def test_an_unknown_topic_is_not_for_us(self):
        for topic in ("customers/create", "orders", "", "ORDERS/NEW"):
            assert event(topic, {}) is None

    def test_the_case_of_a_topic_does_not_matter(self):
        assert event("Orders/Create", {}).topic == "orders/create"

    @given(
        st.sampled_from(sorted(TOPICS)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["id", "order_id", "order_edit", "admin_graphql_api_id", "x"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
        ),
    )
    def test_no_payload_is_stumbled_over(self, topic, payload):
        assert isinstance(event(topic, payload).external_id, str)

    def test_a_body_that_is_no_json_is_a_hint_without_an_id(self):
        for body in (b"", b"\xff", b"[" * 100_000, b"null"):
            assert event("orders/create", body).external_id == ""

    def test_every_topic_is_one_of_shopify_s(self):
        known = SCHEMA.type_map["WebhookSubscriptionTopic"].values
        assert {t.upper().replace("/", "_") for t in TOPICS} <= set(known)
        assert set(SUBSCRIBED) <= set(TOPICS)


ADDRESS = "https://odoo.test/marketplace_sync/shopify/secret-path"


class TestSubscribing(ShopifyCase):
    def test_what_is_missing_is_made_and_nothing_twice(self):
        made = self.adapter().register_webhooks(ADDRESS)
        self.assertEqual({s.topic for s in made}, set(SUBSCRIBED))
        self.assertEqual({s.address for s in made}, {ADDRESS})
        self.assertEqual(self.adapter().register_webhooks(ADDRESS), [])
        self.assertEqual(len(self.adapter().list_webhooks()), len(SUBSCRIBED))

    def test_what_shopify_deleted_is_made_again(self):
        self.adapter().register_webhooks(ADDRESS)
        subscriptions = self.shop.shop.state["subscriptions"]
        gone = subscriptions.pop(next(iter(subscriptions)))
        (made,) = self.adapter().register_webhooks(ADDRESS)
        self.assertEqual(made.topic.upper().replace("/", "_"), gone["topic"])

    def test_another_address_is_another_subscription(self):
        self.adapter().register_webhooks(ADDRESS)
        self.assertTrue(self.adapter().register_webhooks(ADDRESS + "-2"))

    def test_a_refused_topic_does_not_stop_the_others(self):
        self.seed(credentials={"scopes": ["read_products"]})
        with self.assertRaisesRegex(RejectedError, "orders/create: .*read_orders"):
            self.adapter().register_webhooks(ADDRESS)
        topics = {s.topic for s in self.adapter().list_webhooks()}
        self.assertIn("app/uninstalled", topics)
        self.assertNotIn("orders/create", topics)

    def test_a_plain_address_is_refused_and_its_secret_not_told(self):
        adapter = self.adapter()
        config = vars(adapter.config) | {"api_url": ""}
        real = type(adapter.config)(**config)
        with self.assertRaisesRegex(RejectedError, "https") as caught:
            webhooks.subscribe(adapter.client, real, ADDRESS.replace("s:", ":"))
        self.assertNotIn("secret-path", str(caught.exception))

    def test_subscriptions_of_others_are_listed_as_they_are(self):
        self.shop.outbox.subscribe("CARTS_UPDATE", ADDRESS)
        (found,) = self.adapter().list_webhooks()
        self.assertEqual(found.topic, "CARTS_UPDATE")


class TestFromEndToEnd(ShopifyCase):
    def test_what_the_shop_sends_is_believed_and_leads_to_the_order(self):
        self.seed(delivery="held")
        self.stock("A", 9)
        adapter = self.adapter()
        adapter.register_webhooks("http://127.0.0.1:9/path")
        order_id = self.shop.sell("A")
        self.shop.hold_order(order_id)
        entries = self.shop.outbox.pending()
        self.assertEqual(len(entries), 3)
        for entry in entries:
            given = self.shop.outbox.headers(entry)
            headers = {name.lower(): value for name, value in given.items()}
            body = entry["body"].encode()
            secrets = ("demo-client-secret",)
            self.assertTrue(adapter.verify_webhook(headers, body, secrets, "demo-shop"))
            found = adapter.parse_webhook(headers, body)
            order = adapter.fetch_order(found.external_id)
            self.assertEqual(order.external_id, order_id)
            self.assertTrue(order.is_held)
