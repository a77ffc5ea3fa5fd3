"""6. Kits: all of a batch at once, against the ORM's own field.

Kits of two to four components each, one in five with another kit among them, in three
warehouses of five locations. Both read how many can be shipped from each warehouse;
that they agree is checked kit by kit.
"""

import statistics
import time

from odoo.tools import SQL

from . import databases, dataset, session
from .dataset import FIRST, multiply
from .figures import Figure, spread

SECTION = "Kits: {kits:,} of {components:,} components, 3 warehouses"
#: Where kits begin, beyond the products of the catalogue.
KITS = FIRST + 1_000_000
CHANGED = 100


def run(quick=False):
    size, kits, turns = (2_000, 500, 3) if quick else (20_000, 5_000, 7)
    database = databases.make("kits")
    with session.environment(database) as env:
        warehouses = build(env, size, kits)
    session.vacuum(database)
    ids = list(range(KITS + 1, KITS + 1 + kits))
    with session.environment(database) as env:
        ours = [read_once(env, ids, warehouses) for _ in range(turns + 1)][1:]
        orm = orm_seconds(env, ids, warehouses)
        found = [
            against_orm(orm, ours),
            *queries(env, ids, warehouses),
            whole_number(env, turns),
            *changed_components(env, size, turns),
        ]
    for figure in found:
        figure.section = SECTION.format(kits=kits, components=size)
    return found


# === WHAT IS MEASURED ON ===


def build(env, size, kits):
    """Fill the database; return the ids of the warehouses; commits."""
    warehouses = dataset.make_warehouses(env)
    dataset.make_products(env, size)
    dataset.make_quants(env, size, warehouses)
    # Nothing is kept off the market here: Odoo's field does not know of that.
    env.cr.execute("UPDATE stock_location SET marketplace_excluded = FALSE")
    make_kits(env, size, kits)
    site = dataset.make_sites(env, warehouses)["mlm"]
    listing = env["marketplace.listing"].create(
        {"sku": "PROTOTYPE", "site_id": site.id, "product_id": False}
    )
    env.flush_all()
    multiply(
        env,
        "marketplace_listing",
        listing.id,
        numbers(kits),
        product_id=f"{KITS} + g.n",
        sku="'KIT' || g.n",
        qty_source="'stock'",
        sync_state="'synced'",
        block_code="NULL",
        last_error="NULL",
    )
    listing.unlink()
    env.cr.commit()
    return warehouses.ids


def numbers(kits, where="TRUE"):
    return SQL(
        "SELECT n FROM generate_series(1, %s) n WHERE %s",
        kits,
        dataset.expression(where),
    )


def make_kits(env, size, kits):
    """Products, their bills, and lines: the components of a kit lie apart, so that
    one component is in few kits."""
    product, part = env["product.product"].create(
        [{"name": name, "is_storable": False} for name in ("Kit", "Part")]
    )
    bill = env["mrp.bom"].create(
        {
            "product_tmpl_id": product.product_tmpl_id.id,
            "product_uom_id": product.uom_id.id,
            "type": "phantom",
            "bom_line_ids": [(0, 0, {"product_id": part.id})],
        }
    )
    env.flush_all()
    own = f"{KITS} + g.n"
    multiply(env, "product_template", product.product_tmpl_id.id, numbers(kits), id=own)
    multiply(
        env,
        "product_product",
        product.id,
        numbers(kits),
        id=own,
        product_tmpl_id=own,
        default_code="'KIT' || g.n",
    )
    multiply(
        env,
        "mrp_bom",
        bill.id,
        numbers(kits),
        id=own,
        product_tmpl_id=own,
        product_qty="1 + g.n % 3",
    )
    make_lines(env, bill.bom_line_ids, size, kits)
    bill.unlink()


def make_lines(env, line, size, kits):
    """Two to four components a kit, and another kit in one of five."""
    own = f"{KITS} + g.n"
    lines = SQL("SELECT n, k FROM (%s) g, generate_series(0, 3) k", numbers(kits))
    for where, component in (
        ("k < 2 + n % 3", f"{FIRST} + 1 + (g.n::bigint * 7 + g.k * 4999) % {size}"),
        # the kit before it, which is none of those that hold a kit
        ("k = 0 AND n % 5 = 2", f"{KITS} + g.n - 1"),
    ):
        multiply(
            env,
            "mrp_bom_line",
            line.id,
            SQL("SELECT * FROM (%s) g WHERE %s", lines, dataset.expression(where)),
            bom_id=own,
            product_id=component,
            product_tmpl_id=component,
            product_qty="1 + (g.n + g.k) % 3",
        )


# === WHAT IS TIMED ===


def read_once(env, ids, warehouses):
    with session.measured(env.cr) as result:
        result.free = env["marketplace.stock"]._read_free(ids, warehouses)
    return result


def orm_seconds(env, ids, warehouses):
    """Read ``free_qty`` of every kit in every warehouse, all kits at once."""
    seconds = 0.0
    ours = env["marketplace.stock"]._read_free(ids, warehouses)
    for warehouse in warehouses:
        env.invalidate_all()
        products = env["product.product"].with_context(warehouse_id=warehouse)
        began = time.perf_counter()
        theirs = products.browse(ids).mapped("free_qty")
        seconds += time.perf_counter() - began
        for product, free in zip(ids, theirs, strict=True):
            if ours.get((product, warehouse), 0.0) != free:
                raise AssertionError(
                    f"{product}: {ours.get((product, warehouse))} is not {free}"
                )
    return seconds


def refresh_once(env, listings):
    """Compute whole numbers; what is written is rolled back."""
    with env.cr.savepoint() as savepoint:
        with session.measured(env.cr) as result:
            listings._refresh()
        savepoint.rollback()
    env.invalidate_all()
    return result


# === FIGURES ===


def against_orm(orm, runs):
    ours = statistics.median(run.seconds for run in runs)
    return Figure(
        "faster than the ORM's free_qty",
        orm / ours,
        "×",
        20,
        at_least=True,
        note=f"ORM {orm:.1f} s for all kits in 3 warehouses, in one batch each; "
        f"{spread([run.seconds for run in runs])}, {len(runs)} turns",
    )


def queries(env, ids, warehouses):
    read_once(env, ids, warehouses)  # what the ORM caches
    few = read_once(env, ids[: len(ids) // 10], warehouses).queries
    many = read_once(env, ids, warehouses).queries
    yield Figure("queries for all of them", many)
    yield Figure("queries more than for a tenth", many - few, bound=0)


def whole_number(env, turns):
    listings = env["marketplace.listing"].search([])
    runs = [refresh_once(env, listings) for _ in range(turns)]
    return Figure(
        "a refresh of their listings",
        statistics.median(run.seconds for run in runs),
        "s",
        note="free stock, demand, promises and buffers; every number is written",
    )


def changed_components(env, size, turns):
    """What a change of some components costs, from the product to its kits' numbers."""
    step = size // CHANGED
    runs, reached = [], 0
    for turn in range(turns):
        parts = {FIRST + 1 + (n * step + turn * 3) % size for n in range(CHANGED)}
        with session.measured(env.cr) as result:
            products = env["marketplace.stock"]._expand_products(parts)
        listings = env["marketplace.listing"].search(
            [("product_id", "in", list(products))]
        )
        reached = max(reached, len(listings))
        result.seconds += refresh_once(env, listings).seconds
        runs.append(result)
    yield Figure(
        f"refresh of the kits above {CHANGED} changed components",
        statistics.median(run.seconds for run in runs) * 1000,
        "ms",
        note=f"up to {reached} listings; {spread([r.seconds for r in runs])}, "
        f"{len(runs)} turns",
    )
