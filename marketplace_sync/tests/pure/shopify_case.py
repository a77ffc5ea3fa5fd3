"""A simulated Shopify shop, an adapter and a clock for the tests of this channel."""

import contextlib
import unittest

from marketplace_sync.channels.base import AdapterConfig, ListingRef, StockLevel
from marketplace_sync.channels.ratelimit import RateLimiter
from marketplace_sync.channels.shopify import ShopifyAdapter
from marketplace_sync.tests.pure.channel_case import FakeClock
from simulator.testing import running

BERLIN = "gid://shopify/Location/1"
MADRID = "gid://shopify/Location/2"
CREDENTIALS = {
    "shop": "demo-shop",
    "client_id": "demo-client-id",
    "client_secret": "demo-client-secret",
}


class ShopifyCase(unittest.TestCase):
    """One simulator for the class, emptied before each test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.sim = stack.enter_context(running(["shopify"]))
        cls.shop = cls.sim.channels["shopify"]

    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.slept = []
        self.shop.clock = self.clock
        self.sim.reset("shopify")
        self.seed(
            sites=[
                {"code": BERLIN, "name": "Berlin"},
                {"code": MADRID, "name": "Madrid"},
            ]
        )

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.clock.sleep(seconds)

    def seed(self, **spec):
        self.shop.seed(spec)

    def stock(self, sku, quantity=5, site=BERLIN, **more):
        """Put a variant on the shelf and return its ref, id not yet known."""
        row = {"sku": sku, "site": site, "quantity": quantity, **more}
        self.seed(listings=[row])
        return ListingRef(key=f"{sku}@{site}", sku=sku, site_code=site)

    def adapter(self, credentials=None, sites=(BERLIN, MADRID), **config):
        adapter = ShopifyAdapter(
            AdapterConfig(
                credentials=credentials or CREDENTIALS,
                api_url=self.sim.url("shopify"),
                sites=sites,
                **config,
            ),
            limiter=RateLimiter(
                ShopifyAdapter.limits, clock=self.clock, sleep=self.sleep
            ),
            clock=self.clock,
        )
        self.addCleanup(adapter.close)
        return adapter

    def fault(self, operation, kind, **more):
        self.sim.fault("shopify", operation, kind, **more)

    def prepare(self, adapter, *rows):
        """Return prepared levels of ``(ref, quantity)`` rows."""
        return adapter.prepare_push([StockLevel(ref, q) for ref, q in rows])

    def push(self, *rows, adapter=None, key="push-1"):
        """Prepare and push; return results by SKU."""
        adapter = adapter or self.adapter()
        results = adapter.push_stock(self.prepare(adapter, *rows), key)
        return {result.key.partition("@")[0]: result for result in results}

    def shown(self, sku, site=BERLIN):
        return self.sim.quantity("shopify", sku, site)

    def calls(self, operation=None):
        log = [entry["operation"] for entry in self.sim.log("shopify")]
        log = [name for name in log if name != "token"]
        return log if operation is None else log.count(operation)
