"""Reading orders: 50 a page, and whatever a page leaves out."""

from ..errors import ChannelUnreachable, UnknownListing
from ..orders import OrderPage
from .documents import (
    FULFILLMENT_ORDER_IDS,
    FULFILLMENT_ORDERS,
    ORDER,
    ORDER_LINES,
    ORDER_REFUNDS,
    ORDERS,
    ORDERS_BY_ID,
)
from .order_const import MAX_READS, RETURNED
from .order_reading import Telling, order_of
from .order_values import FULFILLMENT_ORDER, moment, money, search_moment, utc
from .order_values import ORDER as ORDER_GID
from .reading import is_gid


class OrderReader:
    """Reads orders through a :class:`~.client.ShopifyClient`."""

    def __init__(self, client, config):
        self.client = client
        self.config = config

    @property
    def _variables(self):
        """``Order.customer`` of an app without the scope fails the whole call."""
        scopes = self.config.data.get("scopes") or ()
        return {"customers": bool({"read_customers", "write_customers"} & set(scopes))}

    # --- many -----------------------------------------------------------------
    def changed(self, since):
        """Yield :class:`OrderPage` of the orders updated since a moment.

        Sorted by update time, so that an order that changes while we read comes
        again at the end instead of being missed.
        """
        newest, is_last = utc(since), False
        query = f"updated_at:>='{search_moment(since)}'"
        for nodes, reply in self.client.pages(ORDERS, {"q": query, **self._variables}):
            orders = [self._whole(node, reply.request_id) for node in nodes]
            newest = max([newest, *(moment(node["updatedAt"]) for node in nodes)])
            is_last = not reply["orders"]["pageInfo"]["hasNextPage"]
            yield OrderPage(tuple(orders), newest if is_last else None)
        if not is_last:
            raise ChannelUnreachable("Shopify named no next page where there is one.")

    # --- one ------------------------------------------------------------------
    def one(self, external_id):
        """Return the order of an id, or of its fulfilment order's id.

        :raises UnknownListing: Shopify has no such order
        """
        if is_gid(FULFILLMENT_ORDER, external_id):
            external_id = self._order_of(external_id)
        return self._whole(*self._read(external_id))

    def several(self, external_ids):
        """Return ``{id: order}`` of up to ``ORDERS_AT_ONCE`` orders, or fulfilment
        orders, in one call or two; what this shop has not (any more) is left out."""
        places = [one for one in external_ids if is_gid(FULFILLMENT_ORDER, one)]
        meant = {one: one for one in external_ids} | self._orders_of(places)
        ids = [one for one in dict.fromkeys(meant.values()) if is_gid(ORDER_GID, one)]
        if not ids:
            return {}
        reply = self.client.execute(ORDERS_BY_ID, {"ids": ids, **self._variables})
        nodes = [node for node in reply["nodes"] if node and node.get("createdAt")]
        told = {node["id"]: self._whole(node, reply.request_id) for node in nodes}
        return {one: told[gid] for one, gid in meant.items() if gid in told}

    def _order_of(self, fulfilment_order):
        return self._orders_of([fulfilment_order]).get(fulfilment_order, "")

    def _orders_of(self, fulfilment_orders):
        """Return fulfilment order's id → its order's, of those that are there."""
        if not fulfilment_orders:
            return {}
        reply = self.client.execute(FULFILLMENT_ORDER_IDS, {"ids": fulfilment_orders})
        found = zip(fulfilment_orders, reply["nodes"], strict=True)
        return {
            one: node["orderId"] for one, node in found if (node or {}).get("orderId")
        }

    def _read(self, gid):
        if not is_gid(ORDER_GID, gid):
            raise UnknownListing(f"{gid!r} is not the id of a Shopify order.")
        reply = self.client.execute(ORDER, {"id": gid, **self._variables})
        node = reply.data.get("order")
        if not node:
            raise UnknownListing(
                "Shopify has no such order (any more).", request_id=reply.request_id
            )
        return node, reply.request_id

    # --- what a page leaves out -------------------------------------------------
    def _whole(self, node, request_id):
        for _attempt in range(MAX_READS):
            lines = self._lines(node)
            if lines is not None:
                break
            node, request_id = self._read(node["id"])
        else:
            raise ChannelUnreachable(
                f"Order {node['name']} kept changing while it was read.",
                request_id=request_id,
            )
        telling = Telling(node, lines, self._fulfilment_orders(node))
        telling.returned = self._returned(node)
        telling.request_id = request_id
        return order_of(telling, self.config)

    def _lines(self, node):
        """Return all lines; None when the order changed between two pages."""
        lines, page = list(node["lineItems"]["nodes"]), node["lineItems"]["pageInfo"]
        while page["hasNextPage"]:
            variables = {"id": node["id"], "after": page["endCursor"]}
            order = self.client.execute(ORDER_LINES, variables).data.get("order")
            if not order or order["updatedAt"] != node["updatedAt"]:
                return None
            lines += order["lineItems"]["nodes"]
            page = order["lineItems"]["pageInfo"]
        return lines

    def _fulfilment_orders(self, node):
        found = node["fulfillmentOrders"]
        is_complete = not found["pageInfo"]["hasNextPage"] and not any(
            order["lineItems"]["pageInfo"]["hasNextPage"] for order in found["nodes"]
        )
        if is_complete:
            return found["nodes"]
        return fulfilment_state(self.client, node["id"])[1]

    def _returned(self, node):
        """Return ``{line id: (units, money)}`` of what was sent and came back."""
        if not node["refunds"]:
            return {}
        reply = self.client.execute(ORDER_REFUNDS, {"id": node["id"]})
        found = {}
        for refund in (reply.data.get("order") or {}).get("refunds") or ():
            for item in refund["refundLineItems"]["nodes"]:
                if item["restockType"] == RETURNED:
                    line = item["lineItem"]["id"]
                    units, amount = found.get(line, (0, 0))
                    amount += money(item["subtotalSet"])
                    if not node["taxesIncluded"]:
                        amount += money(item["totalTaxSet"])
                    found[line] = (units + item["quantity"], amount)
        return found


def fulfilment_state(client, gid):
    """Return ``(order, all its fulfilment orders, request id)``; order None: unknown.

    The fulfilments are in the order's node.
    """
    found, after, order = [], None, None
    while True:
        reply = client.execute(FULFILLMENT_ORDERS, {"id": gid, "after": after})
        order = reply.data.get("order")
        if not order:
            return None, [], reply.request_id
        found += order["fulfillmentOrders"]["nodes"]
        page = order["fulfillmentOrders"]["pageInfo"]
        if not page["hasNextPage"] or page["endCursor"] in (None, after):
            return order, found, reply.request_id
        after = page["endCursor"]
