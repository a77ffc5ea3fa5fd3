"""A listing that the channel ships: its number is the channel's."""

from datetime import timedelta

from markupsafe import Markup
from odoo import api, fields, models


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    channel_stock_ids = fields.One2many(
        "marketplace.channel.stock", "listing_id", "Stock at the Channel by Day"
    )
    channel_stock_id = fields.Many2one(
        "marketplace.channel.stock",
        "Latest Stock at the Channel",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    channel_stock_read_at = fields.Datetime(
        "Asked At",
        readonly=True,
        copy=False,
        help="When the channel was last asked what it holds.",
    )
    channel_stock_error = fields.Char(readonly=True, copy=False)
    fulfillable_qty = fields.Integer(
        related="channel_stock_id.fulfillable_qty", string="Fulfillable at the Channel"
    )
    fulfillable_at = fields.Datetime(related="channel_stock_id.read_at")
    channel_stock_table = fields.Html(
        related="channel_stock_id.bucket_table", sanitize=False
    )

    def _store_channel_stock(self, stocks):
        """Keep what the channel holds of these listings.

        :param stocks: listing id → ``ChannelStock``; a listing that is missing, or of
            which the channel knows nothing, keeps its last count and says why
        """
        now = fields.Datetime.now()
        kept = self.env["marketplace.channel.stock"].sudo()
        for listing in self:
            told = stocks.get(listing.id)
            values = {"channel_stock_read_at": now, "channel_stock_error": False}
            if told is None or told.error:
                values["channel_stock_error"] = listing._get_no_stock_words(told)
            else:
                stock = kept._store(listing, told, now)
                values["channel_stock_id"] = stock.id
                kept |= stock
            listing.write(values)
        kept.listing_id._channel_stock_changed()
        self.env["marketplace.stock.review"].sudo()._propose(kept)

    def _get_no_stock_words(self, told):
        if told is not None:
            return told.error
        if self.fulfilment == "merchant":
            return False
        return self.env._("The channel was asked what it holds and did not answer.")

    def _channel_stock_changed(self):
        """Listings of other sites that are shipped from here follow."""

    @api.model
    def _is_fresh(self, moment, hours):
        """Tell whether a count is not older than so many hours."""
        return bool(moment) and moment >= fields.Datetime.now() - timedelta(hours=hours)

    # === WHY THIS NUMBER ===

    def action_explain(self):
        action = super().action_explain()
        if self.fulfilment == "channel":
            action["name"] = self.env._("What the channel holds: %s", self.sku)
        return action

    def _compute_explanation(self):
        """A listing that the channel ships is explained by the channel's buckets."""
        theirs = self.filtered(lambda listing: listing.fulfilment == "channel")
        result = super(MarketplaceListing, self - theirs)._compute_explanation()
        for listing in theirs:
            note = listing._get_channel_number_words()
            paragraph = Markup('<p class="text-muted">%s</p>') % note
            listing.explanation = paragraph + (listing.channel_stock_table or "")
        return result

    def _get_channel_number_words(self):
        self.ensure_one()
        if self.channel_stock_id:
            return self.env._(
                "The channel ships this listing and counts its stock itself; the stock "
                "of our own warehouses plays no part, and nothing is sent. Only what "
                "is fulfillable can be sold."
            )
        return self.env._(
            "The channel ships this listing and counts its stock itself; nothing is "
            "sent. Its buckets have not been read yet."
        )
