"""Telling Shopify that a parcel has left, once.

``fulfillmentCreate`` knows no idempotency key: what Shopify already has is read
before each attempt, and again after an attempt whose outcome is unknown. Nothing is
ever sent twice in a row.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from ..errors import ChannelBlockedError, RejectedError, RetryableError
from ..orders import ShipmentResult
from .documents import FULFILLMENT_CREATE, TRACKING_UPDATE
from .order_const import DEAD_FULFILLMENTS, MAX_FULFILLED_LINES, NOT_SHIPPABLE
from .order_places import hold_words, remaining_units
from .order_values import ORDER, moment, utc, words
from .orders import fulfilment_state
from .reading import is_gid

CREATE = "CREATE_FULFILLMENT"
FULFILLMENT = re.compile(r"gid://shopify/Fulfillment/\d+")


def rejected(text, code="", request_id=""):
    """Return a refusal in words."""
    return ShipmentResult("rejected", text, code, request_id=request_id)


@dataclass
class Known:
    """What Shopify knows of an order's fulfilment."""

    order: dict
    fulfilment_orders: list
    request_id: str

    @property
    def parcels(self):
        """The fulfilments that stand."""
        found = self.order["fulfillments"]
        return [parcel for parcel in found if parcel["status"] not in DEAD_FULFILLMENTS]

    @property
    def is_cut_off(self):
        """A fulfilment order has more lines than one answer holds (250)."""
        return any(
            order["lineItems"]["pageInfo"]["hasNextPage"]
            for order in self.fulfilment_orders
        )

    def parcel_of(self, shipment):
        """Return the fulfilment that carries a shipment's tracking number, or None.

        Parcels of one delivery may share a number: those that were told before are
        not this one.
        """
        number = shipment.tracking_number
        found = [p for p in self.parcels if number and number in _numbers(p)]
        total = sum(parcel["totalQuantity"] for parcel in found)
        return found[-1] if total > shipment.told_before else None

    def units_at(self, line_id, fulfilment_orders=None):
        """Return the units of a line that are still to be sent."""
        orders = (
            self.fulfilment_orders if fulfilment_orders is None else (fulfilment_orders)
        )
        return sum(i["remainingQuantity"] for o in orders for i in _items(o, line_id))


@dataclass
class Plan:
    """What to fulfil: ``{fulfilment order: [(its line, units)]}``, all at one place."""

    units: dict
    missing: int = 0

    @property
    def total(self):
        return sum(units for items in self.units.values() for _id, units in items)


class Shipper:
    """Confirms shipments through a :class:`~.client.ShopifyClient`."""

    def __init__(self, client, config):
        self.client = client
        self.config = config

    def confirm(self, shipment):
        """Return what became of telling ``shipment``."""
        try:
            return self._confirm(shipment)
        except ChannelBlockedError as error:
            if error.code != "ACCESS_DENIED":
                raise
            # the account's stock is not in danger: only shipments need this scope
            return rejected(error.message, error.code, error.request_id)
        except RejectedError as error:
            return rejected(error.message, error.code or "", error.request_id or "")

    def _confirm(self, shipment):
        wanted = _wanted(shipment)
        known = self._read(shipment.order_id)
        done = _settled_before(known, shipment, wanted)
        if done:
            return done
        plan = allocate(known, wanted, shipment.site_code)
        if isinstance(plan, ShipmentResult):
            return plan
        return self._send(shipment, plan, known)

    def _read(self, order_id):
        if not is_gid(ORDER, order_id):
            raise RejectedError(f"{order_id!r} is not the id of a Shopify order.")
        order, fulfilment_orders, request_id = fulfilment_state(self.client, order_id)
        if order is None:
            raise RejectedError(
                "Shopify has no such order (any more).",
                code="NOT_FOUND",
                request_id=request_id,
            )
        return Known(order, fulfilment_orders, request_id)

    def correct(self, shipment, external_id):
        """Tell the changed tracking number of a fulfilment that is there."""
        if not is_gid(FULFILLMENT, external_id):
            return rejected(f"{external_id!r} is not the id of a Shopify fulfilment.")
        given = {"id": external_id, "tracking": _tracking(shipment)}
        try:
            reply = self.client.execute(TRACKING_UPDATE, given)
        except RejectedError as error:
            return rejected(error.message, error.code or "", error.request_id or "")
        payload = reply.data.get("fulfillmentTrackingInfoUpdate") or {}
        if payload.get("userErrors") or not payload.get("fulfillment"):
            said = [error["message"] for error in payload.get("userErrors") or ()]
            return rejected(f"Shopify: {' '.join(said)}", "", reply.request_id)
        return ShipmentResult("accepted", "", "", external_id, reply.request_id)

    # --- sending --------------------------------------------------------------
    def _send(self, shipment, plan, known):
        try:
            reply = self.client.execute(
                FULFILLMENT_CREATE, {"fulfillment": self._input(shipment, plan)}
            )
        except RetryableError as error:
            return self._after_doubt(shipment, plan, known, error)
        payload = reply.data.get("fulfillmentCreate") or {}
        if payload.get("userErrors"):
            text = " ".join(error["message"] for error in payload["userErrors"])
            return rejected(f"Shopify: {text}", "", reply.request_id)
        if not payload.get("fulfillment"):
            error = RetryableError(
                "Shopify did not say what became of the shipment.",
                request_id=reply.request_id,
            )
            return self._after_doubt(shipment, plan, known, error)
        gid, note = payload["fulfillment"]["id"], _note(plan)
        return ShipmentResult("accepted", note, "", gid, reply.request_id)

    def _after_doubt(self, shipment, plan, before, error):
        """Look for the parcel after an unknown outcome.

        :raises RetryableError: it isn't there; the next attempt reads first
        """
        after = self._read(shipment.order_id)
        parcel = after.parcel_of(shipment)
        if not parcel and not shipment.tracking_number:
            old = {parcel["id"] for parcel in before.parcels}
            new = [p for p in after.parcels if p["id"] not in old and not _numbers(p)]
            parcel = next((p for p in new if p["totalQuantity"] == plan.total), None)
        if not parcel:
            raise error
        return ShipmentResult(
            "accepted", _note(plan), "", parcel["id"], after.request_id
        )

    def _input(self, shipment, plan):
        given = {
            "lineItemsByFulfillmentOrder": [
                {
                    "fulfillmentOrderId": gid,
                    "fulfillmentOrderLineItems": [
                        {"id": item, "quantity": units} for item, units in items
                    ],
                }
                for gid, items in plan.units.items()
            ],
            "notifyCustomer": bool(self.config.options.get("shopify_notify_customer")),
        }
        tracking = _tracking(shipment)
        return {**given, "trackingInfo": tracking} if tracking else given


def _tracking(shipment):
    """Return ``FulfillmentTrackingInput``: only what is known, no broken address."""
    url = shipment.tracking_url
    found = {
        "number": shipment.tracking_number,
        "company": shipment.carrier_code or shipment.carrier_name,
        "url": url if urlsplit(url).scheme in ("http", "https") else "",
    }
    return {name: value for name, value in found.items() if value}


def _wanted(shipment):
    """Return ``{line id: units}``.

    :raises RejectedError: not whole units, or none
    """
    wanted = {}
    for line, quantity in shipment.lines:
        if quantity != int(quantity) or quantity < 0:
            raise RejectedError(
                f"Shopify takes whole units only, not {Decimal(quantity):f}."
            )
        wanted[line] = wanted.get(line, 0) + int(quantity)
    wanted = {line: units for line, units in wanted.items() if units}
    if not wanted:
        raise RejectedError("There is nothing in this parcel.")
    if len(wanted) > MAX_FULFILLED_LINES:
        raise RejectedError(
            f"Shopify takes at most {MAX_FULFILLED_LINES} lines in a parcel."
        )
    return wanted


# --- what Shopify has already ---------------------------------------------------
def _settled_before(known, shipment, wanted):
    """Return a result when there is nothing (safe) to send, else None."""
    parcel = known.parcel_of(shipment)
    if parcel:
        return _already(known, parcel)
    if known.order["cancelledAt"]:
        text = "The order was cancelled on Shopify."
        return rejected(text, "CANCELLED", known.request_id)
    if not any(known.units_at(line) for line in wanted):
        if known.is_cut_off:
            text = "The order has too many lines: confirm the shipment in Shopify."
            return rejected(text, "TOO_MANY_LINES", known.request_id)
        if known.parcels:
            return _already(known, known.parcels[-1])
        text = (
            "Shopify expects none of these units (any more): they were removed from "
            "the order, or another service ships them."
        )
        return rejected(text, "NOTHING_REMAINING", known.request_id)
    return _doubtful(known, shipment, sum(wanted.values()))


def _already(known, parcel):
    return ShipmentResult("already", "", "", parcel["id"], known.request_id)


def _doubtful(known, shipment, total):
    """Refuse what may be the repetition of a parcel without a tracking number.

    Nothing else tells it from a second parcel of as many units.
    """
    unnumbered = [parcel for parcel in known.parcels if not _numbers(parcel)]
    shown = sum(parcel["totalQuantity"] for parcel in unnumbered)
    if shipment.tracking_number or shown <= shipment.told_before:
        return None
    for parcel in unnumbered:
        created = moment(parcel["createdAt"])
        is_later = created and created >= utc(shipment.shipped_at).replace(
            microsecond=0
        )
        if is_later and parcel["totalQuantity"] == total:
            text = (
                f"Shopify already has a parcel of {total} units without a tracking "
                f"number, {parcel['name']}: it may be this one. Add a tracking number, "
                "or confirm the shipment in Shopify."
            )
            return rejected(text, "DOUBTFUL", known.request_id)
    return None


def _numbers(parcel):
    return {info["number"] for info in parcel["trackingInfo"] if info["number"]}


# --- what to fulfil -------------------------------------------------------------
def allocate(known, wanted, site_code):
    """Return a :class:`Plan` at one location, or a refusal in words.

    Units that wait somewhere else, or are held, refuse the whole parcel: a part of it
    would be told as if that were all.
    """
    usable = _usable(known, wanted, site_code)
    plan = Plan({})
    for line, units in wanted.items():
        for order in usable:
            for item in _items(order, line):
                taken = min(units, item["remainingQuantity"])
                if taken:
                    plan.units.setdefault(order["id"], []).append((item["id"], taken))
                    units -= taken
        blocked = _blocking(known, line, usable) if units else None
        if blocked:
            text = _refusal(blocked, site_code)
            return rejected(text, blocked["status"], known.request_id)
        plan.missing += units
    return plan


def _usable(known, wanted, site_code):
    """Return the fulfilment orders that can be fulfilled at the location.

    Without a location: at the first one that can.
    """
    able = [
        order
        for order in known.fulfilment_orders
        if any(a["action"] == CREATE for a in order["supportedActions"])
        and any(known.units_at(line, [order]) for line in wanted)
    ]
    site_code = site_code or (_location(able[0]) if able else "")
    return [order for order in able if _location(order) == site_code]


def _blocking(known, line, usable):
    """Return a fulfilment order that keeps units of a line from us, or None."""
    others = [order for order in known.fulfilment_orders if order not in usable]
    found = [order for order in others if known.units_at(line, [order])]
    return min(found, key=lambda order: order["status"] != "ON_HOLD", default=None)


def _refusal(order, site_code):
    name = order["assignedLocation"]["name"] or "another place"
    if order["status"] == "ON_HOLD":
        return f"{hold_words(order)} Release the hold there first."
    if order["status"] in NOT_SHIPPABLE:
        return f"The fulfilment from {name} {NOT_SHIPPABLE[order['status']]}."
    if _location(order) != site_code:
        return (
            f"Shopify expects {remaining_units(order)} units of this order from "
            f"{name}: change the location of the fulfilment there first."
        )
    return f"Shopify lets nobody fulfil from {name}: {words(order['status'])}."


def _location(order):
    return (order["assignedLocation"].get("location") or {}).get("id") or ""


def _items(order, line_id):
    return [i for i in order["lineItems"]["nodes"] if i["lineItem"]["id"] == line_id]


def _note(plan):
    if not plan.missing:
        return ""
    return f"Shopify expected {plan.missing} units fewer than were sent."
