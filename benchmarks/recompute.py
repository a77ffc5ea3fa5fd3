"""1. Recompute of all listings, against the ORM and against one SQL statement.

Measured is ``_cron_refresh_all``: everything, in batches that are committed. Engine,
statement and ORM (a warehouse at a time) take turns on the same data, where nothing
differs from what is stored: the usual sweep. Engine and statement also where every
number does, so that all rows are written.
"""

import statistics
import time

from . import databases, dataset, reference, session
from .figures import Figure, spread

SECTION = "Recompute of {listings:,} listings ({products:,} products, 3 warehouses)"
SETTLED = """
    UPDATE marketplace_listing
       SET published_qty = sellable_qty, sync_state = 'synced', pending_since = NULL
"""
UNKNOWN = """
    UPDATE marketplace_listing
       SET qty = CASE qty_source WHEN 'manual' THEN qty ELSE 0 END, committed_qty = 0,
           buffer_qty = 0, own_qty = 0, sellable_qty = -1, published_qty = 0,
           sync_state = 'synced', pending_since = NULL
"""
TRACED_LISTINGS = 20_000


def run(quick=False):
    size, rounds, writes = (5_000, 3, 1) if quick else (100_000, 5, 2)
    database = databases.make("recompute")
    with session.environment(database) as env:
        catalogue = dataset.build(env, size)
    session.vacuum(database)
    written = [write_round(database) for _ in range(writes)]
    start_from(database, SETTLED)
    swept, orm = [], 0.0
    for turn in range(rounds):
        swept.append(sweep_round(database))
        for warehouse in catalogue.warehouses[turn : turn + 1]:
            orm += orm_seconds(database, catalogue, warehouse)
    engine, statement = map(list, zip(*swept, strict=True))
    figures = [
        against_orm(orm, engine, statement, size),
        against_statement("a sweep, nothing differs", engine, statement),
        against_statement(
            "every number differs", *map(list, zip(*written, strict=True))
        ),
        *queries(database, size),
        *memory(database, engine),
    ]
    title = SECTION.format(listings=2 * size, products=size)
    for figure in figures:
        figure.section = title
    return figures


# === WHAT IS TIMED ===


def engine_run(database):
    with session.environment(database) as env:
        with session.measured(env.cr, memory=True) as result:
            env["marketplace.listing"]._cron_refresh_all()
        return result


def statement_run(database):
    with session.environment(database) as env:
        with session.measured(env.cr) as result:
            result.rows = reference.write_numbers(env.cr)
            env.cr.commit()
        return result


def sweep_round(database):
    """Run both where nothing differs."""
    engine, statement = engine_run(database), statement_run(database)
    expect(statement.rows == 0, f"the statement changed {statement.rows} rows")
    check_equal(database)
    return engine, statement


def write_round(database):
    """Run both where every number differs."""
    start_from(database, UNKNOWN)
    engine = engine_run(database)
    check_equal(database)
    start_from(database, UNKNOWN)
    return engine, statement_run(database)


def start_from(database, statement):
    """Put every listing into a known state; no dead rows."""
    with session.environment(database) as env:
        env.cr.execute(statement)
        env.cr.commit()
    with session.outside_transaction(database) as cr:
        cr.execute("VACUUM FULL ANALYZE marketplace_listing")


def check_equal(database):
    """Fail unless every stored number is the statement's, listing by listing."""
    with session.environment(database) as env:
        found = reference.differences(env.cr)
    expect(not found, f"{len(found)} listings differ, first: {found[:3]}")


def orm_seconds(database, catalogue, warehouse):
    """Read ``free_qty`` of every product in a warehouse, a thousand at a time."""
    with session.environment(database) as env:
        ids = catalogue.product_ids()
        ours = env["marketplace.stock"]._read_free(ids, [warehouse])
        products = env["product.product"].with_context(warehouse_id=warehouse)
        products = products.browse(ids)
        began = time.perf_counter()
        theirs = products.mapped("free_qty")
        seconds = time.perf_counter() - began
        check_free(ids, warehouse, ours, theirs)
    return seconds


def check_free(ids, warehouse, ours, theirs):
    """Free stock is Odoo's where nothing lies in a place that is not for sale."""
    for product, theirs_of_it in zip(ids, theirs, strict=True):
        if (product - dataset.FIRST) % 17:
            ours_of_it = ours.get((product, warehouse), 0.0)
            expect(
                abs(ours_of_it - theirs_of_it) < 1e-6,
                f"{product}: {ours_of_it} is not free_qty {theirs_of_it}",
            )


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


# === FIGURES ===


def seconds_of(runs):
    return [run.seconds for run in runs]


def against_orm(orm, engine, statement, products):
    ours = statistics.median(seconds_of(engine))
    theirs = statistics.median(seconds_of(statement))
    each = orm / products / 3 * 1000
    return Figure(
        "faster than batched ORM free_qty",
        orm / ours,
        "×",
        20,
        at_least=True,
        note=f"ORM {orm:.1f} s for the same products in 3 warehouses, free stock only "
        f"({each:.2f} ms each, measured at full size); engine {ours:.2f} s; the SQL "
        f"statement: {orm / theirs:.1f} ×",
    )


def against_statement(what, engine, statement):
    ours, theirs = seconds_of(engine), seconds_of(statement)
    ratio = statistics.median(ours) / statistics.median(theirs)
    note = f"engine {spread(ours)}, statement {spread(theirs)}, {len(ours)} turns"
    return Figure(f"slower than one SQL statement: {what}", ratio, "×", 2.5, note=note)


def queries(database, size):
    """Count the queries of one batch, and of one twice as large."""
    few = min(20_000, size // 2)
    with session.environment(database) as env:
        listings = env["marketplace.listing"].search([], limit=2 * few)
        counts = [_queries_of(env, listings[:few]) for _ in range(2)]
        more = _queries_of(env, listings)
    return [
        Figure(f"queries for a batch of {few:,}", counts[-1]),
        Figure(
            f"queries more for a batch of {2 * few:,}",
            more - counts[-1],
            bound=0,
        ),
    ]


def _queries_of(env, listings):
    env.invalidate_all()
    with session.measured(env.cr) as result:
        listings._refresh()
    return result.queries


def memory(database, runs):
    mebibyte = 1 << 20
    with session.environment(database) as env:
        listings = env["marketplace.listing"].search([], limit=TRACED_LISTINGS)
        with session.traced() as peak:
            listings._refresh()
            traced = peak()
    return [
        Figure(
            "peak memory of the process above its rest",
            round(max(run.peak_rss for run in runs) / mebibyte),
            "MiB",
            note="resident, all batches; the largest of the runs",
        ),
        Figure(
            "Python's own allocations",
            round(traced / len(listings)),
            "bytes a listing",
            note=f"tracemalloc, one batch of {len(listings):,}",
        ),
    ]
