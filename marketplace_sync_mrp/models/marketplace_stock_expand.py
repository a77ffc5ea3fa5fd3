"""Which products' numbers depend on a change."""

from odoo import api, models
from odoo.addons.marketplace_sync.models.tools import covering, int_array
from odoo.tools import SQL


class MarketplaceStock(models.AbstractModel):
    _inherit = "marketplace.stock"

    @api.model
    def _expand_products(self, product_ids):
        """Add the kits above a product, however deeply it is nested, and what can be
        built from it; below a kit, whose orders take its components, these too, with
        the kits above them.
        """
        products = super()._expand_products(product_ids)
        companies = self._get_selling_companies()
        for kit in self._read_kits(products, companies).values():
            products |= kit.needs.keys()
        candidates = self._get_kits_above(products) - products
        kits = self._read_kits(candidates, companies)
        # A line may be for another variant, the bill not the one that is taken.
        products |= {
            product
            for (product, _company), kit in kits.items()
            if kit.touched & products
        }
        return products | self._get_buildable_from(products)

    @api.model
    def _get_kits_above(self, product_ids):
        """Return the ids of kits with a bill that names one of the products, or a kit
        that does; some of these bills may not be in use. May tell of more kits."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE part AS NOT MATERIALIZED (
                    SELECT l.product_id AS part_id, p.id AS kit_id
                      FROM mrp_bom_line l
                      JOIN mrp_bom b ON b.id = l.bom_id
                      JOIN product_product p
                        ON p.product_tmpl_id = b.product_tmpl_id
                       AND (b.product_id IS NULL OR b.product_id = p.id)
                     WHERE b.active AND b.type = 'phantom'
                ), above AS (
                    SELECT kit_id FROM part WHERE %s
                     UNION
                    SELECT p.kit_id
                      FROM above a
                      JOIN part p ON p.part_id = a.kit_id
                )
                SELECT kit_id FROM above
                """,
                covering(SQL("part_id"), product_ids),
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _get_buildable_from(self, product_ids):
        """Return the ids of products that a listing counts as buildable, made from one
        of these components."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT s.product_id
                  FROM marketplace_listing s
                  JOIN product_product p ON p.id = s.product_id
                  JOIN mrp_bom b
                    ON b.product_tmpl_id = p.product_tmpl_id
                   AND (b.product_id IS NULL OR b.product_id = p.id)
                  JOIN mrp_bom_line l ON l.bom_id = b.id
                 WHERE s.add_buildable
                   AND b.active
                   AND b.type = 'normal'
                   AND l.product_id = ANY(%s)
                """,
                int_array(product_ids),
            )
        )
        return {row[0] for row in rows}
