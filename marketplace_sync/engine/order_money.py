"""How one line or charge of a channel order becomes rows of a sale order, exactly.

A channel tells a unit price, a discount in money, and taxes in money, inside the
price or on top. A sale order row has a unit price, a discount in percent with two
decimals, and taxes that are inside the price or on top as each tax is set up. The two
need not agree on what "the price" is, so it is converted here; what the buyer pays and
every tax stay what the channel said, to the last digit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal(0)
HUNDRED = Decimal(100)
#: Decimals of a sale order row's discount percentage.
PERCENT_STEP = Decimal("0.01")


@dataclass(frozen=True)
class TaxShare:
    """A tax that the seller owes.

    :param key: whatever names it; comes back in ``Row.taxes``
    :param is_included: a sale order row's price contains this tax
    """

    key: Any
    amount: Decimal
    is_included: bool = False


@dataclass(frozen=True)
class Part:
    """A line or a charge, as the channel tells it.

    :param price: for one unit, before the discount
    :param discount: in money, for the whole part; not negative
    :param collected: taxes that the channel pays to the state itself
    :param prices_include_tax: ``price`` contains the taxes, collected ones too
    """

    price: Decimal
    quantity: Decimal = Decimal(1)
    discount: Decimal = ZERO
    taxes: Sequence[TaxShare] = ()
    collected: Decimal = ZERO
    prices_include_tax: bool = False

    @property
    def paid(self):
        """What the channel's prices come to, after the discount."""
        return self.price * self.quantity - self.discount

    @property
    def net(self):
        """What is left without any tax: the seller's revenue."""
        if not self.prices_include_tax:
            return self.paid
        return self.paid - self.collected - sum((t.amount for t in self.taxes), ZERO)

    @property
    def shown(self):
        """What the prices of the sale order rows come to, after the discount."""
        inside = (t.amount for t in self.taxes if t.is_included)
        return self.net + sum(inside, ZERO)

    @property
    def total(self):
        """What the rows come to with all taxes of the seller's."""
        return self.net + sum((t.amount for t in self.taxes), ZERO)


@dataclass(frozen=True)
class Row:
    """A row of a sale order.

    :param amount: quantity × unit price, before ``percent``
    :param percent: discount, at most two decimals
    :param net: after the discount, without taxes
    :param taxes: key → amount
    """

    amount: Decimal
    net: Decimal
    taxes: Mapping
    percent: Decimal = ZERO
    is_discount: bool = False


def rows_of(part, unit):
    """Return the rows of a part: one, or two when its discount needs a row of its own.

    A discount becomes a percentage where that is exact, else a negative row.

    :param unit: the currency's smallest amount; taxes are split in it
    """
    amount, discount = _priced(part, unit)
    percent = exact_percent(discount, amount)
    if percent is not None:
        taxes = {share.key: share.amount for share in part.taxes}
        return [Row(amount, part.net, taxes, percent)]
    less = {s.key: _share(s.amount, -discount, part.shown, unit) for s in part.taxes}
    main = {share.key: share.amount - less[share.key] for share in part.taxes}
    return [
        Row(amount, amount - _inside(part, main), main),
        Row(-discount, -discount - _inside(part, less), less, is_discount=True),
    ]


def _priced(part, unit):
    """Return amount and discount as the rows show them: with the taxes that are inside
    their prices, and without all others."""
    gross = part.price * part.quantity
    if part.shown == part.paid or not part.discount:
        return part.shown + part.discount, part.discount
    if not part.paid:
        return gross, gross - part.shown
    discount = _share(part.discount, part.shown, part.paid, unit)
    return part.shown + discount, discount


def exact_percent(discount, amount):
    """Return a discount as a percentage of two decimals, None when it is not one."""
    if not discount:
        return ZERO
    if not amount:
        return None
    percent = (discount * HUNDRED / amount).quantize(PERCENT_STEP, ROUND_HALF_UP)
    is_exact = amount * percent == discount * HUNDRED
    return percent if is_exact and ZERO <= percent <= HUNDRED else None


def _share(amount, part, whole, unit):
    if not whole:
        return ZERO
    return (amount * part / whole).quantize(unit, ROUND_HALF_UP)


def _inside(part, taxes):
    return sum((taxes[s.key] for s in part.taxes if s.is_included), ZERO)
