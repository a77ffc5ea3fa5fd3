"""Notifications: whether they are Shopify's, what they say, and asking for them.

https://shopify.dev/docs/apps/build/webhooks/verify-deliveries (seen 2026-11-20)
"""

import base64
import hashlib
import hmac
import json

from ..errors import AuthenticationError, ChannelBlockedError, RejectedError
from ..orders import WebhookEvent, WebhookSubscription
from .auth import shop_session
from .documents import WEBHOOK_CREATE, WEBHOOKS
from .order_const import SUBSCRIBED, TOPICS, WHOLE_ORDERS
from .order_values import FULFILLMENT_ORDER, ORDER, moment
from .reading import ITEM, LOCATION, is_gid, pool_key

SIGNATURE = "x-shopify-hmac-sha256"
DOMAIN = "x-shopify-shop-domain"
TOPIC = "x-shopify-topic"
DELIVERY = "x-shopify-webhook-id"
TRIGGERED = "x-shopify-triggered-at"


# --- is it Shopify's? -----------------------------------------------------------
def sign(body, secret):
    """Return the signature of a body: base64 of HMAC-SHA256."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest)


def verify(headers, body, secrets, account_ref):
    """Tell whether a notification is signed with one of ``secrets``, for our shop.

    The signature covers the body only: the shop's name and the ids are believed
    because the address that they come to is secret.

    :param account_ref: ``my-shop`` or ``my-shop.myshopify.com``
    """
    given = _bytes(headers.get(SIGNATURE))
    named = all(headers.get(name) for name in (TOPIC, DELIVERY))
    # all are compared, whatever the others said: the time tells nothing
    signed = [
        hmac.compare_digest(sign(body, secret), given)
        for secret in secrets or ()
        if secret
    ]
    ours = hmac.compare_digest(
        _bytes(_host(account_ref)), _bytes(headers.get(DOMAIN)).lower()
    )
    return bool(given) and bool(_host(account_ref)) and named and ours and any(signed)


def _bytes(text):
    return (text or "").encode("utf-8", "replace")


def _host(shop):
    """Return the host name of a shop, "" when it is none."""
    try:
        return shop_session(shop).url
    except AuthenticationError:
        return ""


# --- what does it say? ----------------------------------------------------------
def parse(headers, body):
    """Return the :class:`WebhookEvent`, None for a topic that we don't know."""
    topic = (headers.get(TOPIC) or "").lower()
    kind = TOPICS.get(topic)
    if not kind:
        return None
    payload = _payload(body)
    return WebhookEvent(
        delivery_id=headers.get(DELIVERY) or "",
        topic=topic,
        kind=kind,
        account_ref=(headers.get(DOMAIN) or "").lower(),
        external_id=_external_id(topic, payload),
        triggered_at=moment(headers.get(TRIGGERED)),
        changed_at=moment(payload.get("updated_at")) if topic in WHOLE_ORDERS else None,
    )


def _payload(body):
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _external_id(topic, payload):
    """Return the id of what changed, "" when the payload does not name it.

    ``fulfillment_orders/*`` name no order: the id of the fulfilment order comes
    instead, and ``fetch_order`` takes that too.
    """
    family = topic.partition("/")[0]
    if family == "orders":
        return _order_id(payload.get("order_edit") or payload, topic)
    if family in ("refunds", "fulfillments", "returns"):
        return _gid("Order", payload.get("order_id"))
    if family == "fulfillment_orders":
        return _fulfilment_order_id(payload)
    if family == "inventory_levels":
        item = _gid("InventoryItem", payload.get("inventory_item_id"))
        site = _gid("Location", payload.get("location_id"))
        named = is_gid(ITEM, item) and is_gid(LOCATION, site)
        return pool_key(item, site) if named else ""
    gid = payload.get("admin_graphql_api_id")
    return gid if isinstance(gid, str) else ""


def _order_id(payload, topic):
    if not isinstance(payload, dict):
        return ""
    gid = payload.get("admin_graphql_api_id") or payload.get("order_id")
    if is_gid(ORDER, gid if isinstance(gid, str) else ""):
        return gid
    number = payload.get("order_id")
    # the id in orders/edited is that of the edit
    if number is None and topic != "orders/edited":
        number = payload.get("id")
    return _gid("Order", number)


def _fulfilment_order_id(payload):
    """Return the first fulfilment order that is named at the top of a payload."""
    for value in payload.values():
        gid = value.get("id") if isinstance(value, dict) else None
        if is_gid(FULFILLMENT_ORDER, gid if isinstance(gid, str) else ""):
            return gid
    return ""


def _gid(kind, number):
    text = str(number) if isinstance(number, int | str) else ""
    if text.startswith(f"gid://shopify/{kind}/"):
        text = text.rpartition("/")[2]
    return f"gid://shopify/{kind}/{text}" if text.isascii() and text.isdigit() else ""


# --- asking for them --------------------------------------------------------------
def subscriptions(client):
    """Return the :class:`WebhookSubscription` that Shopify has for our app."""
    return [
        _subscription(node)
        for nodes, _reply in client.pages(WEBHOOKS, {})
        for node in nodes
    ]


def subscribe(client, config, address):
    """Make what is missing at ``address``; return what was made.

    Every topic is tried before a refusal is raised.

    :raises RejectedError: names the topics that Shopify refused
    """
    if not address.startswith("https://") and not config.api_url:
        # the address ends in the account's secret path: it is not repeated here
        raise RejectedError("Shopify delivers to https addresses only.")
    known = {(s.topic, s.address) for s in subscriptions(client)}
    made, refused = [], []
    for topic in SUBSCRIBED:
        if (topic, address) not in known:
            found, error = _subscribe(client, topic, address)
            made += found
            refused += [f"{topic}: {error}"] if error else []
    if refused:
        raise RejectedError(f"Shopify refused {'; '.join(refused)}")
    return made


def _subscribe(client, topic, address):
    """Return ``([subscription], "")`` or ``([], why not)``."""
    wanted = {"uri": address, "format": "JSON"}
    try:
        reply = client.execute(WEBHOOK_CREATE, {"topic": _enum(topic), "sub": wanted})
    except (RejectedError, ChannelBlockedError) as error:
        if isinstance(error, ChannelBlockedError) and error.code != "ACCESS_DENIED":
            raise
        return [], error.message
    payload = reply["webhookSubscriptionCreate"]
    if payload["userErrors"]:
        return [], " ".join(error["message"] for error in payload["userErrors"])
    return [_subscription(payload["webhookSubscription"])], ""


def _enum(topic):
    return topic.upper().replace("/", "_")


TOPIC_OF = {_enum(topic): topic for topic in TOPICS}


def _subscription(node):
    topic = TOPIC_OF.get(node["topic"], node["topic"])
    return WebhookSubscription(node["id"], topic, node["uri"])
