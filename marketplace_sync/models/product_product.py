from odoo import fields, models
from odoo.fields import Domain


class ProductProduct(models.Model):
    _inherit = "product.product"

    marketplace_listing_ids = fields.One2many(
        "marketplace.listing", "product_id", "Marketplace Listings"
    )
    marketplace_listing_count = fields.Integer(
        compute="_compute_marketplace_listing_count"
    )

    def _compute_marketplace_listing_count(self):
        counts = dict(
            self.env["marketplace.listing"]._read_group(
                [("product_id", "in", self.ids)], ["product_id"], ["__count"]
            )
        )
        for product in self:
            product.marketplace_listing_count = counts.get(product._origin, 0)

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:
            self.env["marketplace.stock.change"]._gather(self.ids)
        return result

    def _marketplace_is_made_to_order(self, warehouses):
        """Tell whether these warehouses replenish this product to order.

        Found by the rules that take goods from a warehouse's stock and procure them to
        order, on the routes of the product, of its category or of the warehouses;
        never by a route's name.

        :param warehouses: those of the listing's site; none = any
        """
        self.ensure_one() if self else None
        if not self:
            return False
        product = self.sudo()
        routes = product.route_ids | product.categ_id.total_route_ids
        routes |= warehouses.sudo().route_ids
        rules = routes.filtered("active").rule_ids.filtered(
            lambda rule: (
                rule.active
                and rule.action in ("pull", "pull_push")
                and rule.procure_method in ("make_to_order", "mts_else_mto")
            )
        )
        for rule in rules:
            source = rule.location_src_id.warehouse_id
            takes_from_stock = (rule.location_src_id.parent_path or "").startswith(
                source.lot_stock_id.parent_path or "-"
            )
            if takes_from_stock and (not warehouses or source in warehouses):
                return True
        return False

    def action_open_marketplace_listings(self):
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_listing_action"
            ),
            "domain": Domain("product_id", "in", self.ids),
            "context": {
                "default_product_id": self.id if len(self) == 1 else False,
                "default_sku": self.default_code if len(self) == 1 else False,
            },
        }


class ProductTemplate(models.Model):
    _inherit = "product.template"

    #: What decides whether, and in which unit, its stock is counted.
    _marketplace_fields = frozenset(("is_storable", "type", "uom_id"))

    marketplace_listing_count = fields.Integer(
        compute="_compute_marketplace_listing_count"
    )

    def _compute_marketplace_listing_count(self):
        for template in self:
            template.marketplace_listing_count = sum(
                template.product_variant_ids.mapped("marketplace_listing_count")
            )

    def write(self, vals):
        result = super().write(vals)
        if not self._marketplace_fields.isdisjoint(vals):
            variants = self.with_context(active_test=False).product_variant_ids
            self.env["marketplace.stock.change"]._gather(variants.ids)
        return result

    def action_open_marketplace_listings(self):
        return self.product_variant_ids.action_open_marketplace_listings()
