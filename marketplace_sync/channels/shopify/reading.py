"""What Shopify's answers mean in our words. No calls here."""

import re
from dataclasses import dataclass

from ..base import ChannelListing, Problem
from .const import NOT_BLOCKING, PROBLEM_WORDS

ITEM = re.compile(r"gid://shopify/InventoryItem/\d+")
LOCATION = re.compile(r"gid://shopify/Location/\d+")
VARIANT = re.compile(r"gid://shopify/ProductVariant/\d+")


def is_gid(kind, text):
    """Tell whether ``text`` is an id that Shopify can parse.

    One malformed id in a list fails the whole call.
    """
    return bool(kind.fullmatch(text or ""))


def problem(code, text=""):
    """Return a :class:`Problem` in this channel's words."""
    return Problem(code, text or PROBLEM_WORDS[code], code not in NOT_BLOCKING)


def available_of(level):
    """Return the ``available`` quantity of an inventory level, None without one."""
    quantities = (level or {}).get("quantities") or ()
    return next((q["quantity"] for q in quantities if q["name"] == "available"), None)


def pool_key(item, location):
    """Return the id of the counter: one per inventory item and location."""
    return f"{item}|{location}"


# --- for a push ---------------------------------------------------------------
@dataclass(frozen=True)
class Level:
    """One (item, location) pair before a write.

    :param available: what Shopify shows; None only with a ``problem``
    """

    available: int | None = None
    problem: Problem | None = None
    request_id: str = ""


def level_of(node, request_id):
    """Return the :class:`Level` in an ``InventoryItem`` node (None: unknown id)."""
    if not node or node.get("__typename") != "InventoryItem":
        text = "Shopify has no such inventory item (any more)."
        return Level(problem=problem("unknown_sku", text), request_id=request_id)
    found = _level_problems(node)
    available = available_of(node["inventoryLevel"])
    if not found and available is None:
        found = [problem("inactive_level")]
    return Level(None if found else available, found[0] if found else None, request_id)


def _level_problems(item):
    found = []
    if not item["tracked"]:
        found.append(problem("untracked"))
    if not (item["inventoryLevel"] or {}).get("isActive"):
        found.append(problem("inactive_level"))
    return found


# --- for matching and comparing -----------------------------------------------
def listing_of(variant, location, request_id, ref=None):
    """Return a variant at a location as a :class:`ChannelListing`.

    :param ref: the :class:`ListingRef` that asked, None when discovered
    """
    item = variant["inventoryItem"]
    return ChannelListing(
        sku=ref.sku if ref else variant["sku"] or "",
        site_code=location,
        key=ref.key if ref else "",
        external_ref=item["id"],
        pool_key=pool_key(item["id"], location),
        title=variant["displayName"] or "",
        barcode=variant["barcode"] or "",
        quantity=available_of(item["inventoryLevel"]),
        problems=tuple(_problems(variant, ref)),
        data={"variant": variant["id"], "product": variant["product"]["id"]},
        request_id=request_id,
    )


def _problems(variant, ref):
    item = variant["inventoryItem"]
    yield from _sku_problems(variant, ref)
    if variant["requiresComponents"]:
        yield problem("bundle")
    yield from _level_problems(item)
    if variant["inventoryPolicy"] == "CONTINUE":
        yield problem("continue_selling")
    status = variant["product"]["status"]
    if status != "ACTIVE":
        yield problem("not_active", f"The product is {status.lower()} on Shopify.")


def _sku_problems(variant, ref):
    sku = variant["sku"] or ""
    if not sku:
        yield problem("unknown_sku", "This variant has no SKU on Shopify.")
    elif ref and sku != ref.sku:
        text = f"The SKU of this variant is now {sku} on Shopify."
        yield problem("unknown_sku", text)
    elif variant["inventoryItem"]["duplicateSkuCount"]:
        found = problem("duplicate_sku")
        # a ref that names the item is not in doubt, a SKU alone is
        sure = bool(ref and ref.external_ref)
        yield Problem(found.code, found.text, blocking=not sure)


def missing_listing(ref, code, text="", request_id=""):
    """Return the answer for a ref that Shopify does not know, or knows twice."""
    return ChannelListing(
        sku=ref.sku,
        site_code=ref.site_code,
        key=ref.key,
        external_ref=ref.external_ref,
        problems=(problem(code, text),),
        request_id=request_id,
    )
