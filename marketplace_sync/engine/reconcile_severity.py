"""How bad a finding is: what can be sold that is not there, and what that costs."""

from typing import NamedTuple

from .reconcile_cause import (
    FULFILLED_BY_CHANNEL,
    KEEPS_SELLING,
    NOT_LISTED_HERE,
    POOL_DISAGREES,
)

#: By weight, so that they sort as text.
LOW, MEDIUM, HIGH, CRITICAL = "1_low", "2_medium", "3_high", "4_critical"


class Severity(NamedTuple):
    """
    :param units: listing units that can be sold and cannot be shipped
    :param amount: ``units`` × price, None where no price is known
    """

    level: str
    units: int = 0
    amount: float | None = None


def severity_of(cause, shown, expected, available, units_per_listing, price, source):
    """Return how bad a difference is.

    :param shown: listing units, None when the channel does not say
    :param available: product units that can be shipped
    :param price: of one listing unit, None when unknown
    :param source: where the listing's number comes from
    """
    units = oversold(shown, expected, available, units_per_listing, source)
    if cause == FULFILLED_BY_CHANNEL:
        units = 0  # what is shown lies in the channel's own warehouse
    amount = None if price is None else units * price
    return Severity(_level(cause, shown, expected, units, source), units, amount)


def oversold(shown, expected, available, units_per_listing, source):
    """Return how many of the shown listing units cannot be shipped.

    Units that are only held back (buffer, share, cap) can be shipped. What is made to
    order or typed by hand is not limited by stock: there the expected number counts.
    """
    if shown is None:
        return 0
    shippable = expected
    if source == "stock":
        shippable = max(expected, int(max(0.0, available) // max(1, units_per_listing)))
    return max(0, shown - shippable)


def _level(cause, shown, expected, units, source):
    if cause == FULFILLED_BY_CHANNEL:
        return LOW
    if cause == NOT_LISTED_HERE:
        return MEDIUM if shown else LOW
    if cause == KEEPS_SELLING:
        return CRITICAL if expected == 0 else HIGH
    if cause == POOL_DISAGREES and not units:
        return LOW
    if shown is None:
        return MEDIUM
    if (expected == 0 and shown > 0) or (source == "mto" and shown == 0):
        return CRITICAL
    return HIGH if units else MEDIUM
