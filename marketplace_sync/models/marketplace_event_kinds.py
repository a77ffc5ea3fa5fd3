"""What each kind of notification is about, and how it is read back."""

import functools
from datetime import timedelta

from odoo import fields, models

from ..channels.errors import UnknownListing
from .marketplace_event import WAITING

#: A refusal or a bug is tried so often: Mercado Libre answers 404 just after a
#: notification (apis/mercadolibre/FACTS.md), a permission may be given meanwhile.
REFUSED_ATTEMPTS = 5
#: A notification about a listing that follows a push so soon (seconds) is its echo.
ECHO_SECONDS = 300


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    # === WHAT CHANNELS EXTEND ===

    def _get_event_handlers(self):
        """Return kind of event → what deals with it. Channels extend this.

        A handler gets the adapter and events of one thing, and returns the values that
        settle them. It may raise any ``ChannelError``.
        """
        return {
            "order": self._read_order_of_events,
            "shipment": self._read_orders_of_shipment,
            "listing": self._read_listings_of_events,
            "stock": self._read_listings_of_events,
            "uninstalled": self._check_uninstalled,
        }

    def _get_order_ids_of_shipment(self, adapter, external_id):
        """Return the ids of a shipment's orders. Default: it is named by its order."""
        return [external_id]

    def _find_listings_of_event(self, external_id):
        """Return the listings that a channel's id means. Channels extend this."""
        if not external_id:
            return self.env["marketplace.listing"]
        return self.env["marketplace.listing"].search(
            [
                ("account_id", "=", self.id),
                "|",
                "|",
                ("pool_key", "=", external_id),
                ("external_ref", "=", external_id),
                ("sku", "=", external_id),
            ]
        )

    def _is_order_deleted(self, event):
        """Tell whether an event says that an order is gone. Channels extend this."""
        return False

    def _receive_queued(self, adapter):
        """Store notifications that have to be fetched. Channels extend this."""

    def _get_next_event_moment(self):
        """Return when the first waiting event is due, None when none waits."""
        event = self.env["marketplace.event"].search(
            [("account_id", "=", self.id), ("state", "in", WAITING)],
            order="next_attempt_at NULLS FIRST",
            limit=1,
        )
        return event and (event.next_attempt_at or fields.Datetime.now()) or None

    # === KINDS ===

    def _ignored(self, reason):
        return {"state": "ignored", "error": reason}

    def _read_order_of_events(self, adapter, events):
        if not events[0].external_id:
            return self._ignored(self.env._("The notification names no order."))
        external_id = events[0].external_id
        order = self._get_told_of({external_id: events}).get(external_id)
        if not order:
            order = self._read_order_of_event(adapter, external_id, events)
        return self._dealt_with(order)

    def _read_orders_of_shipment(self, adapter, events):
        found = self._get_order_ids_of_shipment(adapter, events[0].external_id)
        ids = list(filter(None, found))
        if not ids:
            return self._ignored(self.env._("No order of this account is in it."))
        orders = self.env["marketplace.order"]
        for external_id in ids:
            orders |= self._read_order_of_event(adapter, external_id, events)
        return self._dealt_with(orders[:1])

    def _dealt_with(self, order):
        if order:
            return {"state": "done", "order_id": order.id}
        return self._ignored(
            self.env._(
                "An order that is not in Odoo: it is gone, or was placed before."
            )
        )

    def _read_order_of_event(self, adapter, external_id, events):
        """Read one order; return it, empty for one that we leave alone.

        A channel may not know yet what it has just notified us of: that is believed
        when it says so again and again, or has told us that the order was deleted.

        :raises UnknownListing: it does not know the order, and we don't either
        """
        told_gone = any(self._is_order_deleted(event) for event in events)
        attempts = max(events.mapped("attempt_count")) + 1
        try:
            return self._fetch_order(adapter, external_id, is_sure=told_gone)
        except UnknownListing:
            if attempts < REFUSED_ATTEMPTS:
                raise
            order = self._in_transaction(
                functools.partial(self._store_gone, external_id)
            )
            if not order:
                raise
            return order

    def _read_listings_of_events(self, adapter, events):
        """Read what the channel shows: it may have stopped a listing. Our number is not
        touched by what it shows; that is compared by the reconciliation."""
        listings = self.env["marketplace.listing"]
        for event in events:
            found = self._find_listings_of_event(event.external_id)
            listings |= found.filtered(lambda one, event=event: _is_news(one, event))
        if not listings:
            return self._ignored(
                self.env._("No listing that we publish, or the echo of our own push.")
            )
        readings = self._read_from_channel(adapter, listings)
        self._in_transaction(functools.partial(listings._store_readings, readings))
        return {"state": "done"}

    def _check_uninstalled(self, adapter, events):
        """Ask before believing it: the app may be there again.

        :raises ChannelBlockedError: it is gone
        """
        adapter.check_connection()
        return self._ignored(self.env._("The channel still lets us in."))


def _is_news(listing, event):
    """Tell whether a notification may say something about a listing that we don't
    know, and reading it disturbs nothing."""
    if listing.sync_state not in ("synced", "pending", "submitted"):
        return False
    if listing.fulfilment != "merchant" or listing.open_push_id:
        return False
    happened = event.triggered_at or event.received_at
    echo = timedelta(seconds=ECHO_SECONDS)
    pushed = listing.published_at
    return not pushed or not pushed <= happened <= pushed + echo
