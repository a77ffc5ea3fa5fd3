"""A real server, killed while it sends: after the next start every number is right.

The only tests with a server process of their own: they run last in ``make test``, on
databases of their own.
"""

import json
import os
import signal
import socket
import subprocess
import time

import pytest

from dev import config, odoo, setup, template
from simulator import testing

LISTINGS = 40
#: The longest that a server may take to do what it is waited for (seconds).
PATIENCE = 150
SITES = {
    "amazon": "ATVPDKIKX0DER",
    "shopify": "gid://shopify/Location/1",
    "mercadolibre": "MLM",
}
WRITES = ("patchListingsItem", "inventorySetQuantities", "putItem")

SETUP = """
import json, os
urls = json.loads(os.environ["SIMULATOR_URLS"])
sites = json.loads(os.environ["SITES"])
credentials = {
    "amazon": {
        "amazon_seller_id": "A1SIMULATOR",
        "amazon_client_id": "amzn1.application-oa2-client.simulator",
        "amazon_client_secret": "amzn1.oa2-cs.v1.simulator",
        "amazon_refresh_token": "Atzr|simulator",
    },
    "shopify": {
        "shopify_shop": "demo-shop",
        "shopify_access_token": "demo-access-token",
    },
    "mercadolibre": {
        "mercadolibre_user_id": "1234567890",
        "mercadolibre_client_id": "1111222233334444",
        "mercadolibre_client_secret": "fake-secret-mercadolibre",
        "mercadolibre_refresh_token": "TG-fake-refresh-0",
    },
}
warehouse = env["stock.warehouse"].search([], limit=1)
products = env["product.product"].create([
    {"name": f"P{n}", "default_code": f"S{n}", "is_storable": True}
    for n in range(int(os.environ["LISTINGS"]))
])
for product in products:
    env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 50)
for channel, url in urls.items():
    account = env["marketplace.account"].create({
        "name": channel, "channel": channel, "is_test": True, "api_url": url,
        **credentials[channel],
    })
    site = env["marketplace.site"].create({
        "account_id": account.id, "name": channel, "code": sites[channel],
        "warehouse_ids": warehouse.ids,
    })
    env["marketplace.listing"].create([
        {"site_id": site.id, "sku": product.default_code, "product_id": product.id}
        for product in products
    ])
    env.cr.commit()
    account.action_go_live()
env.cr.commit()
"""
SELL = """
products = env["product.product"].search([("default_code", "like", "S%")], order="id")
stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
for number, product in enumerate(products):
    if number % 2:
        env["stock.quant"]._update_available_quantity(product, stock, -(number % 50))
env.cr.commit()
"""
WAKE = """
env["marketplace.account"].search([])._wake()
env.cr.commit()
"""
EXPECTED = """
import json
rows = env["marketplace.listing"].search([])
print(json.dumps({
    "numbers": [[l.channel, l.sku, l.sellable_qty] for l in rows],
    "states": sorted(set(rows.mapped("sync_state"))),
    "sending": env["marketplace.push"].search_count([("state", "=", "sending")]),
}))
"""


def run(database, script, **variables):
    """Run a script in an Odoo shell; return what it printed."""
    done = subprocess.run(
        odoo.command("shell", "--no-http", "--log-level=error", database=database),
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env=odoo.env(**variables),
        cwd=config.ROOT,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start_server(database):
    """Start a normal server, crons on, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = (f"--http-port={port}", "--log-level=warn", f"--db-filter=^{database}$")
    return subprocess.Popen(
        odoo.command(*options, database=database),
        env=odoo.env(),
        cwd=config.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for(what, condition):
    """Wait until ``condition`` gives something true; return it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)  # a condition in another process: there is nothing to wait on
    raise AssertionError(f"{what} did not happen in {PATIENCE} s")


def seed(simulator):
    for channel, site in SITES.items():
        simulator.seed(
            channel,
            {
                "rate_limits": False,
                "sites": [site] if channel != "shopify" else [{"code": site}],
                "listings": [
                    {"sku": f"S{n}", "site": site, "quantity": 1, "price": 9}
                    for n in range(LISTINGS)
                ],
            },
        )


@pytest.fixture
def simulator():
    with testing.running(enforce_limits=False) as running:
        seed(running)
        yield running


@pytest.fixture
def database():
    name = f"ms_kill_{config.clone_id()}_{os.getpid()}"
    setup.fresh_database(name)
    yield name
    template.drop(name)


@pytest.fixture
def servers(database):
    started = []
    yield started
    for server in started:
        if server.poll() is None:
            server.kill()
        server.wait()


def writes(simulator):
    counts = [simulator.counts(channel) for channel in SITES]
    return [sum(c.get(name, 0) for name in WRITES) for c in counts]


def shelf(simulator):
    return {
        (channel, row["sku"]): row["quantity"]
        for channel in SITES
        for row in simulator.shelf(channel)
    }


@pytest.mark.parametrize("moment", ["slow", "slow_after"])
def test_killed_while_sending_every_listing_ends_at_its_right_quantity(
    simulator, database, servers, moment
):
    """``slow``: killed before the channel did it; ``slow_after``: before it said so."""
    for channel, name in zip(SITES, WRITES, strict=True):
        simulator.fault(channel, name, moment, seconds=0.4, times=-1)
    run(
        database,
        SETUP,
        SIMULATOR_URLS=json.dumps({name: simulator.url(name) for name in SITES}),
        SITES=json.dumps(SITES),
        LISTINGS=str(LISTINGS),
    )
    servers.append(start_server(database))
    run(database, WAKE)
    wait_for("sending on every channel", lambda: all(writes(simulator)))
    os.kill(servers[0].pid, signal.SIGKILL)
    servers[0].wait()
    assert json.loads(run(database, EXPECTED))["sending"], (
        "nothing was in flight when it died"
    )
    simulator.clear_faults()
    servers.append(start_server(database))
    run(database, SELL + WAKE)

    def all_right():
        told = json.loads(run(database, EXPECTED))
        wanted = {(channel, sku): qty for channel, sku, qty in told["numbers"]}
        right = shelf(simulator) == wanted and not told["sending"]
        return right and set(told["states"]) <= {"synced", "submitted"}

    wait_for("every listing at its right quantity", all_right)
