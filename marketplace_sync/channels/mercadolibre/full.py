"""Full: what Mercado Libre holds in its own warehouses.

``GET /inventories/{id}/stock/fulfillment`` [envios-fulfillment, 10/06/2026]: a total,
what is available, and the rest by status. One call per inventory.
"""

from ..base import Problem
from ..errors import ChannelUnreachable
from ..inventory import ChannelStock, bucket, unexplained
from . import const, words
from .client import address, json_object

AVAILABLE, NOT_AVAILABLE = "available_quantity", "not_available_quantity"
#: ``not_available_detail[].status`` → kind: those of the page's example, which writes
#: both "damage" and "damaged". Others are kept as ``other``.
STATUS_KINDS = {
    "damage": "unfulfillable",
    "damaged": "unfulfillable",
    "lost": "unfulfillable",
    "noFiscalCoverage": "unfulfillable",
    "withdrawal": "reserved",
    "internal_process": "reserved",
    "transfer": "reserved",
}
NO_INVENTORY = "Mercado Libre names no inventory of Full for this listing."
NO_STOCK = "Mercado Libre has no stock record of Full for inventory {inventory}."


class Full:
    """Reads the stock of Full with one :class:`~.client.Client`."""

    def __init__(self, client, locator):
        self.client = client
        self.locator = locator

    def held(self, refs):
        """Yield one :class:`~..inventory.ChannelStock` per ref.

        Listings of one inventory show the same units and cost one call together.
        """
        read = {}
        for ref, inventory in self._inventories(list(refs)):
            if isinstance(inventory, Problem):
                yield _nothing(ref, inventory.text)
            elif not inventory:
                yield _nothing(ref, NO_INVENTORY)
            else:
                if inventory not in read:
                    read[inventory] = self._read(inventory)
                yield self._stock(ref, inventory, read[inventory])

    def _inventories(self, refs):
        """Yield ``(ref, inventory id, "" or a Problem)``; what an earlier read did not
        leave behind is looked up."""
        known = [ref for ref in refs if ref.data.get("inventory_id")]
        yield from ((ref, str(ref.data["inventory_id"])) for ref in known)
        missing = [ref for ref in refs if not ref.data.get("inventory_id")]
        for ref, entry in self.locator.locate(missing):
            found = entry if isinstance(entry, Problem) else entry.inventory_id
            yield ref, found

    def _read(self, inventory):
        path = address(const.FULL_STOCK, inventory_id=inventory)
        return self.client.get("get_full_stock", path, accept=(404,))

    @staticmethod
    def _stock(ref, inventory, answer):
        if answer.status == 404:
            return _nothing(ref, NO_STOCK.format(inventory=inventory))
        return stock_of(json_object(answer), ref, answer.request_id)


def stock_of(body, ref, request_id=""):
    """Translate the stock of one inventory."""
    total = bucket("total", body.get("total"))
    return ChannelStock(
        key=ref.key,
        sku=ref.sku,
        site_code=ref.site_code,
        external_id=str(body.get("inventory_id") or ""),
        external_ref=ref.external_ref,
        buckets=tuple(buckets_of(body, request_id)),
        total=total.quantity if total else None,
        request_id=request_id,
    )


def buckets_of(body, request_id=""):
    """Return the disjoint parts.

    :raises ChannelUnreachable: the answer holds none of what the page documents
    """
    rows = body.get("not_available_detail") or []
    rows = [row for row in rows if isinstance(row, dict) and row.get("status")]
    parts = [
        bucket(
            row["status"], row.get("quantity"), STATUS_KINDS.get(row["status"], "other")
        )
        for row in rows
    ]
    parts = [one for one in parts if one]
    available = bucket(AVAILABLE, body.get(AVAILABLE), "sellable")
    rest = unexplained(NOT_AVAILABLE, body.get(NOT_AVAILABLE), parts, "other")
    found = [one for one in (available, *parts, rest) if one]
    if not found:
        raise ChannelUnreachable(
            f"Mercado Libre answered without a quantity of Full. "
            f"{words.safe(', '.join(map(str, body)))}",
            request_id=request_id,
        )
    return found


def _nothing(ref, text):
    return ChannelStock(
        ref.key, ref.sku, ref.site_code, external_ref=ref.external_ref, error=text
    )
