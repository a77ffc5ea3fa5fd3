"""Buying on the simulated Mercado Libre, and the calls that are about sales."""

import re

from .core import Response
from .mercadolibre_notices import Notices
from .mercadolibre_orders import Orders
from .mercadolibre_parcels import Parcels

#: (method, path, operation)
ROUTES = tuple(
    (method, re.compile(pattern + "/?"), operation)
    for method, pattern, operation in (
        ("GET", "/orders/search", "searchOrders"),
        ("GET", "/orders/(?P<order>[^/]+)", "getOrder"),
        ("GET", "/orders/(?P<order>[^/]+)/shipments", "getOrderShipments"),
        ("GET", "/shipments/(?P<shipment>[^/]+)", "getShipment"),
        ("PUT", "/shipments/(?P<shipment>[^/]+)", "putShipment"),
        ("GET", "/shipments/(?P<shipment>[^/]+)/orders", "getShipmentOrders"),
        ("GET", "/shipments/(?P<shipment>[^/]+)/sla", "getShipmentSla"),
        (
            "POST",
            "/v2/shipments/(?P<shipment>[^/]+)/seller_notifications",
            "notifyShipment",
        ),
        ("GET", "/missed_feeds", "missedFeeds"),
    )
)
OPERATIONS = frozenset(operation for _method, _pattern, operation in ROUTES)


class Sales:
    """Mixed into the simulator: needs ``lock``, ``state``, ``shop``, ``_now``."""

    def _open_sales(self):
        """Take over the sales of the shop's state; one from before has none."""
        for name in ("orders", "shipments", "notices"):
            self.shop.state.setdefault(name, {})
        self.notices = Notices(
            self.shop.state["notices"],
            self._identity,
            self._now,
            self.lock,
            manner=lambda: self.manner,
            wake=lambda: self.wake_courier(),
        )
        tell = self.notices.tell
        self.parcels = Parcels(self.shop, self._now, tell)
        self.sales = Orders(self.shop, self.parcels, self._now, tell)
        self.shop.changed = self.sales.told_stock

    def _identity(self):
        return self.shop.seller["id"], int(self.state["auth"]["client_id"])

    def _seed_sales(self, spec):
        """``notifications: {callback, topics, auto}``, as DevCenter would be told."""
        given = spec.get("notifications")
        if given:
            self.notices.subscribe(**given)

    # --- what a buyer, or Mercado Libre itself, does ---------------------------------
    def sell(self, sku, quantity=1, site=None, **buyer):
        """Buy; return the order's id.

        :param buyer: ``name``, ``phone``, ``buyer_id``, ``status`` (``paid``), ``mode``
            (``me2``, ``me1``, ``custom``, ``none``), ``logistic_type``,
            ``shipping_cost``, ``taxes``, ``coupon``, ``fraud``, ``pack``,
            ``late_shipment`` (the shipment is made by :meth:`make_shipment`)
        """
        return self.sell_pack([(sku, quantity, site)], **buyer)[0]

    def sell_pack(self, wanted, **buyer):
        """Buy a cart of ``(sku, quantity, site)``: one order each, one shipment."""
        with self.lock:
            return self.sales.place(wanted, buyer)

    def make_shipment(self, order_id, **options):
        """Make the shipment that ``late_shipment`` left out."""
        with self.lock:
            order = self.sales.known(str(order_id))
            self.sales.add_shipment([order], options)

    def edit_order(self, order_id, **changes):
        """Change ``status`` or add ``tags``.

        :raises ValueError: anything else never changes on Mercado Libre
        """
        with self.lock:
            self.sales.edit(order_id, changes)

    def cancel_order(self, order_id, reason="buyer_cancel_express", restock=False):
        """Cancel; the order disappears from searches."""
        with self.lock:
            self.sales.cancel(order_id, reason, restock)

    def refund_order(self, order_id, amount=None):
        """Give back a part, or all."""
        with self.lock:
            self.sales.refund(order_id, amount)

    def split_pack(self, pack_id):
        """Split a pack into parcels; return the new orders' ids."""
        with self.lock:
            return self.sales.split(pack_id)

    def ship_order(self, order_id, status="shipped", substatus=None):
        """Mercado Libre scans the order's parcel."""
        with self.lock:
            number = self.sales.known(str(order_id))["shipping"]["id"]
            self.parcels.move(str(number), status, substatus)

    def orders(self):
        """Return one row per order for the page, the newest first."""
        with self.lock:
            rows = [self._order_row(order) for order in self.sales.all.values()]
        return rows[::-1]

    def _order_row(self, order):
        parcel = self.parcels.all.get(str(order["shipping"]["id"])) or {}
        shipment = parcel.get("body") or {}
        return {
            "id": str(order["id"]),
            "name": str(order["pack_id"] or order["id"]),
            "site": order["context"]["site"],
            "status": order["status"],
            "placed_at": order["date_created"],
            "total": order["total_amount"],
            "currency": order["currency_id"],
            "lines": [
                {
                    "sku": line["item"]["seller_sku"],
                    "title": line["item"]["title"],
                    "quantity": line["quantity"],
                    "site": (line["stock"] or [{}])[0].get("store_id") or "",
                }
                for line in order["order_items"]
            ],
            "shipment": " ".join(
                filter(None, (shipment.get("status"), shipment.get("substatus")))
            ),
            "tracking": shipment.get("tracking_number") or "",
            "tracking_url": shipment.get("tracking_url") or "",
        }

    # --- calls -----------------------------------------------------------------------
    def _about_sales(self, operation, names, request) -> Response:
        if operation == "searchOrders":
            return self.sales.search(request.query)
        if operation == "missedFeeds":
            return self.notices.feed(request.query)
        if operation == "getOrder":
            return self.sales.get(names["order"], request.fault)
        if operation == "getOrderShipments":
            order = self.sales.known(names["order"])
            return self.parcels.of_order(order, request.headers)
        return self._about_shipment(operation, names["shipment"], request)

    def _about_shipment(self, operation, shipment_id, request):
        if operation == "getShipment":
            return self.parcels.get(shipment_id, request.headers)
        if operation == "getShipmentOrders":
            return self.parcels.orders_of(shipment_id, request.headers)
        if operation == "getShipmentSla":
            return self.parcels.sla(shipment_id)
        if operation == "putShipment":
            return self.parcels.put(shipment_id, request.json())
        return self.parcels.notify(shipment_id, request.json())
