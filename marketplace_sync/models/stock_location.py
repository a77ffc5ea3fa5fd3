from odoo import api, fields, models


class StockLocation(models.Model):
    _inherit = "stock.location"

    marketplace_not_for_sale = fields.Boolean(
        "Not for Sale on Marketplaces",
        help="Stock in this location and in those below it is not shown on any "
        "marketplace: quality control, damaged goods, samples.",
    )
    marketplace_excluded = fields.Boolean(
        compute="_compute_marketplace_excluded",
        store=True,
        recursive=True,
        help="Not for sale on marketplaces itself or through a parent location.",
    )

    @api.depends("marketplace_not_for_sale", "location_id.marketplace_excluded")
    def _compute_marketplace_excluded(self):
        for location in self:
            location.marketplace_excluded = (
                location.marketplace_not_for_sale
                or location.location_id.marketplace_excluded
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Scrap and inventory losses are flagged from the start."""
        for vals in vals_list:
            if vals.get("usage") == "inventory":
                vals.setdefault("marketplace_not_for_sale", True)
        return super().create(vals_list)

    @api.model
    def _marketplace_flag_unsaleable(self):
        """Flag what is there when the module is installed: quality control of every
        warehouse, scrap and losses. Later it is a person's to change."""
        everything = self.sudo().with_context(active_test=False)
        warehouses = everything.env["stock.warehouse"].search(
            [("wh_qc_stock_loc_id", "!=", False)]
        )
        locations = everything.search([("usage", "=", "inventory")])
        (locations | warehouses.wh_qc_stock_loc_id)._marketplace_exclude()

    def _marketplace_exclude(self):
        """Have what lies here never shown as stock of our own warehouses."""
        self.filtered(lambda location: not location.marketplace_not_for_sale).write(
            {"marketplace_not_for_sale": True}
        )

    def write(self, vals):
        result = super().write(vals)
        if {"marketplace_not_for_sale", "location_id", "usage", "active"} & vals.keys():
            self._marketplace_stock_changed()
        return result

    def _marketplace_stock_changed(self):
        """Have the products that lie here or below computed again."""
        quants = (
            self.env["stock.quant"]
            .sudo()
            ._read_group([("location_id", "child_of", self.ids)], ["product_id"])
        )
        self.env["marketplace.stock.change"]._gather(
            [product.id for (product,) in quants]
        )
