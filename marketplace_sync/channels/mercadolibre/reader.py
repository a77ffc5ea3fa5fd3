"""What the adapter reads from Mercado Libre."""

from dataclasses import dataclass

from ..errors import ChannelUnreachable, RateLimited
from . import const, words
from .client import address, json_object
from .items import lacks_skus


@dataclass(frozen=True)
class Stock:
    """A user product's stock, as read.

    :param version: header ``x-version``; a write must carry it
    :param locations: ``[{type, quantity, store_id?, network_node_id?}]``
    """

    version: str
    locations: tuple
    request_id: str = ""

    def of_type(self, location_type):
        """Return the locations of one type."""
        return [place for place in self.locations if place["type"] == location_type]

    def quantity(self, location_type, store_id=None):
        """Return what one place holds, 0 when it is not listed."""
        return sum(
            place.get("quantity") or 0
            for place in self.of_type(location_type)
            if store_id is None or str(place.get("store_id")) == store_id
        )


class Reader:
    """Reads with one :class:`~.client.Client`."""

    def __init__(self, client):
        self.client = client

    # --- seller ----------------------------------------------------------------------
    def user(self):
        """Return the seller's record."""
        path = address(const.USER, user_id=self.client.user_id)
        return json_object(self.client.get("get_user", path))

    def depots(self):
        """Return the seller's depots, ``GET …/stores/search`` results."""
        path = address(const.STORES, user_id=self.client.user_id)
        found, total = [], 1
        while len(found) < total:
            params = {
                "tags": "stock_location",
                "limit": const.STORES_LIMIT,
                "offset": len(found),
            }
            body = json_object(self.client.get("get_stores", path, params=params))
            page = body.get("results") or []
            found += page
            total = (body.get("paging") or {}).get("total", 0) if page else 0
        return found

    # --- items -----------------------------------------------------------------------
    def search(self, **params):
        """Return one page of item ids, with its paging."""
        path = address(const.SEARCH, user_id=self.client.user_id)
        return json_object(self.client.get("search_items", path, params=params))

    def all_ids(self):
        """Return the ids of all items of the seller.

        Read in one go: a scroll lives 5 minutes and wants to be consumed without
        pause; always the last ``scroll_id`` received is sent
        [items-y-busquedas, 10/09/2026].
        """
        found, scroll = {}, {}
        while True:
            page = self.search(search_type="scan", limit=const.SEARCH_LIMIT, **scroll)
            ids = page.get("results") or []
            news = [item_id for item_id in ids if item_id not in found]
            found.update(dict.fromkeys(news))
            if not news or not page.get("scroll_id"):
                return list(found)
            scroll = {"scroll_id": page["scroll_id"]}

    def ids_by_sku(self, sku):
        """Return ids of items that the channel finds for a SKU; compare them."""
        return self.search(seller_sku=sku, limit=const.SEARCH_LIMIT).get("results", [])

    def items(self, ids):
        """Return ``{item id: JSON, or None when it is unknown or not ours}``."""
        ids = list(dict.fromkeys(ids))
        found = {}
        for start in range(0, len(ids), const.BULK_IDS):
            found.update(self._bulk(ids[start : start + const.BULK_IDS]))
        return found

    def _bulk(self, ids):
        params = {
            "ids": ",".join(ids),
            "attributes": ",".join(f"body.{name}" for name in const.ITEM_FIELDS),
        }
        answer = self.client.get("get_items", const.BULK, params=params)
        if not isinstance(answer.body, list):
            raise ChannelUnreachable(
                "Mercado Libre answered a bulk read with something else.",
                request_id=answer.request_id,
            )
        rows = {row.get("id"): row for row in answer.body if isinstance(row, dict)}
        return {item_id: self._row(rows.get(item_id)) for item_id in ids}

    def _row(self, row):
        status = (row or {}).get("status_code") or 404
        if status == 429:
            raise RateLimited("Mercado Libre: too many reads.", code="429")
        if status >= 500:
            raise ChannelUnreachable("Mercado Libre could not read every item.")
        body = (row or {}).get("body")
        if status >= 300 or not isinstance(body, dict):
            return None
        # anybody's item can be read, but only its owner sees the true quantity
        seller = body.get("seller_id") or self.client.user_id
        return body if str(seller) == self.client.user_id else None

    def item(self, item_id, accept=()):
        """Return ``(JSON or None, answer)`` of one item."""
        path = address(const.ITEM, item_id=item_id)
        params = {"include_attributes": "all"}
        answer = self.client.get("get_item", path, params=params, accept=accept)
        return (json_object(answer) if answer.status < 300 else None), answer

    def with_skus(self, item):
        """Return an item whose variations carry their attributes."""
        if not lacks_skus(item):
            return item
        full, _answer = self.item(item["id"], accept=(404,))
        return {**item, "variations": full["variations"]} if full else item

    # --- stock of user products ------------------------------------------------------
    def stock(self, user_product_id):
        """Return a user product's :class:`Stock`.

        None when it was never initialised: 404 "stock-locations not found".
        """
        path = address(const.STOCK, user_product_id=user_product_id)
        answer = self.client.get("get_stock", path, accept=(404,))
        if answer.status == 404:
            return None
        places = json_object(answer).get("locations")
        version = str(answer.headers.get("x-version") or "").strip()
        if not isinstance(places, list) or not version:
            said = words.said(answer)
            raise ChannelUnreachable(
                f"Mercado Libre answered a stock read without locations or version. "
                f"{said}".strip(),
                request_id=answer.request_id,
            )
        places = tuple(p for p in places if isinstance(p, dict) and p.get("type"))
        return Stock(version, places, answer.request_id)
