from odoo import models


class StockQuant(models.Model):
    _inherit = "stock.quant"

    def _update_available_quantity(self, product_id, *args, **kwargs):
        """Note the product: every change of quantity and reservation in Odoo's own code
        passes here. Code that writes on quants directly is found by the sweep.
        """
        self.env["marketplace.stock.change"]._gather(product_id.ids)
        return super()._update_available_quantity(product_id, *args, **kwargs)
