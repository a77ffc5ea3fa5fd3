"""Putting listings on the shelf: from a seed's rows to items, variations, counters.

A row: ``sku``, ``title``, ``site`` (``MLM``, or a depot's id), ``quantity``, ``price``,
``barcode``; and, all optional: ``item_id``, ``variation_id`` (rows of one ``item_id``
are variations of a legacy item), ``user_product_id`` ("" = none; rows of one share a
counter), ``logistic_type``, ``flex``, ``full_quantity``, ``full_detail``, ``bundle``,
``initialised`` (False = no stock record yet), ``status``, ``sub_status``,
``condition``, ``listing_type_id``, ``seller_id`` (somebody else's item).
"""

from . import mercadolibre_full as full
from .mercadolibre_shop import (
    ADDRESS,
    COUNTRIES,
    FACILITY,
    FLEX,
    FULL,
    counters_of,
    is_full_only,
)


class Seeder:
    """Adds rows to a :class:`~.mercadolibre_shop.Shop`."""

    def __init__(self, shop):
        self.shop = shop

    def seed(self, spec):
        """Add or replace what ``spec`` names."""
        state = self.shop.state
        seller = dict(spec.get("seller") or {})
        state["seller"].update(seller)
        state["async_seconds"] = spec.get("async_seconds", state["async_seconds"])
        for site in spec.get("sites") or ():
            self._site(site if isinstance(site, dict) else {"code": site})
        for row in spec.get("listings") or ():
            self.add(row)

    def _site(self, site):
        code = str(site["code"])
        if code in COUNTRIES:
            self.shop.seller["site_id"] = code
            return
        self.shop.add_depot(
            code,
            site.get("name", ""),
            site.get("network_node_id", ""),
            site.get("status", "active"),
        )

    # --- listings --------------------------------------------------------------------
    def add(self, row):
        """Add one row; return ``(item, its variation or the item itself)``."""
        site = str(row.get("site") or self.shop.seller["site_id"])
        if site not in COUNTRIES and site not in self.shop.depots:
            self.shop.add_depot(site)
        item = self._item(row)
        holder = self._variation(item, row) if row.get("variation_id") else item
        user_product = self._user_product(item, row, holder)
        holder["user_product_id"] = user_product or None
        name = f"{item['id']}:{holder['id']}" if holder is not item else item["id"]
        counter = self._counter(user_product or name)
        counter["user_product"] = bool(user_product)
        counter["initialised"] = row.get("initialised", True)
        holder["counter"] = counter["id"]
        full.enrol(item, holder, counter, row)
        self.shop.index(item)
        self._fill(counter, item, row, site)
        if row.get("status"):
            item["status"] = row["status"]
            item["sub_status"] = list(row.get("sub_status") or ())
        return item, holder

    def _fill(self, counter, item, row, site):
        quantity = int(row.get("quantity") or 0)
        if item["shipping"]["logistic_type"] == FULL:
            full = row.get("full_quantity", quantity if is_full_only(item) else 0)
            self.shop.write_own(counter, int(full), FACILITY)
            if is_full_only(item):
                return
        if site in self.shop.depots:
            held = {
                place["store_id"]: place["quantity"]
                for place in counter["locations"]
                if place.get("store_id")
            }
            self.shop.write_depots(counter, {**held, site: quantity})
        else:
            self.shop.write_own(counter, quantity, ADDRESS)

    def _counter(self, name):
        empty = {"id": name, "version": 1, "locations": [], "updated_at": 0}
        return self.shop.state["counters"].setdefault(name, empty)

    def _number(self):
        self.shop.state["next_number"] += 1
        return self.shop.state["next_number"] - 1

    def _user_product(self, item, row, holder):
        if row.get("user_product_id") is not None:
            return row["user_product_id"]
        if holder is not item:  # legacy variations: only when the row says so
            return holder.get("user_product_id") or ""
        return holder.get("user_product_id") or f"{item['site_id']}U{item['id'][3:]}"

    def _item(self, row):
        known = self._known(row)
        item = known or self._new_item(row)
        shipping = item["shipping"]
        shipping["logistic_type"] = row.get("logistic_type", shipping["logistic_type"])
        if "flex" in row:
            shipping["tags"] = [FLEX] if row["flex"] else []
        if not row.get("variation_id"):
            item["attributes"] = attributes(row)
            item["title"] = row.get("title") or item["title"]
        for name in ("price", "condition", "listing_type_id", "seller_id"):
            item[name] = row.get(name, item[name])
        self.shop.items[item["id"]] = item
        return item

    def _known(self, row):
        if row.get("item_id"):
            return self.shop.items.get(row["item_id"])
        plain = (i for i in self.shop.items_with(row["sku"]) if not i["variations"])
        return next(plain, None)

    def _new_item(self, row):
        site_id = self.shop.seller["site_id"]
        item_id = row.get("item_id") or f"{site_id}{self._number()}"
        title = row.get("title") or row["sku"]
        kit = {"type": "kit", "components": []}
        legacy = bool(row.get("variation_id"))
        item = {
            "id": item_id,
            "site_id": item_id[:3],
            "title": title,
            "seller_id": self.shop.seller["id"],
            "user_product_id": None,
            "price": row.get("price", 100),
            "inventory_id": None,
            "initial_quantity": 0,
            "sold_quantity": 0,
            "listing_type_id": "gold_special",
            "condition": "new",
            "permalink": f"https://articulo.example/{item_id}",
            "shipping": {"mode": "me2", "logistic_type": "cross_docking", "tags": []},
            "attributes": [],
            "variations": [],
            "status": "active",
            "sub_status": [],
            "tags": ["bundle"] if row.get("bundle") else [],
            "seller_custom_field": None,
            "channels": ["marketplace"],
            "counter": None,
        }
        extra = {"bundle": kit} if row.get("bundle") else {}
        return {**item, **extra} if legacy else {**item, "family_name": title, **extra}

    def _variation(self, item, row):
        number = int(row["variation_id"])
        for variation in item["variations"]:
            if variation["id"] == number:
                variation["attributes"] = attributes(row)
                return variation
        variation = {
            "id": number,
            "price": row.get("price", 100),
            "sold_quantity": 0,
            "seller_custom_field": None,
            "inventory_id": None,
            "user_product_id": None,
            "attributes": attributes(row),
        }
        item["variations"].append(variation)
        return variation


def attributes(row):
    """Return the attributes of a row."""
    values = {"SELLER_SKU": row.get("sku"), "GTIN": row.get("barcode")}
    return [{"id": n, "value_name": str(v)} for n, v in values.items() if v]


def drop_unused_counters(shop):
    """Forget counters that no item or variation has any more."""
    used = {name for item in shop.items.values() for name in counters_of(item)}
    for name in set(shop.state["counters"]) - used:
        del shop.state["counters"][name]
