"""A catalogue of any size: prototypes made by the ORM, multiplied by SQL.

For each product: about three quants (one in each of three warehouses of five
locations, some in a location that is not for sale), two finished moves; for one in
ten an unreserved delivery, for one in twenty a partly reserved one; for three in
five a confirmed sale of the last two months. Two listings a product: every product
is on Amazon, one in ten there on a second marketplace (a pool), the others on
Shopify or Mercado Libre; packs, made to order, manual numbers and blocked listings
among them.

Everything follows from the product's number, so two runs give the same data.
"""

from dataclasses import dataclass

from odoo import Command
from odoo.tools import SQL

#: Beyond ids that the ORM gave; keeps product numbers and ids in step.
FIRST = 1_000_000
#: 0 … 400, small numbers the most frequent, one product in fifty by half units.
QUANTITY = """(floor(400 * power(
    ((g.n::bigint * 7919 + g.w * 104729) * 2654435761 % 4294967296) / 4294967296.0, 3))
    + CASE WHEN g.n % 50 = 0 THEN 0.5 ELSE 0 END)"""
COLUMNS = """
    SELECT column_name FROM information_schema.columns
     WHERE table_schema = current_schema AND table_name = %s AND column_name <> 'id'
"""


@dataclass
class Catalogue:
    """What was made; products are ``FIRST + 1 … FIRST + size``."""

    size: int
    warehouses: list
    sites: dict

    def product_ids(self, count=None):
        return list(range(FIRST + 1, FIRST + 1 + (count or self.size)))


def build(env, size):
    """Fill the database; commits."""
    warehouses = make_warehouses(env)
    sites = make_sites(env, warehouses)
    make_products(env, size)
    make_quants(env, size, warehouses)
    make_moves(env, size, warehouses)
    make_sales(env, size)
    make_listings(env, size, sites)
    env.cr.commit()
    return Catalogue(size, warehouses.ids, {name: s.id for name, s in sites.items()})


def multiply(env, table, prototype, rows, **changes):
    """Copy one row of ``table`` for each row ``g`` of a query.

    :param rows: SQL that gives the columns which ``changes`` use
    :param changes: column → SQL expression over ``g``, with ``id`` where wanted
    """
    env.cr.execute(COLUMNS, [table])
    columns = [row[0] for row in env.cr.fetchall()] + ["id"] * ("id" in changes)
    values = [expression(changes[c]) if c in changes else _same(c) for c in columns]
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM (%s) g, %s p WHERE p.id = %s",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join(values),
            rows,
            SQL.identifier(table),
            prototype,
        )
    )


def expression(text):
    """Return SQL of an expression that is ours; its percent signs are moduli."""
    return SQL(text.replace("%", "%%"))


def _same(column):
    return SQL("p.%s", SQL.identifier(column))


def series(size, where="TRUE"):
    """Return SQL with one row per product number ``n``, its id ``product``."""
    return SQL(
        "SELECT n, %s + n AS product FROM generate_series(1, %s) n WHERE %s",
        FIRST,
        size,
        expression(where),
    )


# === WHERE STOCK LIES ===


def make_warehouses(env):
    """Return three warehouses of five locations; a sixth one is not for sale."""
    first = env["stock.warehouse"].search([], limit=1)
    others = env["stock.warehouse"].create(
        [{"name": f"Bench {code}", "code": code} for code in ("B2", "B3")]
    )
    for warehouse in first | others:
        env["stock.location"].create(
            [
                {"name": f"Shelf {n}", "location_id": warehouse.lot_stock_id.id}
                for n in range(1, 5)
            ]
        )
        env["stock.location"].create(
            {
                "name": "Damaged",
                "location_id": warehouse.lot_stock_id.id,
                "marketplace_excluded": True,
            }
        )
    return first | others


def locations_of(warehouses):
    """Return SQL with one row per location: warehouse's place, own place."""
    return SQL(
        """
        SELECT l.id, l.warehouse_id, array_position(%(ids)s, l.warehouse_id) AS w,
               l.marketplace_excluded IS TRUE AS damaged,
               row_number() OVER (
                   PARTITION BY l.warehouse_id, l.marketplace_excluded IS TRUE
                   ORDER BY l.id) - 1 AS place
          FROM stock_location l
         WHERE l.warehouse_id = ANY(%(ids)s) AND l.usage = 'internal'
           AND l.parent_path LIKE '%%/' || l.id || '/'
           AND (l.id = ANY(%(stocks)s) OR l.location_id = ANY(%(stocks)s))
        """,
        ids=warehouses.ids,
        stocks=warehouses.lot_stock_id.ids,
    )


def make_products(env, size):
    product = env["product.product"].create(
        {"name": "Bench", "is_storable": True, "default_code": "B0"}
    )
    name = "jsonb_build_object('en_US', 'Bench ' || g.n)"
    multiply(
        env,
        "product_template",
        product.product_tmpl_id.id,
        series(size),
        id="g.product",
        name=name,
        default_code="'B' || g.n",
    )
    multiply(
        env,
        "product_product",
        product.id,
        series(size),
        id="g.product",
        product_tmpl_id="g.product",
        default_code="'B' || g.n",
    )


def make_quants(env, size, warehouses):
    product = _scratch_product(env)
    place = warehouses[0].lot_stock_id
    env["stock.quant"]._update_available_quantity(product, place, 1)
    prototype = env["stock.quant"].search([("product_id", "=", product.id)])
    rows = SQL(
        """SELECT p.n, p.product, l.id AS location, l.w FROM (%s) p JOIN (%s) l
               ON (NOT l.damaged AND l.place = (p.n + l.w) %% 5)
               OR (l.damaged AND p.n %% 17 = 0 AND l.w = 1 + p.n %% 3)""",
        series(size),
        locations_of(warehouses),
    )
    multiply(
        env,
        "stock_quant",
        prototype.id,
        rows,
        product_id="g.product",
        location_id="g.location",
        quantity=QUANTITY,
        reserved_quantity=f"LEAST({QUANTITY}, g.n % 4)",
    )


def _scratch_product(env):
    return env["product.product"].create({"name": "Scratch", "is_storable": True})


# === WHAT IS PROMISED, WHAT WAS SOLD ===


def make_moves(env, size, warehouses):
    customers = env.ref("stock.stock_location_customers")
    move = env["stock.move"].create(
        {
            "product_id": _scratch_product(env).id,
            "product_uom_qty": 1,
            "location_id": warehouses[0].lot_stock_id.id,
            "location_dest_id": customers.id,
        }
    )
    env.flush_all()
    stocks = warehouses.lot_stock_id.ids
    kinds = (  # which products, state, demand, taken, how many of each
        ("TRUE", "done", "2", "2", 2),
        ("n % 10 = 0", "confirmed", "1 + g.n / 10 % 7", "0", 1),
        ("n % 20 = 5", "partially_available", "3 + g.n / 20 % 4", "2", 1),
    )
    for where, state, demand, taken, times in kinds:
        rows = SQL(
            "SELECT p.*, (%s)[1 + p.n %% 3] AS location "
            "FROM (%s) p, generate_series(1, %s)",
            stocks,
            series(size, where),
            times,
        )
        multiply(
            env,
            "stock_move",
            move.id,
            rows,
            product_id="g.product",
            location_id="g.location",
            state=f"'{state}'",
            product_uom_qty=demand,
            product_qty=demand,
            quantity=taken,
        )


def make_sales(env, size):
    """One line for three products in five; velocities on both sides of every limit."""
    order = env["sale.order"].create(
        {
            "partner_id": env["res.partner"].create({"name": "Bench"}).id,
            "order_line": [Command.create({"product_id": _scratch_product(env).id})],
        }
    )
    env.flush_all()
    orders = SQL("SELECT n FROM generate_series(1, %s) n", max(60, size // 20))
    multiply(
        env,
        "sale_order",
        order.id,
        orders,
        id=f"{FIRST} + g.n",
        state="'sale'",
        date_order="now() AT TIME ZONE 'UTC' - make_interval(days => g.n % 60)",
    )
    multiply(
        env,
        "sale_order_line",
        order.order_line.id,
        series(size, "n % 5 < 3"),
        order_id=f"{FIRST} + 1 + g.n % {max(60, size // 20)}",
        product_id="g.product",
        product_uom_qty="CASE g.n % 7 WHEN 0 THEN 2000 WHEN 1 THEN 700 ELSE 12 END",
    )


# === WHAT IS SHOWN ===

#: name → channel, indexes of warehouses, values of the site
SITES = {
    "us": ("amazon", (0, 1), {}),
    "ca": ("amazon", (2,), {"share_percent": 80}),
    "shop": ("shopify", (0, 2), {"share_percent": 50, "max_qty": 40}),
    "mlm": ("mercadolibre", (0, 1, 2), {}),
}
#: Which products are listed where. Two listings each.
LISTED = {
    "us": "TRUE",
    "ca": "n % 10 = 3",
    "shop": "n % 10 <> 3 AND n % 2 = 0",
    "mlm": "n % 10 <> 3 AND n % 2 = 1",
}


def make_sites(env, warehouses):
    """Return name → site, of one account per channel; nothing is connected."""
    accounts, sites = {}, {}
    for name, (channel, places, values) in SITES.items():
        if channel not in accounts:
            accounts[channel] = env["marketplace.account"].create(
                {"name": f"Bench {channel}", "channel": channel}
            )
        sites[name] = env["marketplace.site"].create(
            {
                "name": name,
                "code": name,
                "account_id": accounts[channel].id,
                "warehouse_ids": [warehouses[index].id for index in places],
                **values,
            }
        )
    return sites


def make_listings(env, size, sites):
    """All were read once and show 0: the first recompute changes every number."""
    for name, site in sites.items():
        prototype = env["marketplace.listing"].create(
            {"sku": "PROTOTYPE", "site_id": site.id, "product_id": False}
        )
        env.flush_all()
        pooled = site.channel == "amazon"
        multiply(
            env,
            "marketplace_listing",
            prototype.id,
            series(size, LISTED[name]),
            product_id="g.product",
            sku="'B' || g.n",
            pool_key="'B' || g.n" if pooled else "NULL",
            qty_source="CASE g.n % 20 WHEN 1 THEN 'mto' WHEN 2 THEN 'manual' "
            "ELSE 'stock' END",
            qty="CASE g.n % 20 WHEN 2 THEN 25 ELSE 0 END",
            units_per_listing="CASE g.n % 20 WHEN 7 THEN 6 ELSE 1 END",
            is_stopped="g.n % 100 = 9",
            sync_state="'synced'",
            block_code="NULL",
            last_error="NULL",
            published_at="now() AT TIME ZONE 'UTC'",
        )
        prototype.unlink()
