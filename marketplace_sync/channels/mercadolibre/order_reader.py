"""What the adapter reads about sales: orders, shipments, missed notifications."""

import re

from ..errors import ChannelUnreachable, RetryableError, UnknownListing
from . import const, words
from .client import address, json_object
from .parcel import Parcel, from_rows

NUMBER = re.compile(r"[0-9]{1,20}")
#: Answers that are about one order or shipment, not about the account.
ABOUT_ONE = (400, 403, 404)


class NotYet(RetryableError):
    """What a notification or a search named cannot be read: try again in seconds."""


class OrderReader:
    """Reads with one :class:`~.client.Client`.

    Shipments are remembered until :meth:`forget`: the orders of a pack share one.
    """

    def __init__(self, client):
        self.client = client
        self._parcels = {}

    def forget(self):
        """Read shipments again when they are asked for next."""
        self._parcels = {}

    # --- orders ----------------------------------------------------------------------
    def order(self, order_id):
        """Return an order's JSON; what is missing from a 206 is under ``"missing"``.

        :raises NotYet: not found. A notification comes before the order can be
            read (integrators, 2026), so 404 never means *there is none*
        :raises UnknownListing: it is not this seller's
        """
        order_id = number(order_id)
        answer = self._read("get_order", const.ORDER, order_id=order_id)
        if answer.status == 404:
            text = f"Mercado Libre does not know order {order_id} (yet)."
            raise NotYet(text, code="404", retry_after=const.NOT_YET_SECONDS)
        if answer.status >= 300:
            raise UnknownListing(
                f"Mercado Libre does not let this account read order {order_id}. "
                f"{words.said(answer)}".strip(),
                code=str(answer.status),
                request_id=answer.request_id,
            )
        return self._ours(json_object(answer), order_id, answer)

    def _ours(self, body, order_id, answer):
        seller = (body.get("seller") or {}).get("id")
        if seller is not None and str(seller) != self.client.user_id:
            raise UnknownListing(f"Order {order_id} is another seller's.")
        if str(body.get("id")) != order_id or not body.get("order_items"):
            text = f"Mercado Libre answered without the lines of order {order_id}."
            raise NotYet(text, retry_after=const.NOT_YET_SECONDS)
        missing = answer.headers.get("x-content-missing") or ""
        return {**body, "missing": missing} if answer.status == 206 else body

    def search_orders(self, since, until, offset):
        """Return one page of orders that changed, and the answer that it came in.

        The filter "uses up to the hour and discards minutes and seconds"; the seller's
        own search leaves cancelled orders out; sorted by ``date_closed``
        [gerenciamento-de-vendas, 07/08/2026].
        """
        params = {
            "seller": self.client.user_id,
            "order.date_last_updated.from": hour(since),
            "sort": "date_asc",
            "offset": offset,
            "limit": const.ORDERS_LIMIT,
        }
        if until:
            params["order.date_last_updated.to"] = hour(until)
        answer = self.client.get(
            "search_orders",
            const.ORDERS_SEARCH,
            params=params,
            headers=const.NEW_FORMAT,
        )
        body = json_object(answer)
        if not isinstance(body.get("results"), list):
            raise ChannelUnreachable(
                "Mercado Libre answered a search for orders without results.",
                request_id=answer.request_id,
            )
        return body, answer

    # --- shipments -------------------------------------------------------------------
    def parcel(self, shipment_id):
        """Return a :class:`~.parcel.Parcel`, None when it cannot be read (yet).

        Where the buyer pays for shipping it also says which of our orders share it.
        """
        shipment_id = number(shipment_id)
        if shipment_id not in self._parcels:
            self._parcels[shipment_id] = self._parcel(shipment_id)
        return self._parcels[shipment_id]

    def _parcel(self, shipment_id):
        answer = self._read("get_shipment", const.SHIPMENT, shipment_id=shipment_id)
        if answer.status >= 300:
            return None
        parcel = Parcel(json_object(answer))
        if not parcel.cost:
            return parcel
        rows = self.shipment_orders(shipment_id)
        return from_rows(parcel.body, rows, self.client.user_id)

    def shipment_orders(self, shipment_id):
        """Return the rows of a shipment's orders, [] when there are none."""
        return self._rows(const.SHIPMENT_ORDERS, shipment_id=number(shipment_id))

    def forward_shipment(self, order_id):
        """Return the id of the shipment that brings an order to its buyer, or "".

        Returns stand in the same list, in any order.
        """
        rows = self._rows(const.ORDER_SHIPMENTS, order_id=number(order_id))
        found = [row for row in rows if row.get("type") == "forward" and row.get("id")]
        return str(found[0]["id"]) if found else ""

    def _rows(self, path, **names):
        """Return the array of a hosted view; 204 is an empty one."""
        answer = self._read("get_shipment", path, headers=const.NEW_DOMAIN, **names)
        if answer.status == 204 or answer.status >= 300:
            return []
        if not isinstance(answer.body, list):
            raise ChannelUnreachable(
                "Mercado Libre answered a hosted view with something else than a list.",
                request_id=answer.request_id,
            )
        return [row for row in answer.body if isinstance(row, dict)]

    def sla(self, shipment_id):
        """Return the JSON of a shipment's dispatch deadline, {} when it has none."""
        shipment_id = number(shipment_id)
        path = const.SHIPMENT_SLA
        answer = self._read("get_shipment", path, shipment_id=shipment_id)
        return json_object(answer) if answer.status < 300 else {}

    def _read(self, operation, path, headers=None, **names):
        """GET something of one sale. What refuses only this one is not raised: a forged
        hint about somebody else's order must not stop the account."""
        answer = self.client.get(
            operation,
            address(path, **names),
            headers=headers or const.NEW_FORMAT,
            accept=ABOUT_ONE,
        )
        if answer.status == 403 and words.is_account_wide(answer):
            self.client.raise_error(operation, answer)
        return answer

    # --- notifications that were lost ------------------------------------------------
    def missed(self, topic, site_id=""):
        """Yield the notifications of one topic that nobody answered in time.

        :param site_id: required for ``items``: without it the answer is 400
        """
        params = {"app_id": self.client.required("client_id"), "topic": topic}
        params.update({"site_id": site_id} if site_id else {})
        for page in range(const.MISSED_PAGES):
            paging = {"offset": page * const.MISSED_LIMIT, "limit": const.MISSED_LIMIT}
            answer = self.client.get(
                "missed_feeds", const.MISSED_FEEDS, params={**params, **paging}
            )
            messages = json_object(answer).get("messages") or []
            yield from (m for m in messages if isinstance(m, dict))
            if len(messages) < const.MISSED_LIMIT:
                return


def number(text):
    """Return an id that is safe to put into an address.

    :raises UnknownListing: it cannot be an id
    """
    text = str(text).strip()
    if not NUMBER.fullmatch(text):
        raise UnknownListing("Mercado Libre's ids of sales are numbers.")
    return text


def hour(moment):
    """Return the hour that a moment is in, as the filter wants it."""
    return f"{moment:%Y-%m-%dT%H}:00:00.000-00:00"
