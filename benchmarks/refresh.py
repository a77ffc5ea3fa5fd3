"""2. Refresh of 100 changed products: does the size of the catalogue matter?

The three catalogues take turns in one process. Each turn changes the stock of 100
products, notes them as a stock move does, and times ``_refresh_changed`` with its
commit; every number differs and is written.
"""

import statistics
from contextlib import ExitStack

from . import databases, dataset, session
from .figures import Figure, spread

SIZES = (1_000, 10_000, 100_000)
CHANGED = 100
SECTION = "Refresh of 100 changed products"


def run(quick=False):
    sizes, turns = ((1_000, 10_000), 9) if quick else (SIZES, 25)
    prepared = {size: prepare(size) for size in sizes}
    times = {size: [] for size in sizes}
    with ExitStack() as stack:
        envs = {
            size: stack.enter_context(session.environment(database))
            for size, database in prepared.items()
        }
        for turn in range(-2, turns):  # two to warm up
            for size, env in envs.items():
                measured = one_turn(env, size, turn)
                if turn >= 0:
                    times[size].append(measured)
    return list(figures_of(times))


def prepare(size):
    """Return a database in which every listing shows its number."""
    database = databases.make(f"refresh_{size}")
    with session.environment(database) as env:
        dataset.build(env, size)
    session.vacuum(database)
    with session.environment(database) as env:
        env["marketplace.listing"]._cron_refresh_all()
        env.cr.execute(
            "UPDATE marketplace_listing"
            " SET published_qty = sellable_qty, sync_state = 'synced'"
        )
        env.cr.commit()
    with session.outside_transaction(database) as cr:
        cr.execute("VACUUM FULL ANALYZE marketplace_listing")
    return database


def one_turn(env, size, turn):
    """Change, note, then measure the refresh."""
    step = size // CHANGED
    products = [
        dataset.FIRST + 1 + (number * step + (turn + 2) * 3) % size
        for number in range(CHANGED)
    ]
    env.cr.execute(
        """UPDATE stock_quant SET quantity = quantity + 30
            WHERE id IN (SELECT MIN(id) FROM stock_quant
                          WHERE product_id = ANY(%s) GROUP BY product_id)""",
        [products],
    )
    env["marketplace.stock.change"]._append(products)
    env.cr.commit()
    env.invalidate_all()
    with session.measured(env.cr) as result:
        env["marketplace.listing"]._refresh_changed()
        env.cr.commit()
    return result


def figures_of(times):
    smallest = min(times)
    median = {
        size: statistics.median(turn.seconds for turn in turns)
        for size, turns in times.items()
    }
    for size, turns in times.items():
        yield Figure(
            f"among {size:,} products",
            median[size] * 1000,
            "ms",
            note=f"{spread([turn.seconds for turn in turns])}, {len(turns)} turns, "
            f"{statistics.median(turn.queries for turn in turns):.0f} queries",
            section=SECTION,
        )
    largest = max(times)
    yield Figure(
        f"{largest:,} : {smallest:,}",
        median[largest] / median[smallest],
        "×",
        1.5,
        section=SECTION,
    )
