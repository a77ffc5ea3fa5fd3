"""The adapter's orders, shipments and notifications."""

import contextlib

from ..errors import RejectedError
from ..orders import OrderPage
from . import const, webhooks
from .claims import returns_of
from .order_reader import NotYet, OrderReader
from .orders import Account, to_order
from .shipments import Dispatch
from .sweep import Sweep, is_complete
from .values import from_epoch, in_utc, moment


class Sales:
    """Mixed into the adapter: needs ``client``, ``config``, ``clock``, ``nodes``.

    Mercado Libre has no call that cancels a sale: the seller does that on its pages.
    """

    # --- orders ----------------------------------------------------------------------
    def fetch_orders(self, since):
        """See the base class.

        **Cancelled orders are never among them**: the seller's search leaves them out.
        Read open orders again with :meth:`fetch_order` every hour.
        """
        reader = OrderReader(self.client)
        sweep, account = Sweep(reader, self.clock), self._account()
        for rows in sweep.pages(since):
            yield OrderPage([self._found(reader, row, account) for row in rows])
            reader.forget()
        yield OrderPage((), max(sweep.watermark, in_utc(since)))

    def _found(self, reader, row, account):
        """Return a search result as an order, read in full when it is not."""
        if not is_complete(row):
            # where it cannot be read, the result itself says most of it
            with contextlib.suppress(RejectedError, NotYet):
                row = {**row, **reader.order(row.get("id"))}
        return self._told(reader, row, account)

    def fetch_order(self, external_id):
        """See the base class, except that "not found" may be "not yet".

        :raises RetryableError: Mercado Libre does not know it: just after its
            notification that is normal
        :raises UnknownListing: it is another seller's
        """
        reader = OrderReader(self.client)
        return self._told(reader, reader.order(external_id), self._account())

    def _told(self, reader, body, account):
        return to_order(body, self._parcel(reader, body), account)

    @staticmethod
    def _parcel(reader, body):
        """Return an order's shipment, None when there is none or it cannot be read."""
        shipment_id = (body.get("shipping") or {}).get("id")
        if not shipment_id and body.get("status") in ("paid", "partially_refunded"):
            shipment_id = reader.forward_shipment(body["id"])
        return reader.parcel(shipment_id) if shipment_id else None

    def _account(self):
        has_depots = const.WAREHOUSE_MANAGEMENT in self.seller_tags()
        nodes = self.nodes() if has_depots else {}
        stores = {str(node): store for store, node in nodes.items() if node}
        return Account(stores, from_epoch(self.clock()))

    def fetch_shipment_orders(self, shipment_id):
        """Return the ids of our orders in a shipment: what a ``shipments`` notification
        is about. () when there are none, or it is not ours."""
        rows = OrderReader(self.client).shipment_orders(shipment_id)
        user = self.client.user_id
        ours = [row for row in rows if str(row.get("seller_id")) == user]
        found = (str(row.get("order_id")) for row in ours)
        return tuple(dict.fromkeys(filter(str.isdigit, found)))

    def fetch_ship_by(self, shipment_id):
        """Return until when a parcel must be dispatched, None when no date is told
        (Full, cancelled). One call; not part of :meth:`fetch_order`."""
        sla = OrderReader(self.client).sla(shipment_id)
        return moment(sla.get("expected_date"))

    # --- returns ---------------------------------------------------------------------
    def fetch_returns(self, external_id):
        """See the base class; ``external_id`` is a claim's."""
        yield from returns_of(self.client, external_id)

    # --- shipments -------------------------------------------------------------------
    def confirm_shipment(self, shipment):
        """See the base class. ME2 is ``not_applicable``: no call writes its state."""
        reader = OrderReader(self.client)
        return Dispatch(reader, self.clock, self.config.options).confirm(shipment)

    # --- notifications ---------------------------------------------------------------
    @classmethod
    def verify_webhook(cls, headers, body, secrets, account_ref):
        """Tell whether an **unsigned** notification is a plausible hint.

        True proves nothing: see :mod:`.webhooks`. The caller's secret path is the only
        thing that an outsider cannot know.

        :param secrets: the application's id (``client_id``; a second one while the
            application is being replaced)
        :param account_ref: the seller's user id
        """
        return webhooks.is_plausible(body, secrets, account_ref)

    @classmethod
    def parse_webhook(cls, headers, body):
        """See the base class; ``external_id`` is the number in a whitelisted resource:
        an order, shipment, item, user product, claim or payment."""
        return webhooks.to_event(body)

    def fetch_missed(self, topics=const.MISSED_TOPICS, sites=()):
        """Yield the notifications that were not answered in time, of the last 2 days.

        Empty for a topic that Mercado Libre has switched off: it keeps none of those.
        Their ``delivery_id`` is the one of the lost delivery.

        :param sites: ``MLM``, …: required with topic ``items``, one call each
        """
        reader = OrderReader(self.client)
        user, application = self.client.user_id, self.client.required("client_id")
        for topic in topics:
            for site in sites if topic == "items" else ("",):
                for note in reader.missed(topic, site):
                    mine = webhooks.ident(note.get("user_id")) == user
                    fits = webhooks.ident(note.get("application_id")) == application
                    event = webhooks.event_of(note) if mine and fits else None
                    if event:
                        yield event
