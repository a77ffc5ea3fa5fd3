"""A Shopify shop on loopback: token grant, and the Admin GraphQL API.

Seed: ``{"sites": [{"code": gid, "name", "active", "fulfills_online_orders",
"fulfillment_service"}], "listings": [{"sku", "site": gid, "quantity", "title",
"barcode", "policy": "DENY"|"CONTINUE", "tracked", "bundle", "status", "active": is
the level, "committed", "duplicate": make another variant of the same SKU}],
"credentials": {"shop", "client_id", "client_secret", "access_token", "scopes": []},
"rate_limits": bool, "plan": "standard"|"advanced"|"plus", "partial_writes": bool,
"bulk_seconds", "tax": {"title", "rate"}, "taxes_included": bool,
"delivery": "at_once"|"held"}``.
``quantity: null`` makes a variant that is not stocked at the location.

Faults of its own, besides ``ignore`` and ``delay``: ``stale`` (somebody buys one
unit just before the write), ``throttled``, ``in_flight``, ``previous_failed``,
``internal_error``, ``partial`` (data and errors), ``shop_inactive``; bulk operations:
see ``shopify_bulk.py``.
"""

import copy
import re
import time
import uuid
from urllib.parse import parse_qs

from . import shopify_graphql as api
from .core import ChannelSimulator, Response
from .shopify_bulk import RESULT_PATH, Bulk
from .shopify_desk import ShopifyDesk
from .shopify_shop import Shop, empty
from .shopify_webhooks import Outbox

TOKEN_PATH = "/admin/oauth/access_token"
GRAPHQL_PATH = re.compile(r"/admin/api/(\d{4}-\d{2})/graphql\.json")
#: ``expires_in`` of a client-credentials grant (seconds).
TOKEN_LIFETIME = 86399
UNAUTHORIZED = (
    "[API] Invalid API key or access token (unrecognized login or wrong password)"
)


class ShopifySimulator(ChannelSimulator):
    """One shop."""

    name = "shopify"
    title = "Shopify"
    update_operations = "inventorySetQuantities"

    def __init__(self, clock=time.time):
        self.outbox = Outbox(self)
        self.desk = ShopifyDesk(self)
        super().__init__(clock)

    def deliveries(self):
        return self.outbox.jobs()

    # --- state ----------------------------------------------------------------
    def reset(self):
        self.load(empty())

    def load(self, state):
        # by name: tests put another clock into the simulator later
        state = {**empty(), **state}
        self.shop = Shop(state, lambda: self.clock(), self.outbox)

    def dump(self):
        # copied as deep as it changes: the caller writes it when the lock is free
        state = self.shop.state
        variants = {
            number: {**variant, "levels": _copies(variant["levels"])}
            for number, variant in state["variants"].items()
        }
        busy = ("orders", "subscriptions", "outbox", "delivered", "ledger")
        return {
            **_copies(state),
            **{name: copy.deepcopy(state[name]) for name in busy},
            "variants": variants,
            "sites": _copies(state["sites"]),
        }

    def seed(self, spec):
        with self.lock:
            self.shop.seed(spec)

    def shelf(self):
        with self.lock:
            return list(self.shop.shelf())

    def set_quantity(self, site, sku, quantity):
        with self.lock:
            self.shop.edit(site, sku, quantity)

    # --- orders ---------------------------------------------------------------
    def sell(self, sku, quantity=1, site=None, also=(), line=None, **buyer):
        """Let a buyer order in the shop; return the order's id.

        :param also: further items, ``line``: more about the first one, ``buyer``:
            everything else, see :meth:`~.shopify_orders.Orders.place`
        """
        item = {"sku": sku, "quantity": quantity, "site": site, **(line or {})}
        with self.lock:
            return self.shop.orders.place([item, *also], **buyer)

    def edit_order(self, order_id, sku, quantity, **item):
        """Change the quantity of a SKU in an order, or add it."""
        with self.lock:
            self.shop.orders.edit(order_id, sku, quantity, **item)

    def cancel_order(self, order_id, reason="CUSTOMER", restock=True):
        """Cancel a whole order."""
        with self.lock:
            self.shop.orders.cancel(order_id, reason, restock)

    def refund_order(self, order_id, sku=None, quantity=1, restock="RETURN"):
        """Give money back for units of a SKU (the order's first one)."""
        with self.lock:
            lines = self.shop.orders.get(order_id)["lines"].values()
            sku = sku or next(iter(lines))["sku"]
            self.shop.orders.refund(order_id, sku, quantity, restock)

    def hold_order(self, order_id, reason="OTHER", notes=None, site=None):
        """Hold what is to be sent of an order."""
        with self.lock:
            order = self.shop.orders.get(order_id)
            self.shop.orders.fulfilment.hold(order, reason, notes, site)

    def release_order(self, order_id):
        """Release an order's holds."""
        with self.lock:
            order = self.shop.orders.get(order_id)
            self.shop.orders.fulfilment.release(order)

    def move_order(self, order_id, site, sku=None):
        """Let another location send an order."""
        with self.lock:
            order = self.shop.orders.get(order_id)
            self.shop.orders.fulfilment.move(order, site, sku)

    def orders(self):
        """Return what the page shows of each order, oldest first."""
        with self.lock:
            return list(self.shop.orders.rows())

    # --- HTTP -----------------------------------------------------------------
    def operation(self, request):
        if request.path == TOKEN_PATH:
            return "token"
        if RESULT_PATH.fullmatch(request.path):
            return "bulkResult"
        if not GRAPHQL_PATH.fullmatch(request.path):
            return f"{request.method} {request.path}"
        content = request.json()
        text = content.get("query") if isinstance(content, dict) else None
        return api.root_field(text) if isinstance(text, str) else "graphql"

    def handle(self, request):
        with self.lock:
            response = self._route(request)
            self.outbox.kick()  # what had to wait for its next attempt
        response.headers.setdefault("X-Request-Id", str(uuid.uuid4()))
        return response

    def error_body(self, status):
        return Response(
            status,
            {"errors": "Too Many Requests" if status == 429 else str(status)},
            {"X-Request-Id": str(uuid.uuid4())},
        )

    def _route(self, request):
        path = GRAPHQL_PATH.fullmatch(request.path)
        if request.method == "POST" and request.path == TOKEN_PATH:
            return self._grant(request)
        result = RESULT_PATH.fullmatch(request.path)
        if request.method == "GET" and result:  # a signed address: no token
            return Bulk(self.shop).result(result.group(1))
        if request.method != "POST" or not path:
            return Response(404, {"errors": "Not Found"})
        if not self._is_known(request.headers.get("x-shopify-access-token")):
            return Response(401, {"errors": UNAUTHORIZED})
        version = path.group(1)
        # an expired version "falls forward" to the oldest supported one
        served = version if version in api.VERSIONS else api.VERSIONS[0]
        if version > api.VERSIONS[-1]:
            return Response(404, {"errors": "Not Found"})
        return self._graphql(request, {"X-Shopify-API-Version": served})

    def _graphql(self, request, headers):
        self.shop.base_url = request.base_url
        content = request.json()
        if not isinstance(content, dict):
            return Response(400, {"errors": "Bad Request"}, headers)
        body = FAULTS.get(request.fault.kind) if request.fault else None
        if body is None:
            limited = self.enforce_limits and self.shop.state["rate_limits"]
            body = api.run(self.shop, content, request.fault, limited)
        if request.fault and request.fault.kind == "partial":
            body["errors"] = [dict(INTERNAL)]
        return Response(200, body, headers)

    # --- tokens ---------------------------------------------------------------
    def _is_known(self, token):
        state = self.shop.state
        if not token:
            return False
        granted = state["grants"].get(token, 0) > self.clock()
        return granted or token == state["credentials"].get("access_token")

    def _grant(self, request):
        form = {k: v[0] for k, v in parse_qs(request.body.decode()).items()}
        wanted = self.shop.state["credentials"]
        if form.get("grant_type") != "client_credentials":
            return Response(400, {"error": "unsupported_grant_type"})
        if any(form.get(n) != wanted[n] for n in ("client_id", "client_secret")):
            return Response(400, {"error": "invalid_client"})
        token = f"granted-{uuid.uuid4()}"
        self.shop.state["grants"][token] = self.clock() + TOKEN_LIFETIME
        scope = ",".join(self.shop.state["scopes"])
        return Response(
            200,
            {"access_token": token, "scope": scope, "expires_in": TOKEN_LIFETIME},
        )

    def revoke(self):
        """Make every granted token worthless."""
        with self.lock:
            self.shop.state["grants"].clear()


def _copies(entries):
    """Return a dict with copies of the dicts in it."""
    return {k: dict(v) if isinstance(v, dict) else v for k, v in entries.items()}


INTERNAL = {
    "message": "Internal error. Looks like something went wrong on our end.",
    "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "made-up"},
}
#: Faults that answer without looking at the request.
FAULTS = {
    "internal_error": {"errors": [INTERNAL]},
    "shop_inactive": {
        "errors": [
            {"message": "Shop is inactive", "extensions": {"code": "SHOP_INACTIVE"}}
        ]
    },
}
