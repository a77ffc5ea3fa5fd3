"""Claims of the simulated Mercado Libre, and the returns that belong to them."""

from .core import Response
from .mercadolibre_errors import refuse

CLAIM_PATH = "/post-purchase/v1/claims/(?P<claim>[^/]+)"
RETURNS_PATH = "/post-purchase/v2/claims/(?P<claim>[^/]+)/returns"


def open_claim(shop, order, quantity=None, to="seller_address", status="shipped"):
    """A buyer complains; with a quantity the goods come back.

    :param to: where they go: ``seller_address``, or ``warehouse`` (Full)
    """
    claim = {
        "id": shop.next_sale_number(),
        "order": order["id"],
        "quantity": quantity,
        "to": to,
        "status": status,
    }
    shop.state.setdefault("claims", {})[str(claim["id"])] = claim
    return str(claim["id"])


def answer(shop, sales, claim_id, with_return):
    """Answer with a claim, or with its return."""
    claim = shop.state.get("claims", {}).get(claim_id)
    if claim is None or (with_return and not claim["quantity"]):
        refuse(404, f"Claim {claim_id} not found", "not_found")
    order = sales.known(str(claim["order"]))
    body = _return(claim, order) if with_return else _claim(claim)
    return Response(200, body)


def _claim(claim):
    return {
        "id": claim["id"],
        "resource_id": claim["order"],
        "status": "opened",
        "type": "mediations" if not claim["quantity"] else "return",
        "stage": "claim",
        "parent_id": None,
        "resource": "order",
        "reason_id": "PDD9549",
        "fulfilled": True,
        "quantity_type": "total",
        "claimed_quantity": claim["quantity"] or 1,
        "claim_version": 2.0,
        "players": [],
        "resolution": None,
        "site_id": "MLM",
        "date_created": "2026-11-14T08:28:44.000-04:00",
        "last_updated": "2026-11-21T05:19:22.000-04:00",
        "related_entities": ["return"] if claim["quantity"] else [],
    }


def _return(claim, order):
    item = order["order_items"][0]["item"]
    return {
        "id": claim["id"] + 1,
        "last_updated": "2026-11-20T17:26:41.704+00:00",
        "shipments": [
            {
                "shipment_id": claim["id"] + 2,
                "status": claim["status"],
                "tracking_number": None,
                "destination": {"name": claim["to"], "shipping_address": {}},
                "type": "return",
            }
        ],
        "refund_at": "delivered",
        "date_closed": None,
        "resource_type": "order",
        "date_created": "2026-11-16T16:24:26.636+00:00",
        "claim_id": claim["id"],
        "status_money": "retained",
        "resource_id": claim["order"],
        "orders": [
            {
                "order_id": claim["order"],
                "item_id": item["id"],
                "variation_id": item.get("variation_id"),
                "context_type": "total",
                "total_quantity": f"{order['order_items'][0]['quantity']}.0",
                "return_quantity": f"{claim['quantity']}.0",
            }
        ],
        "subtype": "return_total",
        "status": claim["status"],
        "related_entities": [],
        "intermediate_check": claim["to"] == "warehouse",
        "resources": [],
    }
