"""What the refresh holds of a batch while it computes: rows, rules, readings.

Plain tuples: there are a hundred thousand at once. Most of what a row says, many others
say too, word for word. PostgreSQL therefore packs it into two short texts, and each
different text is unpacked once: rows share the result.
"""

import functools
import itertools
from collections import defaultdict
from typing import NamedTuple

from odoo.tools import SQL

from ..engine.buffer import NO_BUFFER, BufferLine
from ..engine.pool import PoolMember, pool_number
from .marketplace_stock import KIT, NOT_TRACKED

#: Shown instead of a number, with the message in ``_get_block_messages``.
NO_PRODUCT, NO_WAREHOUSE, GUARDED = "no_product", "no_warehouse", "guarded"
NO_CAPACITY = "no_capacity"

#: Between two packed values; no selection's key has it.
BETWEEN = "|"


class Kind(NamedTuple):
    """What a listing has in common with many others: what follows from it is decided
    once for all of a kind."""

    active: bool
    has_product: bool
    account_id: int
    site_id: int
    company_id: int
    fulfilment: str
    qty_source: str
    units_per_listing: int
    policy_id: int
    is_stopped: bool
    # what its product says
    product_active: bool = True
    uncountable: str = None

    @property
    def buffer_key(self):
        """Whose buffer lines apply: what ``Readings.buffers`` is looked up by."""
        return self.policy_id, self.site_id, self.company_id


class Stored(NamedTuple):
    """The numbers of a listing as they are stored."""

    # what the computation may change
    qty: int
    committed_qty: float
    buffer_qty: int
    own_qty: int
    sellable_qty: int
    sync_state: str
    block_code: str
    # what it judges by
    published_qty: int
    is_known: bool


#: The fields that the computation may change.
CHANGING = slice(0, Stored._fields.index("published_qty"))


class Row(NamedTuple):
    """A listing as the refresh reads it."""

    id: int
    product_id: int
    pool_key: str
    kind: Kind
    stored: Stored


# What is made to order has no buffer unless the listing itself names one.
KIND_COLUMNS = SQL(
    """l.active IS TRUE, l.product_id IS NOT NULL, l.account_id, l.site_id,
       COALESCE(l.company_id, 0), l.fulfilment, l.qty_source, l.units_per_listing,
       COALESCE(CASE l.qty_source WHEN 'capacity' THEN l.buffer_policy_id
                                  ELSE l.effective_buffer_policy_id END, 0),
       l.is_stopped IS TRUE"""
)
STORED_COLUMNS = SQL(
    """COALESCE(l.qty, 0), COALESCE(l.committed_qty, 0), COALESCE(l.buffer_qty, 0),
       COALESCE(l.own_qty, 0), COALESCE(l.sellable_qty, 0), l.sync_state,
       COALESCE(l.block_code, ''), COALESCE(l.published_qty, 0),
       l.published_at IS NOT NULL AND l.is_uncertain IS NOT TRUE"""
)


def packed(columns):
    """Return SQL of columns (none of them NULL) as one text."""
    return SQL("concat_ws(%s, %s)", BETWEEN, columns)


def _is_true(word):
    return word == "t"


def _unpack(record, readers, text):
    words = text.split(BETWEEN)
    return record(*(read(word) for read, word in zip(readers, words, strict=True)))


unpack_kind = functools.partial(
    _unpack,
    Kind,
    (_is_true, _is_true, int, int, int, str, str, int, int, _is_true),
)
unpack_stored = functools.partial(
    _unpack,
    Stored,
    (int, float, int, int, int, str, lambda word: word or None, int, _is_true),
)


def unpacked(fetched):
    """Return rows of what was fetched: id, product id, pool key, and the texts of its
    kind and of what is stored."""
    kind_of, stored_of = functools.cache(unpack_kind), functools.cache(unpack_stored)
    make = tuple.__new__  # as Row(…) would, without a call into Python for each
    return [
        make(Row, (listing, product, pool, kind_of(kind), stored_of(stored)))
        for listing, product, pool, kind, stored in fetched
    ]


def by_kind(rows):
    """Return the rows as lists; in each, any one answers for all in what follows from
    their kind."""
    kinds = defaultdict(list)
    for row in rows:
        # rows share their kind's tuple: its place is as good as its contents, at once
        kinds[id(row.kind)].append(row)
    return list(kinds.values())


def of_source(kinds, source):
    """Return the rows whose quantity comes from one source.

    :param kinds: see :func:`by_kind`
    """
    found = (alike for alike in kinds if alike[0].kind.qty_source == source)
    return list(itertools.chain.from_iterable(found))


@functools.lru_cache(maxsize=4096)
def with_product(kind, product):
    """Return the kind of listings whose product is an odd one. Its 0 would end listings
    that should live."""
    is_kit = not {0, kind.company_id}.isdisjoint(product.kit_companies)
    return kind._replace(
        product_active=product.active,
        uncountable=KIT if is_kit else None if product.is_tracked else NOT_TRACKED,
    )


@functools.lru_cache(maxsize=8192)
def number_of(members):
    """Return the number of a pool; many have the same members, and most but one.

    :param members: frozenset of (source, sellable, stopped)
    """
    return pool_number(itertools.starmap(PoolMember, members))


def alone(breakdown):
    """Return the number of a listing that shares no counter."""
    return shared_by([breakdown])


def shared_by(breakdowns):
    """Return the number of listings that share a counter."""
    return number_of(
        frozenset((one.source, one.sellable, one.stopped) for one in breakdowns)
    )


def settled(breakdown, pool=None):
    """Return what is stored of a listing that stands as it was computed and whose
    channel shows it: most do in a sweep, and nothing is to be decided for them. None
    when a person is asked.

    :param pool: the number of its pool, None when it shares no counter
    """
    pool = pool or alone(breakdown)
    if pool.guarded:
        return None
    return Stored(
        breakdown.qty,
        breakdown.committed,
        breakdown.buffer_qty,
        breakdown.sellable,
        pool.quantity,
        "synced",
        None,
        pool.quantity,
        True,
    )


class SiteRule(NamedTuple):
    """What a site says about its listings."""

    warehouse_ids: tuple
    share_percent: float
    max_qty: int
    mto_qty: int
    interval: int
    #: the site whose channel ships this one's orders, 0 = our warehouses do
    fulfilled_from: int = 0
    stock_hours: int = 0


class BufferLines(NamedTuple):
    """The buffer lines of one policy, site and company.

    :param usual: of products that were not sold
    :param by_product: product id → line, of those that were
    """

    usual: BufferLine
    by_product: dict

    def get(self, product_id):
        return self.by_product.get(product_id, self.usual)


NO_BUFFERS = BufferLines(NO_BUFFER, {})


class Readings(NamedTuple):
    """What was read for the products of a batch, in product units.

    :param free: by site id, by product id
    :param committed: demand that is not taken out of it, by site id, by product id
    :param additions: what a listing counts beside free stock, by its id
    :param buffers: :class:`BufferLines` by ``Kind.buffer_key``
    :param slots: listing id → (units that its production capacity can still make,
        units of it that channel orders want)
    """

    free: dict
    committed: dict
    additions: dict
    buffers: dict
    slots: dict
