from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class MarketplaceListingMatchLine(models.TransientModel):
    """One listing of the channel, and the product that it seems to be."""

    _name = "marketplace.listing.match.line"
    _description = "Match a Marketplace Listing"
    _order = "sku, id"
    _rec_name = "sku"
    _transient_max_hours = 24.0

    match_id = fields.Many2one(
        "marketplace.listing.match", required=True, ondelete="cascade", index=True
    )
    account_id = fields.Many2one(related="match_id.account_id")
    company_id = fields.Many2one(related="match_id.account_id.company_id")
    sku = fields.Char("SKU", readonly=True)
    title = fields.Char(readonly=True)
    site_id = fields.Many2one("marketplace.site", ondelete="cascade", readonly=True)
    site_name = fields.Char("Site Name", related="site_id.name")
    external_ref = fields.Char("Channel Reference", readonly=True)
    pool_key = fields.Char(readonly=True)
    channel_url = fields.Char(readonly=True)
    fulfilment = fields.Selection(
        [("merchant", "By us"), ("channel", "By the channel")], readonly=True
    )
    quantity = fields.Integer("Shows", readonly=True)
    is_quantity_known = fields.Boolean(readonly=True)
    channel_data = fields.Json(readonly=True)
    product_id = fields.Many2one("product.product", ondelete="cascade")
    listing_id = fields.Many2one("marketplace.listing", ondelete="cascade")
    status = fields.Selection(
        [
            ("person", "Needs a Person"),
            ("matched", "Matched"),
            ("channel", "Fulfilled by the Channel"),
            ("nothing", "Needs Nothing"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Text("Why", readonly=True)
    is_possible = fields.Boolean(readonly=True)
    is_selected = fields.Boolean("Create")

    @api.onchange("product_id")
    def _onchange_product_id(self):
        """Tick a line for which a person chose a product."""
        self.is_selected = bool(self.product_id) and self.is_possible

    # === CREATING ===

    def action_create_listings(self):
        """Create a listing for each of these lines, ticked or not."""
        return self._create_listings()

    def _create_listings(self):
        """Create the listings; they are read from the channel before the first push."""
        lines = self.filtered(
            lambda line: line.is_possible and line.product_id and line.site_id
        )
        if not lines:
            raise UserError(
                self.env._(
                    "Nothing to create: choose a product for at least one listing, and "
                    "tick it."
                )
            )
        lines._check_no_double()
        context = {"tracking_disable": True}
        listings = self.env["marketplace.listing"].with_context(**context)
        listings.create([line._get_listing_values() for line in lines._get_new()])
        for line in lines.filtered("listing_id"):
            line.listing_id.product_id = line.product_id
        return lines._get_done_action()

    def _check_no_double(self):
        """Refuse two lines of one SKU on one site: only one listing can have it."""
        seen = set()
        for line in self:
            key = line.site_id.id, line.sku
            if key in seen:
                raise UserError(
                    self.env._(
                        "The SKU “%(sku)s” is ticked twice for %(site)s. Keep one.",
                        sku=line.sku,
                        site=line.site_id.display_name,
                    )
                )
            seen.add(key)

    def _get_new(self):
        """Return the lines whose listing does not exist; somebody else may have made
        it since the channel was read."""
        domain = Domain("account_id", "in", self.account_id.ids)
        listings = self.env["marketplace.listing"].with_context(active_test=False)
        known = {
            (listing.site_id.id, listing.sku)
            for listing in listings.search_fetch(domain, ["site_id", "sku"])
        }
        return self.filtered(lambda line: (line.site_id.id, line.sku) not in known)

    def _get_listing_values(self):
        values = {
            "site_id": self.site_id.id,
            "sku": self.sku,
            "product_id": self.product_id.id,
            "external_ref": self.external_ref,
            "fulfilment": self.fulfilment or "merchant",
            "title": self.title,
            "channel_url": self.channel_url,
            "channel_data": self.channel_data,
        }
        if self.pool_key:
            values["pool_key"] = self.pool_key
        return values

    def _get_done_action(self):
        account = self.account_id
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%s listings are linked. They are read from the channel now.",
                    len(self),
                ),
                "next": {
                    **account._action_open_listings(account.name),
                    "views": [(False, "list"), (False, "form")],
                },
            },
        }
