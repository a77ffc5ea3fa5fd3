"""The state of the simulated shop: locations, variants, levels. JSON types only."""

from .core import ShelfRow
from .shopify_orders import Orders

#: Accepted after a reset. Made up, like everything here.
CREDENTIALS = {
    "shop": "demo-shop.myshopify.com",
    "client_id": "demo-client-id",
    "client_secret": "demo-client-secret",
    "access_token": "demo-access-token",
}
SCOPES = (
    "read_products",
    "write_inventory",
    "read_locations",
    "write_orders",
    "read_customers",
    "write_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders",
)

ITEM = "gid://shopify/InventoryItem/"
VARIANT = "gid://shopify/ProductVariant/"
PRODUCT = "gid://shopify/Product/"
LOCATION = "gid://shopify/Location/"

#: of the shop as a whole
SETTINGS = (
    "name",
    "currency",
    "timezone",
    "rate_limits",
    "plan",
    "tax",
    "taxes_included",
    "delivery",
    "bulk_seconds",
)
#: name in a seed's listing → default of a variant
VARIANT_DEFAULTS = {
    "title": "",
    "barcode": "",
    "policy": "DENY",
    "tracked": True,
    "bundle": False,
    "status": "ACTIVE",
    "price": "10.00",
}
SITE_DEFAULTS = {
    "name": "",
    "active": True,
    "fulfills_online_orders": True,
    "fulfillment_service": "",
}


def empty():
    """Return the state of a shop without products."""
    return {
        "name": "Demo shop",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "credentials": dict(CREDENTIALS),
        "scopes": list(SCOPES),
        "rate_limits": True,
        "plan": "standard",
        "partial_writes": False,
        "bulk_seconds": 0,
        "bulk": {},
        "sites": {},
        "variants": {},
        "grants": {},
        "keys": {},
        "points": {},
        # what orders cost, and what is told about them
        "tax": {"title": "VAT", "rate": "0.19"},
        "taxes_included": True,
        "orders": {},
        "serial": 5_000_000_000,
        "subscriptions": {},
        "delivery": "at_once",
        "outbox": [],
        "delivered": [],
        "ledger": {},
    }


class Shop:
    """Finds and changes what is in a state. The caller holds the lock.

    :param outbox: an :class:`~.shopify_webhooks.Outbox`
    """

    def __init__(self, state, clock, outbox):
        self.state = state
        self.clock = clock
        self.outbox = outbox
        self.orders = Orders(self, outbox.emit)
        #: where callers reach us, for addresses in answers
        self.base_url = ""
        self.by_sku = {}
        for number, variant in state["variants"].items():
            self._index(number, variant["sku"])

    def _index(self, number, sku):
        self.by_sku.setdefault(sku.casefold(), []).append(number)

    # --- seeding --------------------------------------------------------------
    def seed(self, spec):
        """Add or replace what a seed names."""
        for name in SETTINGS:
            if name in spec:
                self.state[name] = spec[name]
        self.state["partial_writes"] = spec.get(
            "partial_writes", self.state["partial_writes"]
        )
        credentials = dict(spec.get("credentials") or {})
        self.state["scopes"] = list(credentials.pop("scopes", self.state["scopes"]))
        self.state["credentials"].update(credentials)
        for site in spec.get("sites") or ():
            self.add_site(site["code"], site)
        for listing in spec.get("listings") or ():
            self.add_listing(listing)

    def add_site(self, code, spec):
        """Add a location, or change it."""
        site = self.state["sites"].setdefault(code, dict(SITE_DEFAULTS))
        site.update({k: v for k, v in spec.items() if k in SITE_DEFAULTS})
        site["name"] = site["name"] or f"Location {len(self.state['sites'])}"

    def add_listing(self, spec):
        """Add a variant at a location, or change it.

        The same SKU at another location is another level of the same variant;
        with ``duplicate`` it is another variant.
        """
        site = spec.get("site") or next(iter(self.state["sites"]), LOCATION + "1")
        if site not in self.state["sites"]:
            self.add_site(site, {})
        number = None if spec.get("duplicate") else self.number_of(spec["sku"])
        number = number or self._new_variant(spec["sku"])
        variant = self.state["variants"][number]
        variant.update({k: v for k, v in spec.items() if k in VARIANT_DEFAULTS})
        if spec.get("quantity", 0) is not None:
            self.new_level(variant, site, spec)

    def _new_variant(self, sku):
        number = str(len(self.state["variants"]) + 1)
        self.state["variants"][number] = {
            **VARIANT_DEFAULTS,
            "sku": sku,
            "levels": {},
        }
        self._index(number, sku)
        return number

    def new_level(self, variant, site, spec=None):
        """Stock a variant at a location (inactive when the spec says so)."""
        spec = spec or {}
        level = {
            "available": spec.get("quantity", 0),
            "committed": spec.get("committed", 0),
            "active": spec.get("active", True),
            "updated_at": self.clock(),
        }
        variant["levels"][site] = level
        return level

    # --- finding --------------------------------------------------------------
    def number_of(self, sku):
        """Return the number of the first variant with exactly this SKU, or None."""
        numbers = self.by_sku.get(sku.casefold(), ())
        variants = self.state["variants"]
        return next((n for n in numbers if variants[n]["sku"] == sku), None)

    def variant_of(self, gid, prefix):
        """Return ``(number, variant)`` of a gid with ``prefix``, else (None, None)."""
        number = gid.removeprefix(prefix) if gid.startswith(prefix) else None
        variant = self.state["variants"].get(number)
        return (number, variant) if variant else (None, None)

    def same_sku(self, variant):
        """Return how many other variants carry the SKU of this one."""
        numbers = self.by_sku.get(variant["sku"].casefold(), ())
        variants = self.state["variants"]
        return sum(variants[n]["sku"] == variant["sku"] for n in numbers) - 1

    def shown(self, level):
        """Return what reads show: after a delayed write the old number for a while."""
        delayed = level.get("delayed")
        if delayed and self.clock() < delayed["until"]:
            return delayed["available"]
        return level["available"]

    # --- changing -------------------------------------------------------------
    def change(self, level, available, delay=0):
        """Set the ``available`` of a level."""
        before = self.shown(level)
        level.pop("delayed", None)
        if delay:
            until = self.clock() + delay
            level["delayed"] = {"until": until, "available": before}
        level["available"] = available
        level["updated_at"] = self.clock()

    def edit(self, site, sku, quantity):
        """Let a person type a quantity in the admin."""
        self.change(self._level(sku, site), quantity)

    def site_of(self, sku, site=None):
        """Return ``site``, or the first one, where a SKU is.

        :raises LookupError: it isn't
        """
        levels = self._levels(sku)
        site = site or next(iter(levels), None)
        if site not in levels:
            raise LookupError(f"no {sku!r} at {site!r}")
        return site

    def _levels(self, sku):
        variant = self.state["variants"].get(self.number_of(sku)) or {}
        return variant.get("levels") or {}

    def _level(self, sku, site):
        return self._levels(sku)[self.site_of(sku, site)]

    # --- the shelf ------------------------------------------------------------
    def shelf(self):
        """Yield what buyers see."""
        for variant in self.state["variants"].values():
            for code, level in variant["levels"].items():
                yield self._shelf_row(variant, code, level)

    def _shelf_row(self, variant, code, level):
        quantity, note = self.shown(level), ""
        if not level["active"]:
            quantity, note = None, "not stocked here"
        elif not variant["tracked"]:
            quantity, note = None, "not tracked: sells without limit"
        elif variant["policy"] == "CONTINUE":
            note = "sells when out of stock"
        elif variant["bundle"]:
            note = "bundle"
        return ShelfRow(
            "shopify",
            code,
            self.state["sites"][code]["name"],
            variant["sku"],
            variant["title"],
            quantity,
            status=variant["status"].lower(),
            updated_at=level["updated_at"],
            note=note,
            endless=level["active"]
            and (not variant["tracked"] or variant["policy"] == "CONTINUE"),
        )
