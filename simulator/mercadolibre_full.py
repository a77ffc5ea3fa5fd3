"""``/inventories/{id}/stock/fulfillment``: what Full holds of one inventory.

Seed: ``full_detail`` of a row, ``{status: quantity}``, what is there and not available;
``inventory_id`` (default: made from the counter's id).
"""

import hashlib

from .core import Response
from .mercadolibre_errors import refuse
from .mercadolibre_items import holders
from .mercadolibre_shop import FACILITY, FULL

PATH = "/inventories/(?P<inventory>[^/]+)/stock/fulfillment"


def enrol(item, holder, counter, row):
    """Give what Full holds an inventory, as its page shows ids: LCQI05831."""
    if item["shipping"]["logistic_type"] != FULL:
        return
    digest = hashlib.sha256(counter["id"].encode()).hexdigest().upper()
    known = holder.get("inventory_id") or f"SIM{digest[:6]}"
    holder["inventory_id"] = row.get("inventory_id", known)
    counter["full_detail"] = dict(
        row.get("full_detail") or counter.get("full_detail") or {}
    )


def stock(shop, inventory):
    """Answer with the stock of one inventory."""
    found = [
        (item, holder)
        for item in shop.items.values()
        for holder in holders(item)
        if holder["inventory_id"] == inventory
    ]
    if not found:
        refuse(404, f"Inventory {inventory} not found", "not_found")
    counter = shop.counter(found[0][1])
    detail = counter.get("full_detail") or {}
    available, rest = shop.shown(counter, FACILITY), sum(detail.values())
    body = {
        "inventory_id": inventory,
        "total": available + rest,
        "available_quantity": available,
        "not_available_quantity": rest,
        "not_available_detail": [
            {"status": status, "quantity": quantity}
            for status, quantity in detail.items()
        ],
        "external_references": [_reference(*pair) for pair in found],
    }
    return Response(200, body)


def _reference(item, holder):
    variation = holder["id"] if holder is not item else None
    return {"type": "item", "id": item["id"], "variation_id": variation}
