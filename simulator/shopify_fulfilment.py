"""Fulfilment orders of the simulated shop: routed, held, moved, fulfilled."""

FULFILMENT_ORDER = "gid://shopify/FulfillmentOrder/"
FULFILMENT_LINE = "gid://shopify/FulfillmentOrderLineItem/"
FULFILMENT = "gid://shopify/Fulfillment/"
OPEN = ("OPEN", "IN_PROGRESS")


class Fulfilment:
    """What is to be sent from where. The caller holds the lock."""

    def __init__(self, orders):
        self.orders = orders
        self.shop = orders.shop

    # --- routing --------------------------------------------------------------
    def route(self, order):
        """Make the fulfilment orders of a new order, one per location."""
        for line in order["lines"].values():
            self.add(order, line, line["current"])
        for found in order["fulfillment_orders"].values():
            self._tell("order_routing_complete", found)

    def add(self, order, line, units):
        """Ask for more units of a line at its location."""
        if not units:
            return
        found = self._open_at(order, line["site"]) or self._new(order, line["site"])
        item = next((i for i in found["lines"] if i["line"] == line["id"]), None)
        if item is None:
            item = {"id": self.orders.serial(), "line": line["id"]}
            found["lines"].append({**item, "total": 0, "remaining": 0})
            item = found["lines"][-1]
        item["total"] += units
        item["remaining"] += units

    def _open_at(self, order, site):
        return next(
            (
                found
                for found in order["fulfillment_orders"].values()
                if found["site"] == site and found["status"] in OPEN
            ),
            None,
        )

    def _new(self, order, site):
        number = self.orders.serial()
        order["fulfillment_orders"][number] = {
            "id": number,
            "order": order["id"],
            "site": site,
            "status": "OPEN",
            "holds": [],
            "lines": [],
        }
        return order["fulfillment_orders"][number]

    def _tell(self, event, found):
        named = {"id": FULFILMENT_ORDER + found["id"], "status": found["status"]}
        self.orders.emit(f"fulfillment_orders/{event}", {"fulfillment_order": named})

    # --- what a person does -----------------------------------------------------
    def hold(self, order, reason="OTHER", notes=None, site=None):
        """Hold what is to be sent. The order's own update time stays as it is."""
        for found in self._unsent(order, site):
            found["status"] = "ON_HOLD"
            hold = {"id": self.orders.serial(), "reason": reason, "notes": notes}
            found["holds"].append(hold)
            self._tell("placed_on_hold", found)

    def release(self, order):
        """Release all holds."""
        for found in self._unsent(order):
            found["status"], found["holds"] = "OPEN", []
            self._tell("hold_released", found)

    def schedule(self, order):
        """Put off what is to be sent (a pre-order)."""
        for found in self._unsent(order):
            found["status"] = "SCHEDULED"

    def move(self, order, site, sku=None):
        """Let another location send (all lines of) an order."""
        for found in self._unsent(order):
            for item in list(found["lines"]):
                line = order["lines"][item["line"]]
                if sku in (None, line["sku"]) and item["remaining"]:
                    self._move(order, found, item, site)
            if not found["lines"]:
                found["status"] = "CLOSED"
                self._tell("moved", found)

    def _move(self, order, found, item, site):
        line, units = order["lines"][item["line"]], item["remaining"]
        if found["site"] == site:
            return
        level = self.orders.level(line["variant"], found["site"])
        if level is not None:
            level["committed"] -= units
            self.shop.change(level, level["available"] + units)
        self.orders.reserve(line["variant"], site, units)
        item["total"] -= units
        item["remaining"] = 0
        found["lines"] = [i for i in found["lines"] if i["total"]]
        line["site"] = site
        self.add(order, line, units)

    def _unsent(self, order, site=None):
        return [
            found
            for found in list(order["fulfillment_orders"].values())
            if site in (None, found["site"]) and any(_left(found))
        ]

    def take_out(self, order, line, units):
        """Take unsent units out; return ``[(site, units)]``.

        :raises ValueError: they have been sent
        """
        taken = []
        if units > self.unsent(order, line["id"]):
            raise ValueError("these units have been sent")
        for found in order["fulfillment_orders"].values():
            for item in found["lines"]:
                if item["line"] == line["id"] and units and item["remaining"]:
                    some = min(units, item["remaining"])
                    item["remaining"] -= some
                    item["total"] -= some
                    units -= some
                    taken.append((found["site"], some))
            if not any(_left(found)):
                found["status"] = "CLOSED"
        return taken

    def cancel_all(self, order):
        """Close everything after the order was cancelled."""
        for found in order["fulfillment_orders"].values():
            found["status"] = "CANCELLED"
            self._tell("cancelled", found)

    # --- the seller sends ---------------------------------------------------------
    def find(self, gid):
        """Return ``(order, fulfilment order)``, or (None, None)."""
        number = gid.removeprefix(FULFILMENT_ORDER)
        for order in self.orders.all.values():
            if number in order["fulfillment_orders"]:
                return order, order["fulfillment_orders"][number]
        return None, None

    def create(self, given):
        """Return ``(fulfilment, "")`` or ``(None, why not)``; twice is two parcels."""
        wanted = [
            (*self.find(g["fulfillmentOrderId"]), g.get("fulfillmentOrderLineItems"))
            for g in given["lineItemsByFulfillmentOrder"]
        ]
        why = self._refusal(wanted)
        if why:
            return None, why
        order, total = wanted[0][0], 0
        for _order, found, asked in wanted:
            for item, units in _asked(found, asked):
                self._send(order, found, item, units)
                total += units
            found["status"] = "IN_PROGRESS" if any(_left(found)) else "CLOSED"
        return self._parcel(order, total, given.get("trackingInfo") or {}), ""

    def _refusal(self, wanted):
        if not wanted or any(order is None for order, *_rest in wanted):
            return "Fulfillment order does not exist."
        if len({(order["id"], found["site"]) for order, found, _asked in wanted}) > 1:
            return "All fulfillment orders must have the same order and location."
        for _order, found, asked in wanted:
            if "CREATE_FULFILLMENT" not in self.actions(found):
                return f"Fulfillment order has an unfulfillable status = {_low(found)}."
            pairs = _asked(found, asked)
            if any(not i or not 0 < units <= i["remaining"] for i, units in pairs):
                return "Invalid fulfillment order line item quantity requested."
            if not pairs:
                return "Fulfillment order has nothing to fulfill."
        return ""

    def _send(self, order, found, item, units):
        item["remaining"] -= units
        line = order["lines"][item["line"]]
        level = self.orders.level(line["variant"], found["site"])
        if level is not None:
            level["committed"] -= units

    def _parcel(self, order, total, tracking):
        number = self.orders.serial()
        parcel = {
            "id": number,
            "name": f"{order['name']}-F{len(order['fulfillments']) + 1}",
            "status": "SUCCESS",
            "created_at": self.shop.clock(),
            "total": total,
            **_tracking(tracking),
        }
        order["fulfillments"].append(parcel)
        ids = {"id": int(number), "order_id": int(order["id"])}
        self.orders.emit("fulfillments/create", ids)
        self.orders.touch(order, "orders/updated")
        return parcel

    def track(self, gid, given):
        """Change the tracking of a parcel; return it, None when there is none."""
        for order in self.orders.all.values():
            for parcel in order["fulfillments"]:
                if FULFILMENT + parcel["id"] == gid:
                    parcel.update(_tracking(given))
                    self.orders.touch(order, "orders/updated")
                    return parcel
        return None

    # --- what is --------------------------------------------------------------
    def actions(self, found):
        """Return the ``supportedActions`` of a fulfilment order."""
        if found["status"] == "ON_HOLD":
            return ["RELEASE_HOLD", "HOLD"]
        if found["status"] == "SCHEDULED":
            return ["MARK_AS_OPEN"]
        if found["status"] not in OPEN:
            return []
        if self.is_service(found):
            return ["REQUEST_FULFILLMENT", "HOLD", "MOVE"]
        return ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", "MOVE"]

    def is_service(self, found):
        """Tell whether another service sends this."""
        site = self.shop.state["sites"].get(found["site"]) or {}
        return bool(site.get("fulfillment_service"))

    def unsent(self, order, line):
        """Return the units of a line that are still to be sent."""
        return sum(item["remaining"] for item in self._items(order, line))

    def sent(self, order, line):
        """Return the units of a line that were sent."""
        return sum(i["total"] - i["remaining"] for i in self._items(order, line))

    def _items(self, order, line):
        return [
            item
            for found in order["fulfillment_orders"].values()
            for item in found["lines"]
            if line in (None, item["line"])
        ]

    def display(self, order):
        """Return ``displayFulfillmentStatus``."""
        sent, left = self.sent(order, None), self._unsent(order)
        if sent:
            return "PARTIALLY_FULFILLED" if left else "FULFILLED"
        states = {found["status"] for found in left}
        if states and states <= {"ON_HOLD", "SCHEDULED"}:
            return "ON_HOLD" if "ON_HOLD" in states else "SCHEDULED"
        return "UNFULFILLED"

    def status_words(self, order):
        """Return the state of an order as the page shows it."""
        if order["cancelled_at"]:
            return "cancelled"
        return self.display(order).replace("_", " ").lower()


def _tracking(given):
    numbers, urls = given.get("numbers") or [], given.get("urls") or []
    return {
        "company": given.get("company"),
        "number": given.get("number") or next(iter(numbers), None),
        "url": given.get("url") or next(iter(urls), None),
    }


def _left(found):
    return [item for item in found["lines"] if item["remaining"]]


def _low(found):
    return found["status"].lower()


def _asked(found, asked):
    """Return ``[(line, units)]``; everything when no lines are named."""
    if not asked:
        return [(item, item["remaining"]) for item in _left(found)]
    by_id = {FULFILMENT_LINE + item["id"]: item for item in found["lines"]}
    return [(by_id.get(a["id"]), a["quantity"]) for a in asked]
