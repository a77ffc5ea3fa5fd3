"""What is promised to orders of the channels themselves."""

from odoo import api, models
from odoo.tools import SQL

from .tools import int_array


class MarketplaceStock(models.AbstractModel):
    _inherit = "marketplace.stock"

    @api.model
    def _read_promised(self, product_ids):
        """Return what channel orders want and no sale order has taken over, by
        (product id, site id); site 0 = the channel does not tell where from.

        Derived from the orders, never counted up and down, so it cannot drift. A line
        is taken over by the confirmed sale order lines that deliver it: from then on
        their moves are what is committed or reserved. What a person took off the sale
        order, or whose moves were cancelled, is promised still: the buyer waits for
        it until the channel says otherwise.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.product_id, COALESCE(l.site_id, o.site_id, 0),
                       SUM(GREATEST(0, l.product_qty - COALESCE(t.qty, 0)))::float8
                  FROM marketplace_order_line l
                  JOIN marketplace_order o ON o.id = l.order_id
             LEFT JOIN LATERAL (%s) t ON TRUE
                 WHERE o.is_demand
                   AND l.product_id = ANY(%s)
                   AND l.fulfilled_by_channel IS NOT TRUE
                 GROUP BY l.product_id, COALESCE(l.site_id, o.site_id, 0)
                """,
                self._sql_taken_over(),
                int_array(product_ids),
            )
        )
        return {(product, site): units for product, site, units in rows if units}

    @api.model
    def _sql_taken_over(self):
        """Units of a channel's line (``l``) that confirmed sale order lines deliver."""
        return SQL(
            """
            SELECT SUM(s.product_uom_qty * u.factor / NULLIF(pu.factor, 0)) AS qty
              FROM sale_order_line s
              JOIN sale_order so ON so.id = s.order_id
              JOIN uom_uom u ON u.id = s.product_uom_id
              JOIN product_product p ON p.id = s.product_id
              JOIN product_template pt ON pt.id = p.product_tmpl_id
              JOIN uom_uom pu ON pu.id = pt.uom_id
             WHERE s.marketplace_order_line_id = l.id
               AND so.state = 'sale'
               AND EXISTS (
                   SELECT 1 FROM stock_move m
                    WHERE m.sale_line_id = s.id AND m.state != 'cancel'
               )
            """
        )
