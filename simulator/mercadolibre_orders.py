"""Orders: a buyer buys, Mercado Libre cancels or gives money back, the seller reads.

One order is one item; a cart is several orders with one ``pack_id`` and one shipment.
Searches leave cancelled orders out and look at dates by the hour
[gerenciamento-de-vendas, 07/08/2026].
"""

import copy

from .core import Response
from .mercadolibre_errors import refuse, refuse_with
from .mercadolibre_items import first, holders
from .mercadolibre_parcels import UNPAID, iso, seconds_of, zulu
from .mercadolibre_shop import (
    ADDRESS,
    COUNTRIES,
    FACILITY,
    FULL,
    WAREHOUSE,
    is_full_only,
    sku_of,
)

LIMIT = 50
CURRENCIES = {"MX": "MXN", "AR": "ARS", "BR": "BRL", "CL": "CLP", "CO": "COP"}
CURRENCIES.update({"PE": "PEN", "UY": "UYU", "EC": "USD", "VE": "VES"})
#: What the page's example of a search result does not have.
NOT_IN_SEARCH = ("context", "coupon", "cancel_detail")
NOT_IN_SEARCH_LINES = ("stock", "element_id", "full_unit_price", "gross_price")
NOT_FOUND = {"message": "Order not found.", "error": "order_not_found", "status": 404}
NOT_OWNED = {"message": "not owned order", "error": "not_owned_order", "status": 403}


class Orders:
    """Actions and handlers; callers hold the channel's lock."""

    def __init__(self, shop, parcels, clock, tell):
        self.shop = shop
        self.parcels = parcels
        self.clock = clock
        self.tell = tell

    @property
    def all(self):
        return self.shop.state["orders"]

    # --- buying ----------------------------------------------------------------------
    def place(self, wanted, options):
        """Place one order per ``(sku, quantity, site)``; return their ids.

        :raises LookupError: no such listing
        :raises ValueError: there are not so many
        """
        found = [(*self._find(sku, site), int(n)) for sku, n, site in wanted]
        places = [self._take(*row) for row in found]
        pack = len(found) > 1 or options.get("pack")
        pack_id = self.shop.next_sale_number() if pack else None
        orders = [
            self._make(item, holder, quantity, place, pack_id, options)
            for (item, holder, _site, quantity), place in zip(
                found, places, strict=True
            )
        ]
        if options.get("mode") != "none" and not options.get("late_shipment"):
            self.add_shipment(orders, options, found[0][0], places[0])
        for order in orders:
            self._told(order)
        return [str(order["id"]) for order in orders]

    def _find(self, sku, site):
        for item in self.shop.items_with(sku):
            for holder in holders(item):
                if sku_of(holder) == sku and self._is_at(item, holder, site):
                    return item, holder, site
        raise LookupError(f"no listing {sku!r} at {site!r}")

    def _is_at(self, item, holder, site):
        stores = [p.get("store_id") for p in self.shop.counter(holder)["locations"]]
        return site in (None, "", item["site_id"]) or site in stores

    def _take(self, item, holder, site, quantity):
        """Lower the counter behind a listing; return the place that ships."""
        counter = self.shop.counter(holder)
        places = [p for p in counter["locations"] if self._may_ship(p, item, site)]
        place = max(places, key=lambda p: p["quantity"], default=None)
        if quantity < 1 or place is None or place["quantity"] < quantity:
            raise ValueError(f"{sku_of(holder)}: not {quantity} available")
        rest = [
            {**p, "quantity": p["quantity"] - quantity} if p is place else dict(p)
            for p in counter["locations"]
        ]
        self.shop.write(counter, rest)
        item["sold_quantity"] = item.get("sold_quantity", 0) + quantity
        return place

    def _may_ship(self, place, item, site):
        if site in self.shop.depots:
            return place.get("store_id") == site
        if is_full_only(item):
            return place["type"] == FACILITY
        return place["type"] in (ADDRESS, WAREHOUSE)

    def told_stock(self, counter):
        """Say that a counter changed, whoever changed it: the seller, too."""
        for item in self.shop.items_of(counter["id"]):
            self.tell("items", f"/items/{item['id']}")
        if counter["user_product"]:
            self.tell("stock-location", f"/user-products/{counter['id']}/stock")

    def _make(self, item, holder, quantity, place, pack_id, options):
        number, now = self.shop.next_sale_number(), self.clock()
        price = holder.get("price") or item["price"]
        site, currency = item["site_id"], CURRENCIES.get(COUNTRIES[item["site_id"]])
        total = round(price * quantity, 2)
        status = options.get("status", "paid")
        buyer = int(options.get("buyer_id", 7_000_001))
        order = {
            "id": number,
            "pack_id": pack_id,
            "status": status,
            "status_detail": None,
            "date_created": iso(now),
            "date_closed": iso(now),
            "last_updated": iso(now),
            "fulfilled": None,
            "buying_mode": "buy_equals_pay",
            "total_amount": total,
            "paid_amount": 0 if status in UNPAID else total,
            "shipping_cost": None if pack_id else 0,
            "currency_id": currency,
            "coupon": {"id": None, "amount": options.get("coupon", 0)},
            "taxes": tax_of(options.get("taxes"), currency),
            "mediations": [],
            "order_request": {"change": None, "return": None},
            "cancel_detail": None,
            "manufacturing_ending_date": None,
            "feedback": {"seller": None, "buyer": None},
            "order_items": [self._line(item, holder, quantity, price, place, currency)],
            "payments": [],
            "shipping": {"id": None},
            "tags": [*(["pack_order"] if pack_id else []), "not_delivered"],
            "context": {"channel": "marketplace", "site": site, "flows": []},
            "seller": {"id": self.shop.seller["id"]},
            "buyer": {"id": buyer},
            "_updated": now,
        }
        order["tags"] += ["paid"] if status == "paid" else []
        order["tags"] += ["fraud_risk_detected"] if options.get("fraud") else []
        order["payments"] = [payment_of(order)]
        self.all[str(number)] = order
        return order

    @staticmethod
    def _line(item, holder, quantity, price, place, currency):
        store = {n: place[n] for n in ("store_id", "network_node_id") if n in place}
        variation = holder["id"] if holder is not item else None
        return {
            "item": {
                "id": item["id"],
                "title": item["title"],
                "category_id": None,
                "variation_id": variation,
                "variation_attributes": [],
                "seller_sku": sku_of(holder) or None,
                "seller_custom_field": None,
                "user_product_id": holder["user_product_id"],
                "condition": item["condition"],
            },
            "quantity": quantity,
            "requested_quantity": {"measure": "unit", "value": quantity},
            "picked_quantity": None,
            "unit_price": price,
            "full_unit_price": price,
            "gross_price": round(price * quantity, 2),
            "currency_id": currency,
            "manufacturing_days": None,
            "sale_fee": 0,
            "listing_type_id": item["listing_type_id"],
            "element_id": 1,
            "stock": [store] if store else None,
        }

    def add_shipment(self, orders, options, item=None, place=None):
        """Make the orders' shipment, at once or as late as Mercado Libre may."""
        item = item or self.shop.items[orders[0]["order_items"][0]["item"]["id"]]
        mode = options.get("mode", "me2")
        is_full = place["type"] == FACILITY if place else False
        default = FULL if is_full else item["shipping"]["logistic_type"]
        if default == FULL and not is_full:
            default = "self_service"  # the Flex share of a Full listing
        kind = options.get("logistic_type", default if mode == "me2" else None)
        node = (place or {}).get("network_node_id")
        options = {**options, "mode": mode, "logistic_type": kind}
        number = self.parcels.make(orders, options, node)
        for order in orders:
            order["shipping"]["id"] = number
        self.tell("shipments", f"/shipments/{number}")

    # --- what happens later ----------------------------------------------------------
    def edit(self, order_id, changes):
        """Give an order another ``status``, or more ``tags``; lines never change."""
        order = self._of(order_id)
        if not changes.keys() <= {"status", "tags"}:
            raise ValueError("on Mercado Libre only status and tags of an order change")
        status = changes.get("status", order["status"])
        order["tags"] += [t for t in changes.get("tags", ()) if t not in order["tags"]]
        if status == "paid" and order["status"] in UNPAID:
            order["tags"].append("paid")
            order["paid_amount"] = order["total_amount"]
        order["status"] = status
        self._told(order)

    def cancel(self, order_id, code, restock):
        """Cancel an order. Whether Mercado Libre gives the stock back is not
        documented: only on ``restock``."""
        order = self._of(order_id)
        if order["status"] == "cancelled":
            return
        order["status"] = "cancelled"
        order["cancel_detail"] = {
            "group": "internal" if code == "pack_splitted" else "buyer",
            "code": code,
            "description": code.replace("_", " "),
            "requested_by": "buyer",
            "date": iso(self.clock()),
        }
        self._cancel_shipment(order)
        if restock:
            self._give_back(order)
        self._told(order)

    def _cancel_shipment(self, order):
        """A shipment is cancelled with the last of its orders."""
        number = str(order["shipping"]["id"])
        parcel = self.parcels.all.get(number)
        if parcel and all(
            self.all[other]["status"] == "cancelled" for other in parcel["orders"]
        ):
            self.parcels.move(number, "cancelled")

    def _give_back(self, order):
        (line,) = order["order_items"]
        item = self.shop.items[line["item"]["id"]]
        variation = line["item"]["variation_id"]
        holder = next(h for h in holders(item) if variation in (None, h["id"]))
        counter = self.shop.counter(holder)
        store = (line["stock"] or [{}])[0].get("store_id")
        own = FACILITY if is_full_only(item) else ADDRESS
        places = copy.deepcopy(counter["locations"])
        for place in places:
            if (place.get("store_id") == store) if store else place["type"] == own:
                place["quantity"] += line["quantity"]
                break
        self.shop.write(counter, places)

    def refund(self, order_id, amount):
        """Give money back: a part, or all. In Mexico an order that was refunded stays
        ``paid`` and is tagged ``unfulfilled`` [pagos]; elsewhere it is cancelled."""
        order = self._of(order_id)
        (payment,) = order["payments"]
        amount = order["paid_amount"] if amount is None else amount
        if not 0 < amount <= order["paid_amount"]:
            raise ValueError("more than was paid")
        payment["transaction_amount_refunded"] += amount
        if amount < order["paid_amount"]:
            self.edit(order_id, {"status": "partially_refunded"})
        elif self.shop.seller["site_id"] == "MLM":
            self.edit(order_id, {"tags": ["unfulfilled"]})
        else:
            self.cancel(order_id, "refunded", restock=False)

    def split(self, pack_id):
        """Split a pack: its orders end as cancelled, new ones with a shipment each take
        their place; return their ids. Nothing is bought a second time."""
        old = [o for o in self.all.values() if str(o["pack_id"]) == str(pack_id)]
        made = []
        for order in [order for order in old if order["status"] != "cancelled"]:
            parcel = self.parcels.all[str(order["shipping"]["id"])]["body"]
            new = copy.deepcopy(order)
            new["id"] = self.shop.next_sale_number()
            new["pack_id"] = self.shop.next_sale_number()
            self.all[str(new["id"])] = new
            logistic = parcel["logistic"]
            options = {"mode": logistic["mode"], "logistic_type": logistic["type"]}
            self.add_shipment([new], options)
            self._told(new)
            made.append(str(new["id"]))
            self.cancel(order["id"], "pack_splitted", restock=False)
        return made

    def _of(self, order_id):
        try:
            return self.all[str(order_id)]
        except KeyError:
            raise LookupError(f"no order {order_id!r}") from None

    def _told(self, order):
        order["_updated"] = self.clock()
        order["last_updated"] = iso(order["_updated"])
        self.tell("orders_v2", f"/orders/{order['id']}")

    # --- reading ---------------------------------------------------------------------
    def get(self, order_id, fault):
        """One order; with fault ``partial`` a 206 without buyer and feedback."""
        order = self.known(order_id)
        body = shown(order)
        if fault is None or fault.kind != "partial":
            return Response(200, body)
        body.update(buyer={}, feedback={})
        return Response(206, body, {"X-Content-Missing": "buyer, feedback"})

    def known(self, order_id):
        """Return an order of this seller; else the call ends."""
        order = self.all.get(order_id)
        if order is None:
            refuse_with(404, NOT_FOUND)
        if order["seller"]["id"] != self.shop.seller["id"]:
            refuse_with(403, NOT_OWNED)
        return order

    def search(self, query):
        """One page of the seller's orders by ``date_closed``, none cancelled."""
        if first(query, "seller") != str(self.shop.seller["id"]):
            refuse(403, "caller.id does not match", "caller.id.invalid")
        limit = min(int(first(query, "limit", "50")), LIMIT)
        offset = int(first(query, "offset", "0"))
        found = [o for o in self.all.values() if self._matches(o, query)]
        found.sort(key=lambda order: (order["date_closed"], order["id"]))
        body = {
            "query": "",
            "results": [in_search(order) for order in found[offset : offset + limit]],
            "sort": {"id": "date_asc", "name": "Date ascending"},
            "available_sorts": [{"id": "date_desc", "name": "Date descending"}],
            "filters": [],
            "paging": {"total": len(found), "offset": offset, "limit": limit},
            "display": "complete",
        }
        return Response(200, body)

    def _matches(self, order, query):
        """Dates are compared by the hour: what ``from`` names after it is lost."""
        if order["status"] == "cancelled":
            return False
        if order["seller"]["id"] != self.shop.seller["id"]:
            return False
        begin = hour(first(query, "order.date_last_updated.from"), 0)
        end = hour(first(query, "order.date_last_updated.to"), float("inf"))
        return begin <= order["_updated"] and order["_updated"] // 3600 * 3600 < end


def hour(text, default):
    """Return the beginning of the hour that a filter names."""
    return seconds_of(text) // 3600 * 3600 if text else default


def shown(order):
    """Return an order as reads show it."""
    body = {name: value for name, value in order.items() if name != "_updated"}
    return copy.deepcopy(body)


def in_search(order):
    """Return an order as the page's example of a search shows it."""
    body = {n: v for n, v in shown(order).items() if n not in NOT_IN_SEARCH}
    for line in body["order_items"]:
        for name in NOT_IN_SEARCH_LINES:
            line.pop(name)
        line["item"].pop("user_product_id")
    return {**body, "date_last_updated": zulu(order["_updated"])}


def tax_of(amount, currency):
    """Return the node ``taxes``."""
    return {"amount": amount, "currency_id": currency if amount else None, "id": None}


def payment_of(order):
    """Return the one payment of an order."""
    is_paid = order["status"] not in UNPAID
    return {
        "id": order["id"] + 500_000_000,
        "order_id": order["id"],
        "payer_id": order["buyer"]["id"],
        "currency_id": order["currency_id"],
        "status": "approved" if is_paid else "in_process",
        "transaction_amount": order["total_amount"],
        "transaction_amount_refunded": 0,
        "taxes_amount": order["taxes"]["amount"] or 0,
        "shipping_cost": 0,
        "coupon_amount": order["coupon"]["amount"],
        "marketplace_fee": 0,
    }
