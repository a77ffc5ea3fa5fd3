"""Telling Mercado Libre that a parcel has left, where that is the seller's to tell.

ME2: never, the channel moves its parcels itself. ME1: ``v2 seller_notifications``.
Custom: ``PUT /shipments/{id}``. A shipment is told as a whole: the first parcel of
several tells it, those after it find it told.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from ..errors import RetryableError
from ..orders import ShipmentResult
from . import const, words
from .client import address
from .values import from_epoch, in_utc, moment, text_of

MOVED_BY_CHANNEL = "Mercado Libre moves this parcel itself and tells its state."
NO_SHIPMENT = "This sale has no shipment on Mercado Libre: delivery is agreed."
NOT_YET = "Mercado Libre has not made this sale's shipment yet."
NOT_TO_BE_TOLD = (
    "On this country's site Mercado Libre takes no shipping news for deliveries that "
    "the seller arranges; tell the buyer."
)
NO_SERVICE = "Mercado Libre names no ME1 service for site {site}."
NO_TRACKING = (
    "Mercado Libre wants a tracking number for a parcel that the seller sends on its "
    "own. Enter it on the delivery."
)
NO_RECEIVER = "Mercado Libre does not tell the shipment's receiver; tell it there."
CANCELLED = "The shipment was cancelled on Mercado Libre: do not send it."
UNKNOWN_MODE = "Mercado Libre calls this kind of shipment “{mode}”: tell it there."
#: Answers to a write that are about this shipment only.
REFUSED = (400, 403, 404, 409, 422)


class Dispatch:
    """Tells one shipment.

    :param reader: an :class:`~.order_reader.OrderReader`
    :param options: the account's settings; ``custom_speed_hours`` is what the buyer is
        promised for custom shipments: never sent unless somebody set it
    """

    def __init__(self, reader, clock, options):
        self.reader = reader
        self.client = reader.client
        self.now = from_epoch(clock())
        self.options = options

    def confirm(self, shipment):
        """Return the contract's result; reads before it writes, so it may be repeated.

        :raises RetryableError: the channel did not answer; whether it took the news
            will be seen by reading
        """
        parcel = self._parcel(shipment.order_id)
        if isinstance(parcel, ShipmentResult):
            return parcel
        told = self._without_telling(parcel)
        if told:
            return told
        site = parcel.site_id or str(shipment.data.get("site_id") or "")
        if parcel.mode == const.ME1:
            return self._me1(shipment, parcel, site)
        return self._custom(shipment, parcel, site)

    # --- what there is ---------------------------------------------------------------
    def _parcel(self, order_id):
        shipment_id = self.reader.forward_shipment(order_id)
        if not shipment_id:
            shipment_id = self._named_by(order_id)
        if isinstance(shipment_id, ShipmentResult):
            return shipment_id
        return self.reader.parcel(shipment_id) or waiting()

    def _named_by(self, order_id):
        """Return the shipment that the order itself names, or what its lack means."""
        body = self.reader.order(order_id)
        shipment_id = (body.get("shipping") or {}).get("id")
        if shipment_id:
            return str(shipment_id)
        since = moment(body.get("date_closed")) or moment(body.get("date_created"))
        grace = timedelta(seconds=const.SHIPMENT_GRACE_SECONDS)
        if since and self.now - since < grace:
            return waiting()
        return ShipmentResult("not_applicable", NO_SHIPMENT, "no_shipment")

    @staticmethod
    def _without_telling(parcel):
        """Return the result where there is nothing to tell, else None."""
        if parcel.mode == const.ME2 or parcel.is_full:
            text = MOVED_BY_CHANNEL
            return ShipmentResult("not_applicable", text, "me2", parcel.id)
        if parcel.has_left:
            return ShipmentResult("already", external_id=parcel.id)
        if parcel.status == "cancelled":
            return ShipmentResult("rejected", CANCELLED, "cancelled", parcel.id)
        if parcel.mode not in (const.ME1, const.CUSTOM):
            text = UNKNOWN_MODE.format(mode=parcel.mode)
            return ShipmentResult("rejected", text, "unknown_mode", parcel.id)
        return None

    # --- ME1 -------------------------------------------------------------------------
    def _me1(self, shipment, parcel, site):
        service = const.ME1_SERVICES.get(site)
        if not service:
            text = NO_SERVICE.format(site=site or "?")
            return ShipmentResult("rejected", text, "no_service", parcel.id)
        body = {
            "payload": {
                "service_id": service,
                "comment": comment_of(shipment),
                "date": text_of(self._date(shipment, parcel)),
            },
            **tracking_of(shipment),
            "status": "shipped",
            # Must be there: null, not the text "null".
            "substatus": None,
        }
        return self._tell("POST", const.SELLER_NOTIFICATIONS, parcel, body)

    def _date(self, shipment, parcel):
        """Return when it left: not before the shipment was made (refused), not later
        than now."""
        left = min(in_utc(shipment.shipped_at), self.now)
        return max(left, parcel.created_at or left)

    # --- custom ----------------------------------------------------------------------
    def _custom(self, shipment, parcel, site):
        problem = None
        if site not in const.CUSTOM_SITES:
            return ShipmentResult("not_applicable", NOT_TO_BE_TOLD, "custom", parcel.id)
        if not shipment.tracking_number:
            problem = (NO_TRACKING, "no_tracking_number")
        elif not parcel.receiver_id:
            problem = (NO_RECEIVER, "no_receiver")
        if problem:
            return ShipmentResult("rejected", *problem, parcel.id)
        body = {
            "status": "shipped",
            "tracking_number": shipment.tracking_number,
            "receiver_id": parcel.receiver_id,
        }
        hours = self.options.get("custom_speed_hours")
        body.update({"speed": int(hours)} if hours else {})
        body.update({"comments": c} if (c := comment_of(shipment)) else {})
        return self._tell("PUT", const.SHIPMENT, parcel, body)

    # --- the call --------------------------------------------------------------------
    def _tell(self, method, path, parcel, body):
        path = address(path, shipment_id=parcel.id)
        answer = self.client.call(
            "put_shipment",
            method,
            path,
            json=body,
            headers=const.NEW_FORMAT,
            accept=REFUSED,
        )
        if answer.status < 300:
            return ShipmentResult(
                "accepted", external_id=parcel.id, request_id=answer.request_id
            )
        if answer.status == 403 and words.is_account_wide(answer):
            self.client.raise_error("put_shipment", answer)
        if answer.status == 409:
            raise RetryableError("Mercado Libre was busy with this shipment.")
        code = (words.codes(answer) or [str(answer.status)])[-1]
        text = f"Mercado Libre refused: {words.said(answer) or answer.status}"
        return ShipmentResult("rejected", text, code, parcel.id, answer.request_id)


def waiting():
    """Return the result of a sale whose shipment does not exist yet."""
    return ShipmentResult("retry", NOT_YET, "no_shipment")


def tracking_of(shipment):
    """Return number and address of the tracking page: both, or neither."""
    url = urlsplit(shipment.tracking_url or "")
    is_page = url.scheme in ("http", "https") and url.netloc
    if not (shipment.tracking_number and is_page):
        return {}
    return {
        "tracking_number": shipment.tracking_number,
        "tracking_url": shipment.tracking_url,
    }


def comment_of(shipment):
    """Return carrier and number in words, which stay when the pair cannot go."""
    return " ".join(filter(None, (shipment.carrier_name, shipment.tracking_number)))
