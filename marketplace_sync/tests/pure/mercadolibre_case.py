"""A Mercado Libre shop in memory for tests: the simulator behind a fake wire."""

import io
import unittest
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from marketplace_sync.channels.base import AdapterConfig, ListingRef, StockLevel
from marketplace_sync.channels.mercadolibre import MercadoLibreAdapter
from marketplace_sync.channels.ratelimit import RateLimiter
from marketplace_sync.tests.pure.channel_case import FakeClock, RecordingTokens
from simulator.core import Request, Simulator
from simulator.faults import RESET, Fault

CHANNEL = "mercadolibre"
URL = "http://127.0.0.1:1/mercadolibre"


class Wire(BaseAdapter):
    """Carries requests to a simulator in this process; remembers them."""

    def __init__(self, simulator):
        super().__init__()
        self.simulator = simulator
        self.sent = []

    def close(self):
        pass

    def send(self, request, **kwargs):
        url = urlsplit(request.url)
        body = request.body or b""
        call = Request(
            method=request.method,
            path=url.path.removeprefix("/mercadolibre"),
            query=parse_qs(url.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body.encode() if isinstance(body, str) else body,
            base_url=URL,
        )
        self.sent.append(call)
        return self._response(request, self.simulator.call(CHANNEL, call))

    @staticmethod
    def _response(request, answer):
        if answer is RESET:
            raise requests.ConnectionError("reset")
        response = requests.Response()
        response.request, response.url = request, request.url
        response.status_code = answer.status
        response.headers.update(answer.headers)
        body = answer.body
        if isinstance(body, dict | list):
            body = requests.compat.json.dumps(body)
        body = body.encode() if isinstance(body, str) else body or b""
        response.raw = io.BytesIO(body)
        return response


class MercadoLibreCase(unittest.TestCase):
    """Puts listings on the shelf, pushes, and looks at what a buyer sees."""

    def setUp(self):
        self.clock = FakeClock()
        self.simulator = Simulator([CHANNEL], self.clock)
        self.channel = self.simulator.channels[CHANNEL]
        self.wire = Wire(self.simulator)
        self.slept = []
        self.adapter = self.make_adapter()

    @property
    def shop(self):
        return self.channel.shop

    def make_adapter(self, sites=(), data=None, **credentials):
        """Return an adapter; pauses are noted in ``slept``, chance is always 0.5."""
        given = {
            "user_id": "1234567890",
            "client_id": "1111222233334444",
            "client_secret": "fake-secret-mercadolibre",
            "refresh_token": self.channel.state["auth"]["refresh_token"],
            **credentials,
        }
        self.tokens = RecordingTokens()
        self.tokens.adapter = adapter = MercadoLibreAdapter(
            AdapterConfig(given, URL, tuple(sites), data=data or {}),
            tokens=self.tokens,
            limiter=RateLimiter(
                MercadoLibreAdapter.limits, clock=self.clock, sleep=self.clock.sleep
            ),
            clock=self.clock,
            sleep=self.slept.append,
            random=lambda: 0.5,
        )
        adapter.client.session.mount("http://", self.wire)
        return adapter

    # --- the shelf -------------------------------------------------------------------
    def seed(self, *rows, **spec):
        """Put rows on the shelf."""
        rows = [{"quantity": 5, **row} for row in rows]
        self.channel.seed({"listings": rows, **spec})

    def known(self, sku="A", site="MLM", **data):
        """Return a ref as matching would have left it."""
        (item,) = self.shop.items_with(sku)
        variation = next((v for v in item["variations"] if sku_is(v, sku)), None)
        ref = f"{item['id']}:{variation['id']}" if variation else item["id"]
        return self.ref(ref, sku, site, **data)

    @staticmethod
    def ref(external_ref, sku="A", site="MLM", key=None, **data):
        key = key or f"{sku}@{site}"
        return ListingRef(key, sku, external_ref, site, data=data)

    def shown(self, sku="A", site=None):
        """Return what a buyer sees of a SKU."""
        rows = [r for r in self.channel.shelf() if r.sku == sku]
        return next(r.quantity for r in rows if site in (None, r.site))

    def fault(self, operation, kind, **kwargs):
        spec = {"channel": CHANNEL, "operation": operation, "kind": kind, **kwargs}
        return self.simulator.faults.add(Fault.from_spec(spec))

    # --- what was done ----------------------------------------------------------------
    def push(self, *rows, adapter=None):
        """Push ``(ref, quantity)`` rows; return results by key."""
        levels = [StockLevel(ref, quantity) for ref, quantity in rows]
        results = list((adapter or self.adapter).push_stock(levels, "key"))
        self.assertEqual(len(results), len(rows), "one result per row")
        return {result.key: result for result in results}

    def push_one(self, ref, quantity, **kwargs):
        return self.push((ref, quantity), **kwargs)[ref.key]

    def read(self, *refs, adapter=None):
        return {x.key: x for x in (adapter or self.adapter).fetch_stock(refs)}

    def calls(self, *operations):
        """Return the calls of some operations, all without any."""
        named = [(self.channel.operation(call), call) for call in self.wire.sent]
        return [c for name, c in named if not operations or name in operations]

    def operations(self):
        """Return the names of all calls but those for tokens."""
        names = [self.channel.operation(call) for call in self.wire.sent]
        return [name for name in names if name != "oauthToken"]

    def codes(self, listing):
        return [problem.code for problem in listing.problems]


def sku_is(holder, sku):
    """Tell whether an item or variation has a SKU."""
    return any(a["value_name"] == sku for a in holder["attributes"])
