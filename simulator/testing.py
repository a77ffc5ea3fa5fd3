"""The simulator inside a test: a thread, an ephemeral port, everything reachable.

>>> with running(["shopify"]) as sim:           # doctest: +SKIP
...     sim.channels["shopify"].seed({"listings": [{"sku": "A", "quantity": 3}]})
...     sim.fault("shopify", "inventorySetQuantities", "reset_after")
...     account.api_url = sim.url("shopify")
...     assert [e["operation"] for e in sim.log("shopify")] == [...]
"""

import contextlib
import threading
import time

from .core import Simulator
from .faults import Fault
from .server import SimulatorServer


class RunningSimulator:
    """A simulator that answers now; see :func:`running`."""

    def __init__(self, simulator, server):
        self.simulator = simulator
        self.server = server
        #: ``{name: ChannelSimulator}``, in this process
        self.channels = simulator.channels
        self.base_url = server.base_url

    def url(self, channel):
        """Return the ``api_url`` of an account on ``channel``."""
        return f"{self.base_url}/{channel}"

    def fault(self, channel, operation, kind, **kw):
        """Let the next call(s) of ``operation`` (fnmatch) misbehave."""
        spec = {"channel": channel, "operation": operation, "kind": kind, **kw}
        return self.simulator.faults.add(Fault.from_spec(spec))

    def clear_faults(self, channel=None):
        """Call off the faults that still wait."""
        self.simulator.faults.clear(channel)

    def log(self, channel=None, since=None, after=None):
        """Return calls as dicts (``operation``, ``status``, ``time`` …), oldest first.

        A connection that was reset has status 0.
        """
        return self.simulator.journal.read(channel, since, after)

    def counts(self, channel=None):
        """Return the number of calls by operation."""
        return self.simulator.journal.counts(channel)

    def clear_log(self, channel=None):
        """Forget the calls so far."""
        self.simulator.journal.clear(channel)

    def seed(self, channel, spec):
        """Seed a channel."""
        self.simulator.seed(channel, spec)

    def reset(self, channel=None):
        """Empty one channel, or all."""
        self.simulator.reset(channel)

    def shelf(self, channel=None):
        """Return what buyers see, as dicts."""
        return self.simulator.shelf(channel)

    def quantity(self, channel, sku, site=None):
        """Return what buyers see of one SKU; the SKU must be on one site only,
        or ``site`` be given."""
        found = [
            row["quantity"]
            for row in self.shelf(channel)
            if row["sku"] == sku and site in (None, row["site"])
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} rows of {sku!r} on {channel}")
        return found[0]


@contextlib.contextmanager
def running(channels=None, *, clock=time.time, enforce_limits=True):
    """Run a simulator for the time of a ``with`` block.

    :param channels: names, ready-made ChannelSimulators, or None for all
    :param enforce_limits: False = the channels' own quotas are off
    """
    simulator = Simulator(channels, clock, enforce_limits)
    server = SimulatorServer(simulator, port=0)
    thread = threading.Thread(
        target=server.serve_forever, args=(0.02,), name="simulator", daemon=True
    )
    thread.start()
    try:
        yield RunningSimulator(simulator, server)
    finally:
        server.stop()
        thread.join(5)
