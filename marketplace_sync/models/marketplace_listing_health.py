"""What a listing's screens ask about it, beside its number."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    account_state = fields.Selection(related="account_id.state", tracking=False)
    push_line_ids = fields.One2many(
        "marketplace.push.line", "listing_id", "Sent Quantities"
    )
    remark = fields.Char(
        compute="_compute_remark", help="What is wrong, else what to know."
    )
    site_warehouse_names = fields.Char(
        "Warehouses", compute="_compute_site_warehouse_names"
    )
    is_mismatch = fields.Boolean(
        "Mismatch",
        compute="_compute_is_mismatch",
        search="_search_is_mismatch",
        help="What we believe that the channel shows is not what it must show, or the "
        "channel, when it was last read, showed something else.",
    )

    @api.depends("last_error", "warning")
    def _compute_remark(self):
        for listing in self:
            listing.remark = listing.last_error or listing.warning

    @api.depends("site_id.warehouse_ids")
    def _compute_site_warehouse_names(self):
        """Name the warehouses, also for a person who may not read warehouses."""
        for listing in self:
            warehouses = listing.site_id.sudo().warehouse_ids
            listing.site_warehouse_names = ", ".join(warehouses.mapped("name"))

    @api.depends(
        "fulfilment",
        "sellable_qty",
        "published_qty",
        "published_at",
        "channel_qty",
        "channel_qty_at",
    )
    def _compute_is_mismatch(self):
        for listing in self:
            listing.is_mismatch = listing._has_mismatch()

    def _has_mismatch(self):
        """Compare only what is known: a read from before the last push says nothing
        (and the first read is what is published)."""
        if self.fulfilment == "channel" or not self.published_at:
            return False
        if self.published_qty != self.sellable_qty:
            return True
        is_read_since = self.channel_qty_at and self.channel_qty_at > self.published_at
        return bool(is_read_since) and self.channel_qty != self.published_qty

    @api.model
    def _search_is_mismatch(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.flush_model()
        return Domain.custom(
            to_sql=lambda _model, alias, _query: self._sql_mismatch(
                SQL.identifier(alias)
            )
        )

    @api.model
    def _sql_mismatch(self, table):
        return SQL(
            """(
                %(t)s.fulfilment = 'merchant'
                AND %(t)s.published_at IS NOT NULL
                AND (
                    COALESCE(%(t)s.published_qty, 0) != COALESCE(%(t)s.sellable_qty, 0)
                    OR (
                        %(t)s.channel_qty_at > %(t)s.published_at
                        AND COALESCE(%(t)s.channel_qty, 0)
                            != COALESCE(%(t)s.published_qty, 0)
                    )
                )
            )""",
            t=table,
        )
