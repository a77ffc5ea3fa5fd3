from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..engine.quantity import MTO_QTY


class MarketplaceSite(models.Model):
    """One place of an account where a quantity is shown: an Amazon marketplace, a
    Shopify location, a Mercado Libre site or depot."""

    _name = "marketplace.site"
    _description = "Marketplace Site"
    _order = "account_id, sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", index=True
    )
    channel = fields.Selection(related="account_id.channel", store=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    code = fields.Char(
        required=True,
        help="The channel's own name of the site: an Amazon marketplace id "
        "(ATVPDKIKX0DER), a Shopify location gid, a Mercado Libre site (MLM) or depot.",
    )
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        string="Warehouses",
        check_company=True,
        help="The warehouses that ship what is sold here. Only their stock is shown.",
    )
    buffer_policy_id = fields.Many2one(
        "marketplace.buffer.policy",
        check_company=True,
        ondelete="restrict",
        help="Empty: the account's buffer policy.",
    )
    share_percent = fields.Float(
        "Share (%)",
        default=100,
        digits=(5, 2),
        help="Part of the free stock that may be shown here.",
    )
    max_qty = fields.Integer(
        "Never Show More Than", help="0 = no cap. Applies to made to order, too."
    )
    mto_qty = fields.Integer(
        "Quantity Made to Order",
        default=MTO_QTY,
        help="Shown for products that are made to order: there is none in stock, and "
        "that is as it should be.",
    )
    lead_time_days = fields.Integer(
        "Lead Time (days)",
        help="Handling time that is published with the quantity where the channel "
        "takes one. 0 = the product's own.",
    )
    listing_ids = fields.One2many("marketplace.listing", "site_id", "Listings")
    listing_count = fields.Integer(compute="_compute_listing_count")

    _account_code_uniq = models.Constraint(
        "UNIQUE (account_id, code)", "The account already has a site with this code."
    )
    _check_share = models.Constraint(
        "CHECK (share_percent >= 0 AND share_percent <= 100)",
        "The share lies between 0 and 100 percent.",
    )
    _check_max_qty = models.Constraint(
        "CHECK (max_qty >= 0)", "A cap cannot be negative; 0 means no cap."
    )
    _check_mto_qty = models.Constraint(
        "CHECK (mto_qty > 0)",
        "A made-to-order product is never shown as 0: choose at least 1.",
    )
    _check_lead_time = models.Constraint(
        "CHECK (lead_time_days >= 0)", "A lead time cannot be negative."
    )

    @api.constrains("account_id")
    def _check_account_of_listings(self):
        for site in self.with_context(active_test=False):
            if site.listing_ids.account_id - site.account_id:
                raise ValidationError(
                    self.env._(
                        "The listings of %s belong to its account. Create a site of "
                        "the other account instead.",
                        site.name,
                    )
                )

    #: What changes the numbers of a site's listings.
    _quantity_fields = frozenset(
        ("warehouse_ids", "buffer_policy_id", "share_percent", "max_qty", "mto_qty")
    )

    @api.depends("listing_ids")
    def _compute_listing_count(self):
        counts = dict(
            self.env["marketplace.listing"]._read_group(
                [("site_id", "in", self.ids)], ["site_id"], ["__count"]
            )
        )
        for site in self:
            site.listing_count = counts.get(site._origin, 0)

    @api.depends("name", "account_id.name")
    @api.depends_context("marketplace_sync_short_name")
    def _compute_display_name(self):
        """Name the account, too, except where a screen shows it beside the site."""
        short = self.env.context.get("marketplace_sync_short_name")
        for site in self:
            name = site.name
            site.display_name = name if short else f"{site.account_id.name} / {name}"

    @api.model
    def _search_display_name(self, operator, value):
        """Find a site by its name, and by “account / site” as it is exported."""
        if operator == "in":
            return Domain.OR(self._search_display_name("=", one) for one in value)
        domain = super()._search_display_name(operator, value)
        if operator in ("=", "ilike", "=ilike") and " / " in (value or ""):
            account, name = value.split(" / ", 1)
            domain |= Domain("account_id.name", operator, account) & Domain(
                "name", operator, name
            )
        return domain

    def write(self, vals):
        result = super().write(vals)
        if self._quantity_fields & vals.keys():
            self.listing_ids._mark_changed()
        return result

    def _get_buffer_policy(self):
        self.ensure_one()
        return self.buffer_policy_id or self.account_id.buffer_policy_id
