"""What is promised to orders of the channels themselves."""

from odoo import api, models
from odoo.tools import SQL

from .tools import covering


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
                   AND %s
                   AND l.fulfilled_by_channel IS NOT TRUE
                 GROUP BY l.product_id, COALESCE(l.site_id, o.site_id, 0)
                """,
                self._sql_taken_over(),
                covering(SQL("l.product_id"), product_ids),
            )
        )
        return {(product, site): units for product, site, units in rows if units}

    @api.model
    def _sql_taken_over(self):
        """Units of a channel's line (``l``) that confirmed sale orders look after:
        what was delivered, and what is on its way.

        Read from the moves, not from the sale order's quantity: a delivery that was
        cancelled leaves that quantity, and a buyer who waits.
        """
        return SQL(
            """
            SELECT SUM(CASE WHEN by_product.is_whole THEN by_product.units
                            ELSE by_product.part * s.product_uom_qty * u.factor
                                 / NULLIF(pu.factor, 0) END) AS qty
              FROM sale_order_line s
              JOIN sale_order so ON so.id = s.order_id
              JOIN uom_uom u ON u.id = s.product_uom_id
              JOIN product_product p ON p.id = s.product_id
              JOIN product_template pt ON pt.id = p.product_tmpl_id
              JOIN uom_uom pu ON pu.id = pt.uom_id
        CROSS JOIN LATERAL (
                   -- a kit is as far as the component that is least far
                   SELECT BOOL_AND(one.product_id = s.product_id) AS is_whole,
                          SUM(one.units) AS units,
                          MIN(one.units / NULLIF(one.ever, 0)) AS part
                     FROM (%s) one
                   ) by_product
             WHERE s.marketplace_order_line_id = l.id
               AND so.state = 'sale'
            """,
            self._sql_on_their_way(),
        )

    @api.model
    def _sql_on_their_way(self):
        """By product of a sale order line's (``s``) moves: units that left for the
        customer or are on their way there, and units that ever were to be.

        Of several steps the last that exists counts. What came back was delivered
        first: nobody waits for it.
        """
        return SQL(
            """
            SELECT m.product_id, SUM(m.product_qty) AS ever,
                   SUM(CASE m.state
                       WHEN 'cancel' THEN 0
                       WHEN 'done' THEN m.quantity * m.product_qty
                                        / NULLIF(m.product_uom_qty, 0)
                       ELSE m.product_qty END) AS units
              FROM stock_move m
              JOIN stock_location d
                ON d.id = CASE WHEN m.state = 'done' THEN m.location_dest_id
                               ELSE COALESCE(m.location_final_id, m.location_dest_id)
                           END
             WHERE m.sale_line_id = s.id
               AND d.usage = 'customer'
               AND NOT EXISTS (
                   SELECT 1
                     FROM stock_move_move_rel r
                     JOIN stock_move n ON n.id = r.move_dest_id
                    WHERE r.move_orig_id = m.id
                      AND n.state != 'cancel'
                      AND n.sale_line_id = s.id
                      AND n.location_id = m.location_dest_id
                      AND m.state != 'done'
               )
             GROUP BY m.product_id
            """
        )
