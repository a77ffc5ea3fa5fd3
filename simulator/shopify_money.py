"""What orders of the simulated shop cost. Amounts are texts in the state."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
NO_DECIMALS = ("JPY", "KRW", "CLP")


def unit_of(currency):
    """Return the smallest amount of a currency."""
    return Decimal(1) if currency in NO_DECIMALS else Decimal("0.01")


def rounded(amount, currency):
    """Return an amount as a bill shows it."""
    return Decimal(amount).quantize(unit_of(currency), ROUND_HALF_UP)


def tax_of(base, tax, order):
    """Return a ``TaxLine`` of an amount, as it is kept in the state."""
    rate = Decimal(str(tax["rate"]))
    share = rate / (1 + rate) if order["taxes_included"] else rate
    return {
        "title": tax["title"],
        "rate": str(rate),
        "liable": tax.get("liable"),
        "amount": str(rounded(base * share, order["currency"])),
    }


class Bill:
    """The money of one order, now."""

    def __init__(self, order):
        self.order = order
        self.unit = unit_of(order["currency"])

    def line(self, line, units=None):
        """Return ``(subtotal, taxes on top)`` of some units of a line.

        Shares are rounded down: nobody documents how Shopify rounds them.
        """
        units = line["current"] if units is None else units
        subtotal = Decimal(line["price"]) * units
        subtotal -= self._share(Decimal(line["discount"]), units, line["ordered"])
        taxes = (Decimal(t["amount"]) for t in line["taxes"])
        on_top = sum((self._share(t, units, line["ordered"]) for t in taxes), ZERO)
        return subtotal, ZERO if self.order["taxes_included"] else on_top

    def shipping(self, line, amount):
        """Return what shipping costs when ``amount`` of its price is left."""
        if self.order["taxes_included"] or not amount:
            return amount
        paid = Decimal(line["discounted"])
        taxes = (Decimal(t["amount"]) for t in line["taxes"])
        return amount + sum((self._share(t, amount, paid) for t in taxes), ZERO)

    def total(self, current=True):
        """Return the price of the order, before or after removals and returns."""
        found = ZERO
        for line in self.order["lines"].values():
            found += sum(self.line(line, None if current else line["ordered"]))
        for line in self.order["shipping"]:
            name = "current" if current else "discounted"
            found += self.shipping(line, Decimal(line[name]))
        return found

    def _share(self, amount, part, whole):
        if part == whole or not whole:
            return amount
        return (amount * part / whole).quantize(self.unit, ROUND_DOWN)
