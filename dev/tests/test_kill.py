"""A real server, killed: after the next start all ends as if it had not been.

The only tests with a server process of their own: they run last in ``make test``, on
databases of their own.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time

import psycopg2
import pytest

from dev import cluster, config, odoo, setup, template
from simulator import testing
from simulator.accounts import CREDENTIALS, SITES
from simulator.delivery import Manner

LISTINGS = 40
#: The longest that a server may take to do what it is waited for (seconds).
PATIENCE = 150
#: Prices that need no rate of a currency and no mapping of a tax.
SHOP = {"currency": "USD", "tax": {"title": "", "rate": 0}}
WRITES = ("patchListingsItem", "inventorySetQuantities", "putItem")

SETUP = """
import json, os
urls = json.loads(os.environ["SIMULATOR_URLS"])
sites = json.loads(os.environ["SITES"])
credentials = json.loads(os.environ["CREDENTIALS"])
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
products = env["product.product"].search(
    [("default_code", "like", "S%"), ("is_storable", "=", True)], order="id"
)
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(database, port=None):
    """Start a normal server, crons on, on a free port."""
    port = port or free_port()
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
                **(SHOP if channel == "shopify" else {}),
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
        CREDENTIALS=json.dumps(CREDENTIALS),
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


# === A SALE, END TO END ===

REGISTER = """
env["ir.config_parameter"].set_param("web.base.url", os.environ["BASE_URL"])
shop = env["marketplace.account"].search([("channel", "=", "shopify")])
shop.action_register_webhooks()
env.cr.commit()
"""
DELIVER = """
picking = env["sale.order"].search([("marketplace_order_ids", "!=", False)]).picking_ids
picking.carrier_tracking_ref = "TRACK-1"
picking.button_validate()
env.cr.commit()
"""
BOUGHT, SKU = 2, "S0"
#: Of 50 in stock the shipped buffer policy hides 3.
FULL, LOWERED = 47, 45
HELD_SECONDS = 600


class Chain:
    """One sale, and the server that is killed again and again on its way.

    :param database: its name
    """

    def __init__(self, simulator, database, servers):
        self.simulator = simulator
        self.database = database
        self.servers = servers
        self.port = free_port()

    def ask(self, query):
        """Return the rows of a query on the server's database."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def connect(self, database=None):
        env = cluster.client_env()
        return psycopg2.connect(
            dbname=database or self.database,
            host=env["PGHOST"],
            port=env.get("PGPORT", "5432"),
            user=env.get("PGUSER", "odoo"),
        )

    def start(self):
        self.servers.append(start_server(self.database, self.port))

    def wait_for(self, what, condition):
        """Wait; let scheduled actions that are due run now: a server that has just
        started looks for them within its first minute."""
        listener = self.connect("postgres")
        listener.autocommit = True

        def woken():
            if result := condition():
                return result
            with listener.cursor() as cursor:
                cursor.execute("SELECT pg_notify('cron_trigger', %s)", [self.database])
            time.sleep(0.5)
            return None

        with contextlib.closing(listener):
            return wait_for(what, woken)

    def kill(self):
        os.kill(self.servers[-1].pid, signal.SIGKILL)
        self.servers[-1].wait()

    def hold_call(self, channel, operation, kind):
        """Let a channel hold the next such call; return what tells that it does."""
        faults = self.simulator.simulator.faults
        self.simulator.fault(channel, operation, kind, seconds=HELD_SECONDS)
        return lambda: not faults.waiting

    def hold_writes(self, table):
        """Let nobody write a table; return the lock and what tells that one waits."""
        lock = self.connect()
        with lock.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        waiting = f"""SELECT 1 FROM pg_locks
                       WHERE relation = '{table}'::regclass AND NOT granted"""
        return lock, lambda: self.ask(waiting)

    def shelves(self):
        return {self.simulator.quantity(channel, SKU) for channel in SITES}

    def parcels(self):
        (order,) = self.simulator.simulator.desk("shopify").rows()
        return [(parcel["tracking"], parcel["status"]) for parcel in order.shipments]

    # --- where it is killed ---------------------------------------------------
    def kill_while_reading(self):
        """The event is stored, what it is about is not read yet."""
        is_held = self.hold_call("shopify", "order|nodes", "slow")
        bought = "shopify", "buy", SITES["shopify"], SKU, BOUGHT
        self.simulator.simulator.trade(*bought, manner=Manner("twice"))
        self.wait_for("reading the order", is_held)
        assert self.ask("SELECT 1 FROM marketplace_event WHERE state = 'new'")
        assert not self.ask("SELECT 1 FROM marketplace_order")
        self.kill()

    def kill_while_making_the_sale_order(self):
        """The order is stored and promised, Amazon is being told, and has not said so;
        the sale order is half made: no delivery can be written."""
        lock, is_making = self.hold_writes("stock_picking")
        is_lowering = self.hold_call("amazon", "patchListingsItem", "slow_after")
        self.start()
        self.wait_for("confirming the sale order", is_making)
        self.wait_for("lowering Amazon", is_lowering)
        assert self.ask("SELECT 1 FROM marketplace_order WHERE sale_order_id IS NULL")
        assert not self.ask("SELECT 1 FROM sale_order")
        self.kill()
        lock.close()

    def kill_while_telling(self):
        """The channel has made the fulfilment, and its answer never arrives."""
        is_held = self.hold_call("shopify", "fulfillmentCreate", "slow_after")
        run(self.database, DELIVER)
        self.wait_for("telling the shipment", is_held)
        assert self.ask("SELECT 1 FROM marketplace_shipment WHERE state <> 'accepted'")
        self.kill()

    # --- how it ends ----------------------------------------------------------
    def is_told(self):
        return self.ask("SELECT 1 FROM marketplace_shipment WHERE state = 'accepted'")

    def is_at_rest(self):
        return self.shelves() == {LOWERED} and not self.ask(
            """SELECT 1 FROM marketplace_event WHERE state IN ('new', 'postponed')
                UNION ALL
               SELECT 1 FROM marketplace_listing
                WHERE sync_state NOT IN ('synced', 'submitted')"""
        )

    def check_end(self):
        counted = self.ask(
            """SELECT (SELECT COUNT(*) FROM marketplace_order),
                      (SELECT COUNT(*) FROM sale_order),
                      (SELECT COUNT(*) FROM sale_order WHERE state = 'sale'),
                      (SELECT COUNT(*) FROM stock_picking),
                      (SELECT COUNT(*) FROM stock_picking WHERE state = 'done'),
                      (SELECT COUNT(*) FROM marketplace_shipment),
                      (SELECT SUM(quantity)::int FROM stock_quant q
                         JOIN stock_location l ON l.id = q.location_id
                         JOIN product_product p ON p.id = q.product_id
                        WHERE l.usage = 'internal' AND p.default_code = 'S0')"""
        )
        assert counted == [(1, 1, 1, 1, 1, 1, 50 - BOUGHT)]
        assert self.parcels() == [("TRACK-1", "success")]
        assert self.shelves() == {LOWERED}


def test_killed_anywhere_between_a_purchase_and_its_tracking_it_ends_the_same(
    simulator, database, servers
):
    chain = Chain(simulator, database, servers)
    run(
        database,
        SETUP + REGISTER,
        SIMULATOR_URLS=json.dumps({name: simulator.url(name) for name in SITES}),
        SITES=json.dumps(SITES),
        CREDENTIALS=json.dumps(CREDENTIALS),
        LISTINGS="1",
        BASE_URL=f"http://127.0.0.1:{chain.port}",
    )
    chain.start()
    run(database, WAKE)
    chain.wait_for("every shelf is full", lambda: chain.shelves() == {FULL})
    chain.kill_while_reading()
    # Not more than two before the action has come to its end once: Odoo lets one rest
    # until its next turn that was cut off three times in a row.
    chain.kill_while_making_the_sale_order()
    chain.start()
    delivery = "SELECT 1 FROM stock_picking WHERE state = 'assigned'"
    chain.wait_for("a delivery is ready", lambda: chain.ask(delivery))
    chain.wait_for("every shelf is lowered", lambda: chain.shelves() == {LOWERED})
    chain.kill_while_telling()
    chain.start()
    chain.wait_for("the shipment is known to have been told", chain.is_told)
    chain.wait_for("all is at rest", chain.is_at_rest)
    chain.check_end()
