"""``/users/{id}/items/search``, ``/items/bulk``, ``/items/{id}``."""

import uuid

from .core import Response
from .mercadolibre_errors import (
    ACCESS_DENIED,
    ITEM_CONFLICT,
    not_modifiable,
    refuse,
    refuse_with,
    validation,
)
from .mercadolibre_seed import drop_unused_counters
from .mercadolibre_shop import FULL, MAX_STOCK, skus

BULK_IDS = 20
SCROLL_SECONDS = 300
#: Beyond this offset only a scan goes on.
MAX_OFFSET = 1000


def first(query, name, default=""):
    """Return the first value of a query parameter."""
    return (query.get(name) or [default])[0]


class Items:
    """Handlers; callers hold the channel's lock.

    :param scrolls: ``{scroll id: {"ids", "until"}}``, not kept over a restart
    """

    def __init__(self, shop, clock):
        self.shop = shop
        self.clock = clock
        self.scrolls = {}

    # --- search ----------------------------------------------------------------------
    def search(self, query):
        """Ids of the seller's items: by page, or by scan (always a new scroll id)."""
        limit = self._number(query, "limit", 50)
        if limit > 100:
            refuse(400, "The limit must be 100 or less", "bad_request")
        scan = first(query, "search_type") == "scan"
        body = {"seller_id": str(self.shop.seller["id"]), "query": None, "orders": []}
        page = self._scan(query, limit) if scan else self._page(query, limit)
        return Response(200, {**body, **page})

    @staticmethod
    def _number(query, name, default):
        text = first(query, name, str(default))
        if not text.isdigit():
            refuse(400, f"Invalid {name}")
        return int(text)

    def _page(self, query, limit):
        ids, offset = self._found(query), self._number(query, "offset", 0)
        if offset + limit > MAX_OFFSET:
            refuse(400, "Invalid limit and offset values, use search_type=scan")
        paging = {"limit": limit, "offset": offset, "total": len(ids)}
        return {"paging": paging, "results": ids[offset : offset + limit]}

    def _scan(self, query, limit):
        if "offset" in query:
            refuse(400, "offset is not allowed with search_type=scan")
        rest = self._scroll(query)
        page, rest = rest[:limit], rest[limit:]
        scroll_id = None
        if page:
            scroll_id = uuid.uuid4().hex
            until = self.clock() + SCROLL_SECONDS
            self.scrolls[scroll_id] = {"ids": rest, "until": until}
        paging = {"limit": limit, "offset": 0, "total": len(self._found(query))}
        return {"paging": paging, "results": page, "scroll_id": scroll_id}

    def _scroll(self, query):
        if "scroll_id" not in query:
            return self._found(query)
        scroll = self.scrolls.pop(first(query, "scroll_id"), None)
        if not scroll or scroll["until"] < self.clock():
            refuse(400, "Invalid scroll_id")
        return scroll["ids"]

    def _found(self, query):
        """The page documents ``status``, ``seller_sku`` and ``user_product_id``."""
        sku, status = first(query, "seller_sku"), first(query, "status")
        products = {p for p in first(query, "user_product_id").split(",") if p}
        items = self.shop.items_with(sku) if sku else self.shop.items.values()
        return [
            item["id"]
            for item in items
            if self._mine(item)
            and (not status or item["status"] == status)
            and (not products or products & user_products(item))
        ]

    def _mine(self, item):
        return str(item["seller_id"]) == str(self.shop.seller["id"])

    # --- reads -----------------------------------------------------------------------
    def bulk(self, query):
        """Up to 20 items; ``attributes`` are named with the prefix ``body.``."""
        ids = [item_id for item_id in first(query, "ids").split(",") if item_id]
        if not ids or len(ids) > BULK_IDS:
            refuse(400, f"ids must name 1 to {BULK_IDS} items")
        wanted = [name for name in first(query, "attributes").split(",") if name]
        return Response(200, [self._row(item_id, wanted) for item_id in ids])

    def _row(self, item_id, wanted):
        item = self.shop.items.get(item_id)
        if item is None:
            return {"id": item_id, "status_code": 404}
        if any(not name.startswith("body.") for name in wanted):
            return {"id": item_id, "status_code": 403, "body": ACCESS_DENIED}
        body = self._public(item, self.shop.item_json(item))
        if wanted:
            names = {name.removeprefix("body.").split(".")[0] for name in wanted}
            body = {name: value for name, value in body.items() if name in names}
        return {"id": item_id, "status_code": 200, "body": body}

    def _public(self, item, body):
        """Somebody else's item does not show its quantity."""
        if not self._mine(item):
            body.pop("available_quantity", None)
        return body

    def get(self, item_id, query):
        """One item; ``include_attributes=all`` adds those of variations."""
        item = self._known(item_id)
        every = first(query, "include_attributes") == "all"
        return Response(200, self._public(item, self.shop.item_json(item, every)))

    def _known(self, item_id):
        item = self.shop.items.get(item_id)
        if item is None:
            refuse(404, f"Item with id {item_id} not found", "not_found")
        return item

    # --- write -----------------------------------------------------------------------
    def put(self, item_id, body, fault):
        """Change quantities; nothing else is simulated."""
        item = self._known(item_id)
        if not self._mine(item):
            refuse_with(403, ACCESS_DENIED)
        if fault.is_about("stale", skus(item)):
            refuse_with(409, ITEM_CONFLICT)
        if not isinstance(body, dict):
            refuse(400, "Invalid JSON body")
        changes = self._changes(item, body)
        if not self.shop.with_depots and not fault.is_about("ignore", skus(item)):
            self._apply(item, body, changes, fault.delay(skus(item)))
        return Response(200, self.shop.item_json(item))

    def _changes(self, item, body):
        """Return ``[(holder, quantity)]`` that a valid body asks for."""
        if item["status"] in ("closed", "under_review"):
            message = f"Cannot update item {item['id']} [status:{item['status']}]"
            validation("item.status.not_modifiable", "item.status", message)
        if "variations" in body:
            return self._variation_changes(item, body["variations"])
        if "available_quantity" not in body:
            return []
        if item["variations"]:
            validation(
                "item.available_quantity.invalid",
                "item.available_quantity",
                "The item has variations: set their quantities.",
            )
        return [(item, self._quantity(item, body["available_quantity"]))]

    def _variation_changes(self, item, rows):
        known = {variation["id"]: variation for variation in item["variations"]}
        if not isinstance(rows, list) or any(r.get("id") not in known for r in rows):
            validation(
                "item.variations.invalid", "item.variations", "Unknown variation id."
            )
        return [
            (known[row["id"]], self._quantity(item, row["available_quantity"]))
            for row in rows
            if "available_quantity" in row
        ]

    def _quantity(self, item, value):
        if item["shipping"]["logistic_type"] == FULL or item.get("bundle"):
            not_modifiable()
        if type(value) is not int or not 0 <= value <= MAX_STOCK:
            validation(
                "item.available_quantity.invalid",
                "item.available_quantity",
                f"available_quantity must be an integer from 0 to {MAX_STOCK}.",
            )
        return value

    def _apply(self, item, body, changes, delay):
        """Write the counters, hence every item of the same user products.

        Variations whose id is not sent are deleted [variaciones, 30/12/2025].
        """
        if "variations" in body:
            sent = {row["id"] for row in body["variations"]}
            kept = [v for v in item["variations"] if v["id"] in sent]
            if len(kept) < len(item["variations"]):
                item["variations"] = kept
                drop_unused_counters(self.shop)
        for holder, quantity in changes:
            self.shop.write_own(self.shop.counter(holder), quantity, delay=delay)


def holders(item):
    """Return what has a quantity: the variations, or the item itself."""
    return item["variations"] or [item]


def user_products(item):
    """Return the ids of an item's user products."""
    return {h["user_product_id"] for h in holders(item) if h["user_product_id"]}
