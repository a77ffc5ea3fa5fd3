"""One seller on Mercado Libre: items, the counters behind them, depots.

Counters are what is physical: one per user product (shared by all its items), or one
per item or variation that has no user product. State is JSON types only.
"""

import copy

FULL, FLEX = "fulfillment", "self_service_in"
FACILITY, ADDRESS, WAREHOUSE = "meli_facility", "selling_address", "seller_warehouse"
COUNTRIES = {
    "MLA": "AR",
    "MLB": "BR",
    "MLM": "MX",
    "MLC": "CL",
    "MCO": "CO",
    "MPE": "PE",
    "MLU": "UY",
    "MEC": "EC",
    "MLV": "VE",
}
#: Obviously fake, and accepted by a simulator that was not told otherwise.
CREDENTIALS = {
    "user_id": "1234567890",
    "client_id": "1111222233334444",
    "client_secret": "fake-secret-mercadolibre",
    "access_token": "APP_USR-fake-access-0",
    "refresh_token": "TG-fake-refresh-0",
}
#: ``configuration.max_stock_per_item`` of ``gold_special``.
MAX_STOCK = 99_999


def empty_state():
    """Return the state of a shop without listings."""
    return {
        "seller": {
            "id": int(CREDENTIALS["user_id"]),
            "nickname": "TIENDA DE PRUEBA",
            "site_id": "MLM",
            "tags": ["normal", "user_product_seller"],
        },
        "depots": {},
        "items": {},
        "counters": {},
        "next_number": 2_000_000_001,
        "next_sale": 2_000_009_000_000_001,
        "async_seconds": 0,
    }


class Shop:
    """The rules of quantities. Callers hold the channel's lock."""

    def __init__(self, state, clock):
        self.state = state
        self.clock = clock
        #: called with every counter whose locations were changed
        self.changed = lambda counter: None
        self._by_counter, self._by_sku = {}, {}
        for item in self.items.values():
            self.index(item)

    # --- finding ---------------------------------------------------------------------
    def index(self, item):
        """Make an item findable by its counters and SKUs."""
        for holder in item["variations"] or [item]:
            self._by_counter.setdefault(holder["counter"], {})[item["id"]] = True
            self._by_sku.setdefault(sku_of(holder), {})[item["id"]] = True

    def items_of(self, counter_id):
        """Return the items that share a counter."""
        found = (self.items[name] for name in self._by_counter.get(counter_id, ()))
        return [item for item in found if counter_id in counters_of(item)]

    def items_with(self, sku):
        """Return the items that have a SKU, on themselves or on a variation."""
        found = (self.items[name] for name in self._by_sku.get(sku, ()))
        return [item for item in found if sku in skus(item)]

    def next_sale_number(self):
        """Return an id for an order, a pack or a shipment, growing."""
        number = self.state.setdefault("next_sale", 2_000_009_000_000_001)
        self.state["next_sale"] = number + 1
        return number

    # --- seller ----------------------------------------------------------------------
    @property
    def seller(self):
        return self.state["seller"]

    @property
    def items(self):
        return self.state["items"]

    @property
    def depots(self):
        return self.state["depots"]

    def has_tag(self, tag):
        return tag in self.seller["tags"]

    @property
    def with_depots(self):
        return self.has_tag("warehouse_management")

    def add_depot(self, code, name="", node="", status="active"):
        """Add a depot; the seller works with depots from now on."""
        known = self.depots.get(code, {})
        self.depots[code] = {
            "name": name or known.get("name") or f"Depósito {code}",
            "node": node or known.get("node") or f"{self.seller['site_id'][:2]}P{code}",
            "status": status,
        }
        wanted = ["warehouse_management"]
        wanted += ["multiwarehouse"] if len(self.depots) > 1 else []
        tags = self.seller["tags"]
        tags += [tag for tag in wanted if tag not in tags]

    # --- counters --------------------------------------------------------------------
    def counter(self, holder):
        """Return the counter of an item without variations, or of a variation."""
        return self.state["counters"][holder["counter"]]

    def locations(self, counter):
        """Return the locations as reads show them now."""
        old = counter.get("old")
        if old and self.clock() < old["until"]:
            return old["locations"]
        return counter["locations"]

    def shown(self, counter, location=None):
        """Return what a buyer can buy: the sum of all locations, or one of them."""
        places = self.locations(counter)
        return sum(p["quantity"] for p in places if location in (None, key_of(p)))

    def write(self, counter, locations, delay=0):
        """Replace the locations; reads show them after ``delay`` seconds.

        Nobody sees a change that changes nothing; any other raises the version.
        """
        if locations == counter["locations"]:
            return
        if delay:
            before = copy.deepcopy(self.locations(counter))
            counter["old"] = {"locations": before, "until": self.clock() + delay}
        else:
            counter.pop("old", None)
        counter["locations"] = locations
        counter["version"] += 1
        counter["updated_at"] = self.clock()
        self._pause_or_revive(counter["id"])
        self.changed(counter)

    def write_own(self, counter, quantity, location_type=ADDRESS, delay=0):
        """Set the seller's own single place; Full's share stays."""
        others = [p for p in counter["locations"] if p["type"] != location_type]
        places = [*others, {"type": location_type, "quantity": quantity}]
        self.write(counter, places, delay)

    def write_depots(self, counter, quantities, delay=0):
        """Replace all depots' quantities; those not named become 0."""
        others = [p for p in counter["locations"] if p["type"] != WAREHOUSE]
        stores = [p["store_id"] for p in counter["locations"] if p["type"] == WAREHOUSE]
        stores += [store for store in quantities if store not in stores]
        places = [self.depot_place(s, quantities.get(s, 0)) for s in stores]
        self.write(counter, others + places, delay)

    def depot_place(self, store, quantity):
        """Return a depot's entry in ``locations``."""
        return {
            "type": WAREHOUSE,
            "network_node_id": self.depots[store]["node"],
            "store_id": store,
            "quantity": quantity,
        }

    def _pause_or_revive(self, counter_id):
        """[producto-sincroniza…, 24/03/2026]: 0 pauses new goods as ``out_of_stock``;
        more than 0 revives what was paused for that, and nothing else."""
        for item in self.items_of(counter_id):
            total = self.total(item)
            plain = item["condition"] == "new" and item["listing_type_id"] != "free"
            if total == 0 and item["status"] == "active" and plain:
                item["status"], item["sub_status"] = "paused", ["out_of_stock"]
            elif total and "out_of_stock" in item["sub_status"]:
                item["status"], item["sub_status"] = "active", []

    def total(self, item):
        """Return an item's true quantity, delayed or not."""
        counters = (self.state["counters"][name] for name in counters_of(item))
        return sum(p["quantity"] for c in counters for p in c["locations"])

    # --- JSON of an item -------------------------------------------------------------
    def item_json(self, item, all_attributes=False):
        """Return an item as ``GET /items/{id}`` shows it to its owner.

        Attributes of variations come only with ``include_attributes=all``.
        """
        hidden = ("counter", "variations")
        body = {name: value for name, value in item.items() if name not in hidden}
        body["variations"] = [
            self._variation_json(v, all_attributes) for v in item["variations"]
        ]
        body["available_quantity"] = sum(
            self.shown(self.state["counters"][name]) for name in counters_of(item)
        )
        return copy.deepcopy(body)

    def _variation_json(self, variation, all_attributes):
        hidden = ("counter",) if all_attributes else ("counter", "attributes")
        body = {name: value for name, value in variation.items() if name not in hidden}
        return {**body, "available_quantity": self.shown(self.counter(variation))}


def key_of(place):
    """Return what tells one place of a counter from another."""
    return place.get("store_id") or place["type"]


def counters_of(item):
    """Return the ids of an item's counters."""
    holders = item["variations"] or [item]
    return [holder["counter"] for holder in holders]


def sku_of(holder):
    """Return the SELLER_SKU of an item or variation."""
    for attribute in holder["attributes"]:
        if attribute["id"] == "SELLER_SKU":
            return attribute["value_name"]
    return ""


def skus(item):
    """Return the SKUs of an item."""
    return [sku_of(holder) for holder in item["variations"] or [item]]


def is_full_only(item):
    """Mercado Libre holds the stock, and nobody else."""
    shipping = item["shipping"]
    return shipping["logistic_type"] == FULL and FLEX not in shipping["tags"]
