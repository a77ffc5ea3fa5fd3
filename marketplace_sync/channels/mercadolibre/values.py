"""Money and moments, from Mercado Libre's JSON."""

import re
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation

CENT = Decimal("0.01")
#: What a float of the channel's own arithmetic may be off: 14.290000000000001.
NOISE = Decimal("0.000001")
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:?\d\d)?"
)


def money(value):
    """Return an amount as an exact :class:`Decimal`, None when there is none.

    Amounts are JSON numbers: the shortest text of the float is what was sent.
    """
    if value is None or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value))
        rounded = amount.quantize(CENT)
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    return rounded if abs(amount - rounded) < NOISE else amount


def moment(text):
    """Return a moment in UTC, None when ``text`` is none; no zone means UTC."""
    match = MOMENT.fullmatch(text) if isinstance(text, str) else None
    if not match:
        return None
    seconds, fraction, zone = match.groups()
    text = f"{seconds}.{fraction or '0'}{zone or 'Z'}"
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:  # the 31st of February
        return None
    return found.astimezone(timezone.utc)


def in_utc(when):
    """Return a datetime with its zone, UTC; one without is in UTC already."""
    if when.tzinfo is None:
        return when.replace(tzinfo=timezone.utc)
    return when.astimezone(timezone.utc)


def from_epoch(seconds):
    """Return a moment in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def text_of(when):
    """Return a moment as Mercado Libre's examples write it: UTC, milliseconds, Z."""
    return f"{in_utc(when):%Y-%m-%dT%H:%M:%S}.{in_utc(when).microsecond // 1000:03d}Z"


def known(text):
    """Return a text of an address, "" when it is hidden (``XXXXXXX``) or missing."""
    text = str(text).strip() if isinstance(text, (str, int)) else ""
    return "" if re.fullmatch(r"[xX*]+", text) else text


def part(holder, *names):
    """Return what is at a path of objects, {} where one of them is missing."""
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return {} if holder is None else holder
