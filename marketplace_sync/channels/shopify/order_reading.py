"""What an order of Shopify means in our words. No calls here."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ..orders import ChannelOrder, OrderAddress, OrderBuyer, OrderCharge, OrderLine
from . import auth
from .order_const import NO_RISK, PAID, RISK_WORDS, UNPAID
from .order_money import line_amounts, settled, shipping_amounts, unit_of
from .order_places import (
    hold_words,
    is_elsewhere,
    places_of,
    remaining_units,
    site_of,
)
from .order_values import moment, money, words
from .reading import pool_key


@dataclass
class Telling:
    """Everything that was read about one order.

    :param lines: all line items, also those of further pages
    :param returned: ``{line id: (units, money)}`` that were sent and came back
    """

    node: dict
    lines: list
    fulfilment_orders: list
    returned: dict = field(default_factory=dict)
    request_id: str = ""
    told_at: datetime | None = None


def order_of(telling, config):
    """Return a :class:`ChannelOrder`."""
    node = telling.node
    lines, charges, total = _paid(telling)
    places = places_of(telling.fulfilment_orders, config.sites)
    lines = [_placed(line, places.get(line.external_id) or ()) for line in lines]
    status = _status(node, lines, config.options)
    holds = [h for h in dict.fromkeys(_holds(telling, lines, config)) if h]
    is_open = status in ("open", "pending")
    return ChannelOrder(
        external_id=node["id"],
        name=node["name"],
        status=status,
        placed_at=moment(node["createdAt"]),
        updated_at=moment(node["updatedAt"]),
        currency=node["currencyCode"],
        lines=tuple(lines),
        charges=tuple(charges),
        prices_include_tax=node["taxesIncluded"],
        total=total,
        site_code=_common_site(lines),
        buyer=_buyer(node),
        shipping_address=_address(node["shippingAddress"]),
        is_held=is_open and bool(holds),
        hold_reason=" ".join(holds) if is_open else "",
        cancel_reason=words(node["cancelReason"] or ""),
        is_withheld=_is_withheld(node, lines),
        url=_url(node, config),
        raw={**node, "lineItems": {"nodes": telling.lines}},
        data=_data(node),
        request_id=telling.request_id,
        told_at=telling.told_at,
    )


# --- money --------------------------------------------------------------------
def _paid(telling):
    """Return ``(lines, charges, total)`` that add up."""
    node = telling.node
    unit, included = unit_of(node["currencyCode"]), node["taxesIncluded"]
    kept = [_kept(line, telling) for line in telling.lines]
    shipping = [s for s in node["shippingLines"]["nodes"] if not s["isRemoved"]]
    parts = [
        line_amounts(line, units, unit)
        for line, units in zip(telling.lines, kept, strict=True)
    ]
    parts += [shipping_amounts(line, unit) for line in shipping]
    total = _total(telling)
    if total is not None:
        rest = total - sum((part.total(included) for part in parts), Decimal(0))
        parts = settled(parts, rest, unit, included)
    count = len(kept)
    lines = [
        _line(line, units, part)
        for line, units, part in zip(telling.lines, kept, parts[:count], strict=True)
    ]
    charges = [
        OrderCharge("shipping", part.price, line["title"], part.taxes)
        for line, part in zip(shipping, parts[count:], strict=True)
    ]
    return _with_rounding(node, lines, charges, total)


def _with_rounding(node, lines, charges, total):
    """Add what paying in cash rounded; it is on top of the order's price (schema)."""
    rounding = money(node["totalCashRoundingAdjustment"]["paymentSet"])
    if rounding:
        charges = [*charges, OrderCharge("rounding", rounding, "Cash rounding")]
        total = None if total is None else total + rounding
    return lines, charges, total


def _total(telling):
    """Return the order's total without what only came back later.

    None for a cancelled order that Shopify has not emptied (yet).
    """
    node = telling.node
    emptied = not any(line["currentQuantity"] for line in telling.lines)
    if node["cancelledAt"] and not emptied:
        return None
    returned = sum((amount for _units, amount in telling.returned.values()), Decimal(0))
    return money(node["currentTotalPriceSet"]) + returned


def _kept(line, telling):
    """Return the units that are still to be or were delivered."""
    returned = telling.returned.get(line["id"], (0, 0))[0]
    if telling.node["cancelledAt"]:
        return returned
    return min(line["quantity"], line["currentQuantity"] + returned)


def _line(node, units, amounts):
    variant = node["variant"] or {}
    item = (variant.get("inventoryItem") or {}).get("id") or ""
    return OrderLine(
        external_id=node["id"],
        sku=node["sku"] or "",
        title=node["name"],
        external_ref=item,
        quantity=Decimal(units),
        shipped_quantity=Decimal(max(0, units - node["unfulfilledQuantity"])),
        unit_price=money(node["originalUnitPriceSet"]),
        discount=amounts.discount,
        taxes=amounts.taxes,
        data={
            "variant": variant.get("id") or "",
            "gift_card": node["isGiftCard"],
            "requires_shipping": node["requiresShipping"],
        },
    )


# --- where from ---------------------------------------------------------------
def _placed(line, places):
    """Return ``line`` with where it ships from."""
    elsewhere = sum(place.units for place in places if place.is_elsewhere)
    site = site_of(places)
    values = {
        "site_code": site,
        "fulfilled_by_channel": bool(places) and all(p.is_elsewhere for p in places),
        "pool_key": pool_key(line.external_ref, site)
        if line.external_ref and site
        else "",
        "data": {
            **line.data,
            "places": {
                code: sum(p.units for p in places if p.site_code == code)
                for code in dict.fromkeys(p.site_code for p in places)
            },
            "elsewhere": elsewhere,
        },
    }
    return OrderLine(**{**vars(line), **values})


def _common_site(lines):
    """Return the site of our own lines, "" when they have several."""
    ours = {x.site_code for x in lines if x.quantity and not x.fulfilled_by_channel}
    ours = ours or {line.site_code for line in lines}
    return ours.pop() if len(ours) == 1 else ""


# --- state --------------------------------------------------------------------
def _status(node, lines, options):
    if node["cancelledAt"]:
        return "cancelled"
    display = node["displayFulfillmentStatus"]
    if display == "FULFILLED":
        return "shipped"
    if not any(line.quantity for line in lines):
        return "cancelled"  # every line was removed by an edit or a refund
    if display == "FULFILLMENT_NOT_REQUIRED":
        return "shipped"
    unpaid = node["displayFinancialStatus"] in UNPAID
    if unpaid and not options.get("shopify_ship_unpaid"):
        return "pending"
    # not confirmed: Shopify has not reserved the goods; scheduled: a pre-order
    waits = not node["confirmed"] or display == "SCHEDULED"
    return "pending" if waits else "open"


def _holds(telling, lines, config):
    """Yield why a person must look at the order before it ships."""
    node = telling.node
    for order in telling.fulfilment_orders:
        location = order["assignedLocation"].get("location")
        if remaining_units(order) and not is_elsewhere(location, config.sites):
            yield hold_words(order)
    yield _risk(node)
    status = node["displayFinancialStatus"]
    if status and status not in PAID | UNPAID:
        yield f"Shopify says “{words(status)}” about the payment."
    if node["test"] and not config.options.get("is_test"):
        yield "A test order: no money was paid."
    for line in lines:
        if line.data["elsewhere"] and not line.fulfilled_by_channel:
            yield f"Some units of {line.sku or line.title} ship from another service."


def _risk(node):
    advice = (node["risk"] or {}).get("recommendation") or "NONE"
    if advice in NO_RISK:
        return ""
    return RISK_WORDS.get(advice, f"Shopify says “{words(advice)}” about fraud.")


# --- people -------------------------------------------------------------------
def _buyer(node):
    address = node["shippingAddress"] or {}
    return OrderBuyer(
        key=(node.get("customer") or {}).get("id") or "",
        name=_name(address),
        email=node["email"] or "",
        phone=node["phone"] or address.get("phone") or "",
    )


def _name(address):
    return " ".join(filter(None, (address.get("firstName"), address.get("lastName"))))


def _address(node):
    if not node:
        return None
    return OrderAddress(
        name=_name(node),
        company=node["company"] or "",
        street=node["address1"] or "",
        street2=node["address2"] or "",
        city=node["city"] or "",
        zip=node["zip"] or "",
        state_code=node["provinceCode"] or "",
        country_code=node["countryCodeV2"] or "",
        phone=node["phone"] or "",
    )


def _is_withheld(node, lines):
    """Tell whether name or street are kept from us.

    Without approval for protected customer data, city and country survive
    (/docs/apps/launch/protected-customer-data). Sold over the counter, an order has
    no address.
    """
    address = node["shippingAddress"]
    if address:
        return not (_name(address) or address["company"]) or not address["address1"]
    ships = any(line.data["requires_shipping"] for line in lines)
    return ships and node["sourceName"] != "pos"


def _url(node, config):
    if config.api_url:
        return ""
    host = auth.shop_session(config.credentials.get("shop")).url
    return f"https://{host}/admin/orders/{node['legacyResourceId']}"


def _data(node):
    return {
        "test": node["test"],
        "edited": node["edited"],
        "source": node["sourceName"] or "",
        "payment": node["displayFinancialStatus"] or "",
        "fulfilment": node["displayFulfillmentStatus"] or "",
    }
