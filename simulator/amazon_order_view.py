"""How the simulated Amazon tells an order: API 2026-01-01, notification, page.

Money of an item: ITEM is the price of what is left, TAX is added or included as the
seed says; ``proceedsTotal`` and ``grandTotal`` are what the buyer pays.
"""

from decimal import ROUND_HALF_UP, Decimal

from .amazon_const import MARKETPLACES
from .amazon_dates import iso

CENT = Decimal("0.01")
#: Kind of charge → (amount, tax, discount) among an item's fields.
CHARGES = {
    "SHIPPING": ("shipping", "shipping_tax", "shipping_discount"),
    "GIFT_WRAP": ("gift_wrap", "gift_wrap_tax", None),
}
#: FulfillmentStatus → OrderStatus of a notification.
NOTIFIED_STATUS = {
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
}


def units_left(item):
    """Return units that are neither shipped nor cancelled."""
    return item["quantity"] - item["shipped"] - item["cancelled"]


def status_of(order):
    """Return the ``FulfillmentStatus``."""
    left = sum(units_left(item) for item in order["items"])
    shipped = sum(item["shipped"] for item in order["items"])
    if not left:
        return "SHIPPED" if shipped else "CANCELLED"
    if order["pending"]:
        return "PENDING"
    return "PARTIALLY_SHIPPED" if shipped else "UNSHIPPED"


# --- money --------------------------------------------------------------------------
class ItemMoney:
    """What one item costs now, after cancellations.

    :param tax: ``{"rate", "mode" ("added" or "included"), "collected"}``
    """

    def __init__(self, item, tax):
        self.tax = tax
        wanted = item["quantity"] - item["cancelled"]
        share = Decimal(wanted) / item["quantity"]
        self.amounts = {"ITEM": Decimal(item["price"]) * wanted}
        self.discounts = {"ITEM": _cents(Decimal(item["discount"]) * share)}
        net = self.amounts["ITEM"] - self.discounts["ITEM"]
        told = item["tax"]
        own = self._tax_of(net) if told is None else _cents(Decimal(told) * share)
        self.taxes = {"ITEM": own}
        for kind, (amount, tax_name, discount) in CHARGES.items():
            alive = 1 if wanted else 0
            self.amounts[kind] = Decimal(item[amount]) * alive
            self.taxes[kind] = Decimal(item[tax_name]) * alive
            self.discounts[kind] = Decimal(item[discount] if discount else 0) * alive

    def _tax_of(self, net):
        rate = Decimal(str(self.tax["rate"]))
        if self.tax["mode"] == "included":
            return _cents(net - net / (1 + rate))
        return _cents(net * rate)

    @property
    def total(self):
        """What the buyer pays for it."""
        total = sum(self.amounts.values()) - sum(self.discounts.values())
        return total + (sum(self.taxes.values()) if self.tax["mode"] == "added" else 0)

    def breakdowns(self, money):
        """Return ``ItemProceedsBreakdown``s; discounts with the sign of the seed."""
        found = [
            {"type": kind, "subtotal": money(amount)}
            for kind, amount in self.amounts.items()
            if amount or kind == "ITEM"
        ]
        sign = -1 if self.tax.get("negative_discounts") else 1
        for kind, parts, factor in (
            ("TAX", self.taxes, 1),
            ("DISCOUNT", self.discounts, sign),
        ):
            details = [
                {"subtype": part, "value": money(factor * amount)}
                for part, amount in parts.items()
                if amount
            ]
            if details:
                subtotal = money(factor * sum(parts.values()))
                found.append(
                    {"type": kind, "subtotal": subtotal, "detailedBreakdowns": details}
                )
        return found


def _cents(amount):
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def order_total(order, tax):
    """Return what the buyer pays."""
    items = sum(ItemMoney(item, tax).total for item in order["items"])
    return items + Decimal(order["tip"])


# --- Orders API 2026-01-01 ----------------------------------------------------------
def order_view(order, parts, tax):
    """Return an ``Order`` with the parts asked for."""
    status = status_of(order)
    site = order["site"]
    view = {
        "orderId": order["id"],
        "createdTime": iso(order["created_at"]),
        "lastUpdatedTime": iso(order["updated_at"]),
        "programs": order["programs"],
        "salesChannel": {
            "channelName": order["channel"],
            "marketplaceId": site,
            "marketplaceName": MARKETPLACES[site][0],
        },
        "orderItems": [item_view(order, item, parts, tax) for item in order["items"]],
    }
    if "FULFILLMENT" in parts:
        view["fulfillment"] = _fulfillment(order, status)
    if "PROCEEDS" in parts and status != "PENDING":
        view["proceeds"] = _proceeds(order, tax)
    if "PACKAGES" in parts:
        view["packages"] = [_package(p, ref) for ref, p in order["packages"].items()]
    return {**view, **_people(order, parts, status)}


def _people(order, parts, status):
    """Return buyer and recipient; a pending order has neither (docs: PII)."""
    buyer, view = order["buyer"], {}
    if status == "PENDING":
        return view
    if "BUYER" in parts:
        view["buyer"] = {"buyerName": buyer["name"], "buyerEmail": buyer["email"]}
    if "RECIPIENT" in parts and order["fulfilled_by"] == "MERCHANT":
        address = {
            "name": buyer["name"],
            "companyName": buyer["company"],
            "addressLine1": buyer["street"],
            "addressLine2": buyer["street2"],
            "city": buyer["city"],
            "postalCode": buyer["zip"],
            "stateOrRegion": buyer["state"],
            "countryCode": buyer["country"],
            "phone": buyer["phone"],
        }
        address = {name: value for name, value in address.items() if value}
        view["recipient"] = {"deliveryAddress": address}
    return view


def _fulfillment(order, status):
    ship_by = iso(order["created_at"] + 2 * 86400)
    return {
        "fulfillmentStatus": status,
        "fulfilledBy": order["fulfilled_by"],
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": {
            "earliestDateTime": iso(order["created_at"]),
            "latestDateTime": ship_by,
        },
    }


def money_maker(order):
    """Return what makes ``Money`` of an amount."""
    currency = MARKETPLACES[order["site"]][2]

    def money(amount):
        step = Decimal(1) if currency == "JPY" else CENT
        return {"amount": str(amount.quantize(step)), "currencyCode": currency}

    return money


def _proceeds(order, tax):
    money = money_maker(order)
    proceeds = {"grandTotal": money(order_total(order, tax))}
    if Decimal(order["tip"]):
        tip = money(Decimal(order["tip"]))
        proceeds["breakdowns"] = [
            {"type": "DELIVERY_TIP", "status": "FINALIZED", "subtotal": tip}
        ]
    return proceeds


def item_view(order, item, parts, tax):
    """Return an ``OrderItem``."""
    pending = status_of(order) == "PENDING"
    money = money_maker(order)
    product = {"asin": item["asin"], "title": item["title"], "sellerSku": item["sku"]}
    view = {
        "orderItemId": item["id"],
        "quantityOrdered": item["quantity"],
        "product": product,
    }
    if not pending:
        product["price"] = {"unitPrice": money(Decimal(item["price"]))}
    if "PROCEEDS" in parts and not pending:
        costs = ItemMoney(item, tax)
        view["proceeds"] = {
            "proceedsTotal": money(costs.total),
            "breakdowns": costs.breakdowns(money),
        }
    if "FULFILLMENT" in parts:
        left = units_left(item)
        view["fulfillment"] = {
            "quantityFulfilled": item["shipped"],
            "quantityUnfulfilled": left,
        }
    if "CANCELLATION" in parts:
        view.update(_cancellation(item))
    if "TAX" in parts and tax["collected"]:
        collection = {"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon"}
        view["tax"] = {"taxCollections": [collection]}
    return view


def _cancellation(item):
    told = {}
    if item["request"]:
        request = {"requester": "BUYER", "cancelReason": item["request"]}
        told["cancellationRequest"] = request
    if item["execution"]:
        told["cancellationExecution"] = item["execution"]
    return {"cancellation": told} if told else {}


def _package(package, reference):
    return {
        "packageReferenceId": reference,
        "packageStatus": {"status": "SHIPPED"},
        "carrier": package["carrier"],
        "shipTime": iso(package["at"]),
        "trackingNumber": package["tracking"],
        "packageItems": [
            {"orderItemId": item, "quantity": quantity}
            for item, quantity in package["items"].items()
        ],
    }


# --- ORDER_CHANGE -------------------------------------------------------------------
def summary_view(order):
    """Return ``Summary`` of an ORDER_CHANGE notification."""
    return {
        "MarketplaceId": order["site"],
        "OrderStatus": NOTIFIED_STATUS[status_of(order)],
        "PurchaseDate": iso(order["created_at"]),
        "DestinationPostalCode": order["buyer"]["zip"],
        "FulfillmentType": "MFN" if order["fulfilled_by"] == "MERCHANT" else "AFN",
        "OrderType": "StandardOrder",
        "OrderItems": [
            {
                "OrderItemId": item["id"],
                "SellerSKU": item["sku"],
                "SupplySourceId": None,
                "Quantity": item["quantity"],
                "QuantityShipped": item["shipped"],
                "IsBuyerRequestedCancel": bool(item["request"]),
            }
            for item in order["items"]
        ],
    }


# --- the page -----------------------------------------------------------------------
def order_row(order):
    """Return what the page shows of an order."""
    return {
        "id": order["id"],
        "site": order["site"],
        "status": status_of(order).lower().replace("_", " "),
        "fulfilment": "merchant" if order["fulfilled_by"] == "MERCHANT" else "channel",
        "placed_at": order["created_at"],
        "updated_at": order["updated_at"],
        "buyer": order["buyer"]["name"],
        "cancel_requested": any(item["request"] for item in order["items"]),
        "refunded": order["refunded"],
        "lines": [
            {
                "sku": item["sku"],
                "quantity": item["quantity"] - item["cancelled"],
                "shipped": item["shipped"],
                "cancelled": item["cancelled"],
            }
            for item in order["items"]
        ],
        "tracking": [one["tracking"] for one in order["packages"].values()],
    }
