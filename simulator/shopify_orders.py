"""Orders of the simulated shop: placed, edited, cancelled, refunded.

An order takes its units off the shelf at once: available −n, committed +n. JSON types
only; the caller holds the lock.
"""

from datetime import datetime, timezone
from decimal import Decimal

from .shopify_fulfilment import Fulfilment
from .shopify_money import Bill, tax_of

ORDER = "gid://shopify/Order/"
LINE = "gid://shopify/LineItem/"
#: numbers of a seed's order → default
DEFAULTS = {
    "test": False,
    "confirmed": True,
    "financial": "PAID",
    "risk": "NONE",
    "source": "web",
    "rounding": "0.00",
}
BUYER = {
    "firstName": "Erika",
    "lastName": "Mustermann",
    "company": None,
    "address1": "Heidestrasse 17",
    "address2": None,
    "city": "Koeln",
    "zip": "51147",
    "provinceCode": None,
    "countryCodeV2": "DE",
    "phone": None,
}
#: Kept from apps without approval for protected customer data.
PROTECTED = ("firstName", "lastName", "address1", "address2", "zip", "phone")


def iso(seconds):
    """Return epoch seconds as the API writes them."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


class Orders:
    """Finds and changes the orders in a shop's state.

    :param emit: ``(topic, payload)`` → None, tells the subscribers
    """

    def __init__(self, shop, emit):
        self.shop = shop
        self.emit = emit
        self.fulfilment = Fulfilment(self)

    @property
    def all(self):
        return self.shop.state["orders"]

    def get(self, gid):
        """Return an order.

        :raises LookupError: no such order
        """
        order = self.all.get(str(gid).removeprefix(ORDER))
        if order is None:
            raise LookupError(f"no order {gid!r}")
        return order

    def serial(self):
        """Return a new number, for whatever needs one."""
        self.shop.state["serial"] += 1
        return str(self.shop.state["serial"])

    def touch(self, order, *topics, **more):
        """Note a change and tell the subscribers."""
        order["updated_at"] = self.shop.clock()
        for topic in topics:
            self.emit(topic, {**payload_of(order), **more})

    # --- placing --------------------------------------------------------------
    def place(self, items, **spec):
        """Let a buyer order.

        :param items: dicts with ``sku``, ``quantity``, ``site``, ``price``,
            ``discount``, ``taxes``, ``title``, ``custom`` (no product behind it),
            ``gift_card``, ``requires_shipping``
        :param spec: see :data:`DEFAULTS`; also ``shipping`` (price), ``shipping_paid``
            (after discounts), ``taxes_included``, ``tax`` (rate), ``buyer`` (fields
            of the address), ``email``, ``withheld``, ``customer``, ``address=False``
        """
        order = self._new(spec)
        items = [self._checked(item) for item in items]
        for item in items:
            self._add_line(order, item)
        self._add_shipping(order, spec)
        self.all[order["id"]] = order
        self.touch(order, "orders/create")
        self.fulfilment.route(order)
        return ORDER + order["id"]

    def _new(self, spec):
        number, now = self.serial(), self.shop.clock()
        state = self.shop.state
        address = None
        if spec.get("address", True):
            address = {**BUYER, **(spec.get("buyer") or {})}
            if spec.get("withheld"):
                address.update(dict.fromkeys(PROTECTED))
        rate = spec.get("tax", state["tax"]["rate"])
        return {
            **{name: spec.get(name, value) for name, value in DEFAULTS.items()},
            "id": number,
            "name": f"#{1000 + len(self.all) + 1}",
            "created_at": now,
            "updated_at": now,
            "cancelled_at": None,
            "cancel_reason": None,
            "edited": False,
            "currency": state["currency"],
            "taxes_included": spec.get("taxes_included", state["taxes_included"]),
            "tax": {"title": state["tax"]["title"], "rate": str(rate)},
            "customer": spec.get("customer", "1"),
            "email": None if spec.get("withheld") else spec.get("email", "e@test.test"),
            "address": address,
            "lines": {},
            "shipping": [],
            "fulfillment_orders": {},
            "fulfillments": [],
            "refunds": [],
        }

    def _checked(self, item):
        """Return an item with its variant and its place.

        :raises LookupError: the shop has no such SKU, or not there
        """
        if item.get("custom"):
            site = item.get("site") or next(iter(self.shop.state["sites"]), None)
            return {**item, "variant": None, "site": site}
        number = self.shop.number_of(item["sku"])
        site = self.shop.site_of(item["sku"], item.get("site"))
        return {**item, "variant": number, "site": site}

    def _add_line(self, order, item):
        variant = self.shop.state["variants"].get(item["variant"]) or {}
        units = item.get("quantity", 1)
        price = Decimal(str(item.get("price", variant.get("price", "10.00"))))
        discount = Decimal(str(item.get("discount", 0)))
        base = price * units - discount
        taxes = item.get("taxes", [order["tax"]])
        number = self.serial()
        order["lines"][number] = {
            "id": number,
            "sku": item.get("sku") or None,
            "title": item.get("title") or variant.get("title") or item.get("sku") or "",
            "variant": item["variant"],
            "site": item["site"],
            "ordered": units,
            "current": units,
            "price": str(price),
            "discount": str(discount),
            "taxes": [tax_of(base, tax, order) for tax in taxes],
            "gift_card": item.get("gift_card", False),
            "requires_shipping": item.get("requires_shipping", True),
        }
        self.reserve(item["variant"], item["site"], units)
        return number

    def _add_shipping(self, order, spec):
        price = Decimal(str(spec.get("shipping", "4.90")))
        paid = Decimal(str(spec.get("shipping_paid", price)))
        order["shipping"].append(
            {
                "id": self.serial(),
                "title": "Standard",
                "price": str(price),
                "discounted": str(paid),
                "current": str(paid),
                "removed": False,
                "taxes": [tax_of(paid, order["tax"], order)],
            }
        )

    # --- the shelf ------------------------------------------------------------
    def reserve(self, variant, site, units):
        """Move units from available to committed; back when negative."""
        level = self.level(variant, site)
        if level is not None:
            self.shop.change(level, level["available"] - units)
            level["committed"] += units

    def level(self, variant, site):
        """Return the inventory level of a line, None for custom items."""
        found = self.shop.state["variants"].get(variant) or {}
        return (found.get("levels") or {}).get(site)

    # --- changing -------------------------------------------------------------
    def edit(self, gid, sku, quantity, **item):
        """Let a person change an order: another quantity of a SKU, or a new line.

        :raises ValueError: fewer than were sent already
        """
        order = self.get(gid)
        found = [x for x in order["lines"].values() if x["sku"] == sku]
        if not found:
            item = self._checked({"sku": sku, "quantity": quantity, **item})
            line = order["lines"][self._add_line(order, item)]
            self.fulfilment.add(order, line, quantity)
        else:
            self._set_units(order, found[0], quantity)
        order["edited"] = True
        edit = {"id": int(self.serial()), "order_id": int(order["id"])}
        self.touch(order, "orders/updated")
        self.emit("orders/edited", {"order_edit": edit})

    def _set_units(self, order, line, quantity):
        more = quantity - line["current"]
        if more < 0:
            self.remove(order, line, -more)
            return
        old, line["ordered"] = line["ordered"], line["ordered"] + more
        line["current"] += more
        if more and old:
            base = Decimal(line["price"]) * line["ordered"] - Decimal(line["discount"])
            line["taxes"] = [tax_of(base, tax, order) for tax in line["taxes"]]
        self.fulfilment.add(order, line, more)
        self.reserve(line["variant"], line["site"], more)

    def remove(self, order, line, units, restock=True):
        """Take unsent units out of an order.

        :raises ValueError: they have been sent
        """
        for site, taken in self.fulfilment.take_out(order, line, units):
            level = self.level(line["variant"], site)
            if level is not None:
                level["committed"] -= taken
                if restock:
                    self.shop.change(level, level["available"] + taken)
        line["current"] -= units

    def cancel(self, gid, reason="CUSTOMER", restock=True):
        """Cancel a whole order that nothing was sent of.

        :raises ValueError: something was sent
        """
        order = self.get(gid)
        if order["fulfillments"]:
            raise ValueError("a part of the order has been sent")
        if order["cancelled_at"]:
            return
        for line in order["lines"].values():
            self.remove(order, line, line["current"], restock)
        for line in order["shipping"]:
            line["current"] = "0.00"
        order["cancelled_at"] = self.shop.clock()
        order["cancel_reason"] = reason
        order["financial"] = "REFUNDED"
        self.fulfilment.cancel_all(order)
        self.touch(order, "orders/cancelled", "orders/updated")

    def refund(self, gid, sku, quantity=1, restock="RETURN"):
        """Give money back for units.

        :param restock: ``RETURN`` they were sent and came back, ``CANCEL`` they were
            not sent, ``NO_RESTOCK`` the buyer keeps them
        """
        order = self.get(gid)
        line = next(x for x in order["lines"].values() if x["sku"] == sku)
        bill = Bill(order)
        before, tax_before = bill.line(line)
        if restock == "CANCEL":
            self.remove(order, line, quantity)
        else:
            line["current"] -= quantity
        after, tax_after = bill.line(line)
        refund = {
            "id": self.serial(),
            "created_at": self.shop.clock(),
            "lines": [
                {
                    "line": line["id"],
                    "quantity": quantity,
                    "type": restock,
                    "subtotal": str(before - after),
                    "tax": str(tax_before - tax_after),
                }
            ],
        }
        level = self.level(line["variant"], line["site"])
        if restock == "RETURN" and level is not None:
            self.shop.change(level, level["available"] + quantity)
        order["refunds"].append(refund)
        order["financial"] = "PARTIALLY_REFUNDED"
        ids = {"id": int(refund["id"]), "order_id": int(order["id"])}
        self.emit("refunds/create", ids)
        self.touch(order, "orders/updated")

    # --- the page -------------------------------------------------------------
    def rows(self):
        """Yield what a person sees of each order."""
        for order in self.all.values():
            lines = [
                {
                    "id": LINE + line["id"],
                    "sku": line["sku"] or "",
                    "title": line["title"],
                    "quantity": line["current"],
                    "shipped": self.fulfilment.sent(order, line["id"]),
                }
                for line in order["lines"].values()
            ]
            parcels = (p for p in order["fulfillments"] if p["status"] == "SUCCESS")
            yield {
                "channel": "shopify",
                "id": ORDER + order["id"],
                "name": order["name"],
                "status": self.fulfilment.status_words(order),
                "placed_at": order["created_at"],
                "updated_at": order["updated_at"],
                "lines": lines,
                "tracking": [p["number"] for p in parcels if p["number"]],
                "total": str(Bill(order).total()),
                "currency": order["currency"],
            }


def payload_of(order):
    """Return the part of a webhook's body that readers may rely on."""
    return {
        "id": int(order["id"]),
        "admin_graphql_api_id": ORDER + order["id"],
        "name": order["name"],
        "created_at": iso(order["created_at"]),
        "updated_at": iso(order["updated_at"]),
        "cancelled_at": order["cancelled_at"] and iso(order["cancelled_at"]),
        "test": order["test"],
        "currency": order["currency"],
        "current_total_price": str(Bill(order).total()),
    }
