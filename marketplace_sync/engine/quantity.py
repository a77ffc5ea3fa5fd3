"""From stock to the number that a channel must show: DESIGN §2, line by line.

    qty            what there is, by the listing's own source
    − committed    demand that ``qty`` does not know yet         stock, capacity
    × share        floored: the *effective* quantity             stock, capacity
    − buffer       units never shown                             stock, capacity
    ÷ units        a pack of 6, floored                          stock, capacity
    ∧ cap          0 = no cap                                    all
    = sellable     a non-negative integer

Made to order (``mto``) and ``manual`` are published as they are: not reduced by
buffers, orders or share.
"""

import math
from typing import NamedTuple

from .buffer import EPSILON, NO_BUFFER, BufferLine, hidden_units

#: Sources whose quantity is reduced by demand, share and buffer.
COUNTED_SOURCES = frozenset(("stock", "capacity"))
#: What a made-to-order listing shows unless its site says otherwise.
MTO_QTY = 999
#: No channel takes more; PostgreSQL's integer would take twice that.
MAX_QTY = 1_000_000_000


class Terms(NamedTuple):
    """What one listing is computed from.

    :param source: ``stock``, ``mto``, ``manual`` (``capacity`` comes later)
    :param available: free quantity of the site's warehouses in the product's unit
        (``stock``), or the quantity that the source gives (others)
    :param committed: demand not yet taken out of it, same unit
    :param share_percent: part of it that this site may show, 0–100
    :param buffer: the policy line that applies
    :param units_per_listing: product units in one listing unit, at least 1
    :param max_qty: never show more; 0 = no cap
    :param stopped: a person said "stop selling" (or archived the product)
    """

    source: str
    available: float
    committed: float = 0.0
    share_percent: float = 100.0
    buffer: BufferLine = NO_BUFFER
    units_per_listing: int = 1
    max_qty: int = 0
    stopped: bool = False


class Breakdown(NamedTuple):
    """Every step of one computation, in order; all but ``available`` and
    ``committed`` are whole units."""

    source: str
    available: float
    qty: int
    committed: float
    share_percent: float
    effective: int
    buffer: BufferLine
    buffer_qty: int
    units_per_listing: int
    max_qty: int
    stopped: bool
    sellable: int


def whole(value):
    """Return ``value`` floored to whole units, never negative.

    Float noise does not cost a unit: 0.1 + 0.2 tens are three. What is not a
    number counts as nothing, because nothing can be shipped of it.
    """
    if not value > 0:  # also NaN
        return 0
    return math.floor(min(value + EPSILON, MAX_QTY))  # an infinity has no floor


def compute(terms: Terms) -> Breakdown:
    """Return the breakdown of one listing."""
    if terms.source in COUNTED_SOURCES:
        return _counted(terms)
    qty = whole(terms.available)
    return Breakdown(
        terms.source,
        terms.available,
        qty,
        0.0,
        100.0,
        qty,
        NO_BUFFER,
        0,
        1,
        terms.max_qty,
        terms.stopped,
        0 if terms.stopped else _capped(qty, terms.max_qty),
    )


def _counted(terms):
    qty = whole(terms.available)
    committed = max(0.0, terms.committed)
    remaining = max(0.0, min(terms.available, MAX_QTY) - committed)
    share = min(100.0, max(0.0, terms.share_percent))
    effective = whole(min(qty, remaining) * share / 100)
    hidden = hidden_units(terms.buffer, effective)
    packs = max(0, effective - hidden) // max(1, terms.units_per_listing)
    return Breakdown(
        terms.source,
        terms.available,
        qty,
        committed,
        share,
        effective,
        terms.buffer,
        hidden,
        terms.units_per_listing,
        terms.max_qty,
        terms.stopped,
        0 if terms.stopped else _capped(packs, terms.max_qty),
    )


def _capped(quantity, cap):
    return min(quantity, cap) if cap > 0 else quantity
