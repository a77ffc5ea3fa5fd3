"""Mercado Libre behind the adapter contract."""

import random
import time

from ..base import Adapter, ConnectionReport, Problem, RemoteSite
from ..errors import AuthenticationError, ChannelBlockedError, ChannelUnreachable
from . import const, words
from .catalogue import catalogue_pages
from .client import Client
from .full import Full
from .items import entries_of, to_listing, unreadable
from .locator import Locator, duplicate_sku
from .push import Push
from .reader import Reader
from .sales import Sales
from .stock_mode import resolve
from .writer import Writer


class MercadoLibreAdapter(Sales, Adapter):
    """One seller account on Mercado Libre.

    :param sleep, random: for pauses between tries; tests give their own
    """

    channel = "mercadolibre"
    waits_for_tracking = "never"  # most parcels it moves itself
    limits = const.LIMITS
    max_rows = const.ROWS_PER_PUSH
    channel_stock_rows = const.FULL_ROWS
    settling_seconds = const.SETTLING_SECONDS
    hides_cancelled_orders = True
    catalogue_shows_stock = True

    def __init__(
        self,
        config,
        tokens=None,
        limiter=None,
        clock=time.time,
        sleep=time.sleep,
        random=random.random,
    ):
        super().__init__(config, tokens, limiter, clock)
        self.sleep = sleep
        self.random = random
        self.client = Client(
            config.credentials, config.api_url, self._tokens, self.limiter, clock
        )
        self.reader = Reader(self.client)
        self.locator = Locator(self.reader)
        self._seller_tags = config.data.get("tags")
        self._nodes = config.data.get("depots")

    @property
    def timeout(self):
        """(connect, read) seconds of every call."""
        return self.client.timeout

    @timeout.setter
    def timeout(self, seconds):
        self.client.timeout = seconds

    def close(self):
        self.client.close()

    def request_token(self):
        """See the base class. The refresh token in the answer is the only one left."""
        # The caller may have put a newer one here since: another worker's.
        self.client.credentials = self.config.credentials
        token = self.client.refresh()
        self.renew_credential("refresh_token", token.refresh_token)
        return token

    # --- what we know of the seller --------------------------------------------------
    def seller_tags(self):
        """Return the seller's tags, as the last connection check found them."""
        if self._seller_tags is None:
            self._seller_tags = list(self.reader.user().get("tags") or ())
        return self._seller_tags

    def nodes(self):
        """Return ``{store id: network_node_id}`` of the account's depots."""
        if self._nodes is None:
            self._nodes = nodes_of(self.reader.depots())
        return self._nodes

    # --- connection ------------------------------------------------------------------
    def check_connection(self):
        """Try the token, the permission to read listings, and find the sites."""
        self.client.required("user_id")
        user, depots, missing = {}, [], []
        try:
            user = self.reader.user()
            self.reader.search(limit=1)
            if has_depots(user):
                depots = self.reader.depots()
        except AuthenticationError:
            raise
        except ChannelBlockedError as error:
            missing.append(self._missing(error))
        site_id, with_depots = site_of(user), has_depots(user)
        return ConnectionReport(
            account_name=user.get("nickname") or str(self.client.user_id),
            sites=depot_sites(depots) if with_depots else site_sites(site_id),
            missing=tuple(missing),
            warnings=warnings_of(with_depots, depots),
            data={
                "tags": list(user.get("tags") or ()),
                "site_id": site_id,
                "depots": nodes_of(depots),
            },
        )

    def _missing(self, error):
        if error.message in (words.PERMISSIONS, words.SCOPES):
            return error.message
        return (
            f"The token may not read the listings of seller {self.client.user_id}: "
            f"was it given by another seller? {error.message}"
        )

    # --- matching --------------------------------------------------------------------
    def fetch_listings(self):
        """Yield one listing per item or variation; with depots one per depot site.

        Closed items are left out: they cannot come back. Quantities at depots cost one
        call each and are not read here. The second and further listings of one SKU
        carry ``duplicate_sku``, harmless (not blocking) when they share one counter.
        Full listings of a seller with depots belong to none: their ``site_code`` is
        the country's.
        """
        seen = {}
        ids = self.reader.all_ids()
        for start in range(0, len(ids), const.BULK_IDS):
            items = self.reader.items(ids[start : start + const.BULK_IDS])
            for item in items.values():
                if item and item.get("status") != "closed":
                    yield from self._discovered(self.reader.with_skus(item), seen)

    def fetch_catalogue(self, cursor=None, count=0):
        """See the base class. Numbers that lie in depots are None here: they cost one
        call each and are asked for by ``fetch_stock``."""
        yield from catalogue_pages(self.reader, self._discovered, cursor)

    def _discovered(self, item, seen):
        for entry in entries_of(item):
            mode = resolve(entry.facts, self.seller_tags())
            problems = repeated_sku(entry, seen)
            for site_code in self._sites_of(entry, mode.mode):
                changes = {"problems": problems}
                if mode.mode in const.LOCKED_MODES:
                    changes["quantity"] = None
                yield to_listing(entry, mode, site_code, **changes)

    def _sites_of(self, entry, mode):
        site_id = entry.facts.site_id
        if mode == const.SELLER_WAREHOUSE:
            return [c for c in self.config.sites or self.nodes() if c in self.nodes()]
        if const.WAREHOUSE_MANAGEMENT in self.seller_tags():
            return [site_id]
        return [site_id] if site_id in (self.config.sites or [site_id]) else []

    # --- stock -----------------------------------------------------------------------
    def push_stock(self, levels, idempotency_key):
        """See the base class. Absolute numbers: the key is not needed."""
        levels = list(levels)
        if levels:
            writer = Writer(self.reader, self.seller_tags(), self.sleep, self.random)
            yield from Push(writer, self.locator.locate, self.nodes).run(levels)

    def fetch_stock(self, refs):
        """See the base class: 20 items a call, and one call per user product where the
        number lives there (depots, Full with Flex)."""
        stocks = {}
        for ref, entry in self.locator.locate(refs):
            if isinstance(entry, Problem):
                yield unreadable(ref, entry)
            else:
                yield self._read(ref, entry, stocks)

    def fetch_channel_stock(self, refs):
        """See the base class: one call per inventory of Full."""
        yield from Full(self.client, self.locator).held(refs)

    def _read(self, ref, entry, stocks):
        mode = resolve(entry.facts, self.seller_tags())
        depot = mode.mode == const.SELLER_WAREHOUSE
        site_code = ref.site_code or ("" if depot else entry.facts.site_id)
        changes = {"key": ref.key, "sku": entry.sku or ref.sku}
        if mode.mode in const.LOCKED_MODES:
            changes.update(self._own_stock(entry, mode.mode, site_code, stocks))
        return to_listing(entry, mode, site_code, **changes)

    def _own_stock(self, entry, mode, site_code, stocks):
        """Return the quantity of our own place, or why there is none."""
        if mode == const.SELLER_WAREHOUSE and site_code not in self.nodes():
            problem = Problem("not_writable", words.UNKNOWN_DEPOT)
            return {"quantity": None, "problems": (problem,)}
        user_product = entry.facts.user_product_id
        if user_product not in stocks:
            stocks[user_product] = self.reader.stock(user_product)
        stock = stocks[user_product]
        if stock is None:
            problem = Problem("not_writable", words.NEVER_INITIALISED)
            return {"quantity": None, "problems": (problem,)}
        store = site_code if mode == const.SELLER_WAREHOUSE else None
        quantity = stock.quantity(mode, store)
        return {"quantity": quantity, "request_id": stock.request_id}


def has_depots(user):
    """Tell whether the seller's stock is kept by depot."""
    return const.WAREHOUSE_MANAGEMENT in (user.get("tags") or ())


def site_of(user):
    """Return the seller's site, ``MLM``.

    :raises ChannelUnreachable: the answer names neither site nor a known country
    """
    if not user:
        return ""
    site = user.get("site_id") or const.SITES.get(user.get("country_id"), ("",))[0]
    if not site:
        raise ChannelUnreachable("Mercado Libre did not say the seller's country.")
    return site


def site_sites(site_id):
    """Return the one site of a seller without depots."""
    name = const.SITE_NAMES.get(site_id, site_id)
    return (RemoteSite(site_id, f"Mercado Libre {name}"),) if site_id else ()


def depot_sites(depots):
    """Return the seller's depots as sites."""
    return tuple(
        RemoteSite(
            code=str(depot["id"]),
            name=depot.get("description") or f"Depot {depot['id']}",
            active=depot.get("status", "active") == "active",
        )
        for depot in depots
    )


def nodes_of(depots):
    """Return ``{store id: network_node_id}``."""
    return {str(depot["id"]): depot.get("network_node_id") for depot in depots}


def warnings_of(with_depots, depots):
    """Return what works but will surprise."""
    if with_depots and not depots:
        return (
            "The seller account works with depots (warehouse_management), but has "
            "none that holds stock: create one in the seller's panel.",
        )
    return ()


def repeated_sku(entry, seen):
    """Return the problem of a SKU met before in this run.

    :param seen: ``{sku: first entry}``, filled here
    """
    first = seen.setdefault(entry.sku, entry) if entry.sku else entry
    if first is entry:
        return ()
    if first.counter("") == entry.counter(""):
        text = f"Shares one counter with {first.external_ref}, which has the same SKU."
        return (Problem("duplicate_sku", text, blocking=False),)
    return (duplicate_sku(entry.sku, (first, entry)),)
