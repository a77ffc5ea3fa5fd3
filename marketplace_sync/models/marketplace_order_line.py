from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .marketplace_listing import INLINE_LIMIT


class MarketplaceOrderLine(models.Model):
    """One line of a channel order, as the channel tells it."""

    _name = "marketplace.order.line"
    _description = "Marketplace Order Line"
    _order = "order_id, id"
    _rec_name = "sku"

    order_id = fields.Many2one(
        "marketplace.order", required=True, ondelete="cascade", index=True
    )
    account_id = fields.Many2one(related="order_id.account_id", store=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    external_id = fields.Char("Channel's Id", required=True, readonly=True)
    sku = fields.Char("SKU", readonly=True, index=True)
    title = fields.Char(readonly=True)
    external_ref = fields.Char(readonly=True)
    site_id = fields.Many2one(
        "marketplace.site",
        readonly=True,
        ondelete="restrict",
        help="Where it ships from, when the channel says so; else the order's site.",
    )
    listing_id = fields.Many2one(
        "marketplace.listing",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    product_id = fields.Many2one(
        "product.product",
        compute="_compute_product_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The listing's product; to be chosen by hand when the SKU has no listing.",
    )
    quantity = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="Listing units that are still wanted or were delivered: ordered less "
        "cancelled.",
    )
    shipped_quantity = fields.Float("Shipped", digits="Product Unit", readonly=True)
    units_per_listing = fields.Integer(
        compute="_compute_units_per_listing", store=True, precompute=True
    )
    product_qty = fields.Float(
        "Units",
        digits="Product Unit",
        compute="_compute_product_qty",
        store=True,
        precompute=True,
        help="In the product's own unit of measure.",
    )
    unit_price = fields.Float(digits=(16, 6), readonly=True)
    discount = fields.Monetary(readonly=True)
    taxes = fields.Json(readonly=True)
    fulfilled_by_channel = fields.Boolean(readonly=True)
    channel_data = fields.Json(readonly=True)
    sale_line_ids = fields.One2many(
        "sale.order.line", "marketplace_order_line_id", "Sale Order Lines"
    )

    _order_external_uniq = models.Constraint(
        "UNIQUE (order_id, external_id)", "The order already has this line."
    )

    # What was bought stays what it was: neither follows a later edit of the listing.

    @api.depends("listing_id")
    def _compute_product_id(self):
        for line in self:
            line.product_id = line.listing_id.product_id or line.product_id

    @api.depends("listing_id")
    def _compute_units_per_listing(self):
        for line in self:
            line.units_per_listing = line.listing_id.units_per_listing or 1

    @api.depends("quantity", "units_per_listing")
    def _compute_product_qty(self):
        for line in self:
            line.product_qty = line.quantity * line.units_per_listing

    @api.constrains("quantity")
    def _check_quantity(self):
        for line in self:
            if line.quantity < 0:
                raise ValidationError(
                    self.env._("An order cannot want less than nothing.")
                )

    # === DEMAND ===

    #: Fields whose change changes what is promised.
    _demand_fields = frozenset(
        ("product_id", "listing_id", "quantity", "site_id", "fulfilled_by_channel")
    )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._demand_changed()
        return lines

    def write(self, vals):
        before = self.product_id if self._demand_fields & vals.keys() else None
        result = super().write(vals)
        if before is not None:
            self._demand_changed(before)
        return result

    def unlink(self):
        products = self.product_id
        result = super().unlink()
        self._demand_changed(products)
        return result

    def _demand_changed(self, products=None):
        """Compute the listings of these products in this transaction: from its commit
        no channel may be offered what the order has taken."""
        products = (products or self.env["product.product"]) | self.exists().product_id
        if not products or self.env.context.get("marketplace_defer_demand"):
            return
        stock = self.env["marketplace.stock"].sudo()
        affected = stock._expand_products(products.ids)
        listings = self.env["marketplace.listing"].sudo()
        listings = listings.search([("product_id", "in", list(affected))])
        if len(listings) > INLINE_LIMIT:
            self.env["marketplace.stock.change"]._append(sorted(affected))
            return
        listings._refresh()
        accounts = listings.account_id.filtered(lambda a: a.state == "connected")
        accounts.filtered("pending_count")._wake()


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    @api.model_create_multi
    def create(self, vals_list):
        listings = super().create(vals_list)
        listings._adopt_order_lines()
        return listings

    def write(self, vals):
        result = super().write(vals)
        if {"sku", "product_id", "external_ref"} & vals.keys():
            self._adopt_order_lines()
        return result

    def _adopt_order_lines(self):
        """Give order lines that waited for a listing, or for its product, what they
        waited for: their units are promised from now on."""
        lines = self.env["marketplace.order.line"].sudo()
        waiting = lines.search(
            [
                ("account_id", "in", self.account_id.ids),
                ("product_id", "=", False),
                ("sku", "in", self.mapped("sku")),
            ]
        )
        for line in waiting:
            listing = line.listing_id or line.order_id._find_listing(line, line.site_id)
            line.write({"listing_id": listing.id, "product_id": listing.product_id.id})
        waiting.order_id.filtered(lambda o: o.state == "to_fix").needs_sync = True
