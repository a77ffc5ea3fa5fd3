"""``/user-products/{id}/stock`` and the depots."""

from .core import Response
from .mercadolibre_errors import NO_STOCK_LOCATIONS, refuse, refuse_with
from .mercadolibre_items import first
from .mercadolibre_shop import ADDRESS, FACILITY, WAREHOUSE, is_full_only, skus

FLEX_SITES = ("MLA", "MLC")


class Stock:
    """Handlers; callers hold the channel's lock."""

    def __init__(self, shop):
        self.shop = shop

    # --- depots ----------------------------------------------------------------------
    def stores(self, query):
        """One page of the seller's depots."""
        limit, offset = (
            int(first(query, n, d)) for n, d in (("limit", "50"), ("offset", "0"))
        )
        depots = list(self.shop.depots.items())
        page = [
            self._store(*depot) for depot in depots[offset : offset + min(limit, 50)]
        ]
        paging = {"limit": limit, "offset": offset, "total": len(depots)}
        return Response(200, {"paging": paging, "results": page})

    def _store(self, code, depot):
        return {
            "id": code,
            "user_id": str(self.shop.seller["id"]),
            "description": depot["name"],
            "status": depot["status"],
            "location": {},
            "tags": ["stock_location"],
            "network_node_id": depot["node"],
            "services": {"stock_location": ["cross_docking"]},
        }

    # --- read ------------------------------------------------------------------------
    def get(self, user_product_id):
        """The locations of a user product, and its version in a header."""
        counter = self._counter(user_product_id)
        return Response(
            200,
            self._body(counter, self.shop.locations(counter)),
            {"x-version": str(counter["version"])},
        )

    def _counter(self, user_product_id):
        counter = self.shop.state["counters"].get(user_product_id)
        if not counter or not counter["user_product"] or not counter["initialised"]:
            refuse_with(404, NO_STOCK_LOCATIONS)
        return counter

    def _body(self, counter, locations):
        return {
            "locations": [dict(place) for place in locations],
            "user_id": self.shop.seller["id"],
            "id": counter["id"],
        }

    # --- writes ----------------------------------------------------------------------
    def put(self, user_product_id, location_type, body, version, fault):
        """Write one kind of location, with the version of the last read."""
        counter = self._counter(user_product_id)
        about = self._skus(user_product_id)
        if fault.is_about("stale", about):
            counter["version"] += 1  # somebody bought one and cancelled
        if not version:
            refuse(400, "Missing X-Version header")
        if version != str(counter["version"]):
            refuse(409, "Version mismatch", "conflict")
        write = self._depots if location_type == WAREHOUSE else self._address
        if not isinstance(body, dict):
            refuse(400, "Invalid JSON body")
        return write(counter, body, fault.is_about("ignore", about), fault.delay(about))

    def _skus(self, user_product_id):
        items = self.shop.items_of(user_product_id)
        return [sku for item in items for sku in skus(item)]

    def _address(self, counter, body, ignored, delay):
        """204, asynchronous; only for Full with Flex, in MLA and MLC."""
        if self.shop.with_depots:
            text = "seller with a single warehouse cannot update selling address stock"
            refuse(400, text)
        types = {place["type"] for place in counter["locations"]}
        if FACILITY in types and self.shop.seller["site_id"] not in FLEX_SITES:
            text = "the site is blocked for modifications to the selling address"
            refuse(400, text)
        if any(is_full_only(item) for item in self.shop.items_of(counter["id"])):
            refuse(400, "the user product has no selling address")
        quantity = whole_number(body.get("quantity"))
        if not ignored:
            delay = delay or self.shop.state["async_seconds"]
            self.shop.write_own(counter, quantity, ADDRESS, delay)
        return Response(204)

    def _depots(self, counter, body, ignored, delay):
        """Replace the depots' quantities.

        Whether the list replaces the whole set is not documented; the worse reading is
        simulated, so that who forgets a depot sees it emptied.
        """
        quantities, nodes = self._asked(body.get("locations"))
        if len(nodes) > 1 and not self.shop.has_tag("multiwarehouse"):
            text = "seller with a single warehouse cannot update stock across multiple "
            refuse(400, text + "network nodes")
        if not ignored:
            self.shop.write_depots(counter, quantities, delay)
        places = [p for p in counter["locations"] if p["type"] == WAREHOUSE]
        return Response(
            200, {**self._body(counter, places), "product_release_date": None}
        )

    def _asked(self, rows):
        if not isinstance(rows, list) or not rows:
            refuse(400, "locations is required")
        quantities, nodes = {}, set()
        for row in rows:
            store = str(row.get("store_id"))
            if not self.shop.with_depots or store not in self.shop.depots:
                refuse(400, "store is not configured to be a stock location")
            quantities[store] = whole_number(row.get("quantity"))
            nodes.add(self.shop.depots[store]["node"])
        return quantities, nodes


def whole_number(value):
    """Return a quantity; anything but a non-negative integer is refused."""
    if type(value) is not int or value < 0:
        refuse(400, "quantity must be a non-negative integer")
    return value
