"""Refunds of an order, as returns.

A refund does not say that goods came back; the restock type of each line does:
``RETURN`` (and the old ``LEGACY_RESTOCK``) they were sent and came back, ``NO_RESTOCK``
the buyer keeps them, ``CANCEL`` they never left, which is no return.
"""

from decimal import Decimal

from ..errors import ChannelUnreachable, UnknownListing
from ..returns import ChannelReturn, ReturnLine
from .documents import ORDER_REFUNDS
from .order_values import ORDER as ORDER_GID
from .order_values import moment
from .reading import is_gid

CAME_BACK = ("RETURN", "LEGACY_RESTOCK")
NEVER_LEFT = "CANCEL"


def returns_of(client, order_id):
    """Yield the refunds of an order that are about goods that had left."""
    if not is_gid(ORDER_GID, order_id):
        raise UnknownListing(f"{order_id!r} is not the id of a Shopify order.")
    reply = client.execute(ORDER_REFUNDS, {"id": order_id})
    order = reply.data.get("order")
    if not order:
        raise UnknownListing(
            "Shopify has no such order (any more).", request_id=reply.request_id
        )
    for refund in order.get("refunds") or ():
        found = return_of(refund, order_id, reply.request_id)
        if found.lines:
            yield found


def return_of(refund, order_id, request_id=""):
    """Translate one refund."""
    items = refund["refundLineItems"]
    if (items.get("pageInfo") or {}).get("hasNextPage"):
        raise ChannelUnreachable(
            "Shopify gave a refund of more than 250 lines in part.",
            request_id=request_id,
        )
    lines = [
        ReturnLine(
            external_id=item["lineItem"]["id"],
            quantity=Decimal(item["quantity"]),
            sku=item["lineItem"].get("sku") or "",
            comes_back=item["restockType"] in CAME_BACK,
        )
        for item in items["nodes"]
        if item["restockType"] != NEVER_LEFT and item["quantity"]
    ]
    created = moment(refund["createdAt"]) if refund.get("createdAt") else None
    return ChannelReturn(
        external_id=refund["id"],
        order_id=order_id,
        kind="refund",
        status="closed",
        lines=tuple(lines),
        told=", ".join(sorted({item["restockType"] for item in items["nodes"]})),
        opened_at=created,
        updated_at=created,
        request_id=request_id,
    )
