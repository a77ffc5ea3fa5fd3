"""Moments, money and ids as Shopify writes them."""

import re
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation

from ..errors import ChannelUnreachable

ORDER = re.compile(r"gid://shopify/Order/\d+")
FULFILLMENT_ORDER = re.compile(r"gid://shopify/FulfillmentOrder/\d+")
#: Fractions of a second come with up to nine digits in webhook headers.
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?")


def moment(text):
    """Return an aware datetime in UTC, None when ``text`` is not a moment."""
    match = MOMENT.fullmatch(text if isinstance(text, str) else "")
    if not match:
        return None
    zone = (match.group(2) or "Z").replace("Z", "+0000").replace(":", "")
    try:
        found = datetime.strptime(match.group(1) + zone, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None
    return found.astimezone(timezone.utc)


def utc(when):
    """Return an aware datetime in UTC; one without a zone is in UTC already."""
    if when.tzinfo is None:
        return when.replace(tzinfo=timezone.utc)
    return when.astimezone(timezone.utc)


def search_moment(when):
    """Return a moment as a search term; whole seconds, rounded down."""
    return utc(when).strftime("%Y-%m-%dT%H:%M:%SZ")


def decimal(value):
    """Return a number of an answer as Decimal, exactly as it was written.

    :raises ChannelUnreachable: it is no number
    """
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ChannelUnreachable(f"Shopify answered {value!r} where money belongs.")
    return found


def money(bag):
    """Return the amount of a ``MoneyBag`` in the shop's currency; 0 for null."""
    return decimal(bag["shopMoney"]["amount"]) if bag else Decimal(0)


def words(code):
    """Return a code of Shopify's as a person reads it."""
    return str(code).replace("_", " ").lower()
