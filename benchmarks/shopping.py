"""A server that is told of orders, and people who buy on the simulated channels."""

import threading
import time
import urllib.error
import urllib.request

from . import shops

#: Seconds that a server may take to start.
STARTING = 60


def announce(env, port):
    """Let the accounts' addresses lead to the server on ``port``; commits.

    Mercado Libre's is entered by hand, in its console; see :func:`subscribe`.
    """
    base = f"http://127.0.0.1:{port}"
    env["ir.config_parameter"].set_param("web.base.url", base)
    for account in env["marketplace.account"].search([]):
        account.invalidate_recordset(["webhook_address"])
        if account.channel == "shopify":
            account.action_register_webhooks()
    env.cr.commit()


def subscribe(env, simulator):
    """Enter Mercado Libre's address in its console."""
    account = env["marketplace.account"].search([("channel", "=", "mercadolibre")])
    simulator.simulator.trade("mercadolibre", "subscribe", account.webhook_address)


def wait_for_server(port):
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(  # noqa: S310: this machine
                f"http://127.0.0.1:{port}/web/health", timeout=5
            ).close()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise RuntimeError(f"no server on port {port} after {STARTING} s")


class Letters(threading.Thread):
    """Notes what a channel tells from now on, and what the door answered.

    The simulator remembers the latest two hundred notifications only: they are looked
    at ten times a second.

    :param channel: where the orders are placed
    """

    def __init__(self, simulator, channel):
        super().__init__(daemon=True)
        self.simulator = simulator
        self.channel = channel
        #: id of a notification → its row, see ``simulator.delivery.Ledger``
        self.told = {}
        self.before = {
            row["id"] for row in simulator.simulator.desk(channel).notifications()
        }
        self.stopping = threading.Event()

    def run(self):
        desk = self.simulator.simulator.desk(self.channel)
        while not self.stopping.wait(0.1):
            self.look(desk)
        self.look(desk)

    def look(self, desk):
        with self.simulator.channels[self.channel].lock:
            rows = desk.notifications()
        new = [row for row in rows if row["id"] not in self.before]
        self.told.update((row["id"], row) for row in new)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *details):
        self.stopping.set()
        self.join()

    def answered(self):
        """Return the door's answer times (seconds) and the statuses it gave."""
        rows = [row for row in self.told.values() if row["ms"] is not None]
        return [row["ms"] / 1000 for row in rows], {row["status"] for row in rows}

    def waiting(self):
        """Return how many notifications have not been delivered."""
        states = [row["state"] for row in self.told.values()]
        return sum(state in ("waiting", "retry") for state in states)

    def accepted_at(self):
        """Return what was told about → epoch seconds at which the door took it."""
        found = {}
        for row in self.told.values():
            if row["tried_at"] and row["status"] == 200:
                found.setdefault(row["about"], row["tried_at"])
        return found


def buy(simulator, channel, numbers, per_second, units):
    """Let people buy ``units`` of each product; return SKU → epoch seconds."""
    bought, began = {}, time.monotonic()
    for place, number in enumerate(numbers):
        time.sleep(max(0.0, began + place / per_second - time.monotonic()))
        sku = shops.sku(number)
        simulator.simulator.trade(channel, "buy", shops.SITES[channel], sku, units)
        bought[sku] = time.time()
    return bought
