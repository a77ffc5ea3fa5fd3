"""The counter of the simulated Mercado Libre."""

from urllib.parse import urlsplit

from .desk import Desk, OrderRow
from .mercadolibre_items import holders
from .mercadolibre_parcels import FINAL, seconds_of
from .mercadolibre_shop import sku_of

#: What a parcel that has left is called.
GONE = ("shipped", *FINAL)
PAID = ("paid", "partially_refunded")


class MercadoLibreDesk(Desk):
    """Buyers, and Mercado Libre's own people; lines of an order never change there."""

    actions = ("cancel", "refund", "ship")

    def sell(self, site, sku, quantity, pending):
        if self._is_paused(site, sku):
            raise ValueError(f"{sku} is paused: nobody can buy it")
        return self.channel.sell(sku, quantity, site)

    def _is_paused(self, site, sku):
        """Paused for another reason than an empty shelf, which says so itself."""
        shop = self.channel.shop
        items = [
            item
            for item in shop.items_with(sku)
            if any(sku_of(holder) == sku for holder in holders(item))
        ]
        return bool(items) and all(
            item["status"] != "active" and "out_of_stock" not in item["sub_status"]
            for item in items
        )

    def edit(self, order_id, sku, quantity):
        self.row(order_id)
        self.do_edit(order_id, sku, quantity)

    # --- looking --------------------------------------------------------------
    def ids(self):
        return list(self.channel.sales.all)

    def row(self, order_id):
        order = self.channel.sales._of(order_id)
        shipment = self._shipment(order)
        paid_back = sum(p["transaction_amount_refunded"] for p in order["payments"])
        return OrderRow(
            channel="mercadolibre",
            id=str(order["id"]),
            name=str(order["pack_id"] or order["id"]),
            site=order["context"]["site"],
            status=order["status"].replace("_", " "),
            placed_at=seconds_of(order["date_created"]),
            updated_at=order["_updated"],
            buyer=str(order["buyer"]["id"]),
            total=f"{order['total_amount']:.2f}",
            currency=order["currency_id"],
            lines=[_line(line, shipment) for line in order["order_items"]],
            shipments=[_parcel(shipment)] if shipment else [],
            cancelled=order["status"] == "cancelled",
            refunded=paid_back > 0,
            actions=self._actions(order, shipment, paid_back),
        )

    def _shipment(self, order):
        parcel = self.channel.parcels.all.get(str(order["shipping"]["id"])) or {}
        return parcel.get("body")

    def _actions(self, order, shipment, paid_back):
        if order["status"] == "cancelled":
            return []
        gone = bool(shipment) and shipment["status"] in GONE
        actions = [] if gone else ["cancel"]
        owed = order["paid_amount"] - paid_back
        actions += ["refund"] if order["status"] in PAID and owed > 0 else []
        mode = shipment["logistic"]["mode"] if shipment else ""
        return actions + (["ship"] if mode == "me2" and not gone else [])

    def do_refund(self, order_id):
        (payment,) = self.channel.sales._of(order_id)["payments"]
        paid = self.channel.sales._of(order_id)["paid_amount"]
        back = paid - payment["transaction_amount_refunded"]
        self.channel.refund_order(order_id, back)

    # --- what was told --------------------------------------------------------
    def ledger(self):
        return self.channel.notices.ledger

    def receiver(self):
        state = self.channel.notices.state
        if not state["callback"]:
            return "No callback is set, so nobody is told."
        words = f"Callback at {urlsplit(state['callback']).netloc}"
        if state["off"]:
            return f"{words}; switched off: {', '.join(state['off'])}"
        return words + ("" if state["auto"] else ", held until asked for")

    def callback(self):
        return self.channel.notices.state["callback"]

    def subscribe(self, callback):
        self.channel.notices.subscribe(callback, auto=True)

    def again(self, key):
        """Deliver once more; return the status."""
        return self.channel.notices.again(key)

    def deliver(self):
        """Deliver what is due; return the statuses."""
        return self.channel.notices.deliver(everything=False)


def _line(line, shipment):
    gone = bool(shipment) and shipment["status"] in ("shipped", "delivered")
    return {
        "sku": line["item"]["seller_sku"] or "",
        "title": line["item"]["title"],
        "quantity": line["quantity"],
        "shipped": line["quantity"] if gone else 0,
    }


def _parcel(shipment):
    words = (shipment["status"], shipment["substatus"])
    return {
        "tracking": shipment["tracking_number"] or "",
        "carrier": shipment["tracking_method"] or "",
        "status": " ".join(filter(None, words)).replace("_", " "),
        "url": shipment.get("tracking_url") or "",
    }
