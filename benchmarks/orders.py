"""7. From an order's webhook to the lower number on the other channels' shelves.

A server as in production runs beside this process, which plays the three channels,
limits on, Shopify on its smallest plan. People buy 500 times on one channel, 5 times a
second, each another product. Every product is on Shopify, every second one on Amazon,
every third one on Mercado Libre: 2.5 and 1.7 writes a second, within what the channels
allow (see ``latency``).
"""

import signal
import time

from simulator import delivery, testing
from simulator.shopify_cost import Points

from . import databases, latency, session, shopping, shops
from .figures import Figure, percentile

#: Purchases, and in how many seconds.
BURSTS, SLOW_SECONDS, FAST_SECONDS = (400, 400), 90, 5
LOAD = "Many purchases at once, Shopify's smallest plan"
SECTION = "Order webhook accepted → the other channels accepted the lower number"
ORDERS, PER_SECOND, UNITS = 500, 5, 10
SHOWN = shops.STOCK - latency.HIDDEN
LEFT = SHOWN - UNITS
PATIENCE = 300
#: Of the shop: prices that need neither a currency's rate nor a tax's mapping.
PRICES = {"currency": "USD", "tax": {"title": "", "rate": 0}}


def run(quick=False):
    speed = 100 if quick else ORDERS
    slow, fast = (40, 80) if quick else BURSTS
    # one that is forgotten while it is on its way would count as waiting for ever
    delivery.REMEMBERED = 4 * (speed + slow + fast)
    database = databases.make("orders")
    with testing.running() as simulator, session.environment(database) as env:
        prepare(env, simulator, speed + slow + fast)
        port = latency.free_port()
        server = latency.start_server(database, port)
        try:
            open_shops(env, simulator, port)
            found = list(measure_speed(env, simulator, range(speed)))
            last = speed + slow
            found += measure_load(env, simulator, range(speed, last), SLOW_SECONDS)
            rest = range(last, last + fast)
            found += measure_load(env, simulator, rest, FAST_SECONDS)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    return found


def measure_speed(env, simulator, numbers):
    """People buy at a steady pace; how long until the other shelves are lower?"""
    with shopping.Letters(simulator, "shopify") as letters:
        shopping.buy(simulator, "shopify", numbers, PER_SECOND, UNITS)
        wait_until_lowered(simulator, numbers)
    wait_until_imported(env, len(numbers))
    return speed_figures(simulator, letters)


def measure_load(env, simulator, numbers, seconds):
    """Many buy in a short time; is anything lost or doubled, and when is it done?"""
    before, spent = count_orders(env), points_spent(simulator)
    began = time.time()
    with shopping.Letters(simulator, "shopify") as letters:
        shopping.buy(simulator, "shopify", numbers, len(numbers) / seconds, UNITS)
        bought = time.time()
        drained = wait_until_drained(env, simulator, letters, before + len(numbers))
        wait_until_lowered(simulator, numbers)
        lowered = time.time()
    name = f"{len(numbers)} purchases in {seconds} s"
    stored = count_orders(env) - before
    yield Figure(
        f"{name}: drained after the last",
        drained - bought,
        "s",
        60,
        note=f"inbox empty and every order promised; every shelf of the others right "
        f"{lowered - bought:.0f} s after the last ({bought - began:.0f} s of buying)",
        section=LOAD,
    )
    wrong = abs(stored - len(numbers)) + count_wrong_units(env)
    yield Figure(f"{name}: lost or doubled", wrong, "orders", 0, section=LOAD)
    yield Figure(
        f"{name}: Shopify's points, an order",
        (points_spent(simulator) - spent) / len(numbers),
        "points",
        note="all that the account asked, until every shelf was right",
        section=LOAD,
    )
    took, statuses = letters.answered()
    yield Figure(
        f"{name}: the door's answer, p95",
        percentile(took, 95) * 1000,
        "ms",
        500,
        note=f"{len(took)} webhooks, answers {sorted(statuses)}: "
        f"p50 {percentile(took, 50) * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms",
        section=LOAD,
    )


def points_spent(simulator):
    return Points(simulator.channels["shopify"].shop).spent()


def count_orders(env):
    env.cr.rollback()
    return env["marketplace.order"].search_count([])


def count_wrong_units(env):
    """Return how many orders do not want what was bought."""
    env.cr.execute(
        """SELECT COUNT(*) FROM (
               SELECT 1 FROM marketplace_order o
                 LEFT JOIN marketplace_order_line l ON l.order_id = o.id
                GROUP BY o.id HAVING COALESCE(SUM(l.quantity), 0) <> %s) wrong""",
        [UNITS],
    )
    return env.cr.fetchone()[0]


def wait_until_drained(env, simulator, letters, count):
    """Return when every notification had been dealt with (epoch seconds)."""
    deadline = time.monotonic() + PATIENCE
    waiting = [("state", "in", ("new", "postponed"))]
    while time.monotonic() < deadline:
        is_stored = count_orders(env) >= count
        if is_stored and not letters.waiting():
            mine = [*waiting, ("channel", "=", "shopify")]
            if not env["marketplace.event"].search_count(mine):
                return time.time()
        time.sleep(0.1)
    raise RuntimeError(f"{count_orders(env)} of {count} orders after {PATIENCE} s")


def wait_until_imported(env, count):
    """Wait for the sale orders: what follows begins with nothing left to do."""
    deadline = time.monotonic() + 4 * PATIENCE
    while time.monotonic() < deadline:
        env.cr.rollback()
        if env["sale.order"].search_count([("state", "=", "sale")]) >= count:
            return
        time.sleep(0.5)
    raise RuntimeError("the sale orders are not made")


def prepare(env, simulator, count):
    """Three accounts that share ``count`` products' stock."""
    products = shops.make_products(env, count)
    for channel, step in latency.EVERY.items():
        settings = {"latency": 0, "rate_limits": False}
        settings.update(PRICES if channel == "shopify" else {})
        shops.seed(simulator, channel, range(0, count, step), settings=settings)
        shops.make_account(env, channel, simulator.url(channel), products[::step])


def open_shops(env, simulator, port):
    """Wait until every shelf is right and the channels tell us of orders."""
    shopping.wait_for_server(port)
    shopping.announce(env, port)
    shopping.subscribe(env, simulator)
    env["marketplace.account"].search([])._wake_orders()
    latency.wait_until(env, simulator, shown=SHOWN)
    for channel in latency.EVERY:
        simulator.seed(channel, {"rate_limits": True})
    time.sleep(10)  # the channels' buckets fill up, as on a quiet day


def wait_until_lowered(simulator, numbers):
    """Wait until every shelf shows what is left of these products."""
    skus = {shops.sku(number) for number in numbers}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        wrong = [
            row
            for row in simulator.shelf()
            if row["sku"] in skus and row["quantity"] != LEFT
        ]
        if not wrong:
            return
        time.sleep(0.2)
    raise RuntimeError(f"{len(wrong)} shelves are wrong after {PATIENCE} s")


def speed_figures(simulator, letters):
    took, accepted = {}, letters.accepted_at()
    names = {
        line["sku"]: row.name
        for row in simulator.simulator.desk("shopify").rows()
        for line in row.lines
    }
    for channel in ("amazon", "mercadolibre"):
        took[channel] = [
            row["updated_at"] - accepted[names[row["sku"]]]
            for row in simulator.shelf(channel)
            if row["sku"] in names
        ]
    for channel, seconds in took.items():
        yield Figure(
            f"on {channel}, p95",
            percentile(seconds, 95),
            "s",
            3,
            note=f"{len(seconds)} writes: {latency.words(seconds)}",
            section=SECTION,
        )
    every = sum(took.values(), [])
    for percent in (50, 95, 99):
        yield Figure(
            f"both, p{percent}",
            percentile(every, percent),
            "s",
            3 if percent == 95 else None,
            section=SECTION,
        )
