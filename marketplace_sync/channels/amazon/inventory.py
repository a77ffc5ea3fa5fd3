"""FBA Inventory API v1: what Amazon holds, bucket by bucket.

``getInventorySummaries`` (models: fbaInventory.json): 2 calls a second, 50 SKUs a call,
a page token that is dead after 30 seconds, so that the pages of one call are read back
to back before anything is given to the caller.
"""

from ..errors import ChannelUnreachable, RejectedError
from ..inventory import ChannelStock, bucket, unexplained
from .listings import travels_in_csv

#: ``sellerSkus`` maxItems.
SKUS_PER_CALL = 50
#: Pages of one call of at most 50 SKUs; more is a token that leads in a circle.
MAX_PAGES = 50

FULFILLABLE = "fulfillableQuantity"
#: Names in ``inventoryDetails`` that hold a number → kind.
PLAIN = {
    FULFILLABLE: "sellable",
    "inboundWorkingQuantity": "inbound",
    "inboundShippedQuantity": "inbound",
    "inboundReceivingQuantity": "inbound",
}
#: Objects in ``inventoryDetails`` → (name of their subtotal, kind).
GROUPS = {
    "reservedQuantity": ("totalReservedQuantity", "reserved"),
    "unfulfillableQuantity": ("totalUnfulfillableQuantity", "unfulfillable"),
    "researchingQuantity": ("totalResearchingQuantity", "researching"),
}
BREAKDOWN = "researchingQuantityBreakdown"


def held(transport, refs, site_of):
    """Yield one :class:`~..inventory.ChannelStock` per ref."""
    by_site = {}
    for ref in refs:
        by_site.setdefault(site_of(ref), {}).setdefault(ref.sku, []).append(ref)
    for site, by_sku in by_site.items():
        for skus in _calls(by_sku):
            found = _found(transport, site, skus) if site else {}
            for sku in skus:
                for ref in by_sku[sku]:
                    yield _answer(ref, site, found.get(sku))


def _calls(skus):
    """Yield the SKUs of each call; those that a CSV cannot hold go alone."""
    together = [sku for sku in skus if travels_in_csv(sku)]
    for start in range(0, len(together), SKUS_PER_CALL):
        yield together[start : start + SKUS_PER_CALL]
    yield from ([sku] for sku in skus if not travels_in_csv(sku))


def _found(transport, site, skus):
    """Return what Amazon tells of these SKUs; what it refuses together, one by one: a
    SKU that it cannot digest must not hide the others."""
    try:
        return _summaries(transport, site, skus)
    except RejectedError as error:
        if len(skus) == 1:
            return {skus[0]: error}
    found = {}
    for sku in skus:
        found.update(_found(transport, site, [sku]))
    return found


def _summaries(transport, site, skus):
    """Return ``{sku: (summary, request id)}``, SKUs exactly as Amazon writes them."""
    alone = len(skus) == 1
    wanted = {"sellerSku": skus[0]} if alone else {"sellerSkus": skus}
    params = {
        "details": "true",
        "granularityType": "Marketplace",
        "granularityId": site,
        "marketplaceIds": [site],
        **wanted,
    }
    found, token = {}, None
    for _page in range(MAX_PAGES):
        answer = _page_of(transport, params, token)
        payload = answer.body.get("payload")
        rows = payload.get("inventorySummaries") if isinstance(payload, dict) else None
        if not isinstance(rows, list):
            raise _unusable("answered without inventory summaries.", answer)
        rows = [row for row in rows if isinstance(row, dict)]
        found.update((row.get("sellerSku"), (row, answer.request_id)) for row in rows)
        # outside of the payload, unlike everything else
        next_token = (answer.body.get("pagination") or {}).get("nextToken")
        if not next_token:
            return found
        if next_token == token:
            break
        token = next_token
    raise _unusable("names the same page of its inventory again and again.", answer)


def _page_of(transport, params, token):
    if not token:
        return transport.call("getInventorySummaries", **params)
    try:
        return transport.call("getInventorySummaries", **params, nextToken=token)
    except RejectedError as error:  # the token died: begin anew later
        raise ChannelUnreachable(
            f"Amazon does not give the next page of its inventory. {error.message}",
            code=error.code,
            request_id=error.request_id,
        ) from error


def _answer(ref, site, found):
    if not found:
        words = "Amazon names no stock of this SKU in its warehouses on this site."
        if not site:
            words = "The listing has no site."
        return ChannelStock(ref.key, ref.sku, site, error=words)
    if isinstance(found, RejectedError):
        words = f"Amazon cannot look this SKU up. {found.message}"
        return ChannelStock(ref.key, ref.sku, site, error=words)
    summary, request_id = found
    return stock_of(summary, ref, site, request_id)


def stock_of(summary, ref, site, request_id=""):
    """Translate an ``InventorySummary``."""
    details = summary.get("inventoryDetails")
    buckets = buckets_of(details) if isinstance(details, dict) else []
    total = bucket("totalQuantity", summary.get("totalQuantity"))
    return ChannelStock(
        key=ref.key,
        sku=ref.sku,
        site_code=site,
        external_id=str(summary.get("fnSku") or ""),
        external_ref=ref.external_ref,
        buckets=tuple(buckets),
        total=total.quantity if total else None,
        told_at=str(summary.get("lastUpdatedTime") or ""),
        error="" if buckets else "Amazon gave no details of its stock of this SKU.",
        data={"asin": str(summary.get("asin") or "")},
        request_id=request_id,
    )


def buckets_of(details):
    """Return the disjoint parts of ``inventoryDetails``.

    Names that the model does not have (``futureSupplyQuantity`` is one that real
    answers carry) are kept, as ``other`` or as what they stand among.
    """
    found = []
    for name, value in details.items():
        if isinstance(value, dict):
            total, kind = GROUPS.get(name, ("", "other"))
            found += _group(value, total, kind)
        else:
            found.append(bucket(name, value, PLAIN.get(name, "other")))
    return [one for one in found if one]


def _group(values, total, kind):
    parts = []
    for name, value in values.items():
        if name == BREAKDOWN and isinstance(value, list):
            rows = [row for row in value if isinstance(row, dict)]
            parts += [
                bucket(row.get("name") or name, row.get("quantity"), kind)
                for row in rows
            ]
        elif name != total:
            parts.append(bucket(name, value, kind))
    parts = [one for one in parts if one]
    return [*parts, unexplained(total, values.get(total), parts, kind)]


def _unusable(words, answer):
    return ChannelUnreachable(f"Amazon {words}", request_id=answer.request_id)
