"""Reading from Shopify, 250 at a time."""

from .const import MAX_ROWS, PROBLEM_WORDS, SKUS_PER_SEARCH
from .documents import LEVELS, VARIANTS_BY_ID, VARIANTS_PAGE
from .reading import (
    ITEM,
    LOCATION,
    VARIANT,
    is_gid,
    level_of,
    listing_of,
    missing_listing,
)


def chunks(items, size):
    """Yield ``items`` in lists of at most ``size``, each item once."""
    items = list(dict.fromkeys(items))
    for start in range(0, len(items), size):
        yield items[start : start + size]


def grouped(items, key):
    """Return ``{key: [items]}`` in order of appearance."""
    groups = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def search_of(skus):
    """Return a search for SKUs: values quoted, so that no SKU is read as syntax.

    https://shopify.dev/docs/api/usage/search-syntax
    """
    quoted = (sku.replace("\\", "\\\\").replace("'", "\\'") for sku in skus)
    return " OR ".join(f"sku:'{sku}'" for sku in quoted)


class Lookup:
    """Reads levels and variants through a :class:`~.client.ShopifyClient`."""

    def __init__(self, client):
        self.client = client

    def levels(self, pairs):
        """Return ``{(item, location): Level}``; one call per location and 250 items."""
        found = {}
        for location, group in grouped(pairs, lambda pair: pair[1]).items():
            for ids in chunks((item for item, _location in group), MAX_ROWS):
                reply = self.client.execute(LEVELS, {"ids": ids, "loc": location})
                for item, node in zip(ids, reply["nodes"], strict=True):
                    found[item, location] = level_of(node, reply.request_id)
        return found

    def all_variants(self, location):
        """Yield every variant of the shop as a listing of ``location``."""
        variables = {"loc": location, "q": None}
        for nodes, reply in self.client.pages(VARIANTS_PAGE, variables):
            for variant in nodes:
                yield listing_of(variant, location, reply.request_id)

    def variants_by_sku(self, skus, location):
        """Return ``{sku: [(variant, request id)]}``, compared exactly.

        Shopify's search ignores case and finds parts, so that two searches may find
        the same variant.
        """
        found = {}
        for some in chunks(filter(None, skus), SKUS_PER_SEARCH):
            variables = {"loc": location, "q": search_of(some)}
            for nodes, reply in self.client.pages(VARIANTS_PAGE, variables):
                for variant in nodes:
                    same = found.setdefault(variant["sku"], {})
                    same[variant["id"]] = (variant, reply.request_id)
        return {sku: list(variants.values()) for sku, variants in found.items()}

    def items_by_sku(self, skus, location):
        """Return ``{sku: [inventory item ids]}``."""
        found = self.variants_by_sku(skus, location)
        return {
            sku: list(dict.fromkeys(v["inventoryItem"]["id"] for v, _id in variants))
            for sku, variants in found.items()
        }

    # --- what refs show now ---------------------------------------------------
    def listings(self, refs):
        """Yield one :class:`ChannelListing` per ref."""
        for location, group in grouped(refs, lambda ref: ref.site_code).items():
            if not is_gid(LOCATION, location):
                text = f"{location!r} is not the id of a Shopify location."
                for ref in group:
                    yield missing_listing(ref, "inactive_level", text)
                continue
            for start in range(0, len(group), MAX_ROWS):
                yield from self._listings_of(group[start : start + MAX_ROWS], location)

    def _listings_of(self, refs, location):
        """Yield by remembered variant; by SKU where that does not answer."""
        known = self._variants_by_id(refs, location)
        unanswered = []
        for ref in refs:
            variant, request_id = known.get(ref.data.get("variant"), (None, ""))
            if variant and ref.external_ref in ("", variant["inventoryItem"]["id"]):
                yield listing_of(variant, location, request_id, ref)
            else:
                unanswered.append(ref)
        if unanswered:
            by_sku = self.variants_by_sku([r.sku for r in unanswered], location)
            for ref in unanswered:
                yield _listing_by_sku(ref, by_sku.get(ref.sku) or (), location)

    def _variants_by_id(self, refs, location):
        wanted = [ref.data.get("variant") for ref in refs]
        wanted = [gid for gid in wanted if is_gid(VARIANT, gid)]
        found = {}
        for ids in chunks(wanted, MAX_ROWS):
            reply = self.client.execute(VARIANTS_BY_ID, {"ids": ids, "loc": location})
            for node in reply["nodes"]:
                if node and node["__typename"] == "ProductVariant":
                    found[node["id"]] = (node, reply.request_id)
        return found


def _listing_by_sku(ref, candidates, location):
    """Return the one candidate that ``ref`` can mean, else say why there is none."""
    pinned = is_gid(ITEM, ref.external_ref)
    if pinned:
        candidates = [
            (variant, request_id)
            for variant, request_id in candidates
            if variant["inventoryItem"]["id"] == ref.external_ref
        ]
    if not candidates:
        text = PROBLEM_WORDS["unknown_sku"]
        if pinned:
            text = "The product of this listing no longer exists under this SKU."
        return missing_listing(ref, "unknown_sku", text)
    variant, request_id = candidates[0]
    if len(candidates) > 1 and not pinned:
        return missing_listing(ref, "duplicate_sku", request_id=request_id)
    return listing_of(variant, location, request_id, ref)
