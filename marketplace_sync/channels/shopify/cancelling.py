"""Cancelling an order on Shopify: irreversible, and it refunds the buyer."""

from ..errors import ChannelBlockedError, RetryableError
from ..orders import ShipmentResult
from .documents import ORDER_CANCEL, ORDER_STATE
from .order_const import CANCEL_REASONS, DEAD_FULFILLMENTS
from .order_values import ORDER
from .reading import is_gid
from .shipments import rejected


def cancel_order(client, config, external_id, reason):
    """Return what became of asking Shopify to cancel a whole order.

    The work is done later by a job there: ``accepted`` means that it was taken on;
    the order says when it is cancelled. The goods go back to "available".

    :param reason: one of ``CANCEL_REASONS`` in any case; anything else is OTHER
    """
    if not is_gid(ORDER, external_id):
        return rejected(f"{external_id!r} is not the id of a Shopify order.")
    try:
        return _state(client, external_id) or _ask(client, config, external_id, reason)
    except ChannelBlockedError as error:
        if error.code != "ACCESS_DENIED":
            raise
        return rejected(error.message, error.code, error.request_id)


def _state(client, external_id):
    """Return a result when there is nothing to cancel, else None."""
    reply = client.execute(ORDER_STATE, {"id": external_id})
    order = reply.data.get("order")
    if not order:
        text = "Shopify has no such order (any more)."
        return rejected(text, "NOT_FOUND", reply.request_id)
    if order["cancelledAt"]:
        return ShipmentResult("already", request_id=reply.request_id)
    if any(f["status"] not in DEAD_FULFILLMENTS for f in order["fulfillments"]):
        text = "A part of the order has been sent: cancel the fulfilment in Shopify."
        return rejected(text, "FULFILLED", reply.request_id)
    return None


def _ask(client, config, external_id, reason):
    code = (reason or "").strip().upper()
    variables = {
        "orderId": external_id,
        "reason": code if code in CANCEL_REASONS else "OTHER",
        "notify": bool(config.options.get("shopify_notify_customer")),
    }
    try:
        reply = client.execute(ORDER_CANCEL, variables)
    except RetryableError:
        done = _state(client, external_id)  # the answer was lost: did it happen?
        if not done:
            raise
        return done
    payload = reply.data.get("orderCancel") or {}
    errors = payload.get("orderCancelUserErrors") or ()
    if errors:
        text = "Shopify: " + " ".join(error["message"] for error in errors)
        codes = [error.get("code") or "" for error in errors]
        outcome = "retry" if "INTERNAL_ERROR" in codes else "rejected"
        return ShipmentResult(outcome, text, codes[0], request_id=reply.request_id)
    job = (payload.get("job") or {}).get("id") or ""
    return ShipmentResult("accepted", external_id=job, request_id=reply.request_id)
