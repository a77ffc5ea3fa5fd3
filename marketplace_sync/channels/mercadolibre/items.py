"""An item's JSON, as the listings that it holds: itself, or each of its variations."""

import re
from dataclasses import dataclass

from ..base import ChannelListing, Problem
from . import const
from .stock_mode import ListingFacts

#: ``MLM123``; anything else is never put into an address.
ITEM_ID = re.compile(r"[A-Z]{3}\d+")


@dataclass(frozen=True)
class Entry:
    """One thing that has a quantity and a SKU: an item, or one variation of it.

    :param sku: "" when the channel has none, or did not say (variations in bulk)
    :param quantity: ``available_quantity``, exact only with the owner's token
    """

    item_id: str
    variation_id: str
    sku: str
    title: str
    barcode: str
    url: str
    quantity: int | None
    status: str
    sub_status: tuple
    inventory_id: str
    facts: ListingFacts

    @property
    def external_ref(self):
        return join_ref(self.item_id, self.variation_id)

    def counter(self, mode, site_code=""):
        """Return the id of the physical counter behind this entry.

        One per user product, shared by all its items; with depots one per user
        product and depot; else the entry itself.
        """
        return counter_of(
            self.facts.user_product_id, self.external_ref, mode, site_code
        )

    def data(self, mode):
        """Return what a later push wants to know, JSON types only."""
        return {
            "item_id": self.item_id,
            "variation_id": self.variation_id,
            "user_product_id": self.facts.user_product_id,
            "inventory_id": self.inventory_id,
            "stock_mode": mode,
            "site_id": self.facts.site_id,
            "logistic_type": self.facts.logistic_type,
            "shipping_tags": list(self.facts.shipping_tags),
            "has_variations": self.facts.has_variations,
            "in_family": self.facts.in_family,
            "bundle": self.facts.bundle,
            "status": self.status,
            "sub_status": list(self.sub_status),
        }


def join_ref(item_id, variation_id=""):
    """Return ``MLM1`` or ``MLM1:2``."""
    return f"{item_id}:{variation_id}" if variation_id else item_id


def split_ref(external_ref):
    """Return ``(item id, variation id or "")``."""
    item_id, _colon, variation_id = external_ref.strip().partition(":")
    return item_id, variation_id


def is_item_id(text):
    """Tell whether ``text`` can be an item's id."""
    return bool(ITEM_ID.fullmatch(text))


def counter_of(user_product_id, external_ref, mode, site_code=""):
    """Return a counter's id, see :meth:`Entry.counter`."""
    if mode == const.SELLER_WAREHOUSE:
        return f"{user_product_id}@{site_code}"
    return user_product_id or external_ref


def facts_of(data):
    """Return the facts that an earlier read left in ``ListingRef.data``.

    None when there was none, so that the item must be read first.
    """
    if not is_item_id(data.get("item_id") or "") or "logistic_type" not in data:
        return None
    return ListingFacts(
        site_id=data.get("site_id") or data["item_id"][:3],
        logistic_type=data["logistic_type"],
        shipping_tags=tuple(data.get("shipping_tags") or ()),
        user_product_id=data.get("user_product_id") or "",
        has_variations=bool(data.get("has_variations")),
        in_family=bool(data.get("in_family")),
        bundle=bool(data.get("bundle")),
    )


# --- from JSON -----------------------------------------------------------------------
def entries_of(item):
    """Return the entries of an item's JSON."""
    variations = item.get("variations") or []
    if not variations:
        return [_entry(item, item, "")]
    return [_entry(item, v, str(v.get("id"))) for v in variations]


def attribute(holder, *names):
    """Return the value of the first of several attributes, "" when absent."""
    values = {
        a.get("id"): a.get("value_name")
        for a in holder.get("attributes") or []
        if isinstance(a, dict)
    }
    return next((str(values[name]) for name in names if values.get(name)), "")


def lacks_skus(item):
    """Tell whether a variation came without its SKU (bulk does not promise them)."""
    return any(
        not attribute(variation, const.SKU_ATTRIBUTE)
        for variation in item.get("variations") or []
    )


def _entry(item, holder, variation_id):
    quantity = holder.get("available_quantity")
    return Entry(
        item_id=item["id"],
        variation_id=variation_id,
        sku=attribute(holder, const.SKU_ATTRIBUTE),
        title=item.get("title") or "",
        barcode=attribute(holder, *const.BARCODE_ATTRIBUTES),
        url=item.get("permalink") or "",
        quantity=quantity if isinstance(quantity, int) else None,
        status=item.get("status") or "",
        sub_status=tuple(item.get("sub_status") or ()),
        inventory_id=holder.get("inventory_id") or "",
        facts=_facts(item, holder),
    )


def _facts(item, holder):
    shipping = item.get("shipping") or {}
    return ListingFacts(
        site_id=item.get("site_id") or item["id"][:3],
        logistic_type=shipping.get("logistic_type") or "",
        shipping_tags=tuple(shipping.get("tags") or ()),
        user_product_id=holder.get("user_product_id") or "",
        has_variations=bool(item.get("variations")),
        in_family=bool(item.get("family_name")),
        bundle=bool(item.get("bundle")) or "bundle" in (item.get("tags") or ()),
    )


# --- to the contract -----------------------------------------------------------------
def to_listing(entry, mode, site_code, **changes):
    """Return an entry as the contract's :class:`~..base.ChannelListing`.

    :param mode: its :class:`~.stock_mode.StockMode`
    :param changes: fields that are known better (``key``, ``quantity``, ``problems``)
    """
    problems = (*problems_of(entry, mode), *changes.pop("problems", ()))
    by_channel = mode.problem == "fulfilled_by_channel"
    fields = {
        "sku": entry.sku,
        "site_code": site_code,
        "external_ref": entry.external_ref,
        "pool_key": entry.counter(mode.mode, site_code),
        "title": entry.title,
        "barcode": entry.barcode,
        "url": entry.url,
        "quantity": entry.quantity,
        "fulfilment": "channel" if by_channel else "merchant",
        "problems": problems,
        "data": entry.data(mode.mode),
    }
    return ChannelListing(**{**fields, **changes})


def problems_of(entry, mode):
    """Return what a person should know about an entry, as the channel tells it."""
    problems = []
    if not mode.writable:
        problems.append(Problem(mode.problem, mode.reason))
    if entry.status == "paused" and const.OUT_OF_STOCK not in entry.sub_status:
        problems.append(Problem("paused_on_channel", PAUSED, blocking=False))
    elif entry.status not in ("active", "paused", ""):
        problems.append(Problem("not_active", not_active(entry)))
    return problems


#: Not blocking: the number must be right on the day the seller ends the pause.
PAUSED = (
    "Paused on Mercado Libre, not for lack of stock: a quantity does not bring it "
    "back, only the seller can."
)


def not_active(entry):
    """Return words for a listing that is closed, a draft or under review."""
    detail = ", ".join(entry.sub_status)
    text = f"Not active on Mercado Libre: {entry.status}" + (
        f" ({detail})." if detail else "."
    )
    if entry.status == "closed":
        text += " If it was moved to a new listing, match the products again."
    return text


def unreadable(ref, problem):
    """Return what stands for a ref that no single listing of the channel answers."""
    return ChannelListing(
        sku=ref.sku,
        site_code=ref.site_code,
        key=ref.key,
        external_ref=ref.external_ref,
        pool_key=ref.pool_key,
        problems=(problem,),
        data=ref.data,
    )
