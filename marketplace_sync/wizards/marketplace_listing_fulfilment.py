"""The explained confirmation before a listing changes sides."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class MarketplaceListingFulfilment(models.TransientModel):
    """Asked before anybody turns a listing from one side to the other."""

    _name = "marketplace.listing.fulfilment"
    _description = "Change Who Ships"

    listing_ids = fields.Many2many(
        "marketplace.listing", string="Listings", required=True
    )
    fulfilment = fields.Selection(
        [("merchant", "By us"), ("channel", "By the channel")],
        "Shipped From Now On",
        required=True,
    )
    explanation = fields.Text(compute="_compute_explanation")
    is_understood = fields.Boolean("I have read this and want it")

    @api.depends("fulfilment")
    def _compute_explanation(self):
        for wizard in self:
            wizard.explanation = self._get_warning(wizard.fulfilment)

    @api.model
    def _get_warning(self, new):
        if new == "merchant":
            return self.env._(
                "A plain quantity sent to a listing that the channel ships turns its "
                "offer into one that you ship yourself: on Amazon the units in FBA are "
                "stranded, and only Seller Central brings them back. Change the offer "
                "on the channel first. The channel is read before anything is sent; "
                "while it still says that it ships, nothing is sent, whatever is "
                "chosen here."
            )
        return self.env._(
            "From now on nothing is sent for this listing: the channel keeps showing "
            "the last number that it was given until its own stock arrives, so set it "
            "to 0 first if those units are gone. The stock of our own warehouses plays "
            "no part in it any more. Change the offer on the channel first: it is read "
            "at once, and its word counts."
        )

    def action_confirm(self):
        """Change sides, when the person says that the consequences are understood."""
        self.ensure_one()
        if not self.is_understood:
            raise UserError(
                self.env._("Read what this does, and tick the box if you want it.")
            )
        self.listing_ids._turn_fulfilment(self.fulfilment)
        return {"type": "ir.actions.act_window_close"}
