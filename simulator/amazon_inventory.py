"""FBA Inventory API v1 of the simulated Amazon.

Seed: ``fba`` of a listing, ``{name: quantity}`` with the API's own names of the leaves
(``inboundWorkingQuantity``, ``pendingCustomerOrderQuantity``, ``defectiveQuantity``,
``researchingQuantityInShortTerm`` …); the listing's ``quantity`` is fulfillable. A name
that the API does not have stands beside the others, as a new bucket would;
``renamed: {old name: new name}`` renames a field of the answer.
"""

import uuid

from .amazon_dates import iso
from .amazon_listings import csv
from .core import Response

MAX_SKUS = 50
TOKEN_SECONDS = 30
RESERVED = (
    "pendingCustomerOrderQuantity",
    "pendingTransshipmentQuantity",
    "fcProcessingQuantity",
)
UNFULFILLABLE = (
    "customerDamagedQuantity",
    "warehouseDamagedQuantity",
    "distributorDamagedQuantity",
    "carrierDamagedQuantity",
    "defectiveQuantity",
    "expiredQuantity",
)
RESEARCHING = (
    "researchingQuantityInShortTerm",
    "researchingQuantityInMidTerm",
    "researchingQuantityInLongTerm",
)
INBOUND = (
    "inboundWorkingQuantity",
    "inboundShippedQuantity",
    "inboundReceivingQuantity",
)
KNOWN = (*RESERVED, *UNFULFILLABLE, *RESEARCHING, *INBOUND)


class Inventory:
    """getInventorySummaries, and what happens in Amazon's warehouses."""

    #: rows a page: about 50 were observed (#2447), the model names no number
    fba_page = 50

    def set_fba(self, sku, **quantities):
        """Change what Amazon holds of a SKU; ``fulfillableQuantity`` is the shelf's."""
        listing = self.listing(sku)
        if listing is None or listing["fulfilment"] != "channel":
            raise LookupError(f"Amazon holds no stock of {sku!r}")
        quantity = quantities.pop("fulfillableQuantity", listing["quantity"])
        fba = {**listing.get("fba", {}), **quantities}
        listing.update(fba=fba, quantity=quantity, updated_at=self.clock())

    def on_getInventorySummaries(self, request):
        """Answer with a page of what Amazon holds."""
        site = self._inventory_site(request)
        token = _one(request, "nextToken")
        skus = self._inventory_page(token) if token else self._held(request, site)
        size = self.fba_page
        page, rest = skus[:size], skus[size:]
        details = _one(request, "details") == "true"
        body = {
            "payload": {
                "granularity": {
                    "granularityType": "Marketplace",
                    "granularityId": site,
                },
                "inventorySummaries": [
                    summary(self.listing(sku), details) for sku in page
                ],
            }
        }
        if rest:
            token = f"{uuid.uuid4().hex}=="
            pages = self.state.setdefault("fba_pages", {})
            pages[token] = {"skus": rest, "at": self.clock()}
            body["pagination"] = {"nextToken": token}
        return Response(200, body)

    def _inventory_site(self, request):
        sites = csv(request, "marketplaceIds")
        self.check_marketplaces(sites, maximum=1)
        if _one(request, "granularityType") != "Marketplace":
            raise self.invalid("Invalid 'granularityType'.")
        if _one(request, "granularityId") != sites[0]:
            raise self.invalid("'granularityId' is not the marketplace.")
        return sites[0]

    def _held(self, request, site):
        wanted = csv(request, "sellerSkus")
        if len(wanted) > MAX_SKUS:
            raise self.invalid(f"At most {MAX_SKUS} 'sellerSkus' are allowed.")
        wanted = wanted or list(filter(None, [_one(request, "sellerSku")]))
        return [
            sku
            for sku, listing in self.state["listings"].items()
            if site in listing["sites"]
            and listing["fulfilment"] == "channel"
            and (not wanted or sku in wanted)
        ]

    def _inventory_page(self, token):
        page = self.state.get("fba_pages", {}).pop(token, None)
        if page is None or self.clock() - page["at"] > TOKEN_SECONDS:
            raise self.invalid("Invalid or expired 'nextToken'.")
        return page["skus"]


def summary(listing, details):
    """Return an ``InventorySummary``."""
    held = dict(listing.get("fba") or {})
    renamed = held.pop("renamed", {})
    told = {
        "asin": listing["asin"],
        "fnSku": f"X0{listing['asin'][2:]}",
        "sellerSku": listing["sku"],
        "condition": "NewItem",
        "lastUpdatedTime": iso(listing["updated_at"]),
        "productName": listing["title"],
        "totalQuantity": (listing["quantity"] or 0) + sum(held.values()),
        "stores": [],
    }
    if details:
        told["inventoryDetails"] = _renamed(_details(listing, held), renamed)
    return told


def _details(listing, held):
    researching = [{"name": n, "quantity": held.get(n, 0)} for n in RESEARCHING]
    unknown = {name: held[name] for name in held if name not in KNOWN}
    return {
        "fulfillableQuantity": listing["quantity"] or 0,
        **{name: held.get(name, 0) for name in INBOUND},
        "reservedQuantity": _group("totalReservedQuantity", RESERVED, held),
        "researchingQuantity": {
            "totalResearchingQuantity": sum(row["quantity"] for row in researching),
            "researchingQuantityBreakdown": researching,
        },
        "unfulfillableQuantity": _group(
            "totalUnfulfillableQuantity", UNFULFILLABLE, held
        ),
        **unknown,
    }


def _group(total, names, held):
    parts = {name: held.get(name, 0) for name in names}
    return {total: sum(parts.values()), **parts}


def _renamed(value, names):
    """Return the answer as it is on the day after Amazon has renamed a field."""
    if not isinstance(value, dict):
        return value
    return {names.get(k, k): _renamed(v, names) for k, v in value.items()}


def _one(request, name):
    return (request.query.get(name) or [""])[0]
