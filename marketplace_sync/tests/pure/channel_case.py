"""A simulated channel and an adapter that talks to it, for tests without Odoo."""

import functools
import socket
import threading
from unittest import mock

from marketplace_sync.channels.base import (
    Adapter,
    AdapterConfig,
    ListingRef,
    StockLevel,
)
from marketplace_sync.channels.errors import RetryableError
from marketplace_sync.channels.ratelimit import RateLimiter


class FakeClock:
    """Seconds that pass only when told to; ``sleep`` for whoever wants to wait."""

    def __init__(self, now=1_793_000_000.0):
        self.now = now

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class RecordingTokens:
    """A token provider in memory that remembers what it was asked and gave."""

    def __init__(self):
        self.adapter = None
        self.current = None
        self.refused = []
        self.issued = []

    def __call__(self, refused=None):
        if refused is not None:
            self.refused.append(refused)
        if self.current is None or refused == self.current.access_token:
            self.current = self.adapter.request_token()
            self.issued.append(self.current.access_token)
        return self.current


@functools.cache
def _server():
    """Return the one port of this process; starting one per test takes longer."""
    from simulator.core import Simulator
    from simulator.server import SimulatorServer

    server = SimulatorServer(Simulator([]), port=0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def fresh_simulator(channels, clock):
    """Return a simulator that knows nothing of earlier tests, on the shared port."""
    from simulator.core import Simulator
    from simulator.testing import RunningSimulator

    server = _server()
    server.simulator = Simulator(channels, clock)
    return RunningSimulator(server.simulator, server)


class ChannelCase:
    """A simulated channel, an adapter, and what a channel says about itself."""

    #: Odoo's loader skips inherited tests without it
    allow_inherited_tests_method = True

    # --- what a channel says about itself -----------------------------------------
    #: name of the simulator module, and prefix of its ``api_url``
    channel = ""
    adapter_class = Adapter
    #: all of them accepted by the simulator; obviously fake
    credentials = {}
    #: replaces some of ``credentials`` so that the channel refuses them
    wrong_credentials = {}
    #: fields of ``credentials`` that must never be printed
    secret_fields = ("client_secret", "refresh_token", "access_token")
    sites = ()
    #: ``AdapterConfig.options`` and ``.data``
    options = {}
    data = {}
    #: class of operation ("token", "write", "read") → fnmatch of the simulator's names
    operations = {}
    #: how the channel refuses a token that has expired: arguments of the fault
    expired_token = {"kind": "status", "status": 401}

    # --- capabilities -------------------------------------------------------------
    #: a refused access token can be replaced (False: a static token)
    refreshes_tokens = True
    #: the write of an unknown SKU looks fine (Amazon: ACCEPTED), only a read tells
    acknowledges_unknown = False
    #: answers and errors carry the channel's request id
    has_request_ids = True
    #: SKUs that this channel cannot have at all
    impossible_skus = ()

    # --- hooks --------------------------------------------------------------------
    def known_ref(self, sku="CONTRACT-1", quantity=5) -> ListingRef:
        """Put a listing on the channel's shelf and return how we know it."""
        raise NotImplementedError(f"{type(self).__name__}.known_ref")

    def unknown_ref(self) -> ListingRef:
        """Return a ref (key "unknown") of something that the channel has not."""
        return ListingRef(
            key="unknown", sku="NOT-THERE", site_code=next(iter(self.sites), "")
        )

    def shown_quantity(self, ref):
        """Return what a buyer sees now, read behind the adapter's back."""
        for row in self.simulator.shelf():
            if row.sku == ref.sku and ref.site_code in ("", row.site):
                return row.quantity
        return None

    def channel_fault(self, operation_class, kind, **kwargs):
        """Make the channel misbehave at its next call of a class of operations."""
        pattern = self.operations[operation_class]
        self.running.fault(self.channel, pattern, kind, **kwargs)

    def settle(self):
        """Let time pass until all that was accepted is visible."""
        self.clock.sleep(max(self.adapter_class.settling_seconds, 60))

    def start_channel(self):
        """Start the simulated channel: sets ``simulator`` and ``api_url``."""
        self.running = fresh_simulator([self.channel], self.clock)
        self.simulator = self.running.channels[self.channel]
        self.api_url = self.running.url(self.channel)

    # --- scaffolding --------------------------------------------------------------
    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.start_channel()
        self._forbid_other_hosts()

    def _forbid_other_hosts(self):
        connect = socket.socket.connect

        def only_loopback(sock, address):
            if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
                raise AssertionError(f"A call left for {address[0]}.")
            return connect(sock, address)

        patcher = mock.patch.object(socket.socket, "connect", only_loopback)
        patcher.start()
        self.addCleanup(patcher.stop)

    def make_adapter(self, credentials=None, **options):
        """Return an adapter; ``self.tokens`` is its recording token provider."""
        self.tokens = RecordingTokens()
        self.tokens.adapter = self.adapter_class(
            AdapterConfig(
                credentials={**self.credentials, **(credentials or {})},
                api_url=self.api_url,
                sites=self.sites,
                options={**self.options, **options},
                data=self.data,
            ),
            tokens=self.tokens,
            limiter=RateLimiter(
                self.adapter_class.limits, clock=self.clock, sleep=self.clock.sleep
            ),
            clock=self.clock,
        )
        self.addCleanup(self.tokens.adapter.close)
        return self.tokens.adapter

    def push(self, adapter, *rows, key="contract-push-1"):
        """Push ``(ref, quantity)`` rows as the models do; return results by key."""
        levels = [StockLevel(ref, quantity) for ref, quantity in rows]
        results = list(adapter.push_stock(adapter.prepare_push(levels), key))
        self.assertEqual(
            sorted(result.key for result in results),
            sorted(ref.key for ref, _quantity in rows),
            "one result per row",
        )
        return {result.key: result for result in results}

    def read(self, adapter, *refs):
        """Read refs as the models do; return listings by key."""
        listings = list(adapter.fetch_stock(refs))
        self.assertEqual(
            sorted(listing.key for listing in listings),
            sorted(ref.key for ref in refs),
            "one answer per ref",
        )
        return {listing.key: listing for listing in listings}

    def assert_retryable(self, call, family=RetryableError):
        """``call`` raises a RetryableError, or says ``retry`` for every row."""
        try:
            results = call()
        except family as error:
            self.assertTrue(error.message)
            return error
        except RetryableError as error:
            self.fail(f"{type(error).__name__} where {family.__name__} was due")
        self.assertTrue(results, "the failure left no trace")
        self.assertEqual({result.outcome for result in results.values()}, {"retry"})
        return None

    def assert_published(self, ref, result, quantity):
        """A result that says ``accepted`` is true now, ``submitted`` after a while."""
        self.assertIn(result.outcome, ("accepted", "submitted"), result.error)
        if result.outcome == "submitted":
            self.settle()
        self.assertEqual(self.shown_quantity(ref), quantity)
