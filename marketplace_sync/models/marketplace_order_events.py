"""What the channel notified about an order, from the order."""

from odoo import fields, models
from odoo.fields import Domain

USER = "marketplace_sync.marketplace_sync_group_user"


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    event_count = fields.Integer("Events", compute="_compute_event_counts", groups=USER)
    event_failed_count = fields.Integer(
        "Failed Events", compute="_compute_event_counts", groups=USER
    )

    def _compute_event_counts(self):
        # Two small queries an order: only the form of one order shows them.
        Event = self.env["marketplace.event"]
        for order in self:
            named = order._get_event_domain()
            order.event_count = Event.search_count(named)
            order.event_failed_count = Event.search_count(
                named & Domain("state", "=", "failed")
            )

    def _get_event_domain(self):
        """Return which events named this order: those that were dealt with are linked
        with it, also those of its shipments; one that waits or failed carries only the
        channel's id."""
        waits = (
            Domain("account_id", "=", self.account_id.id)
            & Domain("kind", "=", "order")
            & Domain("external_id", "=", self.external_id)
        )
        return Domain("order_id", "=", self.id) | waits

    def action_open_events(self):
        """Show the notifications that named this order."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_event_action"
            ),
            "domain": self._get_event_domain(),
            "context": {},
        }
