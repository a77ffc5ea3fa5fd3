"""Amazon's Selling Partner API as the addon meets it, on loopback.

Faithful where it hurts: ACCEPTED is not applied, an unknown SKU is ACCEPTED, too,
a queued feed overwrites a newer PATCH, one SKU has one counter in all marketplaces,
and a quantity for a SKU that Amazon ships switches it to the seller.

Seed: ``listings`` (``sku``, ``title``, ``site`` or ``sites``, ``quantity``, ``price``,
``fulfilment`` merchant/channel, ``supply_sources`` {id: quantity}, ``product_type``,
``lead_time_days``, ``asin``, ``issues``, ``fba``: see ``amazon_inventory``),
``sites`` (marketplace ids, or
{"code", "participating", "suspended"}), ``credentials``, ``fba_returns``, and every
name of ``amazon_const.SETTINGS``.

Orders: ``sell``, ``place_order``, ``pay_order``, ``edit_order``, ``cancel_order``,
``request_cancellation``, ``ship_order``, ``refund_order``, ``return_goods``,
``orders``; notifications
of them wait in a queue (``receive_messages``, ``delete_message``, ``plan_delivery``),
which boto3 reads with ``endpoint_url=".../amazon/sqs"``.

Faults of its own: ``ignore``, ``delay`` and ``invalid`` on patchListingsItem;
``ignore``, ``invalid``, ``stuck``, ``fatal`` and ``cancelled`` on createFeed;
``stuck``, ``fatal`` and ``cancelled`` on createReport; ``foreign_url`` on the
operations that answer with a presigned address; ``ignore`` on confirmShipment.
"""

import json
import re
import time
import uuid
from urllib.parse import parse_qs, unquote

from .amazon_const import (
    CREDENTIALS,
    DEFAULT_SITE,
    LIMITS,
    MARKETPLACES,
    ROLES,
    SETTINGS,
    TOKEN_SECONDS,
    TOLERANCE,
)
from .amazon_desk import AmazonDesk
from .amazon_feeds import Feeds
from .amazon_inventory import Inventory
from .amazon_listings import Listings
from .amazon_order_api import OrdersApi
from .amazon_orders import Orders
from .amazon_queue import Queue
from .amazon_reports import Reports
from .amazon_returns import Returns
from .amazon_sqs import Sqs
from .core import ChannelSimulator, Response

#: (operation, method, path); groups are the arguments of ``on_<operation>``.
ROUTES = [
    ("lwaToken", "POST", r"/auth/o2/token"),
    ("getMarketplaceParticipations", "GET", r"/sellers/v1/marketplaceParticipations"),
    ("searchListingsItems", "GET", r"/listings/2021-08-01/items/([^/]+)"),
    ("getListingsItem", "GET", r"/listings/2021-08-01/items/([^/]+)/([^/]+)"),
    ("patchListingsItem", "PATCH", r"/listings/2021-08-01/items/([^/]+)/([^/]+)"),
    ("createFeedDocument", "POST", r"/feeds/2021-06-30/documents"),
    ("getFeedDocument", "GET", r"/feeds/2021-06-30/documents/([^/]+)"),
    ("createFeed", "POST", r"/feeds/2021-06-30/feeds"),
    ("getFeed", "GET", r"/feeds/2021-06-30/feeds/([^/]+)"),
    ("cancelFeed", "DELETE", r"/feeds/2021-06-30/feeds/([^/]+)"),
    ("createReport", "POST", r"/reports/2021-06-30/reports"),
    ("getReport", "GET", r"/reports/2021-06-30/reports/([^/]+)"),
    ("getReportDocument", "GET", r"/reports/2021-06-30/documents/([^/]+)"),
    ("searchOrders", "GET", r"/orders/2026-01-01/orders"),
    ("getOrder", "GET", r"/orders/2026-01-01/orders/([^/]+)"),
    ("getInventorySummaries", "GET", r"/fba/inventory/v1/summaries"),
    ("confirmShipment", "POST", r"/orders/v0/orders/([^/]+)/shipmentConfirmation"),
    ("sqs", "POST", r"/sqs(?:/.*)?"),
    ("uploadDocument", "PUT", r"/presigned/([^/]+)"),
    ("downloadDocument", "GET", r"/presigned/([^/]+)"),
]
ROUTES = [(name, method, re.compile(path)) for name, method, path in ROUTES]
#: Operations that need no access token.
OPEN = ("lwaToken", "sqs", "uploadDocument", "downloadDocument")


class ApiError(Exception):
    """An error as Amazon documents it: ``{"errors": [{code, message, details}]}``."""

    def __init__(self, status, code, message, details=""):
        super().__init__(message)
        self.status = status
        error = {"code": code, "message": message, "details": details}
        self.body = {"errors": [error]}


class AmazonSimulator(
    Listings,
    Inventory,
    Orders,
    OrdersApi,
    Queue,
    Sqs,
    Feeds,
    Reports,
    Returns,
    ChannelSimulator,
):
    """One seller of Amazon in one region."""

    name = "amazon"
    title = "Amazon"
    update_operations = "patchListingsItem|createFeed"
    ApiError = ApiError

    def __init__(self, clock=time.time):
        self.desk = AmazonDesk(self)
        super().__init__(clock)

    # --- state --------------------------------------------------------------------
    def reset(self):
        self.state = {
            "settings": dict(SETTINGS),
            "credentials": dict(CREDENTIALS),
            "sites": {DEFAULT_SITE: {"participating": True, "suspended": False}},
            "listings": {},
            "tokens": {},
            "buckets": {},
            "documents": {},
            "feeds": {},
            "reports": {},
            "orders": {},
            "fba_returns": [],
            "order_pages": {},
            "queue": [],
            "deliveries": [],
            "ledger": {},
            "numbers": 0,
        }
        #: access tokens that were sent to presigned addresses; must stay empty
        self.leaked_tokens = []

    def seed(self, spec):
        for name in SETTINGS:
            if name in spec:
                self.state["settings"][name] = spec[name]
        self.state["credentials"].update(spec.get("credentials") or {})
        if spec.get("sites"):
            self.state["sites"] = {}
        for site in spec.get("sites") or ():
            self._seed_site(site)
        for listing in spec.get("listings") or ():
            self.seed_listing(listing)
        for order in spec.get("orders") or ():
            self.place_order(**order)
        for row in spec.get("fba_returns") or ():
            self._note_return({"return-date": self.clock(), **row})

    def _seed_site(self, site):
        site = {"code": site} if isinstance(site, str) else site
        code = site.get("code") or site.get("id")
        if code not in MARKETPLACES:
            raise ValueError(f"no marketplace {code!r} is known")
        self.state["sites"][code] = {
            "participating": site.get("participating", True),
            "suspended": site.get("suspended", False),
        }

    def dump(self):
        # a copy: it is written down while calls go on
        return json.loads(json.dumps(self.state))

    def load(self, state):
        self.reset()
        self.state.update(state)
        self.state["settings"] = {**SETTINGS, **self.state["settings"]}

    def setting(self, name):
        """Return a setting of the seed."""
        return self.state["settings"][name]

    def number(self, prefix=""):
        """Return a new id."""
        self.state["numbers"] += 1
        return f"{prefix}{self.state['numbers']}"

    # --- calls --------------------------------------------------------------------
    def operation(self, request):
        operation = self._route(request)[0]
        return self.sqs_operation(request) if operation == "sqs" else operation

    def _route(self, request):
        for name, method, path in ROUTES:
            match = path.fullmatch(request.path)
            if match and method == request.method:
                return name, [unquote(group) for group in match.groups()]
        return "unknown", []

    def handle(self, request):
        operation, arguments = self._route(request)
        with self.lock:
            try:
                response = self._answer(operation, arguments, request)
            except ApiError as error:
                response = Response(error.status, error.body)
        self._add_headers(operation, response)
        return response

    def _answer(self, operation, arguments, request):
        if operation == "unknown":
            # unquoted SKUs end here (#4429)
            raise self.denied()
        if operation not in OPEN:
            self._check_token(request)
            self._check_rate(operation)
            self._check_role(operation)
        self.advance()
        return getattr(self, f"on_{operation}")(request, *arguments)

    def _add_headers(self, operation, response):
        response.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
        limit = LIMITS.get(operation)
        if limit and response.status in (200, 201, 202, 204, 400, 404):
            response.headers.setdefault("x-amzn-RateLimit-Limit", str(limit[0]))

    def error_body(self, status):
        if status == 429:
            error = self.throttled()
            headers = {"x-amzn-RequestId": str(uuid.uuid4())}
            return Response(429, error.body, headers)
        code = {500: "InternalFailure", 503: "ServiceUnavailable"}.get(status, "Error")
        return ApiError(status, code, "The request could not be served.").body

    def throttled(self):
        """Return the error for too many calls."""
        return ApiError(
            429, "QuotaExceeded", "You exceeded your quota for the requested resource."
        )

    def denied(self, details=""):
        """Return the error for a call that is not allowed."""
        return ApiError(
            403, "Unauthorized", "Access to requested resource is denied.", details
        )

    def invalid(self, message):
        """Return the error for a call that is not understood."""
        return ApiError(400, "InvalidInput", message)

    def missing(self, message):
        """Return the error for something that is not there."""
        return ApiError(404, "NOT_FOUND", message)

    # --- login with Amazon --------------------------------------------------------
    def on_lwaToken(self, request):
        """Exchange the refresh token for an access token."""
        fields = parse_qs(request.body.decode("utf-8", "replace"))
        form = {name: values[0] for name, values in fields.items()}
        own = self.state["credentials"]
        if form.get("grant_type") != "refresh_token":
            return _oauth_error(400, "unsupported_grant_type")
        for name in ("client_id", "client_secret"):
            if form.get(name) != own[name]:
                return _oauth_error(401, "invalid_client")
        if form.get("refresh_token") != own["refresh_token"]:
            return _oauth_error(400, "invalid_grant")
        token = f"Atza|{uuid.uuid4().hex}"
        now = self.clock()
        alive = {k: t for k, t in self.state["tokens"].items() if t > now - 86400}
        self.state["tokens"] = {**alive, token: now + TOKEN_SECONDS}
        return Response(
            200,
            {
                "access_token": token,
                "refresh_token": own["refresh_token"],
                "token_type": "bearer",
                "expires_in": TOKEN_SECONDS,
            },
        )

    def expire_tokens(self):
        """Make every access token that was given out worthless."""
        self.state["tokens"] = dict.fromkeys(self.state["tokens"], 0)

    def _check_token(self, request):
        token = request.headers.get("x-amz-access-token", "")
        expires = self.state["tokens"].get(token)
        if expires is None:
            raise self.denied(
                "The access token you provided is revoked, malformed or invalid."
            )
        if expires <= self.clock():
            # 403, not 401 (#4122)
            raise self.denied("The access token you provided has expired.")

    def _check_role(self, operation):
        if ROLES.get(operation, "listings") not in self.setting("roles"):
            raise self.denied()

    def _check_rate(self, operation):
        limit = LIMITS.get(operation)
        if not (limit and self.enforce_limits and self.setting("rate_limits")):
            return
        rate, burst = limit
        now = self.clock()
        tokens, at = self.state["buckets"].get(operation, (burst, now))
        tokens = min(burst, tokens + max(0, now - at) * rate)
        if tokens < 1 - TOLERANCE:
            self.state["buckets"][operation] = (tokens, now)
            raise self.throttled()
        self.state["buckets"][operation] = (tokens - 1, now)

    # --- sellers ------------------------------------------------------------------
    def on_getMarketplaceParticipations(self, request):
        """Tell the seller's marketplaces."""
        names = ("name", "countryCode", "defaultCurrencyCode")
        names += ("defaultLanguageCode", "domainName")
        payload = [
            {
                "marketplace": {
                    "id": code,
                    **dict(zip(names, MARKETPLACES[code], strict=True)),
                },
                "participation": {
                    "isParticipating": site["participating"],
                    "hasSuspendedListings": site["suspended"],
                },
                "storeName": self.setting("store_name"),
            }
            for code, site in self.state["sites"].items()
        ]
        return Response(200, {"payload": payload})

    def check_seller(self, seller_id):
        """Refuse another seller's listings. That it is a 403 is not verified."""
        if seller_id != self.state["credentials"]["seller_id"]:
            raise self.denied()

    def check_marketplaces(self, codes, maximum=None):
        """Refuse marketplaces in which the seller takes no part."""
        if not codes:
            raise self.invalid("'marketplaceIds' is required.")
        if maximum and len(codes) > maximum:
            raise self.invalid(
                f"Too many 'marketplaceIds' specified, maximum of {maximum} allowed."
            )
        for code in codes:
            if not self.state["sites"].get(code, {}).get("participating"):
                raise self.invalid(f"Invalid 'marketplaceIds': {code}")

    def advance(self):
        """Let everything happen that was due by now."""
        self.advance_feeds(self.clock())


def _oauth_error(status, code):
    text = "The request has an invalid parameter."
    return Response(status, {"error": code, "error_description": text})
