from odoo import models


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def _get_locations_values(self, vals, code=False):
        """Quality control is not for sale in any warehouse that is created."""
        values = super()._get_locations_values(vals, code)
        if "wh_qc_stock_loc_id" in values:
            values["wh_qc_stock_loc_id"]["marketplace_not_for_sale"] = True
        return values
