"""From our refs to the channel's entries, by id or by exact SKU."""

from ..base import Problem
from .items import entries_of, is_item_id, split_ref


class Locator:
    """Finds entries with one :class:`~.reader.Reader`."""

    def __init__(self, reader):
        self.reader = reader

    def locate(self, refs):
        """Yield ``(ref, Entry or Problem)`` for each ref, in order.

        Refs without ``external_ref`` cost one search each: matching fills it.
        """
        refs = list(refs)
        candidates = [self._candidates(ref) for ref in refs]
        items = self.reader.items(item_id for found in candidates for item_id in found)
        for ref, found in zip(refs, candidates, strict=True):
            known = [items[item_id] for item_id in found if items.get(item_id)]
            yield ref, self._choose(ref, known)

    def _candidates(self, ref):
        item_id, _variation_id = split_ref(ref.external_ref)
        if not item_id:
            found = self.reader.ids_by_sku(ref.sku) if ref.sku else []
            return [item_id for item_id in found if is_item_id(item_id)]
        return [item_id] if is_item_id(item_id) else []

    def _choose(self, ref, items):
        if not ref.external_ref.strip():
            return self._by_sku(ref, items)
        if not items:
            return Problem(
                "unknown_sku",
                f"Mercado Libre has no listing {ref.external_ref} of this seller.",
            )
        _item_id, variation_id = split_ref(ref.external_ref)
        if variation_id or not items[0].get("variations"):
            return self._by_variation(ref, items[0], variation_id)
        return self._by_sku(ref, items)

    @staticmethod
    def _by_variation(ref, item, variation_id):
        for entry in entries_of(item):
            if entry.variation_id == variation_id:
                return entry
        return Problem(
            "unknown_sku",
            f"Listing {item['id']} has no variation {variation_id} any more; match the "
            "products again.",
        )

    def _by_sku(self, ref, items):
        matches = {}
        for item in sorted(items, key=lambda item: item.get("status") != "active"):
            if item.get("status") == "closed":
                continue
            for entry in entries_of(self.reader.with_skus(item)):
                if entry.sku == ref.sku:
                    matches.setdefault(entry.counter(""), entry)
        if len(matches) == 1:
            return next(iter(matches.values()))
        if matches:
            return duplicate_sku(ref.sku, matches.values())
        return Problem(
            "unknown_sku",
            f"No open listing of this seller has SELLER_SKU {ref.sku!r}.",
        )


def duplicate_sku(sku, entries):
    """Return the problem of one SKU on several user products."""
    names = ", ".join(sorted(entry.external_ref for entry in entries))
    return Problem(
        "duplicate_sku", f"Several products on Mercado Libre have SKU {sku!r}: {names}."
    )
