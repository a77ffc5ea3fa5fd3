"""Orders, fulfilment orders and subscriptions as GraphQL shows them."""

import re

from graphql import GraphQLError

from .shopify_fulfilment import FULFILMENT, FULFILMENT_LINE, FULFILMENT_ORDER
from .shopify_money import Bill
from .shopify_orders import LINE, ORDER, iso
from .shopify_webhooks import SUBSCRIPTION

UPDATED = re.compile(r"updated_at:(>=|>)'?([0-9TZ:.+-]+)'?")
OTHERS = "read_third_party_fulfillment_orders"


def after_key(entries, first, after, key, make_node):
    """Return a connection whose cursor is the place in the sort order.

    What changes while somebody pages moves to the end and is met again.
    """
    start = after or ""
    left = [entry for entry in entries if key(entry) > start]
    shown = left[: first or 50]
    more = len(left) > len(shown)
    return {
        "nodes": [make_node(entry) for entry in shown],
        "pageInfo": {
            "hasNextPage": more,
            "endCursor": key(shown[-1]) if shown else None,
        },
    }


def whole(nodes):
    """Return a connection without further pages."""
    return {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}


class OrderFields:
    """Resolvers of orders; a mixin of :class:`~.shopify_graphql.Root`."""

    def order_fields(self):
        """Return the root fields that this mixin answers."""
        return {
            "orders": self._orders,
            "order": self._order,
            "fulfillmentCreate": self._fulfil,
            "fulfillmentTrackingInfoUpdate": self._track,
            "orderCancel": self._cancel,
            "webhookSubscriptions": self._subscriptions,
            "webhookSubscriptionCreate": self._subscribe,
        }

    # --- queries --------------------------------------------------------------
    def _orders(self, info, first, after=None, query=None, sortKey=None):
        self._need("read_orders", "orders")
        if sortKey != "UPDATED_AT":
            raise GraphQLError("The simulator sorts orders by UPDATED_AT only.")
        found = [o for o in self.shop.orders.all.values() if _matches(o, query)]
        found.sort(key=_sort_key)
        return after_key(found, first, after, _sort_key, self.order_node)

    def _order(self, info, id):
        self._need("read_orders", "order")
        order = self.shop.orders.all.get(id.removeprefix(ORDER))
        return order and id.startswith(ORDER) and self.order_node(order) or None

    def _subscriptions(self, info, first, after=None):
        entries = list(self.shop.state["subscriptions"].values())
        return after_key(
            entries, first, after, lambda s: s["id"].zfill(20), subscription_node
        )

    # --- mutations ------------------------------------------------------------
    def _fulfil(self, info, fulfillment, message=None):
        self._need("write_merchant_managed_fulfillment_orders", "fulfillmentCreate")
        parcel, why = self.shop.orders.fulfilment.create(fulfillment)
        if why:
            error = {"field": ["fulfillment"], "message": why}
            return {"fulfillment": None, "userErrors": [error]}
        return {"fulfillment": parcel_node(parcel), "userErrors": []}

    def _track(self, info, fulfillmentId, trackingInfoInput, notifyCustomer=None):
        scope = "write_merchant_managed_fulfillment_orders"
        self._need(scope, "fulfillmentTrackingInfoUpdate")
        parcel = self.shop.orders.fulfilment.track(fulfillmentId, trackingInfoInput)
        if parcel is None:
            error = {"field": ["fulfillmentId"], "message": "Fulfillment not found."}
            return {"fulfillment": None, "userErrors": [error]}
        return {"fulfillment": parcel_node(parcel), "userErrors": []}

    def _cancel(self, info, orderId, reason, restock, **_rest):
        self._need("write_orders", "orderCancel")
        try:
            self.shop.orders.cancel(orderId, reason, restock)
        except LookupError:
            return _not_cancelled("NOT_FOUND", "Order does not exist")
        except ValueError as error:
            return _not_cancelled("INVALID", f"Order cannot be cancelled: {error}")
        job = f"gid://shopify/Job/{self.shop.orders.serial()}"
        return {"job": {"id": job, "done": False}, "orderCancelUserErrors": []}

    def _subscribe(self, info, topic, webhookSubscription):
        if topic.startswith(("ORDERS_", "REFUNDS_")):
            self._need("read_orders", "webhookSubscriptionCreate")
        found, why = self.shop.outbox.subscribe(topic, webhookSubscription.get("uri"))
        if why:
            error = {"field": ["webhookSubscription", "callbackUrl"], "message": why}
            return {"webhookSubscription": None, "userErrors": [error]}
        return {"webhookSubscription": subscription_node(found), "userErrors": []}

    # --- one order ------------------------------------------------------------
    def order_node(self, order):
        """Return an ``Order``."""
        bill, orders = Bill(order), self.shop.orders
        return {
            **_head(order),
            "displayFulfillmentStatus": orders.fulfilment.display(order),
            "totalPriceSet": _bag(bill.total(current=False), order),
            "currentTotalPriceSet": _bag(bill.total(), order),
            "totalCashRoundingAdjustment": {
                "paymentSet": _bag(order["rounding"], order)
            },
            "risk": {"recommendation": order["risk"]},
            "customer": lambda info: self._customer(order),
            "shippingAddress": order["address"]
            and {
                "id": f"gid://shopify/MailingAddress/{order['id']}",
                **order["address"],
            },
            "shippingLines": lambda info, first, includeRemovals=False: whole(
                [
                    shipping_node(line, order)
                    for line in order["shipping"]
                    if includeRemovals or not line["removed"]
                ][:first]
            ),
            "lineItems": lambda info, first, after=None: after_key(
                sorted(order["lines"].values(), key=_number),
                first,
                after,
                _number,
                lambda line: self.line_node(line, order),
            ),
            "refunds": lambda info, first: [
                refund_node(refund, order, self) for refund in order["refunds"][:first]
            ],
            "fulfillmentOrders": lambda info, first, after=None: after_key(
                sorted(self._visible(order), key=_number),
                first,
                after,
                _number,
                lambda found: self.fulfilment_order_node(found, order),
            ),
            "fulfillments": lambda info, first: [
                parcel_node(parcel) for parcel in order["fulfillments"][:first]
            ],
        }

    def _customer(self, order):
        self._need("read_customers", "customer")
        customer = order["customer"]
        return {"id": f"gid://shopify/Customer/{customer}"} if customer else None

    def _visible(self, order):
        """Return the fulfilment orders that the app's scopes let it see."""
        others = OTHERS in self.shop.state["scopes"]
        found = order["fulfillment_orders"].values()
        return [
            f for f in found if others or not self.shop.orders.fulfilment.is_service(f)
        ]

    def line_node(self, line, order):
        """Return a ``LineItem``."""
        variant = line["variant"]
        discounts = [{"allocatedAmountSet": _bag(line["discount"], order)}]
        return {
            "id": LINE + line["id"],
            "sku": line["sku"],
            "name": line["title"],
            "quantity": line["ordered"],
            "currentQuantity": line["current"],
            "unfulfilledQuantity": self.shop.orders.fulfilment.unsent(
                order, line["id"]
            ),
            "isGiftCard": line["gift_card"],
            "requiresShipping": line["requires_shipping"],
            "variant": self._variant_node(variant) if variant else None,
            "originalUnitPriceSet": _bag(line["price"], order),
            "discountAllocations": discounts if float(line["discount"]) else [],
            "taxLines": [tax_node(tax, order) for tax in line["taxes"]],
        }

    def fulfilment_order_node(self, found, order):
        """Return a ``FulfillmentOrder``."""
        site = self.shop.state["sites"].get(found["site"])
        location = site and self.location(found["site"], site)
        items = sorted(found["lines"], key=_number)
        return {
            "__typename": "FulfillmentOrder",
            "id": FULFILMENT_ORDER + found["id"],
            "orderId": ORDER + order["id"],
            "status": found["status"],
            "fulfillAt": None,
            "assignedLocation": {
                "name": site["name"] if site else "Deleted location",
                "location": location,
            },
            "fulfillmentHolds": [
                {
                    "id": f"gid://shopify/FulfillmentHold/{hold['id']}",
                    "reason": hold["reason"],
                    "reasonNotes": hold["notes"],
                }
                for hold in found["holds"]
            ],
            "supportedActions": [
                {"action": action}
                for action in self.shop.orders.fulfilment.actions(found)
            ],
            "lineItems": lambda info, first: after_key(
                items, first, None, _number, lambda i: self._item_of(i, order)
            ),
        }

    def _item_of(self, item, order):
        line = order["lines"][item["line"]]
        return {
            "id": FULFILMENT_LINE + item["id"],
            "totalQuantity": item["total"],
            "remainingQuantity": item["remaining"],
            "lineItem": lambda info: self.line_node(line, order),
        }


# --- nodes without resolvers ------------------------------------------------------
def _head(order):
    cancelled = order["cancelled_at"]
    return {
        "__typename": "Order",
        "id": ORDER + order["id"],
        "legacyResourceId": order["id"],
        "name": order["name"],
        "createdAt": iso(order["created_at"]),
        "updatedAt": iso(order["updated_at"]),
        "cancelledAt": iso(cancelled) if cancelled else None,
        "cancelReason": order["cancel_reason"],
        "test": order["test"],
        "edited": order["edited"],
        "confirmed": order["confirmed"],
        "displayFinancialStatus": order["financial"],
        "sourceName": order["source"],
        "currencyCode": order["currency"],
        "taxesIncluded": order["taxes_included"],
        "email": order["email"],
        "phone": None,
    }


def _bag(amount, order):
    money = {"amount": str(amount), "currencyCode": order["currency"]}
    return {"shopMoney": money, "presentmentMoney": money}


def tax_node(tax, order):
    """Return a ``TaxLine``."""
    rate = float(tax["rate"])
    return {
        "title": tax["title"],
        "rate": rate,
        "ratePercentage": round(rate * 100, 6),
        "channelLiable": tax["liable"],
        "priceSet": _bag(tax["amount"], order),
    }


def shipping_node(line, order):
    """Return a ``ShippingLine``."""
    return {
        "id": f"gid://shopify/ShippingLine/{line['id']}",
        "title": line["title"],
        "isRemoved": line["removed"],
        "discountedPriceSet": _bag(line["discounted"], order),
        "currentDiscountedPriceSet": _bag(line["current"], order),
        "taxLines": [tax_node(tax, order) for tax in line["taxes"]],
    }


def refund_node(refund, order, fields):
    """Return a ``Refund``."""
    return {
        "id": f"gid://shopify/Refund/{refund['id']}",
        "createdAt": iso(refund["created_at"]),
        "refundLineItems": lambda info, first: whole(
            [
                {
                    "quantity": item["quantity"],
                    "restockType": item["type"],
                    "subtotalSet": _bag(item["subtotal"], order),
                    "totalTaxSet": _bag(item["tax"], order),
                    "lineItem": fields.line_node(order["lines"][item["line"]], order),
                }
                for item in refund["lines"]
            ]
        ),
    }


def parcel_node(parcel):
    """Return a ``Fulfillment``."""
    tracking = {name: parcel[name] for name in ("company", "number", "url")}
    return {
        "id": FULFILMENT + parcel["id"],
        "name": parcel["name"],
        "status": parcel["status"],
        "createdAt": iso(parcel["created_at"]),
        "totalQuantity": parcel["total"],
        "trackingInfo": lambda info, first: (
            [tracking] if any(tracking.values()) else []
        ),
    }


def subscription_node(subscription):
    """Return a ``WebhookSubscription``."""
    return {
        "id": SUBSCRIPTION + subscription["id"],
        "topic": subscription["topic"],
        "uri": subscription["uri"],
        "updatedAt": iso(subscription["updated_at"]),
    }


def _not_cancelled(code, message):
    error = {"code": code, "field": ["orderId"], "message": message}
    return {"job": None, "orderCancelUserErrors": [error]}


def _matches(order, query):
    """Tell whether an order was updated as a search wants it (whole seconds)."""
    match = UPDATED.search(query or "")
    if not match:
        return True
    shown, wanted = iso(order["updated_at"]), match.group(2)
    return shown >= wanted if match.group(1) == ">=" else shown > wanted


def _number(entry):
    return entry["id"].zfill(20)


def _sort_key(order):
    return f"{order['updated_at']:020.6f}|{_number(order)}"
