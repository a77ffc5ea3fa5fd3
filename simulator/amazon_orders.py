"""Orders of the simulated Amazon: what buyers and the seller's people do.

A sale lowers the shelf at once, also while the order is still Pending; a cancellation
puts the units back, unless the seller had none to ship.
"""

from decimal import Decimal

from .amazon_const import DEFAULT_SITE, MARKETPLACES
from .amazon_order_view import order_row, status_of, units_left

#: What a buyer is called unless the sale says otherwise; obviously nobody.
BUYER = {
    "name": "Erika Example",
    "email": "erika.example@marketplace.example",
    "company": "",
    "street": "1 Example Street",
    "street2": "",
    "city": "Exampletown",
    "zip": "00000",
    "state": "",
    "country": "",
    "phone": "",
}
NO_INVENTORY = "NoInventory"


class Orders:
    """Sales, and what becomes of them."""

    # --- buyers -------------------------------------------------------------------
    def sell(self, sku, quantity=1, site=None, *, pending=False, **buyer):
        """Let a buyer buy one SKU; return the order's id.

        :param pending: Amazon has not got the money yet
        :raises LookupError: no such listing on this site
        :raises ValueError: not that many are on the shelf
        """
        lines = [{"sku": sku, "quantity": quantity}]
        return self.place_order(lines, site, pending=pending, buyer=buyer)

    def place_order(
        self, lines, site=None, *, pending=False, buyer=(), tip="0", **changes
    ):
        """Let a buyer buy; a line is {"sku", "quantity", and amounts as text}.

        Amounts: ``price`` (of one), ``discount``, ``shipping``, ``shipping_discount``,
        ``gift_wrap``, ``tax``, ``shipping_tax``, ``gift_wrap_tax`` (of the line).

        :param changes: ``channel`` ("NON_AMAZON"), ``programs``, ``created_at``
        """
        with self.lock:
            site = site or self._site_of(lines[0]["sku"])
            listings = [self._buyable_listing(line, site) for line in lines]
            for line, listing in zip(lines, listings, strict=True):
                self._take(listing, line["quantity"])
            order = self._new_order(lines, listings, site, pending, dict(buyer), tip)
            order.update(changes)
            self.state["orders"][order["id"]] = order
            self.notify(order, "OrderStatusChange", "Order placed")
            return order["id"]

    def _site_of(self, sku):
        listing = self.listing(sku)
        sites = listing["sites"] if listing else [DEFAULT_SITE]
        return sites[0]

    def _buyable_listing(self, line, site):
        sku, quantity = line["sku"], line["quantity"]
        listing = self.listing(sku)
        if listing is None or site not in listing["sites"]:
            raise LookupError(f"no listing {sku!r} on {site}")
        if not isinstance(quantity, int) or quantity < 1:
            raise ValueError("a buyer buys one unit at least")
        if quantity > self._on_shelf(listing):
            raise ValueError(f"only {self._on_shelf(listing)} of {sku} are there")
        return listing

    def _on_shelf(self, listing):
        return sum(listing["supply_sources"].values()) or listing["quantity"] or 0

    def _take(self, listing, quantity):
        """Lower the counter, or raise it by a negative quantity."""
        if listing["supply_sources"]:
            source = max(listing["supply_sources"], key=listing["supply_sources"].get)
            listing["supply_sources"][source] -= quantity
        else:
            listing["quantity"] = (listing["quantity"] or 0) - quantity
            listing["echo"] = listing["quantity"]
        listing["updated_at"] = self.clock()

    def _new_order(self, lines, listings, site, pending, buyer, tip):
        now = self.clock()
        number = int(self.number())
        by_amazon = any(one["fulfilment"] == "channel" for one in listings)
        return {
            "id": f"701-{number // 10**7:07d}-{number % 10**7:07d}",
            "site": site,
            "channel": "AMAZON",
            "fulfilled_by": "AMAZON" if by_amazon else "MERCHANT",
            "pending": pending,
            "created_at": now,
            "updated_at": now,
            "buyer": {**BUYER, "country": MARKETPLACES[site][1], **buyer},
            "programs": [],
            "tip": str(tip),
            "items": [
                self._item(line, listing)
                for line, listing in zip(lines, listings, strict=True)
            ],
            "packages": {},
            "refunded": False,
        }

    def _item(self, line, listing):
        price = line.get("price", listing["price"] or 0)
        return {
            "discount": "0",
            "shipping": "0",
            "shipping_discount": "0",
            "gift_wrap": "0",
            "tax": None,
            "shipping_tax": "0",
            "gift_wrap_tax": "0",
            **line,
            "id": self.number("90000000000"),
            "price": str(Decimal(str(price)).quantize(Decimal("0.01"))),
            "title": listing["title"],
            "asin": listing["asin"],
            "shipped": 0,
            "cancelled": 0,
            "request": None,
            "execution": None,
        }

    def request_cancellation(self, order_id, reason="Bought by mistake"):
        """Let the buyer ask for a cancellation; nothing is cancelled by that."""
        with self.lock:
            order = self.order(order_id)
            for item in order["items"]:
                item["request"] = reason
            self._changed(order, "BuyerRequestedChange", "Buyer Requested Cancel")

    # --- Amazon -------------------------------------------------------------------
    def pay_order(self, order_id):
        """Let the money arrive: the order may be shipped."""
        with self.lock:
            order = self.order(order_id)
            order["pending"] = False
            self._changed(order, "OrderStatusChange", "Payment accepted")

    # --- the seller's people, in Seller Central -----------------------------------
    def cancel_order(self, order_id, reason="", by="MERCHANT", skus=None):
        """Cancel what has not left, of all SKUs or of some."""
        with self.lock:
            order = self.order(order_id)
            for item in order["items"]:
                if skus is None or item["sku"] in skus:
                    self._cancel_units(order, item, units_left(item), reason, by)
            self._changed(order, "OrderStatusChange", "Order cancelled")

    def edit_order(self, order_id, quantities=(), **buyer):
        """Lower quantities ({sku: units}) or correct the buyer's address."""
        with self.lock:
            order = self.order(order_id)
            for item in order["items"]:
                wanted = dict(quantities).get(item["sku"])
                less = units_left(item) + item["shipped"] - (wanted or 0)
                if wanted is not None:
                    if not 0 <= less <= units_left(item):
                        raise ValueError("an order can only become smaller")
                    self._cancel_units(order, item, less, "", "MERCHANT")
            order["buyer"].update(buyer)
            self._changed(order, "OrderStatusChange", "Order edited")

    def _cancel_units(self, order, item, units, reason, by):
        if not units:
            return
        item["cancelled"] += units
        item["execution"] = {"cancelledBy": by, "cancelReason": reason or "Other"}
        listing = self.listing(item["sku"])
        if listing and reason != NO_INVENTORY:
            self._take(listing, -units)

    def ship_order(self, order_id, tracking="BY-HAND-1", carrier="Other"):
        """Ship what is left as a person does in Seller Central."""
        with self.lock:
            order = self.order(order_id)
            units = {item["id"]: units_left(item) for item in order["items"]}
            reference = str(10_000 + len(order["packages"]))
            package = {"carrier": carrier, "tracking": tracking, "service": ""}
            self.add_package(order, reference, {**package, "items": units})

    def refund_order(self, order_id):
        """Give the money back; Amazon's Orders API does not tell of refunds."""
        with self.lock:
            self.order(order_id)["refunded"] = True

    # --- all ----------------------------------------------------------------------
    def order(self, order_id):
        """Return an order.

        :raises LookupError: there is none
        """
        if order_id not in self.state["orders"]:
            raise LookupError(f"no order {order_id!r}")
        return self.state["orders"][order_id]

    def orders(self):
        """Return a row per order for the page, newest first."""
        with self.lock:
            return [order_row(o) for o in reversed(self.state["orders"].values())]

    def add_package(self, order, reference, package):
        """Put units on their way; the same reference changes the same package."""
        order["packages"][reference] = {"at": self.clock(), **package}
        for item in order["items"]:
            packages = order["packages"].values()
            item["shipped"] = sum(one["items"].get(item["id"], 0) for one in packages)
        self._changed(order, "OrderStatusChange", f"Order {status_of(order).lower()}")

    def _changed(self, order, kind, reason):
        order["updated_at"] = self.clock()
        self.notify(order, kind, reason)
