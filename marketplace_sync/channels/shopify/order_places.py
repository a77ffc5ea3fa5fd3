"""Where the units of an order's lines are shipped from, and what holds them."""

from dataclasses import dataclass

from .order_const import HOLD_WORDS
from .order_values import words


@dataclass(frozen=True)
class Place:
    """Units of one line in one fulfilment order.

    :param site_code: the location's gid, "" when it was deleted
    :param is_elsewhere: another service's location: not our stock
    """

    line_id: str
    site_code: str
    name: str
    is_elsewhere: bool
    remaining: int
    total: int

    @property
    def units(self):
        return self.remaining or self.total


def is_elsewhere(location, sites):
    """Tell whether a location is another fulfilment service's.

    A service's location that the account has as a site of its own is ours.
    """
    location = location or {}
    return bool(location.get("isFulfillmentService")) and location["id"] not in sites


def places_of(fulfilment_orders, sites):
    """Return ``{line id: [Place]}`` of the fulfilment orders that still count."""
    found = {}
    for node in fulfilment_orders:
        if node["status"] == "CANCELLED":
            continue
        assigned = node["assignedLocation"]
        location = assigned.get("location")
        for item in node["lineItems"]["nodes"]:
            place = Place(
                item["lineItem"]["id"],
                (location or {}).get("id") or "",
                assigned.get("name") or "",
                is_elsewhere(location, sites),
                item["remainingQuantity"],
                item["totalQuantity"],
            )
            found.setdefault(place.line_id, []).append(place)
    return {line: _relevant(places) for line, places in found.items()}


def _relevant(places):
    """Leave out places that are done when others still wait, and empty ones."""
    waiting = [place for place in places if place.remaining]
    return waiting or [place for place in places if place.total]


def site_of(places):
    """Return where most units ship from, our own places before others'."""
    ours = [p for p in places if p.site_code and not p.is_elsewhere]
    best = max(ours or places, key=lambda place: place.units, default=None)
    return best.site_code if best else ""


def remaining_units(fulfilment_order):
    """Return the units that a fulfilment order still waits for."""
    return sum(i["remainingQuantity"] for i in fulfilment_order["lineItems"]["nodes"])


def hold_words(fulfilment_order):
    """Return why a fulfilment order is on hold, "" when it isn't."""
    if fulfilment_order["status"] != "ON_HOLD":
        return ""
    reasons = []
    for hold in fulfilment_order["fulfillmentHolds"]:
        code = hold["reason"]
        reason = HOLD_WORDS.get(code, words(code))
        reasons.append(": ".join(filter(None, (reason, hold["reasonNotes"]))))
    text = "; ".join(filter(None, reasons))
    return f"On hold in Shopify: {text}." if text else "On hold in Shopify."
