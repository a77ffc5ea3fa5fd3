"""The counter of the simulated Shopify shop."""

from urllib.parse import urlsplit

from .desk import Desk, OrderRow
from .shopify_money import Bill
from .shopify_orders import ORDER


class ShopifyDesk(Desk):
    """Sells what the online store would sell."""

    def sell(self, site, sku, quantity, pending):
        variant, level = self._level(site, sku)
        if variant["status"] != "ACTIVE":
            raise ValueError(f"{sku} is not for sale ({variant['status'].lower()})")
        if not level["active"]:
            raise ValueError(f"{sku} is not stocked there")
        short = max(0, quantity - max(0, level["available"]))
        if variant["tracked"] and variant["policy"] == "DENY" and short:
            left = max(0, level["available"])
            raise ValueError(f"only {left} of {sku} on this shelf")
        order_id = self.channel.sell(sku, quantity, site)
        if variant["tracked"] and short:
            self._order(order_id)["oversold"] = short
        return order_id

    def _level(self, site, sku):
        shop = self.channel.shop
        site = shop.site_of(str(sku), site)
        variant = shop.state["variants"][shop.number_of(str(sku))]
        return variant, variant["levels"][site]

    def _order(self, order_id):
        return self.channel.shop.orders.get(order_id)

    def do_edit(self, order_id, sku, quantity):
        order = self._order(order_id)
        line = next((x for x in order["lines"].values() if x["sku"] == sku), None)
        if line is None:
            raise ValueError(f"order {order['name']} has no {sku!r}")
        more = quantity - line["current"]
        variant, level = self._level(line["site"], sku)
        if (
            variant["tracked"]
            and variant["policy"] == "DENY"
            and more > max(0, level["available"])
        ):
            left = max(0, level["available"])
            raise ValueError(f"only {left} more of {sku} on this shelf")
        self.channel.edit_order(order_id, sku, quantity)

    def do_refund(self, order_id):
        order = self._order(order_id)
        for line in list(order["lines"].values()):
            unsent, sent = self._left(order, line)
            for units, kind in ((unsent, "CANCEL"), (sent, "RETURN")):
                if units:
                    self.channel.refund_order(order_id, line["sku"], units, kind)

    def _left(self, order, line):
        """Return units that were not sent, and units that the buyer has."""
        unsent = self.channel.shop.orders.fulfilment.unsent(order, line["id"])
        return unsent, line["current"] - unsent

    # --- looking --------------------------------------------------------------
    def ids(self):
        return [ORDER + number for number in self.channel.shop.orders.all]

    def row(self, order_id):
        orders = self.channel.shop.orders
        order = orders.get(order_id)
        lines = [self._line(order, line) for line in order["lines"].values()]
        short = order.get("oversold")
        address = order["address"] or {}
        names = (address.get("firstName"), address.get("lastName"))
        return OrderRow(
            channel="shopify",
            id=ORDER + order["id"],
            name=order["name"],
            site=next((x["site"] for x in order["lines"].values()), "") or "",
            status=orders.fulfilment.status_words(order),
            placed_at=order["created_at"],
            updated_at=order["updated_at"],
            buyer=" ".join(filter(None, names)),
            total=str(Bill(order).total()),
            currency=order["currency"],
            lines=lines,
            shipments=[_parcel(one) for one in order["fulfillments"]],
            cancelled=bool(order["cancelled_at"]),
            refunded=bool(order["refunds"]),
            note=f"oversold by {short}: sells when out of stock" if short else "",
            actions=self._actions(order, lines),
        )

    def _line(self, order, line):
        return {
            "sku": line["sku"] or "",
            "title": line["title"],
            "quantity": line["current"],
            "shipped": self.channel.shop.orders.fulfilment.sent(order, line["id"]),
        }

    def _actions(self, order, lines):
        if order["cancelled_at"]:
            return []
        actions = [] if order["fulfillments"] else ["cancel"]
        wanted = any(line["quantity"] for line in lines)
        actions += ["refund"] if wanted else []
        unsent = self.channel.shop.orders.fulfilment.unsent(order, None)
        return actions + (["edit"] if unsent else [])

    # --- what was told --------------------------------------------------------
    def ledger(self):
        return self.channel.outbox.ledger

    def receiver(self):
        subscriptions = self.channel.shop.state["subscriptions"].values()
        if not subscriptions:
            return "Nobody has subscribed to webhooks."
        hosts = dict.fromkeys(urlsplit(one["uri"]).netloc for one in subscriptions)
        words = f"{len(subscriptions)} webhooks to {', '.join(hosts)}"
        held = self.channel.shop.state["delivery"] != "at_once"
        return words + (", held until asked for" if held else "")

    def again(self, key):
        """Deliver once more; return the status."""
        return self.channel.outbox.again(key)

    def deliver(self):
        """Deliver what is due; return the statuses."""
        return self.channel.outbox.deliver()


def _parcel(one):
    return {
        "tracking": one["number"] or "",
        "carrier": one["company"] or "",
        "status": one["status"].lower(),
        "url": one["url"] or "",
    }
