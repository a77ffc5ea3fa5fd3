"""Stock that a channel itself holds (FBA, Full), as every channel tells it.

Part of the contract (``base.py``). Quantities are listing units and whole numbers.
Each bucket keeps the channel's own name: what a channel adds or renames arrives under
its new name, with kind ``other``, and is never counted as sellable.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: ``StockBucket.kind``: only ``sellable`` can be sold now. ``inbound``: on its way to
#: the channel. ``reserved``: there, but taken or moving. ``unfulfillable``: there, not
#: fit for sale. ``researching``: the channel is looking for it. ``other``: a name that
#: this version does not know.
BUCKET_KINDS = (
    "sellable",
    "inbound",
    "reserved",
    "unfulfillable",
    "researching",
    "other",
)


@dataclass(frozen=True)
class StockBucket:
    """A part of the stock that a channel holds, by the channel's own name.

    :param kind: one of :data:`BUCKET_KINDS`
    """

    name: str
    quantity: int
    kind: str = "other"


@dataclass(frozen=True)
class ChannelStock:
    """What a channel holds of one listing.

    :param key: ``ListingRef.key``
    :param external_id: the channel's id of the counter (Amazon: FNSKU, Mercado Libre:
        inventory id): listings with the same one show the same units
    :param buckets: disjoint parts; subtotals of the channel are not among them
    :param total: as told, None when it was not; it need not be the sum of the parts
    :param told_at: when a quantity last changed, in the channel's own writing
    :param error: one sentence for a person when the channel told nothing
    """

    key: str
    sku: str
    site_code: str
    external_id: str = ""
    external_ref: str = ""
    buckets: Sequence[StockBucket] = ()
    total: int | None = None
    told_at: str = ""
    error: str = ""
    data: Mapping = field(default_factory=dict)
    request_id: str = ""

    @property
    def sellable(self):
        """Units that can be sold now, None when the channel does not say."""
        return self.sum_of("sellable")

    def sum_of(self, kind):
        """Return the units of one kind, None when the channel names no such bucket."""
        found = [bucket.quantity for bucket in self.buckets if bucket.kind == kind]
        return sum(found) if found else None


def bucket(name, value, kind="other"):
    """Return a bucket, None when ``value`` is no count of units."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Python's JSON reader lets NaN and Infinity pass
    if not math.isfinite(value) or value < 0 or value != int(value):
        return None
    return StockBucket(str(name), int(value), kind)


def unexplained(name, subtotal, parts, kind):
    """Return what a subtotal holds beyond the parts that were told, None = nothing.

    A part that the channel has renamed or left out stays visible this way, under the
    subtotal's own name.
    """
    rest = bucket(name, subtotal, kind)
    missing = rest.quantity - sum(part.quantity for part in parts) if rest else 0
    return StockBucket(rest.name, missing, kind) if missing > 0 else None
