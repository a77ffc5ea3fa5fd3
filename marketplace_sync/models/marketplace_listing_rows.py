"""What the refresh holds of a batch while it computes: rows, rules, readings.

Plain tuples: there are a hundred thousand at once.
"""

from collections import defaultdict
from typing import NamedTuple

#: Shown instead of a number, with the message in ``_get_block_messages``.
NO_PRODUCT, NO_WAREHOUSE, GUARDED = "no_product", "no_warehouse", "guarded"
NO_CAPACITY = "no_capacity"


class Row(NamedTuple):
    """A listing as the refresh reads it."""

    id: int
    product_id: int
    account_id: int
    pool_key: str
    active: bool
    # its kind: what it has in common with many others
    has_product: bool
    product_active: bool
    uncountable: str
    site_id: int
    company_id: int
    fulfilment: str
    qty_source: str
    units_per_listing: int
    policy_id: int
    is_stopped: bool
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


#: The fields that rows of one kind agree in; those that the computation may change.
KIND = slice(Row._fields.index("has_product"), Row._fields.index("qty"))
CHANGING = slice(Row._fields.index("qty"), Row._fields.index("published_qty"))
JUDGED = slice(Row._fields.index("qty"), None)


def is_settled(row, breakdown, pool):
    """Tell whether a listing stands as it was computed and the channel shows it: most
    do in a sweep, and nothing is to be decided for them."""
    return (
        row.fulfilment == "merchant"
        and not pool.guarded
        and row[JUDGED]
        == (
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
    )


def by_kind(rows):
    """Return the rows as lists; in each, any one answers for all in what follows from
    their kind."""
    kinds = defaultdict(list)
    for row in rows:
        kinds[row[KIND]].append(row)
    return list(kinds.values())


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


class Readings(NamedTuple):
    """What was read for the products of a batch, in product units.

    :param free: by site id, by product id
    :param committed: demand that is not taken out of it, by (product id, site id)
    :param additions: what a listing counts beside free stock, by its id
    :param buffers: listing id → the buffer line that applies
    :param slots: listing id → (units that its production capacity can still make,
        units of it that channel orders want)
    """

    free: dict
    committed: dict
    additions: dict
    buffers: dict
    slots: dict
