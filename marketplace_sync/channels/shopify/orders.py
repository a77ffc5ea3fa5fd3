"""Reading orders: what changed is listed, 250 a page; whole ones are read by id."""

from datetime import timedelta

from ..errors import ChannelUnreachable, UnknownListing
from ..orders import OrderHint, OrderPage
from .documents import (
    FULFILLMENT_ORDER_IDS,
    FULFILLMENT_ORDERS,
    ORDER,
    ORDER_LINES,
    ORDER_LIST,
    ORDER_REFUNDS,
    ORDERS_BY_ID,
)
from .order_const import (
    INDEX_LAG_SECONDS,
    MAX_READS,
    ORDERS_AT_ONCE,
    RESUME,
    RETURNED,
)
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
        """Yield :class:`OrderPage` of hints: the orders updated since a moment, the
        longest unchanged first. One whole order costs more than a list of 250.

        Nothing is skipped: what changes while we list has from then on the newest
        update time of all, so it moves from behind us to before us, never the other
        way; whatever changed before the last order of a page, and not since, was on
        this page or one before. The next page therefore begins at the *update time*
        that this one ended with, not at its cursor: nothing promises that a cursor
        keeps its place while orders move, or how long it lives. The orders of that
        second come again. A cursor is followed only through a page on which there is
        no other second.
        """
        start, newest = self._begin(since)
        after, listed, began = None, set(), None
        while True:
            variables = {"q": f"updated_at:>='{search_moment(start)}'", "after": after}
            reply = self.client.execute(ORDER_LIST, variables)
            hints = [_hint(node) for node in reply["orders"]["nodes"]]
            newest = max([newest, *(hint.updated_at for hint in hints)])
            began = began or reply.told_at or newest
            news = tuple(hint for hint in hints if hint not in listed)
            listed.update(news)
            page = reply["orders"]["pageInfo"]
            if not page["hasNextPage"]:
                # not later than the read began: the caller's overlap, too, is counted
                # from there, and what the index lacked then is met by the next read
                end = max(utc(since), min(newest, began))
                yield OrderPage(watermark=end, data={RESUME: None}, hints=news)
                return
            place = {"since": search_moment(since), "at": search_moment(newest)}
            yield OrderPage(data={RESUME: place}, hints=news)
            start, after = _next(hints, page["endCursor"], start, after)

    def _begin(self, since):
        """Return where the list begins and the newest update time that is known: of a
        read since this moment that was cut short, else of a new one."""
        since, place = utc(since), self.config.data.get(RESUME) or {}
        at = moment(place.get("at"))
        if at is None or at < since or place.get("since") != search_moment(since):
            return since, since
        return max(since, at - timedelta(seconds=INDEX_LAG_SECONDS)), at

    # --- one ------------------------------------------------------------------
    def one(self, external_id):
        """Return the order of an id, or of its fulfilment order's id.

        :raises UnknownListing: Shopify has no such order
        """
        if is_gid(FULFILLMENT_ORDER, external_id):
            external_id = self._order_of(external_id)
        return self._whole(*self._read(external_id))

    def several(self, external_ids):
        """Return ``{id: order}`` of orders, or fulfilment orders; what this shop has
        not (any more) is left out. An order that several ids mean is read once."""
        places = [one for one in external_ids if is_gid(FULFILLMENT_ORDER, one)]
        meant = {one: one for one in external_ids} | self._orders_of(places)
        ids = [one for one in dict.fromkeys(meant.values()) if is_gid(ORDER_GID, one)]
        told = {}
        for start in range(0, len(ids), ORDERS_AT_ONCE):
            some = ids[start : start + ORDERS_AT_ONCE]
            reply = self.client.execute(ORDERS_BY_ID, {"ids": some, **self._variables})
            nodes = [node for node in reply["nodes"] if node and node.get("createdAt")]
            told |= {node["id"]: self._whole(node, reply) for node in nodes}
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
        return node, reply

    # --- what a page leaves out -------------------------------------------------
    def _whole(self, node, reply):
        for _attempt in range(MAX_READS):
            lines = self._lines(node)
            if lines is not None:
                break
            node, reply = self._read(node["id"])
        else:
            raise ChannelUnreachable(
                f"Order {node['name']} kept changing while it was read.",
                request_id=reply.request_id,
            )
        telling = Telling(node, lines, self._fulfilment_orders(node))
        telling.returned = self._returned(node)
        telling.request_id, telling.told_at = reply.request_id, reply.told_at
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


def _hint(node):
    """Return an :class:`OrderHint`.

    :raises ChannelUnreachable: without an update time there is no place to go on at
    """
    updated_at = moment(node["updatedAt"])
    if updated_at is None:
        raise ChannelUnreachable("Shopify listed an order without its update time.")
    placed_at = moment(node["createdAt"])
    return OrderHint(node["id"], updated_at, placed_at, node["name"])


def _next(hints, cursor, start, after):
    """Return where the next page begins: update time and cursor.

    :param start: where this one began, and ``after`` its cursor
    """
    last = max((hint.updated_at for hint in hints), default=start)
    if last > start:
        return last, None
    if cursor in (None, after):
        raise ChannelUnreachable("Shopify named no next page where there is one.")
    return start, cursor


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
