"""The GraphQL documents of this channel, with their price.

The price in points is modelled after measured queries; it only matters until the
first answer has said the real one: objects 1, scalars 0, a connection
2 + ⌊2·ln(first)⌋ × one node, a mutation 10 (13 of 13 published measurements, among
them ``inventorySetQuantities`` = 10 in
https://github.com/microsoft/BCApps/pull/5926).
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("documents")


@dataclass(frozen=True)
class Operation:
    """One document.

    :param name: the field that it asks for, as it appears in logs
    :param cost: expected price in points
    :param repeatable: sending it twice does no harm: a throttled call is sent again
    """

    name: str
    text: str
    cost: int
    repeatable: bool = True


def load(name, cost, *files, repeatable=True):
    """Return the :class:`Operation` that the given files make up."""
    texts = [(FOLDER / f"{file}.graphql").read_text(encoding="utf-8") for file in files]
    return Operation(name, "\n".join(texts), cost, repeatable)


SHOP = load("shop", 4, "shop")
LOCATIONS = load("locations", 24, "locations")
VARIANTS_PAGE = load("productVariants", 57, "variants_page", "variant")
VARIANTS_BY_ID = load("nodes.variants", 5, "variants_by_id", "variant")
LEVELS = load("nodes.levels", 3, "levels")
SET_QUANTITIES = load("inventorySetQuantities", 10, "set_quantities")

ORDER_LIST = load("orders", 13, "orders_list")
ORDER = load("order", 68, "order_by_id", "order_head", "order")
ORDERS_BY_ID = load("nodes.orders", 68, "orders_by_id", "order_head", "order")
ORDER_LINES = load("order.lineItems", 58, "order_lines", "order")
ORDER_REFUNDS = load("order.refunds", 26, "order_refunds")
ORDER_STATE = load("order.state", 2, "order_state")
FULFILLMENT_ORDERS = load("order.fulfillmentOrders", 150, "fulfillment_orders")
FULFILLMENT_ORDER_IDS = load("nodes.fulfillmentOrders", 1, "fulfillment_order_ids")
#: none knows an idempotency key
FULFILLMENT_CREATE = load(
    "fulfillmentCreate", 10, "fulfillment_create", repeatable=False
)
TRACKING_UPDATE = load(
    "fulfillmentTrackingInfoUpdate", 10, "tracking_update", repeatable=False
)
ORDER_CANCEL = load("orderCancel", 10, "order_cancel", repeatable=False)
WEBHOOK_CREATE = load(
    "webhookSubscriptionCreate", 10, "webhook_create", repeatable=False
)
WEBHOOKS = load("webhookSubscriptions", 11, "webhook_list")
#: not repeated: a second operation would read the whole shop once more
BULK_RUN = load("bulkOperationRunQuery", 10, "bulk_run", repeatable=False)
BULK_STATUS = load("bulkOperation", 1, "bulk_status")
#: goes into ``BULK_RUN`` as text: a bulk operation takes no variables
BULK_VARIANTS = (FOLDER / "bulk_variants.graphql").read_text(encoding="utf-8")

ALL = (
    SHOP,
    LOCATIONS,
    VARIANTS_PAGE,
    VARIANTS_BY_ID,
    LEVELS,
    SET_QUANTITIES,
    ORDER_LIST,
    ORDER,
    ORDERS_BY_ID,
    ORDER_LINES,
    ORDER_REFUNDS,
    ORDER_STATE,
    FULFILLMENT_ORDERS,
    FULFILLMENT_ORDER_IDS,
    FULFILLMENT_CREATE,
    TRACKING_UPDATE,
    ORDER_CANCEL,
    WEBHOOK_CREATE,
    WEBHOOKS,
    BULK_RUN,
    BULK_STATUS,
)
