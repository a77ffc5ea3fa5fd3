"""What an order costs: Amazon's proceeds as lines, charges, taxes and discounts.

Amazon tells ``proceedsTotal`` of every item, ``grandTotal`` of the order, and
``breakdowns`` by type, but not how they fit together (models #5297, open in 2026-11):
in all its own examples tax is added to the rest. So nothing is presumed: of the ways
to add the parts up, the one that gives Amazon's total is taken. Where none does, the
parts and the total are told as Amazon told them, and the difference shows.
"""

from collections import defaultdict
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import NamedTuple

from ..orders import OrderCharge, OrderTax
from .const import WHOLE_CURRENCIES

ZERO = Decimal(0)
#: Breakdown type of an item → kind of charge. ITEM, TAX and DISCOUNT are none.
CHARGES = {
    "SHIPPING": ("shipping", "Shipping"),
    "GIFT_WRAP": ("gift_wrap", "Gift wrap"),
    "COD_FEE": ("fee", "Cash on delivery"),
    "OTHER": ("other", "Other"),
}
FACILITATOR = "MARKETPLACE_FACILITATOR"


class Reading(NamedTuple):
    """A way to add up parts.

    :param tax_added: tax comes on top of prices, else it is in them (or outside)
    :param discount_taken: prices are before discounts, else after
    """

    tax_added: bool
    discount_taken: bool


#: The first is what Amazon's examples show.
READINGS = (
    Reading(True, True),
    Reading(False, True),
    Reading(True, False),
    Reading(False, False),
)


def amount_of(money):
    """Return a ``Money`` as Decimal, None when it is none."""
    value = money.get("amount") if isinstance(money, dict) else None
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


class ItemMoney:
    """The proceeds of one ``OrderItem``; discounts here are positive."""

    def __init__(self, item):
        proceeds = item.get("proceeds") or {}
        self.total = amount_of(proceeds.get("proceedsTotal"))
        self.price = _unit_price_told(item)
        self.by_amazon = _collected_by_amazon(item)
        self.parts = defaultdict(Decimal)
        self.details = {"TAX": defaultdict(Decimal), "DISCOUNT": defaultdict(Decimal)}
        for breakdown in proceeds.get("breakdowns") or ():
            self._add(breakdown)
        if not self.parts and self.total is not None:
            self.parts["ITEM"] = self.total

    def _add(self, breakdown):
        kind, amount = breakdown.get("type"), amount_of(breakdown.get("subtotal"))
        if amount is None:
            return
        known = kind in CHARGES or kind in ("ITEM", "TAX", "DISCOUNT")
        # whether Amazon writes a discount with a minus is not documented
        self.parts[kind if known else "OTHER"] += _sized(kind, amount)
        for detail in breakdown.get("detailedBreakdowns") or ():
            value = amount_of(detail.get("value"))
            if kind in self.details and value is not None:
                self.details[kind][detail.get("subtype")] += _sized(kind, value)

    def value(self, reading):
        """Return what this item costs, read in one of the ways."""
        value = sum(
            (a for kind, a in self.parts.items() if kind not in self.details), ZERO
        )
        value += self.parts["TAX"] if reading.tax_added else ZERO
        return value - (self.parts["DISCOUNT"] if reading.discount_taken else ZERO)

    def share(self, kind, part):
        """Return how much of TAX or DISCOUNT falls on a charge, or on ``ITEM``.

        The item bears what is not named for a charge, so that the shares add up to
        the subtotal whatever the details say.
        """
        named = {name: self.details[kind][name] for name in CHARGES}
        if abs(sum(named.values())) > abs(self.parts[kind]):
            named = dict.fromkeys(CHARGES, ZERO)  # details of something else
        rest = self.parts[kind] - sum(named.values(), ZERO)
        return rest if part == "ITEM" else named[part]

    def taxes(self, part):
        """Return the tax on a part, as the contract tells it."""
        amount = self.share("TAX", part)
        if not amount:
            return ()
        return (OrderTax("Tax", amount, collected_by_channel=self.by_amazon),)


class OrderMoney:
    """The proceeds of a whole order.

    :param quantities: units of each item that are still wanted; the money of an item
        that was cancelled as a whole is left out
    """

    def __init__(self, order, quantities):
        proceeds = order.get("proceeds") or {}
        self.items = [ItemMoney(item) for item in order.get("orderItems") or ()]
        self.alive = [m for m, left in zip(self.items, quantities, strict=True) if left]
        self.total = amount_of(proceeds.get("grandTotal"))
        self.currency = _currency_of(order)
        self.tip = sum(
            (
                amount_of(one.get("subtotal")) or ZERO
                for one in proceeds.get("breakdowns") or ()
                if one.get("type") == "DELIVERY_TIP"
            ),
            ZERO,
        )
        self.reading = self._reading()

    def _reading(self):
        by_order = [r for r in READINGS if self._explains_total(r)]
        by_item = [r for r in READINGS if self._explains_items(r)]
        return next(iter(by_order or by_item), READINGS[0])

    def _explains_total(self, reading):
        value = sum((item.value(reading) for item in self.alive), self.tip)
        return value == self.total

    def _explains_items(self, reading):
        totals = [item for item in self.items if item.total is not None]
        return all(item.value(reading) == item.total for item in totals)

    @property
    def prices_include_tax(self):
        """Whether Amazon's total counts the tax as a part of the prices."""
        taxed = any(item.parts["TAX"] for item in self.alive)
        return taxed and not self.reading.tax_added

    def line(self, item, quantity, ordered):
        """Return ``unit_price, discount, taxes`` of one line."""
        amount = item.parts.get("ITEM")
        if not quantity or amount is None:
            return item.price, ZERO, ()
        price, rest = self._unit_price(amount, item.price, quantity, ordered)
        taken = item.share("DISCOUNT", "ITEM") if self.reading.discount_taken else ZERO
        return price, taken + rest, item.taxes("ITEM")

    def _unit_price(self, amount, told, quantity, ordered):
        """Return a price and a discount that make exactly ``amount``.

        Ten for three is 3.34 each less 0.02. When units were cancelled and the amount
        is still that of all, the price is kept and the order's total differs: a
        person must see that.
        """
        if told is not None and told * quantity == amount:
            return told, ZERO
        if told is not None and quantity != ordered and told * ordered == amount:
            return told, ZERO
        step = Decimal(1) if self.currency in WHOLE_CURRENCIES else Decimal("0.01")
        price = (amount / quantity).quantize(step, rounding=ROUND_CEILING)
        return price, price * quantity - amount

    def charges(self):
        """Return what is paid beside the lines."""
        charges = []
        for part, (kind, title) in CHARGES.items():
            charges += self._charge(part, kind, title)
        if self.tip:
            charges.append(OrderCharge("tip", self.tip, "Delivery tip"))
        return tuple(charges)

    def _charge(self, part, kind, title):
        amount = sum((item.parts[part] for item in self.alive), ZERO)
        taxes = self._charge_taxes(part)
        if amount or taxes:
            yield OrderCharge(kind, amount, title, taxes)
        discount = sum((item.share("DISCOUNT", part) for item in self.alive), ZERO)
        if discount and self.reading.discount_taken:
            yield OrderCharge("discount", -discount, f"Discount: {title.lower()}")

    def _charge_taxes(self, part):
        sums = defaultdict(Decimal)
        for item in self.alive:
            for tax in item.taxes(part):
                sums[tax.collected_by_channel] += tax.amount
        return tuple(
            OrderTax("Tax", amount, collected_by_channel=by_amazon)
            for by_amazon, amount in sorted(sums.items())
            if amount
        )


def _sized(kind, amount):
    return abs(amount) if kind == "DISCOUNT" else amount


def _unit_price_told(item):
    product = item.get("product") or {}
    return amount_of((product.get("price") or {}).get("unitPrice"))


def _collected_by_amazon(item):
    collections = (item.get("tax") or {}).get("taxCollections") or ()
    return any(one.get("model") == FACILITATOR for one in collections)


def _currency_of(order):
    """Return the currency of the first amount that names one, "" when none does."""
    proceeds = order.get("proceeds") or {}
    found = [proceeds.get("grandTotal")]
    for item in order.get("orderItems") or ():
        product = item.get("product") or {}
        found.append((item.get("proceeds") or {}).get("proceedsTotal"))
        found.append((product.get("price") or {}).get("unitPrice"))
    codes = [one.get("currencyCode") for one in found if isinstance(one, dict)]
    return next(filter(None, codes), "")
