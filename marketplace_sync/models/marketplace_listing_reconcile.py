"""A listing as reconciliation sees it."""

from odoo import api, fields, models

from ..engine import state as engine_state
from .tools import update_many


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    reconciled_at = fields.Datetime(
        "Compared At",
        readonly=True,
        copy=False,
        help="When what the channel shows was last compared with what it should show.",
    )
    reconciled_run = fields.Integer(
        readonly=True, copy=False, help="Number of the run that compared it last."
    )
    look_again_at = fields.Datetime(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="A number was on its way at the first look: a second one decides.",
    )
    finding_ids = fields.One2many(
        "marketplace.reconciliation.line", "listing_id", "Findings"
    )
    finding_count = fields.Integer(compute="_compute_finding_count")

    def _compute_finding_count(self):
        counts = dict(
            self.env["marketplace.reconciliation.line"]
            .sudo()
            ._read_group(
                [("listing_id", "in", self.ids), ("state", "=", "open")],
                ["listing_id"],
                ["__count"],
            )
        )
        for listing in self:
            listing.finding_count = counts.get(listing._origin, 0)

    def action_open_findings(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_reconciliation_line_action"
            ),
            "domain": [("listing_id", "=", self.id)],
            "context": {"search_default_open": 1},
        }

    @api.model
    def _send_again(self, shown):
        """Have the right number sent by the normal way; return the ids that will be.

        :param shown: listing id → what the channel shows: that is what is published
            now, so that only a real difference is sent
        """
        listings = self.browse(shown).filtered(
            lambda listing: (
                listing.sync_state in engine_state.MOVABLE
                and not listing.block_code
                and not listing.open_push_id
                and listing.fulfilment == "merchant"
            )
        )
        now = fields.Datetime.now()
        update_many(
            self,
            [
                {
                    "id": listing.id,
                    "published_qty": shown[listing.id],
                    "is_uncertain": False,
                    "sync_state": "pending"
                    if shown[listing.id] != listing.sellable_qty
                    else "synced",
                    "pending_since": now,
                    "attempt_count": 0,
                    "next_attempt_at": None,
                    "last_error": None,
                }
                for listing in listings
            ],
            columns=(
                "published_qty",
                "is_uncertain",
                "sync_state",
                "pending_since",
                "attempt_count",
                "next_attempt_at",
                "last_error",
            ),
        )
        return set(listings.ids)
