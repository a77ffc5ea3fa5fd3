"""A site whose orders another account's channel ships (multi-channel fulfilment)."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class MarketplaceSite(models.Model):
    _inherit = "marketplace.site"

    channel_location_id = fields.Many2one(
        "stock.location",
        "Channel's Location",
        check_company=True,
        domain="[('usage', 'in', ('internal', 'transit'))]",
        ondelete="restrict",
        help="Where Odoo keeps the good units that the channel holds for this site. "
        "Empty: the account's.",
    )
    fulfilled_from_site_id = fields.Many2one(
        "marketplace.site",
        "Shipped From",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        domain="[('id', '!=', id), ('channel', 'in', ('amazon', 'mercadolibre'))]",
        help="Multi-channel fulfilment: the orders of this site are shipped by that "
        "site's channel from what it holds (FBA). Shown is what is fulfillable there, "
        "less the buffer; our own warehouses play no part.",
    )
    channel_stock_max_hours = fields.Integer(
        "Trust Its Count For (h)",
        default=36,
        required=True,
        help="An older count never raises what is shown here.",
    )

    _check_channel_stock_max_hours = models.Constraint(
        "CHECK (channel_stock_max_hours > 0)",
        "A count is good for at least one hour.",
    )

    #: What changes the numbers of a site's listings, beside the site's own rules.
    _fulfilled_fields = frozenset(("fulfilled_from_site_id", "channel_stock_max_hours"))

    @api.constrains("fulfilled_from_site_id")
    def _check_fulfilled_from(self):
        for site in self.filtered("fulfilled_from_site_id"):
            source = site.fulfilled_from_site_id
            if source == site or source.fulfilled_from_site_id:
                raise ValidationError(
                    self.env._(
                        "%(site)s cannot be shipped from %(origin)s, which is itself "
                        "shipped from somewhere else.",
                        site=site.name,
                        origin=source.display_name,
                    )
                )
            if self.search_count([("fulfilled_from_site_id", "=", site.id)], limit=1):
                raise ValidationError(
                    self.env._("Other sites are shipped from %s.", site.name)
                )
            if not source.account_id._tells_channel_stock():
                raise ValidationError(
                    self.env._(
                        "The channel of %s does not tell what it holds.",
                        source.display_name,
                    )
                )

    def _get_channel_location(self):
        """Return the location that stands for what the channel holds here."""
        self.ensure_one()
        return self.channel_location_id or self.account_id.channel_location_id

    @api.model_create_multi
    def create(self, vals_list):
        sites = super().create(vals_list)
        sites.channel_location_id._marketplace_exclude()
        return sites

    def write(self, vals):
        result = super().write(vals)
        if vals.get("channel_location_id"):
            self.channel_location_id._marketplace_exclude()
        if self._fulfilled_fields & vals.keys():
            self.listing_ids._mark_changed()
        return result
