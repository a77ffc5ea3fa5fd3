"""The recompute of every listing as one SQL statement: what the engine is held against.

Written from DESIGN §2, not from the models: CTEs for free stock and demand by product
and site (one pass over quants and moves, whatever the number of warehouses), sales,
buffer lines, then the arithmetic and the pools. It leaves the table exactly as
``marketplace.listing._refresh`` does; :func:`differences` compares row by row.
"""

from odoo.tools import SQL

COLUMNS = ("qty", "committed_qty", "buffer_qty", "own_qty", "sellable_qty")

NUMBERS = """
WITH place AS (  -- which sites a location's stock is shown on
    SELECT l.id AS location_id, l.warehouse_id, r.marketplace_site_id AS site_id
      FROM stock_location l
      JOIN marketplace_site_stock_warehouse_rel r
        ON r.stock_warehouse_id = l.warehouse_id
     WHERE l.usage = 'internal' AND l.marketplace_excluded IS NOT TRUE
), free AS (
    SELECT q.product_id, p.site_id, SUM(q.quantity - q.reserved_quantity)::float8
               AS qty
      FROM stock_quant q JOIN place p ON p.location_id = q.location_id
     GROUP BY q.product_id, p.site_id
), committed AS (
    SELECT m.product_id, p.site_id, SUM(GREATEST(0, m.product_qty
               - COALESCE(m.quantity, 0) * m.product_qty
               / NULLIF(m.product_uom_qty, 0)))::float8 AS qty
      FROM stock_move m
      JOIN place p ON p.location_id = m.location_id
      JOIN stock_location d
        ON d.id = COALESCE(m.location_final_id, m.location_dest_id)
     WHERE m.state IN ('confirmed', 'partially_available', 'assigned')
       AND NOT (d.usage IN ('internal', 'view')
                AND d.warehouse_id IS NOT DISTINCT FROM p.warehouse_id)
       AND NOT EXISTS (
           SELECT FROM stock_move_move_rel r JOIN stock_move o ON o.id = r.move_orig_id
            WHERE r.move_dest_id = m.id AND o.state NOT IN ('done', 'cancel'))
       AND (m.procure_method <> 'make_to_order' OR EXISTS (
           SELECT FROM stock_move_move_rel r WHERE r.move_dest_id = m.id))
     GROUP BY m.product_id, p.site_id
), sold AS (
    SELECT s.product_id, s.company_id,
           round(SUM(s.product_uom_qty * u.factor / pu.factor) / 28, 2)::float8 AS a_day
      FROM sale_order_line s
      JOIN sale_order o ON o.id = s.order_id
      JOIN uom_uom u ON u.id = s.product_uom_id
      JOIN product_product p ON p.id = s.product_id
      JOIN product_template t ON t.id = p.product_tmpl_id
      JOIN uom_uom pu ON pu.id = t.uom_id
     WHERE o.state = 'sale'
       AND o.date_order >= now() AT TIME ZONE 'UTC' - interval '28 days'
     GROUP BY s.product_id, s.company_id
), line AS (  -- the lines that may apply to an account, the shortest interval only
    SELECT l.policy_id, a.id AS account_id, l.velocity_min::float8,
           l.velocity_max::float8, l.units, l.percent::float8,
           rank() OVER (PARTITION BY l.policy_id, a.id
                        ORDER BY NULLIF(l.max_interval_minutes, 0) NULLS LAST) AS place
      FROM marketplace_buffer_policy_line l, marketplace_account a
     WHERE l.max_interval_minutes = 0
        OR l.max_interval_minutes >= a.sync_interval_minutes
), read AS (
    SELECT l.id, l.account_id, l.pool_key, l.fulfilment, l.qty_source AS source,
           l.is_stopped IS TRUE OR NOT p.active AS stopped, l.units_per_listing AS pack,
           s.share_percent::float8 AS share, s.max_qty AS cap,
           CASE l.qty_source WHEN 'mto' THEN s.mto_qty WHEN 'manual' THEN l.qty
                ELSE floor(GREATEST(COALESCE(f.qty, 0), 0) + 1e-6) END::int AS qty,
           CASE l.qty_source WHEN 'stock' THEN COALESCE(f.qty, 0) END AS free,
           CASE l.qty_source WHEN 'stock' THEN COALESCE(c.qty, 0) ELSE 0 END
               AS committed,
           COALESCE(b.units, 0) AS units, COALESCE(b.percent, 0) AS percent
      FROM marketplace_listing l
      JOIN product_product p ON p.id = l.product_id
      JOIN marketplace_site s ON s.id = l.site_id
 LEFT JOIN free f ON f.product_id = l.product_id AND f.site_id = l.site_id
 LEFT JOIN committed c ON c.product_id = l.product_id AND c.site_id = l.site_id
 LEFT JOIN sold v ON v.product_id = l.product_id AND v.company_id = l.company_id
 LEFT JOIN line b
        ON b.policy_id = l.effective_buffer_policy_id AND b.account_id = l.account_id
       AND b.place = 1 AND l.qty_source = 'stock'
       AND COALESCE(v.a_day, 0) >= b.velocity_min
       AND (b.velocity_max = 0 OR COALESCE(v.a_day, 0) <= b.velocity_max)
), effective AS (
    SELECT r.*, floor(LEAST(qty, GREATEST(free - committed, 0)) * share / 100 + 1e-6)
               AS shown
      FROM read r
), hidden AS (
    SELECT e.*, GREATEST(units, ceil(percent * shown / 100 - 1e-6), 0)::int AS buffer
      FROM effective e
), alone AS (
    SELECT h.*, CASE
               WHEN stopped THEN 0
               ELSE LEAST(NULLIF(cap, 0),
                          CASE source WHEN 'stock'
                               THEN floor(GREATEST(shown - buffer, 0) / pack)
                               ELSE qty END)
               END::int AS own
      FROM hidden h
), number AS (
    SELECT id, qty, round(committed::numeric, 6) AS committed_qty,
           CASE source WHEN 'stock' THEN buffer ELSE 0 END AS buffer_qty,
           own AS own_qty,
           CASE WHEN pool_key IS NULL THEN own
                ELSE MIN(own) OVER (PARTITION BY account_id, pool_key) END
               AS sellable_qty
      FROM alone
)
"""

DIFFERS = """
    (t.qty, t.committed_qty, t.buffer_qty, t.own_qty, t.sellable_qty)
    IS DISTINCT FROM
    (v.qty, v.committed_qty, v.buffer_qty, v.own_qty, v.sellable_qty)
"""


def write_numbers(cr):
    """Compute all, write what differs; return how many rows did."""
    cr.execute(
        f"""{NUMBERS}
        UPDATE marketplace_listing t
           SET qty = v.qty, committed_qty = v.committed_qty,
               buffer_qty = v.buffer_qty, own_qty = v.own_qty,
               sellable_qty = v.sellable_qty,
               sync_state = CASE
                   WHEN t.sync_state NOT IN ('synced', 'pending', 'submitted')
                       THEN t.sync_state
                   WHEN v.sellable_qty <> t.published_qty THEN 'pending'
                   WHEN t.sync_state = 'pending' THEN 'synced'
                   ELSE t.sync_state END,
               pending_since = CASE
                   WHEN v.sellable_qty <> t.published_qty
                       THEN COALESCE(t.pending_since, now() AT TIME ZONE 'UTC') END
          FROM number v
         WHERE v.id = t.id AND {DIFFERS}"""
    )
    return cr.rowcount


def differences(cr):
    """Return the listings whose stored numbers are not those of the statement."""
    cr.execute(
        SQL(
            f"""{NUMBERS}
            SELECT t.id, t.sku, %s, %s
              FROM marketplace_listing t LEFT JOIN number v ON v.id = t.id
             WHERE {DIFFERS}""".replace("%s", "{}").format(_row("t"), _row("v"))
        )
    )
    return cr.fetchall()


def _row(alias):
    return f"ROW({', '.join(f'{alias}.{name}' for name in COLUMNS)})::text"
