"""Mercado Libre on loopback: tokens, seller, items, user-product stock, depots.

Facts behind every rule: the official pages named in ``mercadolibre_errors.py`` and
beside the rule. Where a page is silent the harsher reading is simulated, and said.

Kinds of faults of its own, besides the core's: ``ignore`` (200 and nothing changes),
``delay`` (reads show the new number after ``seconds``), ``stale`` (somebody changes the
stock between read and write: 409), ``partial`` (an order as 206), ``429_text``,
``429_quota``, ``429_fulfillment``.
"""

import copy
import re
import time
from urllib.parse import parse_qs, unquote

from . import mercadolibre_errors as errors
from .core import ChannelSimulator, Response, ShelfRow
from .mercadolibre_desk import MercadoLibreDesk
from .mercadolibre_items import Items, holders
from .mercadolibre_sales import OPERATIONS as ABOUT_SALES
from .mercadolibre_sales import ROUTES as SALES_ROUTES
from .mercadolibre_sales import Sales
from .mercadolibre_seed import Seeder
from .mercadolibre_shop import (
    ADDRESS,
    COUNTRIES,
    CREDENTIALS,
    FACILITY,
    FULL,
    WAREHOUSE,
    Shop,
    empty_state,
    is_full_only,
    sku_of,
)
from .mercadolibre_stock import Stock

#: (method, path, operation)
ROUTES = tuple(
    (method, re.compile(pattern + "/?"), operation)
    for method, pattern, operation in (
        ("POST", "/oauth/token", "oauthToken"),
        ("GET", "/users/(?P<user>[^/]+)", "getUser"),
        ("GET", "/users/(?P<user>[^/]+)/stores/search", "searchStores"),
        ("GET", "/users/(?P<user>[^/]+)/items/search", "searchItems"),
        ("GET", "/items/bulk", "bulkItems"),
        ("GET", "/items/(?P<item>[^/]+)", "getItem"),
        ("PUT", "/items/(?P<item>[^/]+)", "putItem"),
        ("GET", "/user-products/(?P<up>[^/]+)/stock", "getStock"),
        (
            "PUT",
            "/user-products/(?P<up>[^/]+)/stock/type/(?P<type>selling_address)",
            "putSellingAddress",
        ),
        (
            "PUT",
            "/user-products/(?P<up>[^/]+)/stock/type/(?P<type>seller_warehouse)",
            "putSellerWarehouse",
        ),
    )
)
#: operation → (calls per second, burst); "" = all calls of the application. Ceilings:
#: ``max_requests_per_hour`` 18000 of a sample application [gestiona-tus-aplicaciones];
#: user-product stock 100 a minute [convivencia-full-y-flex, 15/05/2026], assumed for
#: its writes too; items 1500 a minute (published for Global Selling only).
LIMITS = {
    "": (5.0, 18_000),
    "getStock": (100 / 60, 100),
    "putSellingAddress": (100 / 60, 100),
    "putSellerWarehouse": (100 / 60, 100),
    "putItem": (25.0, 1_500),
}
#: ``expires_in`` of the page's sample (seconds).
TOKEN_SECONDS = 10_800


class FaultOf:
    """A call's fault, asked by SKU: the core cannot see SKUs behind item ids."""

    def __init__(self, fault):
        self.fault = fault

    def is_about(self, kind, skus):
        """Tell whether this call must act out ``kind``."""
        fault = self.fault
        hit = fault is not None and fault.kind == kind
        return hit and (not fault.skus or bool(set(fault.skus) & set(skus)))

    def delay(self, skus):
        """Return the seconds until reads show this write."""
        return self.fault.seconds if self.is_about("delay", skus) else 0


class MercadoLibreSimulator(Sales, ChannelSimulator):
    """One seller account and one application."""

    name = "mercadolibre"
    title = "Mercado Libre"
    update_operations = "putItem|putSellingAddress|putSellerWarehouse"

    def __init__(self, clock=time.time):
        self.buckets = {}
        self.desk = MercadoLibreDesk(self)
        super().__init__(clock)

    def deliveries(self):
        """See the base class."""
        return self.notices.jobs()

    def _now(self):
        return self.clock()  # tests exchange the clock of a running simulator

    # --- state -----------------------------------------------------------------------
    def reset(self):
        """See the base class."""
        self._take_over({"shop": empty_state(), "auth": new_auth(CREDENTIALS)})

    def _take_over(self, state):
        self.state = state
        self.shop = Shop(state["shop"], self._now)
        self.items = Items(self.shop, self._now)
        self.stock = Stock(self.shop)
        self._open_sales()
        self.buckets = {}

    def dump(self):
        """See the base class."""
        with self.lock:
            return copy.deepcopy(self.state)

    def load(self, state):
        """See the base class."""
        with self.lock:
            self._take_over(copy.deepcopy(state))

    def seed(self, spec):
        """See the base class; more in ``mercadolibre_seed.py``.

        ``credentials`` are a fresh grant: what was issued before is dead.
        """
        with self.lock:
            if spec.get("credentials"):
                given = {**CREDENTIALS, **spec["credentials"]}
                self.state["auth"] = new_auth(given)
                self.shop.seller["id"] = int(given["user_id"])
            Seeder(self.shop).seed(spec)
            self._seed_sales(spec)

    # --- the shelf -------------------------------------------------------------------
    def shelf(self):
        """See the base class: one row per item or variation, per depot with depots."""
        with self.lock:
            return [row for places in self._places() for row in self._rows(*places)]

    def _places(self):
        for item in self.shop.items.values():
            for holder in holders(item):
                yield item, holder

    def _rows(self, item, holder):
        counter = self.shop.counter(holder)
        places = [p for p in counter["locations"] if p["type"] == WAREHOUSE]
        stores = [p["store_id"] for p in places] if self.shop.with_depots else []
        for store in stores or [None]:
            yield self._shelf_row(item, holder, counter, store)

    def _shelf_row(self, item, holder, counter, store):
        status = ", ".join([item["status"], *item["sub_status"]])
        depot = self.shop.depots.get(store, {}).get("name", "")
        return ShelfRow(
            channel=self.name,
            site=store or item["site_id"],
            site_name=depot or f"Mercado Libre {COUNTRIES.get(item['site_id'], '')}",
            sku=sku_of(holder),
            title=item["title"],
            quantity=self.shop.shown(counter, store or self._own_place(item)),
            fulfilment="channel" if is_full_only(item) else "merchant",
            status=status,
            updated_at=counter["updated_at"],
            note=note_of(item, self.shop, counter),
        )

    @staticmethod
    def _own_place(item):
        """Beside Full the seller's own place is what the row shows."""
        full = item["shipping"]["logistic_type"] == FULL
        return ADDRESS if full and not is_full_only(item) else None

    def set_quantity(self, site, sku, quantity):
        """See the base class."""
        with self.lock:
            for item in self.shop.items_with(sku):
                for holder in holders(item):
                    found = sku_of(holder) == sku
                    if found and self._set_at(item, holder, site, quantity):
                        return
            raise LookupError(f"no listing {sku!r} at {site!r}")

    def _set_at(self, item, holder, site, quantity):
        counter = self.shop.counter(holder)
        if site in self.shop.depots:
            held = {
                p["store_id"]: p["quantity"]
                for p in counter["locations"]
                if p["type"] == WAREHOUSE
            }
            self.shop.write_depots(counter, {**held, site: quantity})
        elif site in (None, "", item["site_id"]):
            kind = FACILITY if is_full_only(item) else ADDRESS
            self.shop.write_own(counter, quantity, kind)
        else:
            return False
        return True

    # --- calls -----------------------------------------------------------------------
    def error_body(self, status):
        """See the base class."""
        known = errors.BY_STATUS.get(status)
        return known or errors.standard(status, "Internal Server Error", "error")

    def operation(self, request):
        """See the base class."""
        return self._route(request)[0]

    @staticmethod
    def _route(request):
        for method, pattern, operation in (*ROUTES, *SALES_ROUTES):
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                names = {n: unquote(v) for n, v in match.groupdict().items()}
                return operation, names
        return "unknown", {}

    def handle(self, request):
        """See the base class."""
        operation, names = self._route(request)
        try:
            with self.lock:
                self._check_fault(request.fault)
                self._check_limits(operation)
                return self._answer(operation, names, request)
        except errors.Refused as refused:
            return refused.response

    def _check_fault(self, fault):
        variant = errors.VARIANTS_OF_429.get(fault.kind) if fault else None
        if variant:
            errors.refuse_with(429, *variant)

    def _check_limits(self, operation):
        if not self.enforce_limits:
            return
        for name in ("", operation):
            if name in LIMITS and not self._take(name):
                body = errors.TOO_MANY if name else errors.OVER_QUOTA
                errors.refuse_with(429, body)

    def _take(self, name):
        rate, burst = LIMITS[name]
        now = self._now()
        tokens, since = self.buckets.get(name, (burst, now))
        tokens = min(burst, tokens + max(0, now - since) * rate)
        self.buckets[name] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1

    def _answer(self, operation, names, request):
        if operation == "oauthToken":
            return self._issue(request)
        if operation == "unknown":
            errors.refuse(404, "resource not found", "not_found")
        self._check_token(request)
        if operation in ABOUT_SALES:
            return self._about_sales(operation, names, request)
        if "user" in names:
            return self._about_seller(operation, names["user"], request.query)
        if "up" in names:
            return self._about_stock(names, request)
        return self._about_items(operation, names.get("item"), request)

    def _about_seller(self, operation, user, query):
        if user != str(self.shop.seller["id"]):
            errors.refuse_with(403, errors.ACCESS_DENIED)
        if operation == "searchItems":
            return self.items.search(query)
        if operation == "searchStores":
            return self.stock.stores(query)
        seller = dict(self.shop.seller)
        return Response(200, {**seller, "country_id": COUNTRIES[seller["site_id"]]})

    def _about_stock(self, names, request):
        if request.method == "GET":
            return self.stock.get(names["up"])
        version = request.headers.get("x-version", "")
        fault = FaultOf(request.fault)
        return self.stock.put(
            names["up"], names["type"], request.json(), version, fault
        )

    def _about_items(self, operation, item_id, request):
        if operation == "bulkItems":
            return self.items.bulk(request.query)
        if operation == "getItem":
            return self.items.get(item_id, request.query)
        return self.items.put(item_id, request.json(), FaultOf(request.fault))

    # --- tokens ----------------------------------------------------------------------
    def _check_token(self, request):
        """Only in the header; in the query it is refused."""
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        expires = self.state["auth"]["issued"].get(token, 0)
        alive = expires is None or expires > self._now()
        if scheme.lower() != "bearer" or not alive or "access_token" in request.query:
            errors.refuse_with(401, errors.UNAUTHORIZED)

    def _issue(self, request):
        """A refresh token is good once; the answer holds the next one."""
        auth, form = self.state["auth"], parse_qs(request.body.decode())
        given = {name: values[0] for name, values in form.items()}
        if given.get("grant_type") != "refresh_token":
            errors.refuse(400, "unsupported grant_type", "unsupported_grant_type")
        if any(given.get(n) != auth[n] for n in ("client_id", "client_secret")):
            errors.refuse_with(400, errors.INVALID_CLIENT)
        if given.get("refresh_token") != auth["refresh_token"]:
            errors.refuse_with(400, errors.INVALID_GRANT)
        auth["count"] += 1
        access = f"APP_USR-fake-access-{auth['count']}"
        auth["refresh_token"] = f"TG-fake-refresh-{auth['count']}"
        auth["issued"][access] = self._now() + TOKEN_SECONDS
        body = {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": "offline_access read write",
            "user_id": self.shop.seller["id"],
            "refresh_token": auth["refresh_token"],
        }
        return Response(200, body)


def new_auth(credentials):
    """Return the state of a fresh grant."""
    return {
        "client_id": credentials["client_id"],
        "client_secret": credentials["client_secret"],
        "refresh_token": credentials["refresh_token"],
        #: access token → when it expires, None = never
        "issued": {credentials["access_token"]: None},
        "count": 0,
    }


def note_of(item, shop, counter):
    """Return what explains a row's number."""
    if item.get("bundle"):
        return "virtual kit: computed by Mercado Libre"
    if is_full_only(item):
        return "Full"
    if item["shipping"]["logistic_type"] == FULL:
        return f"Flex; beside it {shop.shown(counter, FACILITY)} at Full"
    return "" if counter["initialised"] else "no stock record yet"
