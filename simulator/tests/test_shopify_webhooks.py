"""Deliveries of the simulated shop: signed, retried, doubled, shuffled, or lost."""

import json

import pytest

from simulator.shopify_webhooks import MAX_FAILURES, signature
from simulator.testing import running

from .listener import Listener
from .shopify_client import Shop

SUBSCRIBE = """
mutation S($topic: WebhookSubscriptionTopic!, $sub: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $sub) {
    webhookSubscription { id topic uri }
    userErrors { message }
  }
}
"""
LIST = "{ webhookSubscriptions(first: 100) { nodes { topic uri } } }"


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def shop(http, listener):
    with running(["shopify"]) as sim:
        shop = Shop(sim, http)
        shop.seed(delivery="held")
        shop.stock("A", 10)
        shop.outbox = shop.channel.outbox
        subscribe(shop, "ORDERS_CREATE", listener.address)
        yield shop


def subscribe(shop, topic, uri):
    body = shop.ask(SUBSCRIBE, topic=topic, sub={"uri": uri, "format": "JSON"})
    payload = body["data"]["webhookSubscriptionCreate"]
    return [error["message"] for error in payload["userErrors"]]


def topics(shop):
    return [n["topic"] for n in shop.ask(LIST)["data"]["webhookSubscriptions"]["nodes"]]


def test_a_sale_is_told_signed_and_named(shop, listener):
    order_id = shop.channel.sell("A")
    assert shop.outbox.deliver() == [200]
    ((path, headers, body),) = listener.received
    assert path == "/secret"
    assert headers["x-shopify-hmac-sha256"] == signature(body, "demo-client-secret")
    assert headers["x-shopify-shop-domain"] == "demo-shop.myshopify.com"
    assert headers["x-shopify-topic"] == "orders/create"
    assert headers["x-shopify-triggered-at"].endswith("Z")
    assert json.loads(body)["admin_graphql_api_id"] == order_id


def test_nobody_is_told_what_nobody_subscribed_to(shop):
    shop.channel.cancel_order(shop.channel.sell("A"))
    assert [entry["topic"] for entry in shop.outbox.pending()] == ["orders/create"]


def test_every_change_has_its_topic(shop, listener):
    wanted = (
        "ORDERS_UPDATED",
        "ORDERS_CANCELLED",
        "ORDERS_EDITED",
        "REFUNDS_CREATE",
        "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
        "FULFILLMENT_ORDERS_HOLD_RELEASED",
        "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE",
        "FULFILLMENT_ORDERS_CANCELLED",
    )
    for topic in wanted:
        assert subscribe(shop, topic, listener.address) == []
    order_id = shop.channel.sell("A", 3)
    shop.channel.edit_order(order_id, "A", 2)
    shop.channel.hold_order(order_id)
    shop.channel.release_order(order_id)
    shop.channel.refund_order(order_id, "A", 1, "CANCEL")
    shop.channel.cancel_order(order_id)
    shop.outbox.deliver()
    told = {topic.upper().replace("/", "_") for topic in listener.topics()}
    assert told == {"ORDERS_CREATE", *wanted}


def test_a_delivery_comes_twice_under_one_id(shop, listener):
    shop.channel.sell("A")
    shop.outbox.deliver(copies=2)
    shop.outbox.replay()
    assert len(listener.received) == 3
    assert len(set(listener.ids())) == 1


def test_deliveries_come_in_any_order(shop, listener):
    ids = [shop.channel.sell("A") for _sale in range(3)]
    shop.outbox.deliver(order=reversed)
    told = [
        json.loads(body)["admin_graphql_api_id"] for _p, _h, body in listener.received
    ]
    assert told == ids[::-1]


def test_a_lost_delivery_never_comes(shop, listener):
    shop.channel.sell("A")
    assert shop.outbox.lose() == 1
    assert shop.outbox.deliver() == []
    assert listener.received == []


def test_a_failed_delivery_comes_again_later_as_it_was(shop, listener):
    shop.channel.sell("A")
    listener.status = 500
    assert shop.outbox.deliver() == [500]
    assert shop.outbox.deliver() == [], "not yet"
    listener.status = 200
    shop.now += 61
    assert shop.outbox.deliver() == [200]
    first, second = listener.received
    assert first == second
    assert shop.outbox.pending() == []


def test_after_eight_failures_in_a_row_the_subscription_is_gone(shop, listener):
    shop.channel.sell("A")
    listener.status = 500
    for attempt in range(MAX_FAILURES):
        assert topics(shop) == ["ORDERS_CREATE"], attempt
        shop.outbox.deliver()
        shop.now += 7200
    assert topics(shop) == []
    assert shop.outbox.pending() == []
    assert len(listener.received) == MAX_FAILURES


def test_a_success_forgives_the_failures_before_it(shop, listener):
    shop.channel.sell("A")
    for status in [500] * 7 + [200]:
        listener.status = status
        shop.outbox.deliver()
        shop.now += 7200
    shop.channel.sell("A")
    listener.status = 500
    shop.outbox.deliver()
    assert topics(shop) == ["ORDERS_CREATE"]


def test_who_does_not_answer_counts_as_a_failure(shop):
    assert subscribe(shop, "ORDERS_UPDATED", "http://127.0.0.1:9/") == []
    shop.channel.cancel_order(shop.channel.sell("A"))
    assert shop.outbox.deliver(only="orders/updated") == [0]


def test_nothing_leaves_this_machine(shop):
    assert subscribe(shop, "ORDERS_UPDATED", "https://odoo.example/hook") == []
    shop.channel.cancel_order(shop.channel.sell("A"))
    assert shop.outbox.deliver(only="orders/updated") == [0]


def test_a_plain_address_elsewhere_and_a_second_of_the_same_are_refused(shop, listener):
    assert "protocol" in subscribe(shop, "ORDERS_UPDATED", "http://odoo.example/")[0]
    assert "already" in subscribe(shop, "ORDERS_CREATE", listener.address)[0]


def test_a_rotated_secret_signs(shop, listener):
    shop.seed(credentials={"webhook_secret": "older"})
    shop.channel.sell("A")
    shop.outbox.deliver()
    ((_path, headers, body),) = listener.received
    assert headers["x-shopify-hmac-sha256"] == signature(body, "older")


def test_unless_held_deliveries_leave_by_themselves(shop, listener):
    shop.seed(delivery="at_once")
    shop.channel.sell("A")
    assert listener.arrived.wait(5)
    assert listener.topics() == ["orders/create"]


def test_what_waits_survives_a_restart(shop, listener):
    shop.channel.sell("A")
    shop.channel.load(json.loads(json.dumps(shop.channel.dump())))
    assert shop.channel.outbox.deliver() == [200]
    assert listener.topics() == ["orders/create"]
