"""Shared case: a listing that the channel ships, and days that pass."""

from contextlib import contextmanager
from datetime import timedelta

from freezegun import freeze_time
from odoo import fields

from .push_case import PushCase

FULFILLABLE = "fulfillableQuantity"
ALL_BUCKETS = {
    FULFILLABLE: (21, "sellable"),
    "inboundWorkingQuantity": (10, "inbound"),
    "inboundShippedQuantity": (20, "inbound"),
    "inboundReceivingQuantity": (5, "inbound"),
    "pendingCustomerOrderQuantity": (3, "reserved"),
    "pendingTransshipmentQuantity": (4, "reserved"),
    "fcProcessingQuantity": (1, "reserved"),
    "customerDamagedQuantity": (2, "unfulfillable"),
    "expiredQuantity": (6, "unfulfillable"),
    "researchingQuantityInMidTerm": (7, "researching"),
}


class ChannelStockCase(PushCase):
    def make_held(self, sku="FBA", stock=0, held=None, site=None, **values):
        """A listing that the channel ships; it holds 21 of everything sellable."""
        self.shelf.fulfilled.add(sku)
        self.shelf.held[sku] = ALL_BUCKETS if held is None else held
        return self.make_listing(
            sku, stock=stock, site=site, fulfilment="channel", **values
        )

    def hold(self, listing, **units):
        """Change what the channel holds: ``fulfillable=5, lost=2`` …"""
        names = {
            "fulfillable": (FULFILLABLE, "sellable"),
            "reserved": ("pendingCustomerOrderQuantity", "reserved"),
            "inbound": ("inboundShippedQuantity", "inbound"),
            "defective": ("defectiveQuantity", "unfulfillable"),
            "customer_damaged": ("customerDamagedQuantity", "unfulfillable"),
            "lost": ("lost", "unfulfillable"),
            "researching": ("researchingQuantityInMidTerm", "researching"),
        }
        self.shelf.held[listing.sku] = {
            names[name][0]: (quantity, names[name][1])
            for name, quantity in units.items()
        }

    def count(self, listings):
        """Read as the button does."""
        listings.action_read_channel_stock()

    def rows(self, listing):
        return self.env["marketplace.channel.stock"].search(
            [("listing_id", "=", listing.id)]
        )

    @contextmanager
    def days_later(self, days):
        now = fields.Datetime.now() + timedelta(days=days)
        with freeze_time(now):
            yield
