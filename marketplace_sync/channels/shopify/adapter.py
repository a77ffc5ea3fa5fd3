"""Shopify behind the contract of :mod:`..base`.

Facts and their sources: ``const.py``. Quantities are the ``available`` of one
inventory item at one location, written with compare-and-set.
"""

from ..base import Adapter, ConnectionReport, RemoteSite
from ..errors import RejectedError
from . import auth, cancelling, webhooks
from .bulk import CatalogueReader
from .carriers import CARRIERS
from .client import ShopifyClient
from .const import (
    API_VERSION,
    MAX_ROWS,
    ORDER_SCOPES,
    POINTS,
    REQUIRED_SCOPES,
    SETTLING_SECONDS,
    STANDARD_POINTS,
    THIRD_PARTY_SCOPE,
)
from .documents import LOCATIONS, SHOP
from .lookup import Lookup
from .order_const import IDS_AT_ONCE
from .orders import OrderReader
from .push import Publisher
from .reading import LOCATION, is_gid
from .returns import returns_of
from .shipments import Shipper


class ShopifyAdapter(Adapter):
    """One Shopify shop; a site is a location, its code the location's gid."""

    channel = "shopify"
    tells_returns_by_order = True
    carriers = CARRIERS
    limits = {POINTS: STANDARD_POINTS}
    max_rows = MAX_ROWS
    settling_seconds = SETTLING_SECONDS
    orders_at_once = IDS_AT_ONCE
    resumes_orders = True
    catalogue_shows_stock = True

    def __init__(self, config, *args, **kwargs):
        super().__init__(config, *args, **kwargs)
        self.client = ShopifyClient(config, self._tokens, self.limiter)
        self.lookup = Lookup(self.client)
        self.publisher = Publisher(self.client, self.lookup)

    @property
    def timeout(self):
        """(connect, read) seconds of every call."""
        return self.client.timeout

    @timeout.setter
    def timeout(self, value):
        self.client.timeout = value

    def close(self):
        self.client.close()

    def request_token(self):
        return self.client.request_token(self.clock())

    # --- connection -----------------------------------------------------------
    def check_connection(self):
        reply = self.client.execute(SHOP)
        shop = reply["shop"]
        granted = _scopes(reply["currentAppInstallation"])
        sites = list(self._locations()) if "read_locations" in granted else None
        return ConnectionReport(
            account_name=shop["name"] or shop["myshopifyDomain"],
            sites=tuple(sites or ()),
            missing=tuple(
                f"Access scope {scope} ({purpose})"
                for scope, purpose in REQUIRED_SCOPES.items()
                if scope not in granted
            ),
            warnings=tuple(self._warnings(reply, sites)),
            data={
                "domain": shop["myshopifyDomain"],
                "currency": shop["currencyCode"],
                "timezone": shop["ianaTimezone"],
                "scopes": sorted(granted),
            },
        )

    def _locations(self):
        for nodes, _reply in self.client.pages(LOCATIONS, {}):
            for node in nodes:
                yield RemoteSite(
                    node["id"],
                    node["name"],
                    node["isActive"],
                    tuple(_location_warnings(node)),
                )

    def _warnings(self, reply, sites):
        host = auth.shop_session(self.config.credentials.get("shop")).url
        domain = reply["shop"]["myshopifyDomain"]
        if domain.lower() != host:
            yield f"Shopify calls this shop {domain}, not {host}."
        granted = _scopes(reply["currentAppInstallation"])
        for scope, purpose in ORDER_SCOPES.items():
            if scope not in granted:
                yield f"Access scope {scope} is not granted ({purpose})."
        yield from _version_warnings(reply)
        yield from _service_warnings(reply, sites)
        known = {site.code for site in sites or ()}
        for code in self.config.sites if sites is not None else ():
            if code not in known:
                yield f"The shop has no location {code}."

    # --- matching -------------------------------------------------------------
    def fetch_listings(self):
        for location in self.config.sites:
            if not is_gid(LOCATION, location):
                raise RejectedError(
                    f"{location!r} is not the id of a Shopify location: test the "
                    "connection and choose one of the locations found."
                )
            yield from self.lookup.all_variants(location)

    # --- stock ----------------------------------------------------------------
    def prepare_push(self, levels):
        return self.publisher.prepare(levels)

    def push_stock(self, levels, idempotency_key):
        yield from self.publisher.push(levels, idempotency_key)

    def fetch_stock(self, refs):
        yield from self.lookup.listings(refs)

    def fetch_catalogue(self, cursor=None, count=0):
        reader = CatalogueReader(self.client, self.config, self.clock)
        yield from reader.pages(cursor, count)

    # --- orders and shipments -------------------------------------------------
    def fetch_orders(self, since):
        yield from OrderReader(self.client, self.config).changed(since)

    def fetch_order(self, external_id):
        return OrderReader(self.client, self.config).one(external_id)

    def fetch_several_orders(self, external_ids):
        return OrderReader(self.client, self.config).several(external_ids)

    def confirm_shipment(self, shipment):
        return Shipper(self.client, self.config).confirm(shipment)

    def fetch_returns(self, external_id):
        """See the base class; ``external_id`` is an order's."""
        yield from returns_of(self.client, external_id)

    def correct_shipment(self, shipment, external_id):
        return Shipper(self.client, self.config).correct(shipment, external_id)

    def cancel_order(self, external_id, reason):
        return cancelling.cancel_order(self.client, self.config, external_id, reason)

    # --- notifications --------------------------------------------------------
    @classmethod
    def verify_webhook(cls, headers, body, secrets, account_ref):
        return webhooks.verify(headers, body, secrets, account_ref)

    @classmethod
    def parse_webhook(cls, headers, body):
        return webhooks.parse(headers, body)

    def list_webhooks(self):
        return webhooks.subscriptions(self.client)

    def register_webhooks(self, address):
        return webhooks.subscribe(self.client, self.config, address)


def _scopes(installation):
    """Return the granted scopes; one that writes a resource also reads it."""
    granted = {scope["handle"] for scope in installation["accessScopes"]}
    implied = {s.replace("write_", "read_", 1) for s in granted if s[:6] == "write_"}
    return granted | implied


def _location_warnings(node):
    if not node["isActive"]:
        yield "Deactivated in Shopify: nothing is sold from here."
    if node["isFulfillmentService"]:
        service = (node["fulfillmentService"] or {}).get("serviceName") or "an app"
        yield f"Belongs to the fulfilment service {service}: its stock is not yours."
    if not node["fulfillsOnlineOrders"]:
        yield "Does not fulfil online orders: the online shop ignores its stock."


def _service_warnings(reply, sites):
    """Yield a warning when orders that a service ships can't be told from ours.

    Fulfilment orders of other services are left out without the scope (schema).
    """
    served = any("fulfilment service" in " ".join(s.warnings) for s in sites or ())
    if served and THIRD_PARTY_SCOPE not in _scopes(reply["currentAppInstallation"]):
        yield (
            f"Without the access scope {THIRD_PARTY_SCOPE}, orders that a fulfilment "
            "service ships look as if they were yours to ship."
        )


def _version_warnings(reply):
    """Yield warnings when our version is no longer, or not really, served.

    An expired version silently "falls forward" to the oldest supported one.
    """
    supported = {v["handle"] for v in reply["publicApiVersions"] if v["supported"]}
    served = reply.version or API_VERSION
    if API_VERSION not in supported or served != API_VERSION:
        yield (
            f"Shopify no longer serves version {API_VERSION} of its API to this shop "
            f"(it answers as {served}): update the addon."
        )
