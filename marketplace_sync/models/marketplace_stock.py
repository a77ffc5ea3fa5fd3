"""What there is and what is promised, read for many products in one query each.

Bridges extend these methods (kits explode here), so every reader of stock sees the
same numbers. All quantities are in the product's own unit of measure.
"""

from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from ..engine.buffer import VELOCITY_DAYS
from .tools import covering, int_array

#: Why a product has no stock of its own to count.
NOT_TRACKED, KIT = "not_tracked", "kit"


#: Of a quant. As floats: twice as fast as PostgreSQL's exact numbers, and their noise
#: costs no unit (the engine's ``EPSILON``).
FREE = SQL("q.quantity::float8 - q.reserved_quantity::float8")
#: Sets of warehouses summed in one query.
SETS = 32


class OddProduct(NamedTuple):
    """A product that is not simply active and tracked.

    :param kit_companies: ids of the companies in which it is a kit, 0 = in all
    """

    active: bool
    is_tracked: bool
    kit_companies: tuple


class MarketplaceStock(models.AbstractModel):
    _name = "marketplace.stock"
    _description = "Marketplace Stock Reader"

    @api.model
    def _read_free(self, product_ids, warehouse_ids):
        """Return free quantity by (product id, warehouse id).

        Free is Σ quantity − reserved over the quants in internal locations below the
        warehouse, without locations that are not for sale on marketplaces and without
        lots past their removal date. On a plain warehouse it equals Odoo's
        ``product.with_context(warehouse_id=…).free_qty``.

        May tell of more products than those asked for.
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT q.product_id, l.warehouse_id, SUM(%s)
                     FROM %s
                    GROUP BY q.product_id, l.warehouse_id""",
                FREE,
                self._sql_sellable_quants(product_ids, warehouse_ids),
            )
        )
        return {(product, warehouse): free for product, warehouse, free in rows}

    @api.model
    def _read_free_by_site(self, product_ids, warehouses_of):
        """Return free quantity as site id → product id → units, over the warehouses of
        each site: what :meth:`_read_free` says, summed where it is read.

        :param warehouses_of: site id → ids of its warehouses
        """
        sets = {site: frozenset(ids) for site, ids in warehouses_of.items()}
        free = {frozenset(): {}}
        for some in split_every(SETS, set(sets.values()) - free.keys(), list):
            columns = (
                SQL(
                    "COALESCE(SUM(free) FILTER (WHERE warehouse_id = ANY(%s)), 0)",
                    int_array(warehouses),
                )
                for warehouses in some
            )
            rows = self.env.execute_query(
                SQL(
                    """SELECT product_id, %s
                         FROM (SELECT q.product_id, l.warehouse_id, %s AS free
                                 FROM %s
                               OFFSET 0  -- or each sum would work out what is free
                         ) quant
                        GROUP BY product_id""",
                    SQL(", ").join(columns),
                    FREE,
                    self._sql_sellable_quants(product_ids, set().union(*some)),
                )
            )
            products, *sums = (
                zip(*rows, strict=True) if rows else [()] * (1 + len(some))
            )
            for warehouses, units in zip(some, sums, strict=True):
                free[warehouses] = dict(zip(products, units, strict=True))
        return {site: free[warehouses] for site, warehouses in sets.items()}

    @api.model
    def _sql_sellable_quants(self, product_ids, warehouse_ids):
        """Give SQL for a FROM: the quants (``q``) of products, and their locations
        (``l``), that count as free stock of warehouses."""
        return SQL(
            """stock_quant q
                  JOIN stock_location l ON l.id = q.location_id
                 WHERE %s
                   AND l.warehouse_id = ANY(%s)
                   AND l.usage = 'internal'
                   AND l.marketplace_excluded IS NOT TRUE
                   %s""",
            covering(SQL("q.product_id"), product_ids),
            int_array(warehouse_ids),
            self._sql_not_expired(),
        )

    @api.model
    def _read_odd_products(self, product_ids):
        """Return product id → :class:`OddProduct`, of those that are archived or have
        no stock of their own to count. Mostly few, so each reason is looked up by
        itself, and the catalogue is never joined as a whole.
        """
        if not product_ids:
            return {}
        reasons = [SQL("p.active IS NOT TRUE"), SQL("t.is_storable IS NOT TRUE")]
        kits = SQL("ARRAY[]::int4[]")
        if "mrp.bom" in self.env:  # a kit need not be tracked itself
            bills = SQL("mrp_bom b WHERE b.active AND b.type = 'phantom'")
            reasons.append(SQL("t.id IN (SELECT b.product_tmpl_id FROM %s)", bills))
            kits = SQL(
                """ARRAY(SELECT DISTINCT COALESCE(b.company_id, 0) FROM %s
                            AND b.product_tmpl_id = t.id
                            AND (b.product_id IS NULL OR b.product_id = p.id)
                            AND t.type != 'service')""",
                bills,
            )
        found = SQL(" UNION ").join(
            SQL(
                """SELECT p.id, p.active IS TRUE, t.is_storable IS TRUE, %s
                     FROM product_product p
                     JOIN product_template t ON t.id = p.product_tmpl_id
                    WHERE %s AND %s""",
                kits,
                covering(SQL("p.id"), product_ids),
                reason,
            )
            for reason in reasons
        )
        return {
            product: OddProduct(active, tracked, tuple(companies))
            for product, active, tracked, companies in self.env.execute_query(found)
        }

    @api.model
    def _sql_not_expired(self):
        """Leave out what ``product_expiry`` would not pick: past the removal date."""
        if "removal_date" not in self.env["stock.quant"]._fields:
            return SQL("")
        return SQL(
            "AND (q.removal_date IS NULL OR q.removal_date > %s)", fields.Datetime.now()
        )

    @api.model
    def _read_committed(self, product_ids, warehouse_ids):
        """Return demand not yet taken out of free stock, by (product, warehouse).

        The unreserved part of confirmed moves that take goods out of the warehouse's
        stock for good (deliveries, production, other warehouses). Not counted: what
        waits for another move, and moves made to order whose goods have not been
        supplied yet. Of several steps (deliveries, components of a production) the
        first counts, by its final destination or by the moves that it feeds.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.product_id, l.warehouse_id,
                       SUM(GREATEST(0, m.product_qty - COALESCE(m.quantity, 0)
                           * m.product_qty / NULLIF(m.product_uom_qty, 0) - %s))::float8
                  FROM stock_move m
                  JOIN stock_location l ON l.id = m.location_id
                  JOIN stock_location d
                    ON d.id = COALESCE(m.location_final_id, m.location_dest_id)
                 WHERE %s
                   AND m.state IN (
                       'waiting', 'confirmed', 'partially_available', 'assigned'
                   )
                   AND l.warehouse_id = ANY(%s)
                   AND l.usage = 'internal'
                   AND l.marketplace_excluded IS NOT TRUE
                   AND NOT %s
                   AND %s
                 GROUP BY m.product_id, l.warehouse_id
                """,
                self._sql_expected_supply(),
                covering(SQL("m.product_id"), product_ids),
                int_array(warehouse_ids),
                self._sql_waits_for_order(),
                self._sql_takes_goods_out(),
            )
        )
        return {(product, warehouse): demand for product, warehouse, demand in rows}

    @api.model
    def _sql_takes_goods_out(self):
        """A move that ends (``d``) outside the warehouse that it starts in (``l``), or
        that feeds one that does: a pick before a delivery of an older database,
        components on their way to a production."""
        return SQL(
            """(
                %s
                OR EXISTS (
                    WITH RECURSIVE fed AS (
                        SELECT move_dest_id AS id
                          FROM stock_move_move_rel
                         WHERE move_orig_id = m.id
                         UNION
                        SELECT r.move_dest_id
                          FROM fed
                          JOIN stock_move_move_rel r ON r.move_orig_id = fed.id
                    )
                    SELECT 1
                      FROM fed
                      JOIN stock_move n ON n.id = fed.id
                      JOIN stock_location nd
                        ON nd.id = COALESCE(n.location_final_id, n.location_dest_id)
                     WHERE n.state NOT IN ('done', 'cancel') AND %s
                )
            )""",
            self._sql_is_outside("d"),
            self._sql_is_outside("nd"),
        )

    @api.model
    def _sql_is_outside(self, location):
        """Tell whether a location is not a place of the warehouse of ``l``."""
        return SQL(
            """NOT (
                %(location)s.usage IN ('internal', 'view')
                AND %(location)s.warehouse_id IS NOT DISTINCT FROM l.warehouse_id
            )""",
            location=SQL.identifier(location),
        )

    @api.model
    def _sql_expected_supply(self):
        """What a move still waits for from moves that are not done: its own supply,
        or the step before it, which is counted itself.

        Only that part: what has arrived lies in stock, and is promised.
        """
        return SQL(
            """COALESCE((
                SELECT SUM(GREATEST(0, o.product_qty))
                  FROM stock_move_move_rel r
                  JOIN stock_move o ON o.id = r.move_orig_id
                 WHERE r.move_dest_id = m.id
                   AND o.state NOT IN ('done', 'cancel')
            ), 0)"""
        )

    @api.model
    def _sql_waits_for_order(self):
        """A move made to order whose supply has not even produced a move (a request
        for quotation, a draft manufacturing order)."""
        return SQL(
            """(
                m.procure_method = 'make_to_order'
                AND NOT EXISTS (
                    SELECT 1 FROM stock_move_move_rel r WHERE r.move_dest_id = m.id
                )
            )"""
        )

    @api.model
    def _read_sold(self, product_ids):
        """Return units sold in the last 28 days by (product id, company id)."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=VELOCITY_DAYS)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT s.product_id, s.company_id,
                       SUM(s.product_uom_qty * u.factor
                           / NULLIF(pu.factor, 0))::float8
                  FROM sale_order_line s
                  JOIN sale_order o ON o.id = s.order_id
                  JOIN uom_uom u ON u.id = s.product_uom_id
                  JOIN product_product p ON p.id = s.product_id
                  JOIN product_template t ON t.id = p.product_tmpl_id
                  JOIN uom_uom pu ON pu.id = t.uom_id
                 WHERE %s
                   AND o.state = 'sale'
                   AND o.date_order >= %s
                 GROUP BY s.product_id, s.company_id
                """,
                covering(SQL("s.product_id"), product_ids),
                since,
            )
        )
        return {(product, company): sold for product, company, sold in rows}

    @api.model
    def _expand_products(self, product_ids):
        """Return the ids of all products whose quantity depends on ``product_ids``.

        Kits (a bridge) add what is made of them.
        """
        return set(product_ids)

    @api.model
    def _group_by_warehouse(self, by_warehouse, product_id, warehouse_ids):
        """Return a reading of one product as warehouse id → quantity."""
        result = defaultdict(float)
        for warehouse in warehouse_ids:
            result[warehouse] += by_warehouse.get((product_id, warehouse), 0.0)
        return dict(result)
