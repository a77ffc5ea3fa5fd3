"""Orders API 2026-01-01: an order of Amazon as the contract tells it."""

from datetime import datetime, timezone
from decimal import Decimal

from ..errors import ChannelUnreachable
from ..orders import ChannelOrder, OrderAddress, OrderBuyer, OrderLine
from .const import ORDER_STATUS
from .order_money import OrderMoney

#: Orders that Amazon itself ships.
BY_AMAZON = "AMAZON"
#: Sold elsewhere, only shipped by Amazon: never a sale of this channel.
ELSEWHERE = "NON_AMAZON"


def moment(text):
    """Return an ISO 8601 time as an aware datetime in UTC, None when it is none."""
    try:
        parsed = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=timezone.utc)
    return parsed.astimezone(timezone.utc)


def iso(when):
    """Return a moment as Amazon takes it; one without a zone is UTC."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def order_of(order, request_id="", personal=True):
    """Translate an ``Order``.

    :param personal: buyer and recipient were asked for
    """
    _require(order, request_id)
    fulfillment = order.get("fulfillment") or {}
    told = fulfillment.get("fulfillmentStatus")
    status = ORDER_STATUS.get(told, "pending")
    items = order.get("orderItems") or ()
    quantities = [units_wanted(item, status) for item in items]
    money = OrderMoney(order, quantities)
    address = address_of(order)
    buyer = buyer_of(order)
    channel = order.get("salesChannel") or {}
    requests = _cancel_requests(items, status)
    return ChannelOrder(
        external_id=order["orderId"],
        name=order["orderId"],
        status=status,
        placed_at=moment(order["createdTime"]),
        updated_at=moment(order["lastUpdatedTime"]),
        currency=money.currency,
        lines=tuple(_lines(order, money, quantities, status)),
        charges=money.charges(),
        prices_include_tax=money.prices_include_tax,
        total=money.total,
        site_code=channel.get("marketplaceId") or "",
        buyer=buyer,
        shipping_address=address,
        is_foreign=channel.get("channelName") == ELSEWHERE,
        is_held=told not in ORDER_STATUS,
        hold_reason=_hold_reason(told),
        cancel_requested=bool(requests),
        cancel_reason="; ".join(dict.fromkeys(filter(None, requests))),
        is_withheld=not (personal and address and address.street and address.name),
        ship_by=moment((fulfillment.get("shipByWindow") or {}).get("latestDateTime")),
        raw=order,
        data=_data(order),
        request_id=request_id,
    )


def _require(order, request_id):
    """Refuse an order without what the model promises: half of it is worth nothing."""
    times = [moment(order.get(name)) for name in ("createdTime", "lastUpdatedTime")]
    if not order.get("orderId") or None in times or "orderItems" not in order:
        raise ChannelUnreachable(
            "Amazon told an order without an id, a time or its items.",
            request_id=request_id,
        )


def _hold_reason(told):
    if told in ORDER_STATUS:
        return ""
    return f"Amazon calls this order “{told or ''}”: that status is not known here."


def _data(order):
    """Return what shipping needs to know later, JSON types."""
    fulfillment = order.get("fulfillment") or {}
    channel = order.get("salesChannel") or {}
    return {
        "marketplace": channel.get("marketplaceId") or "",
        "status": fulfillment.get("fulfillmentStatus") or "",
        "programs": list(order.get("programs") or ()),
        "service_level": fulfillment.get("fulfillmentServiceLevel") or "",
    }


# --- lines ----------------------------------------------------------------------------
def _lines(order, money, quantities, status):
    by_amazon = (order.get("fulfillment") or {}).get("fulfilledBy") == BY_AMAZON
    rows = zip(order.get("orderItems") or (), money.items, quantities, strict=True)
    for item, proceeds, quantity in rows:
        product = item.get("product") or {}
        ordered = int(item.get("quantityOrdered") or 0)
        price, discount, taxes = money.line(proceeds, quantity, ordered)
        yield OrderLine(
            external_id=str(item.get("orderItemId") or ""),
            sku=product.get("sellerSku") or "",
            quantity=Decimal(quantity),
            unit_price=price,
            title=product.get("title") or "",
            pool_key=product.get("sellerSku") or "",
            shipped_quantity=Decimal(units_shipped(item, status)),
            discount=discount,
            taxes=taxes,
            fulfilled_by_channel=by_amazon,
            data=_line_data(item),
        )


def _line_data(item):
    product = item.get("product") or {}
    packing = (item.get("fulfillment") or {}).get("packing") or {}
    promotions = (item.get("promotion") or {}).get("breakdowns") or ()
    found = {
        "asin": product.get("asin"),
        "gift": packing.get("giftOption"),
        "promotions": [one.get("promotionId") for one in promotions],
    }
    return {name: value for name, value in found.items() if value}


def units_wanted(item, status):
    """Return how many units of an item are still to be or were delivered.

    Amazon names what it has fulfilled and what not, and only that a cancellation was
    executed, not of how many units. In doubt the larger number: a unit that is kept
    back for nobody is sold later, one that is sold twice is not there.
    """
    ordered = int(item.get("quantityOrdered") or 0)
    shipped, left = _counts(item)
    if status == "cancelled":
        return shipped or 0
    if status == "pending" or shipped is None or left is None:
        return ordered
    executed = (item.get("cancellation") or {}).get("cancellationExecution")
    return shipped + left if shipped + left or executed else ordered


def units_shipped(item, status):
    """Return how many units of an item have left."""
    shipped, _left = _counts(item)
    if shipped is None and status == "shipped":
        return int(item.get("quantityOrdered") or 0)
    return shipped or 0


def _counts(item):
    fulfillment = item.get("fulfillment") or {}
    names = ("quantityFulfilled", "quantityUnfulfilled")
    return [None if fulfillment.get(n) is None else int(fulfillment[n]) for n in names]


def _cancel_requests(items, status):
    """Return the reasons of the buyer's requests that nobody has answered yet."""
    if status not in ("pending", "open"):
        return []
    cancellations = [item.get("cancellation") or {} for item in items]
    return [
        (one["cancellationRequest"] or {}).get("cancelReason") or ""
        for one in cancellations
        if "cancellationRequest" in one and not one.get("cancellationExecution")
    ]


# --- people ---------------------------------------------------------------------------
def buyer_of(order):
    """Return the buyer. Amazon gives no id of a person: there is no key."""
    buyer = order.get("buyer") or {}
    return OrderBuyer(
        name=buyer.get("buyerName") or buyer.get("buyerCompanyName") or "",
        email=buyer.get("buyerEmail") or "",
    )


def address_of(order):
    """Return where the order goes, None when Amazon does not say."""
    address = (order.get("recipient") or {}).get("deliveryAddress")
    if not address:
        return None
    street, street2 = _streets(address)
    return OrderAddress(
        name=address.get("name") or "",
        company=address.get("companyName") or "",
        street=street,
        street2=street2,
        city=address.get("city") or address.get("municipality") or "",
        zip=address.get("postalCode") or "",
        state_code=address.get("stateOrRegion") or "",
        country_code=address.get("countryCode") or "",
        phone=address.get("phone") or "",
    )


def _streets(address):
    """Return two lines of what may be three, or Brazil's fields of their own."""
    lines = [address.get(f"addressLine{number}") for number in (1, 2, 3)]
    lines = [line for line in lines if line]
    if not lines:
        own = address.get("extendedFields") or {}
        street = " ".join(
            filter(None, (own.get("streetName"), own.get("streetNumber")))
        )
        lines = [street, own.get("complement"), own.get("neighborhood")]
        lines = [line for line in lines if line]
    return (lines[0] if lines else ""), ", ".join(lines[1:])
