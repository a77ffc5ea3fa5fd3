"""Orders of a site that another channel ships for: never demand on our warehouses, but
on what that channel holds, until its next count knows of them."""

from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

#: An order this much older than a count may still be missing in it: a shop hands its
#: orders over some time after they were placed (minutes; our choice, on the safe side).
HAND_OVER_MINUTES = 60


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    def _get_line_values(self, row):
        values = super()._get_line_values(row)
        site = self.env["marketplace.site"].sudo().browse(values["site_id"])
        if site.fulfilled_from_site_id:
            values["fulfilled_by_channel"] = True
        return values

    def _follow_counter(self, sold, unclear):
        """The shop's own counter fell, whoever ships."""
        if self.status != "cancelled":
            for line, units in sold:
                if line._ships_from_elsewhere():
                    line.listing_id._sold_on_channel(int(units), self.placed_at)
        return super()._follow_counter(sold, unclear)


class MarketplaceOrderLine(models.Model):
    _inherit = "marketplace.order.line"

    def _ships_from_elsewhere(self):
        """Tell whether another channel ships this line for its site."""
        site = (self.site_id or self.order_id.site_id).sudo()
        return self.fulfilled_by_channel and bool(site.fulfilled_from_site_id)


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    @api.model
    def _read_handed_over(self, held):
        """Return units that the sites of a source sold since its count."""
        if not held:
            return {}
        grace = timedelta(minutes=HAND_OVER_MINUTES)
        keys = list(held)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.product_id, s.fulfilled_from_site_id,
                       SUM(l.product_qty)::float8
                  FROM unnest(%s, %s, %s) AS held(product_id, site_id, since)
                  JOIN marketplace_site s ON s.fulfilled_from_site_id = held.site_id
                  JOIN marketplace_order_line l ON l.product_id = held.product_id
                  JOIN marketplace_order o ON o.id = l.order_id
                 WHERE COALESCE(l.site_id, o.site_id) = s.id
                   AND l.fulfilled_by_channel
                   AND o.status != 'cancelled'
                   AND o.placed_at > held.since
                 GROUP BY l.product_id, s.fulfilled_from_site_id
                """,
                [product for product, _site in keys],
                [site for _product, site in keys],
                [held[key].read_at - grace for key in keys],
            )
        )
        return {(product, site): units for product, site, units in rows}
