from odoo import api, models

#: What makes a move's unreserved demand differ.
DEMAND_FIELDS = frozenset(
    (
        "state",
        "product_id",
        "product_uom",
        "product_uom_qty",
        "location_id",
        "location_dest_id",
        "location_final_id",
        "procure_method",
        "move_orig_ids",
        "move_dest_ids",
        "quantity",
    )
)


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        self.env["marketplace.stock.change"]._gather(moves.product_id.ids)
        return moves

    def write(self, vals):
        if not DEMAND_FIELDS.isdisjoint(vals):
            self.env["marketplace.stock.change"]._gather(self.product_id.ids)
        result = super().write(vals)
        if "product_id" in vals:  # the new one is wanted now, as the old one was
            self.env["marketplace.stock.change"]._gather(self.product_id.ids)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_marketplace_changed(self):
        self.env["marketplace.stock.change"]._gather(self.product_id.ids)
