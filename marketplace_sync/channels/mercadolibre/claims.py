"""Claims, and the returns that belong to them.

``GET /post-purchase/v1/claims/{id}`` [que-es-un-reclamo, 06/05/2026] and, when goods
come back (``related_entities`` holds "return"), ``GET
/post-purchase/v2/claims/{id}/returns`` [gestionar-devoluciones, 22/12/2025].
"""

from decimal import Decimal, InvalidOperation

from ..errors import ChannelUnreachable, UnknownListing
from ..returns import ChannelReturn, ReturnLine
from . import const
from .client import address, json_object
from .items import join_ref
from .order_reader import NUMBER
from .values import moment

#: Where a parcel of a return may go; anything else is taken for us.
TO_CHANNEL, TO_SELLER = "warehouse", "seller_address"


def returns_of(client, claim_id):
    """Yield what a claim says about each order that it is about.

    :raises UnknownListing: there is no such claim, or it is about no order
    """
    claim_id = str(claim_id)
    if not NUMBER.fullmatch(claim_id):
        raise UnknownListing(f"{claim_id!r} is not the number of a claim.")
    answer = client.get("get_claim", address(const.CLAIM, claim_id=claim_id))
    claim = json_object(answer)
    if "return" in (claim.get("related_entities") or ()):
        path = address(const.CLAIM_RETURNS, claim_id=claim_id)
        answer = client.get("get_claim", path)
        yield from _returns(json_object(answer), claim, answer.request_id)
    elif claim.get("resource") == "order" and claim.get("resource_id"):
        yield _claim(claim, claim_id, answer.request_id)


def _claim(claim, claim_id, request_id):
    """A claim without goods that come back."""
    told = str(claim.get("status") or "")
    return ChannelReturn(
        external_id=f"claim {claim_id}",
        order_id=str(claim["resource_id"]),
        kind="claim",
        status="closed" if told == "closed" else "open",
        told=told,
        reason=str(claim.get("reason_id") or ""),
        opened_at=moment(claim.get("date_created")),
        updated_at=moment(claim.get("last_updated")),
        request_id=request_id,
    )


def _returns(body, claim, request_id):
    rows = [row for row in body.get("orders") or () if isinstance(row, dict)]
    by_order = {}
    for row in rows:
        by_order.setdefault(str(row.get("order_id")), []).append(row)
    if not by_order or not body.get("id"):
        raise ChannelUnreachable(
            "Mercado Libre answered without the orders of a return.",
            request_id=request_id,
        )
    told = str(body.get("status") or "")
    closed = bool(body.get("date_closed"))
    for order_id, lines in by_order.items():
        yield ChannelReturn(
            external_id=f"return {body['id']} of {order_id}",
            order_id=order_id,
            kind="return",
            # "delivered": physically back; the other words are not documented
            status="received"
            if told == "delivered"
            else "closed"
            if closed
            else "open",
            lines=tuple(map(_line, lines)),
            told=told,
            reason=str(claim.get("reason_id") or ""),
            goes_to_channel=_goes_to_channel(body),
            opened_at=moment(body.get("date_created")),
            updated_at=moment(body.get("last_updated")),
            data={"claim_id": str(body.get("claim_id") or claim.get("id") or "")},
            request_id=request_id,
        )


def _line(row):
    variation = row.get("variation_id")
    reference = join_ref(str(row.get("item_id") or ""), str(variation or ""))
    return ReturnLine("", _quantity(row.get("return_quantity")), external_ref=reference)


def _quantity(value):
    """Return units; they come as text, "1.0"."""
    try:
        units = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return units if units.is_finite() and units > 0 else Decimal(0)


def _goes_to_channel(body):
    """Tell whether every parcel ends in Mercado Libre's own warehouse."""
    shipments = [one for one in body.get("shipments") or () if isinstance(one, dict)]
    ends = {(one.get("destination") or {}).get("name") for one in shipments}
    return TO_CHANNEL in ends and TO_SELLER not in ends
