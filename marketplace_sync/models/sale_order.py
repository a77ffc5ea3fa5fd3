from odoo import fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    marketplace_order_ids = fields.One2many(
        "marketplace.order", "sale_order_id", "Marketplace Orders"
    )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    marketplace_order_line_id = fields.Many2one(
        "marketplace.order.line",
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The channel's line that this one delivers.",
    )
