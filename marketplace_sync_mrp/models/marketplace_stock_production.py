from odoo import api, models
from odoo.addons.marketplace_sync.models.tools import int_array
from odoo.tools import SQL


class MarketplaceStock(models.AbstractModel):
    _inherit = "marketplace.stock"

    @api.model
    def _read_in_production(self, product_ids):
        """Return units that are being made, or must be, by (product id, company id).

        What open manufacturing orders still have to finish. Where confirmed deliveries
        want more than that, somebody has yet to create the order: the larger counts,
        never their sum, since an order is made for a delivery.
        """
        wanted = super()._read_in_production(product_ids)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.product_id, m.company_id, SUM(m.product_qty)::float8
                  FROM mrp_production p
                  JOIN stock_move m
                    ON m.production_id = p.id AND m.product_id = p.product_id
                 WHERE p.product_id = ANY(%s)
                   AND p.state IN ('confirmed', 'progress', 'to_close')
                   AND m.state NOT IN ('draft', 'done', 'cancel')
                 GROUP BY m.product_id, m.company_id
                """,
                int_array(product_ids),
            )
        )
        making = {(product, company): units for product, company, units in rows}
        return {
            key: max(making.get(key, 0.0), wanted.get(key, 0.0))
            for key in making.keys() | wanted.keys()
        }
