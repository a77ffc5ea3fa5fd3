"""confirmShipment (Orders API v0): telling Amazon that a parcel has left.

``packageReferenceId`` makes it safe to repeat: the same id edits the same package
(docs/confirm-the-shipment-status). Only the status 204 is a yes.
"""

from dataclasses import replace
from decimal import Decimal

from ..errors import ChannelBlockedError, RejectedError
from ..orders import ShipmentResult
from .const import OTHER_CARRIER
from .orders import iso


def confirm(transport, reader, shipment, default_site="", is_correction=False):
    """Tell a shipment; what Amazon refuses is compared with what it already knows.

    :param reader: an :class:`~.order_reading.OrderReader`
    :param is_correction: the parcel is known and changes: that its order is shipped
        is no sign that the change was taken
    """
    site = shipment.data.get("marketplace") or shipment.site_code or default_site
    problem = problem_of(shipment, site)
    if problem:
        return ShipmentResult("rejected", error=problem[1], code=problem[0])
    try:
        answer = transport.call(
            "confirmShipment", shipment.order_id, **confirmation_of(shipment, site)
        )
    except RejectedError as error:
        return _after_refusal(reader, shipment, error, is_correction)
    return ShipmentResult(
        "accepted", external_id=shipment.package_ref, request_id=answer.request_id
    )


def confirmation_of(shipment, site):
    """Return the body of the call."""
    package = {
        "packageReferenceId": shipment.package_ref,
        "carrierCode": shipment.carrier_code or OTHER_CARRIER,
        "trackingNumber": shipment.tracking_number,
        "shipDate": iso(shipment.shipped_at),
        "orderItems": [
            {"orderItemId": item, "quantity": int(units)}
            for item, units in shipment.lines
        ],
    }
    if shipment.carrier_name:
        package["carrierName"] = shipment.carrier_name
    if shipment.shipping_method:
        package["shippingMethod"] = shipment.shipping_method
    return {"marketplaceId": site, "packageDetail": package}


def problem_of(shipment, site):
    """Return ``(code, words)`` why Amazon would refuse a shipment, None when not."""
    ref = shipment.package_ref
    if not (ref.isascii() and ref.isdigit() and int(ref) > 0):
        return "package_ref", f"Amazon numbers parcels 1, 2, 3 …, not “{ref}”."
    if not site:
        return "marketplace", "It is not known on which marketplace this was sold."
    if not shipment.tracking_number.strip():
        return "tracking", "Amazon takes no shipment without a tracking number."
    other = (shipment.carrier_code or OTHER_CARRIER).lower() == OTHER_CARRIER.lower()
    if other and not shipment.carrier_name.strip():
        return "carrier", "Amazon wants a carrier's code, or its name at least."
    units = [Decimal(units) for _item, units in shipment.lines]
    if not units or any(one <= 0 or one != int(one) for one in units):
        return "quantity", "A parcel to Amazon holds whole units, one at least."
    return None


def _after_refusal(reader, shipment, error, is_correction):
    """Read the order: a refusal of what has happened already is no failure."""
    refused = ShipmentResult(
        "rejected",
        error=error.message,
        code=error.code or "",
        request_id=error.request_id or "",
    )
    try:
        order, told = reader.one(shipment.order_id, extra_parts=("PACKAGES",))
    except (RejectedError, ChannelBlockedError):
        return refused
    is_done = order.status == "shipped" and not is_correction
    if is_done or _is_known(told, shipment):
        return ShipmentResult(
            "already",
            code=refused.code,
            external_id=shipment.package_ref,
            request_id=refused.request_id,
        )
    if order.status == "cancelled":
        words = f"This order is cancelled on Amazon. {refused.error}"
        return replace(refused, error=words)
    return refused


def _is_known(told, shipment):
    """Tell whether Amazon lists this parcel: by our number and the carrier's."""
    return any(
        package.get("packageReferenceId") == shipment.package_ref
        and package.get("trackingNumber") == shipment.tracking_number
        for package in told.get("packages") or ()
    )
