"""Names and figures of orders, shipments and notifications.

Sources as in ``const.py``; "schema" is Shopify's own description of version 2026-10.
"""

# --- orders -------------------------------------------------------------------
#: Attempts to read an order of many lines while it is being changed; our choice.
MAX_READS = 3
#: Name in ``OrderPage.data``, which comes back in ``AdapterConfig.data``.
RESUME = "orders_resume"
#: A list that goes on later begins so long (seconds) before its last order: nothing
#: promises how soon a change is in the index that the list is made of. Our choice.
INDEX_LAG_SECONDS = 300
#: Orders in one ``nodes(ids:)``. The formula of ``documents.py`` prices a list as one
#: object; should Shopify price each of its orders (68 points), ten are still within the
#: 1,000 points of one query and dearer than no ten single reads.
ORDERS_AT_ONCE = 10
#: Ids that are dealt with together. Each sale is announced by the ids of the order and
#: of its fulfilment order: together they are one order to read.
IDS_AT_ONCE = 2 * ORDERS_AT_ONCE
#: ``displayFinancialStatus`` (schema) with which goods are not handed out, unless the
#: account's option ``shopify_ship_unpaid`` says so (cash on delivery, payment terms).
UNPAID = frozenset(("PENDING", "PARTIALLY_PAID", "EXPIRED", "VOIDED"))
#: AUTHORIZED is paid: some shops capture the money when they ship.
PAID = frozenset(("AUTHORIZED", "PAID", "PARTIALLY_REFUNDED", "REFUNDED"))
#: ``OrderRiskSummary.recommendation``: …/latest/enums/OrderRiskRecommendationResult
RISK_WORDS = {
    "CANCEL": "Shopify recommends to cancel this order: high risk of fraud.",
    "INVESTIGATE": "Shopify recommends to investigate this order: risk of fraud.",
}
#: Recommendations that stop nothing.
NO_RISK = frozenset(("ACCEPT", "NONE"))
#: ``FulfillmentHoldReason`` (schema) in words.
HOLD_WORDS = {
    "AWAITING_PAYMENT": "awaiting payment",
    "AWAITING_RETURN_ITEMS": "awaiting returned items",
    "HIGH_RISK_OF_FRAUD": "high risk of fraud",
    "INCORRECT_ADDRESS": "incorrect address",
    "INVENTORY_OUT_OF_STOCK": "out of stock",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "the buyer may still add to the order",
    "OTHER": "",
    "UNKNOWN_DELIVERY_DATE": "unknown delivery date",
}
#: Units of these refund lines had been sent (schema of ``RefundLineItemRestockType``:
#: "Use this when restocking line items that were fulfilled").
RETURNED = "RETURN"

#: Decimals of ISO 4217 currencies that have not two.
DECIMALS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}

# --- shipments ----------------------------------------------------------------
#: ``fulfillmentCreate`` takes at most 512 line items (schema).
MAX_FULFILLED_LINES = 512
#: ``FulfillmentStatus`` (schema) of a fulfilment that came to nothing.
DEAD_FULFILLMENTS = frozenset(("CANCELLED", "ERROR", "FAILURE"))
#: ``FulfillmentOrderStatus`` in words, where nothing can be shipped.
NOT_SHIPPABLE = {
    "SCHEDULED": "is scheduled for later",
    "INCOMPLETE": "could not be completed as requested",
    "CANCELLED": "was cancelled",
    "CLOSED": "is closed",
}

# --- cancelling ---------------------------------------------------------------
#: ``OrderCancelReason`` (schema).
CANCEL_REASONS = frozenset(
    ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF")
)

# --- notifications ------------------------------------------------------------
#: Topic as in the header → kind of :class:`~..orders.WebhookEvent`. The name for
#: ``webhookSubscriptionCreate`` is the same in capitals, ``/`` as ``_`` (schema).
TOPICS = {
    "orders/create": "order",
    "orders/updated": "order",
    "orders/cancelled": "order",
    "orders/edited": "order",
    "orders/paid": "order",
    "orders/delete": "order",
    "orders/risk_assessment_changed": "order",
    "refunds/create": "order",
    "fulfillment_orders/placed_on_hold": "order",
    "fulfillment_orders/hold_released": "order",
    "fulfillment_orders/moved": "order",
    "fulfillment_orders/cancelled": "order",
    "fulfillment_orders/split": "order",
    "fulfillment_orders/merged": "order",
    "fulfillment_orders/order_routing_complete": "order",
    "fulfillments/create": "shipment",
    "fulfillments/update": "shipment",
    "inventory_levels/update": "stock",
    "inventory_levels/connect": "stock",
    "inventory_levels/disconnect": "stock",
    "inventory_items/update": "listing",
    "inventory_items/delete": "listing",
    "products/update": "listing",
    "products/delete": "listing",
    "returns/approve": "return",
    "returns/cancel": "return",
    "returns/close": "return",
    "returns/decline": "return",
    "returns/process": "return",
    "returns/reopen": "return",
    "returns/request": "return",
    "returns/update": "return",
    "locations/activate": "other",
    "locations/create": "other",
    "locations/deactivate": "other",
    "locations/delete": "other",
    "locations/update": "other",
    "bulk_operations/finish": "other",
    "app/uninstalled": "uninstalled",
    "app/scopes_update": "other",
    "shop/update": "other",
}
#: Their payload is the order as it was, ``updated_at`` among it. All others may tell of
#: what does not move ``Order.updatedAt``, as a hold (https://community.shopify.com/t/322697).
WHOLE_ORDERS = frozenset(
    ("orders/create", "orders/updated", "orders/cancelled", "orders/paid")
)
#: What ``register_webhooks`` subscribes to. Not ``inventory_levels/update``: it also
#: fires for each row of our own pushes, so that a push of 10,000 would come back as
#: 10,000 calls; the reconciliation finds foreign edits. ``orders/updated`` covers
#: payment, edits and fulfilments.
SUBSCRIBED = (
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/edited",
    "orders/delete",
    "refunds/create",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/moved",
    "fulfillment_orders/cancelled",
    "fulfillment_orders/order_routing_complete",
    "inventory_levels/disconnect",
    "app/uninstalled",
    "app/scopes_update",
)
