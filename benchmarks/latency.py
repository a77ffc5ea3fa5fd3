"""5. From the commit of a stock change to its number on the channel's shelf.

A server as in production runs beside this process, which plays the three channels,
limits on, and moves stock: 500 changes, 5 a second, each of another product. Every
product is on Shopify, every second one on Amazon, every third one on Mercado Libre: 5,
2.5 and 1.7 writes a second, within what each channel (Amazon: 5/s published) and our
own starting figure for Mercado Libre (2/s) allow.
"""

import signal
import socket
import subprocess
import time

from dev import config as dev_config
from dev import odoo as dev_odoo
from simulator import testing

from . import databases, session, shops
from .figures import Figure, percentile

SECTION = "Stock change committed → accepted by the channel"
CHANGES, PER_SECOND = 500, 5
EVERY = {"shopify": 1, "amazon": 2, "mercadolibre": 3}
SOLD, HIDDEN = 10, 3  # the shipped buffer policy hides three
PATIENCE = 300


def run(quick=False):
    count = 100 if quick else CHANGES
    database = databases.make("latency")
    with testing.running() as simulator:
        with session.environment(database) as env:
            products = shops.make_products(env, count)
            for channel, step in EVERY.items():
                settings = {"latency": 0, "rate_limits": False}
                numbers = range(0, count, step)
                shops.seed(simulator, channel, numbers, settings=settings)
                shops.make_account(
                    env, channel, simulator.url(channel), products[::step]
                )
            server = start_server(database)
            try:
                committed = measure(env, simulator, products)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(30)
    return list(figures_of(simulator, committed))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(database, port=None):
    """Start a server as in production, with processes of its own: two that answer
    requests, two that run scheduled actions, and Odoo's own limits."""
    options = (
        f"--http-port={port or free_port()}",
        f"--gevent-port={free_port()}",
        "--workers=2",
        "--max-cron-threads=2",
        "--limit-time-cpu=60",
        "--limit-time-real=120",
        "--limit-time-real-cron=-1",
        "--log-level=warn",
        f"--db-filter=^{database}$",
    )
    command = dev_odoo.command(*options, database=database)
    program = command.index("-m")
    command[program : program + 2] = [
        str(dev_config.ROOT / "benchmarks" / "odoo_server.py")
    ]
    return subprocess.Popen(
        command,
        env=dev_odoo.env(),
        cwd=dev_config.ROOT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def measure(env, simulator, products):
    """Move stock at a steady pace; return SKU → epoch seconds of its commit."""
    wait_until(env, simulator, shown=shops.STOCK - HIDDEN)
    for channel in EVERY:
        simulator.seed(channel, {"rate_limits": True})
    time.sleep(10)  # the channels' buckets fill up, as on a quiet day
    stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
    committed, began = {}, time.monotonic()
    for number, product in enumerate(products):
        time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        env["stock.quant"]._update_available_quantity(product, stock, -SOLD)
        env.cr.commit()
        committed[product.default_code] = time.time()
    wait_until(env, simulator, shown=shops.STOCK - SOLD - HIDDEN)
    return committed


def wait_until(env, simulator, shown):
    """Wait until every shelf shows one number, waking the accounts once."""
    env["marketplace.account"].search([])._wake()
    env.cr.commit()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if {row["quantity"] for row in simulator.shelf()} == {shown}:
            return
        time.sleep(0.2)
    raise RuntimeError(f"not every shelf shows {shown} after {PATIENCE} s")


def figures_of(simulator, committed):
    every = []
    for channel in EVERY:
        took = [
            row["updated_at"] - committed[row["sku"]]
            for row in simulator.shelf(channel)
        ]
        every += took
        yield Figure(
            f"{channel}, p95",
            percentile(took, 95),
            "s",
            3,
            note=f"{len(took)} writes: {words(took)}",
            section=SECTION,
        )
    for percent in (50, 95, 99):
        yield Figure(
            f"all channels, p{percent}",
            percentile(every, percent),
            "s",
            3 if percent == 95 else None,
            section=SECTION,
        )


def words(took):
    parts = (f"p{percent} {percentile(took, percent):.2f} s" for percent in (50, 99))
    return ", ".join((*parts, f"longest {max(took):.2f} s"))
