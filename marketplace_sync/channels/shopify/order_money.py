"""What is left to pay of a line of which some units were removed.

Shopify tells discounts and taxes for all units that were ever ordered, and the
order's total for those that are left (``currentTotalPriceSet``). The share of what is
left is computed here; how Shopify rounds it isn't documented, so the cents between
our shares and its total go into a share, and nothing more than those.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from ..orders import OrderTax
from .order_const import DECIMALS
from .order_values import decimal, money


def unit_of(currency):
    """Return the smallest amount of a currency."""
    return Decimal(1).scaleb(-DECIMALS.get(currency, 2))


@dataclass(frozen=True)
class Amounts:
    """The money of one line or charge.

    :param price: before discounts, all units that are left
    :param is_shared: discount and taxes are shares that we rounded
    """

    price: Decimal
    discount: Decimal = Decimal(0)
    taxes: tuple = ()
    is_shared: bool = False

    def total(self, taxes_included):
        """Return what the buyer pays for it."""
        taxes = () if taxes_included else self.taxes
        return self.price - self.discount + sum((t.amount for t in taxes), Decimal(0))


def taxes_of(nodes):
    """Return the taxes of ``taxLines``.

    Exempt orders carry tax lines of nothing at the usual rate: those are left out.
    """
    taxes = tuple(_tax(node) for node in nodes or ())
    return tuple(tax for tax in taxes if tax.amount or not tax.rate)


def _tax(node):
    rate = node.get("ratePercentage")
    if rate is None and node.get("rate") is not None:
        rate = decimal(node["rate"]) * 100
    return OrderTax(
        title=node.get("title") or "",
        amount=money(node["priceSet"]),
        rate=None if rate is None else decimal(rate),
        # null: "unknown liability"; then the seller pays, as for all other sales
        collected_by_channel=node.get("channelLiable") is True,
    )


def line_amounts(node, kept, unit):
    """Return the :class:`Amounts` of ``kept`` of a line's units."""
    discount = sum(
        (money(a["allocatedAmountSet"]) for a in node["discountAllocations"]),
        Decimal(0),
    )
    price = money(node["originalUnitPriceSet"]) * kept
    whole = Amounts(price, discount, taxes_of(node["taxLines"]))
    return shared(whole, kept, node["quantity"], unit)


def shipping_amounts(node, unit):
    """Return the :class:`Amounts` of a shipping line, after refunds of it."""
    paid = money(node["discountedPriceSet"])
    left = money(node["currentDiscountedPriceSet"])
    whole = Amounts(left, taxes=taxes_of(node["taxLines"]))
    return whole if paid == left else shared(whole, left, paid, unit)


def shared(amounts, part, whole, unit):
    """Return ``amounts`` with discount and taxes of ``part`` of ``whole``."""
    if part == whole or not whole:
        return amounts

    def share(amount):
        return (amount * part / whole).quantize(unit, ROUND_HALF_UP)

    return replace(
        amounts,
        discount=share(amounts.discount),
        taxes=tuple(replace(tax, amount=share(tax.amount)) for tax in amounts.taxes),
        is_shared=bool(part),
    )


# --- the cents that are left over -------------------------------------------------
def settled(parts, rest, unit, taxes_included):
    """Return ``parts`` with what rounding left over, a cent for each share at most.

    :param rest: the channel's total less all parts'; more than rounding can explain
        stays where it is, for a person to see
    """
    if not rest or rest % unit:
        return parts
    found, step = list(parts), unit.copy_sign(rest)
    for index, part in enumerate(parts):
        for name in _shares(part, taxes_included) if part.is_shared else ():
            moved = _moved(found[index], name, step)
            if moved:
                found[index], rest = moved, rest - step
            if not rest:
                return found
    return parts


def _shares(part, taxes_included):
    """Return "discount" and the indexes of taxes, whose rounding changes the total."""
    return ["discount", *(() if taxes_included else range(len(part.taxes)))]


def _moved(part, name, step):
    """Return ``part`` costing ``step`` more by one share; None when it can't."""
    if name == "discount":
        discount = part.discount - step
        # no discount at all: that is not a share of one
        fits = part.discount and 0 <= discount <= part.price
        return replace(part, discount=discount) if fits else None
    tax = part.taxes[name]
    if tax.amount + step < 0 or not (tax.amount or tax.rate):
        return None
    taxes = list(part.taxes)
    taxes[name] = replace(tax, amount=tax.amount + step)
    return replace(part, taxes=tuple(taxes))
