"""6. Reconciliation: 20,000 listings over three simulated channels compared in one run.

Every cause is seeded 200 times: all must be found, named right, and nothing else. The
comparison runs in a process of its own (``benchmarks.reconcile_run``), so that its
memory is its own; the simulator is here. Waiting for the channels' published limits is
not slept but counted; own work is what is left without what the simulator took.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from odoo import fields
from odoo.tools import SQL

from simulator import testing

from . import databases, session, shops
from .figures import Figure
from .reconcile_faults import seed_faults

SECTION = "Reconciliation of 20,000 listings on three channels"
SIZES = (2_000, 20_000)
OWN_SECONDS = 60
MEMORY_FACTOR = 1.2


def run(quick=False):
    sizes = (500, 2_000) if quick else SIZES
    small, _none = measure(sizes[0])
    large, with_faults = measure(sizes[1], faults=20 if quick else 200)
    return [*figures_of(sizes, small, large), *findings_of(with_faults)]


def measure(size, faults=0):
    """Compare ``size`` listings in a fresh database; return what it took when every
    number is right, and what is found when many are not.

    :param faults: how many listings get each cause
    """
    database = databases.make("reconcile")
    with testing.running(enforce_limits=False) as simulator:
        busy = clock_calls(simulator.simulator)
        with session.environment(database) as env:
            accounts = fill(env, simulator, size)
        right, spoilt = compare(database, busy), {}
        if faults:
            with session.environment(database) as env:
                accounts = {
                    x: env["marketplace.account"].browse(accounts[x]) for x in accounts
                }
                expected = seed_faults(env, simulator, accounts, faults)
                env.cr.commit()
            spoilt = {**compare(database, busy), "expected": expected}
    return right, spoilt


def fill(env, simulator, size):
    """Put accounts in step with their shelves; return their ids by channel."""
    count = -(-size // len(shops.SITES))  # rounded up
    products = shops.make_products(env, count)
    accounts = {}
    for channel in shops.SITES:
        settings = {"feed_seconds": 0, "latency": 0, "report_seconds": 0}
        shops.seed(
            simulator,
            channel,
            range(count),
            settings=settings,
            listing=lambda _number: {"quantity": shops.STOCK},
        )
        accounts[channel] = shops.make_account(
            env, channel, simulator.url(channel), products
        )
    in_step(env, accounts)
    session.vacuum(env.cr.dbname)
    return {channel: account.id for channel, account in accounts.items()}


def in_step(env, accounts):
    """Every number was taken by its channel an hour ago."""
    for account in accounts.values():
        account.buffer_policy_id = False
        # the sweep of all numbers has figures of its own
        account.last_sweep_at = fields.Datetime.now()
        account.listing_ids._refresh()
    env.flush_all()
    env.cr.execute(
        SQL(
            """UPDATE marketplace_listing
                  SET published_qty = sellable_qty, sync_state = 'synced',
                      published_at = now() AT TIME ZONE 'UTC' - interval '1 hour'"""
        )
    )
    env.invalidate_all()
    env.cr.commit()


def clock_calls(simulator):
    """Add up the seconds that the simulator takes to answer; return ``[sum,
    calls]``."""
    total, call, lock = [0.0, 0], simulator.call, threading.Lock()

    def timed(name, request):
        began = time.perf_counter()
        try:
            return call(name, request)
        finally:
            with lock:
                total[0] += time.perf_counter() - began
                total[1] += 1

    simulator.call = timed
    return total


def compare(database, busy):
    """Run the comparison in a process of its own; return what it took and found."""
    busy[:] = [0.0, 0]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "taken.json"
        command = [sys.executable, "-m", "benchmarks.reconcile_run", database]
        subprocess.run([*command, str(path)], check=True, env={**os.environ})
        taken = json.loads(path.read_text())
    return {**taken, "channel_seconds": busy[0], "calls": busy[1]}


# === FIGURES ===


def figures_of(sizes, small, large):
    """Yield time, memory and queries, every number being right."""
    waits = ", ".join(f"{k} {v:.0f} s" for k, v in sorted(large["waited"].items()) if v)
    own = large["seconds"] - large["channel_seconds"]
    yield Figure(
        f"Own work, {sizes[1]:,} listings",
        own,
        "s",
        OWN_SECONDS,
        note="wall time without the channels' answers and without waiting",
        section=SECTION,
    )
    yield Figure(
        "Waiting for the channels' limits",
        sum(large["waited"].values()),
        "s",
        note=waits or "none",
        section=SECTION,
    )
    yield Figure(
        "The simulated channels' answers",
        large["channel_seconds"],
        "s",
        note=f"{large['calls']:,} calls",
        section=SECTION,
    )
    yield Figure(
        f"Memory, {sizes[1]:,} listings against {sizes[0]:,}",
        large["peak"] / small["peak"],
        "×",
        MEMORY_FACTOR,
        note=f"peak of the process: {small['peak'] / 2**20:.0f} and "
        f"{large['peak'] / 2**20:.0f} MiB",
        section=SECTION,
    )
    per_1000 = [taken["queries"] / taken["read"] * 1000 for taken in (small, large)]
    yield Figure(
        f"Queries per 1,000 listings, {sizes[1]:,} against {sizes[0]:,}",
        per_1000[1] / per_1000[0],
        "×",
        1.1,
        note=f"{per_1000[0]:.0f} and {per_1000[1]:.0f}",
        section=SECTION,
    )


def findings_of(taken):
    """Yield one line per cause: how many of the seeded were found under its name."""
    expected, found = taken["expected"], taken["found"]
    by_cause = {}
    for key, cause in expected.items():
        by_cause.setdefault(cause, []).append(key)
    for cause, keys in sorted(by_cause.items()):
        named = sum(found.get(key) == cause for key in keys)
        others = sorted({found.get(key) or "not found" for key in keys} - {cause})
        yield Figure(
            f"Found: {cause.replace('_', ' ')}",
            named,
            "",
            len(keys),
            at_least=True,
            note=f"of {len(keys)}" + (f"; {', '.join(others)}" if others else ""),
            section=SECTION,
        )
    false = [key for key in found if key not in expected]
    yield Figure(
        f"False findings among {taken['read']:,} listings",
        len(false),
        "",
        0,
        note=", ".join(f"{k}: {found[k]}" for k in false[:5]),
        section=SECTION,
    )
