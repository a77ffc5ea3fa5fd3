"""The contract between the models and a channel.

One :class:`Adapter` subclass per channel, found through the overridable model
method ``marketplace.account._get_adapter_class()``. An adapter translates and
decides nothing: frozen dataclasses come in, frozen dataclasses go out; it never
sees a record, a cursor or Odoo. ``tests/pure/adapter_contract.py`` holds the
tests that every adapter must pass.

What a channel cannot do is not overridden: the default raises
:class:`~.errors.UnsupportedError`, and :meth:`Adapter.supports` tells the same
fact to the forms.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from .catalogue import CatalogueReading
from .connection import ConnectionReport
from .connection import RemoteSite as RemoteSite  # part of the contract
from .errors import UnsupportedError
from .inventory import ChannelStock
from .orders import (
    ChannelOrder,
    OrderPage,
    Shipment,
    ShipmentResult,
    WebhookEvent,
    WebhookSubscription,
)
from .problems import PROBLEMS as PROBLEMS  # part of the contract
from .problems import Problem
from .ratelimit import RateLimiter
from .returns import ChannelReturn, ReturnReading


@dataclass(frozen=True)
class Token:
    """A short-lived access token, and the refresh token that comes with it.

    :param access_token: what authenticates calls
    :param expires_at: UTC epoch seconds after which it is worthless; None = never
    :param refresh_token: a *new* refresh token where the channel rotates it
        (Mercado Libre: single use, the previous one is dead), else None
    """

    access_token: str
    expires_at: float | None = None
    refresh_token: str | None = None

    def __repr__(self):
        return "Token(***)"


@dataclass(frozen=True)
class ListingRef:
    """How a channel knows one of our listings.

    :param key: ours; handed back untouched (the listing's id as a string)
    :param sku: byte-exact as on the channel
    :param external_ref: the channel's own id, "" when not known yet.
        Amazon: "" (the SKU is the id). Shopify: inventory item gid.
        Mercado Libre: ``MLM123`` or ``MLM123:456`` (item:variation).
    :param site_code: ``marketplace.site.code``
    :param pool_key: id of the physical counter on the channel, "" when unknown
    :param data: what the channel told earlier about this listing
        (``ChannelListing.data``), JSON types only
    """

    key: str
    sku: str
    external_ref: str = ""
    site_code: str = ""
    pool_key: str = ""
    data: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class StockLevel:
    """One row to publish: make the channel show ``quantity`` for ``ref``.

    :param quantity: absolute, a non-negative integer, in listing units
    :param lead_time_days: handling time to publish with it; None = leave as it is
    :param expected: what the channel showed when ``prepare_push`` read it
        (compare-and-set), None = not read
    """

    ref: ListingRef
    quantity: int
    lead_time_days: int | None = None
    expected: int | None = None


@dataclass(frozen=True)
class PushResult:
    """What became of one row.

    :param outcome: ``accepted`` the channel shows it now; ``submitted`` the channel
        only acknowledged, a read or a report must confirm; ``rejected`` it never
        will as it is; ``retry`` this row alone should be tried again later
    :param error: one sentence for a person ("" when fine)
    :param submission: id to hand to ``poll_push`` when outcome is ``submitted``
        through an asynchronous job, else None (then a read confirms)
    :param channel_qty: what the channel said that it shows now, None = it did not say
    """

    key: str
    outcome: str
    error: str = ""
    code: str = ""
    request_id: str = ""
    submission: str | None = None
    channel_qty: int | None = None


@dataclass(frozen=True)
class PollResult:
    """State of an asynchronous submission.

    :param done: nothing more will come of it
    :param failed: the submission as a whole came to nothing (FATAL, CANCELLED)
    :param results: outcomes of rows by SKU (``PushResult.key`` is the SKU here),
        for the rows that the report names
    :param retry_after: seconds until asking again makes sense (when not done)
    :param error: one sentence for a person when failed
    """

    done: bool
    failed: bool = False
    results: Sequence[PushResult] = ()
    retry_after: float | None = None
    error: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class ChannelListing:
    """One listing as the channel has it.

    :param key: ``ListingRef.key`` when it was asked for, "" when discovered
    :param quantity: what buyers can buy now, None when the channel does not say
    :param fulfilment: ``merchant`` or ``channel``
    :param data: what the adapter wants back in ``ListingRef.data`` (JSON types)
    """

    sku: str
    site_code: str
    key: str = ""
    external_ref: str = ""
    pool_key: str = ""
    title: str = ""
    barcode: str = ""
    url: str = ""
    quantity: int | None = None
    lead_time_days: int | None = None
    fulfilment: str = "merchant"
    problems: Sequence[Problem] = ()
    data: Mapping = field(default_factory=dict)
    request_id: str = ""


@dataclass(frozen=True)
class AdapterConfig:
    """Everything that an adapter is given. Never printed: it holds secrets.

    :param credentials: the account's fields by name, without the channel prefix
        (``seller_id``, ``client_id``, ``client_secret``, ``refresh_token``, …)
    :param api_url: "" = the channel's real hosts; else *every* call goes there,
        tokens and uploads included (tests, the simulator)
    :param sites: ``marketplace.site.code`` of the account's sites
    :param options: settings of the account by name (``amazon_feed_threshold``, …)
    :param data: what earlier calls asked to remember (``ConnectionReport.data``)
    """

    credentials: Mapping[str, str]
    api_url: str = ""
    sites: Sequence[str] = ()
    options: Mapping = field(default_factory=dict)
    data: Mapping = field(default_factory=dict)

    def __repr__(self):
        return f"AdapterConfig(api_url={self.api_url!r}, sites={self.sites!r})"


#: Gives a token that is good to use now. ``None`` asks for the current one; the
#: argument is an access token that the channel has just refused (401), in which case
#: a newer one must come back or AuthenticationError be raised.
TokenProvider = Callable[[str | None], Token]


class Adapter(CatalogueReading, ReturnReading):
    """One channel, seen from the models. Not thread-safe: one per job.

    :param config: see :class:`AdapterConfig`
    :param tokens: a :data:`TokenProvider`; default: ask :meth:`request_token` and
        keep it in memory (tests, scripts). The models pass one that stores a
        refreshed token under a row lock in a transaction of its own.
    :param limiter: token buckets, shared by all calls of the account
    """

    #: the value of ``marketplace.account.channel``
    channel = ""
    #: operation → Bucket(rate per second, burst), the channel's published figures
    limits: Mapping = {}
    #: rows in one push by default; see :meth:`batch_size`
    max_rows = 100
    #: seconds in which a read may still show the number from before a write
    settling_seconds = 0
    #: refs in one ``fetch_channel_stock`` whose answers are stored together
    channel_stock_rows = 50
    #: ``fetch_returns`` takes orders' ids; False: what notifications name
    tells_returns_by_order = False
    #: the channel keeps one counter per SKU on all sites of the account (Amazon):
    #: ``pool_key`` is the SKU even before the channel has been asked
    pool_by_sku = False
    #: the search for orders never tells that one was cancelled (Mercado Libre): open
    #: orders are read again one by one
    hides_cancelled_orders = False
    #: ids that :meth:`fetch_several_orders` takes; 1 = it cannot
    orders_at_once = 1
    #: :meth:`fetch_orders` that is cut short goes on where it was (``OrderPage.data``)
    resumes_orders = False
    #: the channel's own names of carriers
    carriers: Sequence[str] = ()
    #: a parcel without tracking number waits: always, never, or if it has a "carrier"
    waits_for_tracking = "carrier"

    def __init__(self, config, tokens=None, limiter=None, clock=time.time):
        self.config = config
        self.clock = clock
        self.limiter = limiter or RateLimiter(self.limits)
        self._tokens = tokens or self._memory_tokens
        self._token = None

    @classmethod
    def supports(cls, ability):
        """Tell whether this channel implements ``ability``, a method's name."""
        ours, default = getattr(cls, ability), getattr(Adapter, ability)
        # class methods are bound anew at every look
        return getattr(ours, "__func__", ours) is not getattr(
            default, "__func__", default
        )

    def close(self):
        """Release sockets. Safe to call twice."""

    # --- tokens ---------------------------------------------------------------
    def request_token(self) -> Token:
        """Ask the channel for an access token with the configured credentials.

        Sends exactly one request and stores nothing: the caller stores the answer,
        refresh token first, before the access token is used.

        :raises AuthenticationError: credentials missing or refused
        """
        raise self._unsupported("request_token")

    def _memory_tokens(self, refused):
        if self._token is None or refused == self._token.access_token:
            self._token = self.request_token()
        return self._token

    def renew_credential(self, name, value):
        """Go on with another value of one credential."""
        credentials = {**self.config.credentials, name: value}
        self.config = replace(self.config, credentials=credentials)

    # --- connection and matching ----------------------------------------------
    def check_connection(self) -> ConnectionReport:
        """Try the credentials and say in words what is missing."""
        raise self._unsupported("check_connection")

    def fetch_listings(self) -> Iterator[ChannelListing]:
        """Yield every listing of the configured sites, for matching. Streams."""
        raise self._unsupported("fetch_listings")

    # --- stock ------------------------------------------------------------------
    def batch_size(self, pending: int) -> int:
        """Return how many rows the next push should hold when ``pending`` wait."""
        return self.max_rows

    def prepare_push(self, levels: Sequence[StockLevel]) -> Sequence[StockLevel]:
        """Return ``levels`` with ``expected`` filled where the channel compares.

        Called, and its answer stored, before :meth:`push_stock`, so that a retry
        after a crash can send the same bytes under the same ``idempotency_key``.
        """
        return levels

    def push_stock(
        self, levels: Sequence[StockLevel], idempotency_key: str
    ) -> Iterator[PushResult]:
        """Make the channel show each level's quantity; yield one result per row.

        Rows that are not yielded when an exception leaves the generator have an
        unknown outcome; the caller sends them again, which is safe because
        quantities are absolute. At most ``batch_size`` rows.
        """
        raise self._unsupported("push_stock")

    def poll_push(self, submission: str) -> PollResult:
        """Ask what became of an asynchronous submission."""
        raise self._unsupported("poll_push")

    def fetch_stock(self, refs: Iterable[ListingRef]) -> Iterator[ChannelListing]:
        """Yield what the channel shows for each ref, with problems found.

        Exactly one :class:`ChannelListing` per ref, in any order, ``key`` set;
        an unknown SKU is a result with problem ``unknown_sku``, not an exception.
        """
        raise self._unsupported("fetch_stock")

    # --- orders and shipments --------------------------------------------------
    def fetch_orders(self, since: datetime) -> Iterator[OrderPage]:
        """Yield the orders that changed since a moment (UTC), page by page: overlap is
        the caller's, the last page names the watermark. A page of hints needs
        :meth:`fetch_several_orders`."""
        raise self._unsupported("fetch_orders")

    def fetch_order(self, external_id: str) -> ChannelOrder:
        """Return one order as it is now.

        :raises UnknownListing: the channel has no such order
        """
        raise self._unsupported("fetch_order")

    def fetch_several_orders(self, external_ids) -> Mapping[str, ChannelOrder]:
        """Return id → order, for up to ``orders_at_once`` ids; not those unknown."""
        raise self._unsupported("fetch_several_orders")

    def confirm_shipment(self, shipment: Shipment) -> ShipmentResult:
        """Tell the channel that a parcel has left. Safe to repeat."""
        raise self._unsupported("confirm_shipment")

    def correct_shipment(self, shipment: Shipment, external_id: str) -> ShipmentResult:
        """Tell the changed tracking number of a parcel that the channel accepted."""
        raise self._unsupported("correct_shipment")

    def cancel_order(self, external_id: str, reason: str) -> ShipmentResult:
        """Cancel an order on the channel."""
        raise self._unsupported("cancel_order")

    def fetch_returns(self, external_id: str) -> Iterator[ChannelReturn]:
        """Yield the returns of what a notification of kind ``return`` names."""
        raise self._unsupported("fetch_returns")

    def fetch_channel_stock(self, refs: Iterable[ListingRef]) -> Iterator[ChannelStock]:
        """Yield what the channel itself holds of each ref: one answer per ref, in any
        order; what it knows nothing of is an answer with ``error``, not an exception.
        """
        raise self._unsupported("fetch_channel_stock")

    # --- notifications -----------------------------------------------------------
    @classmethod
    def verify_webhook(
        cls, headers: Mapping, body: bytes, secrets: Sequence[str], account_ref: str
    ) -> bool:
        """Tell whether a notification is the channel's own, for this account.

        Pure, constant time, fails closed: no secret, no match, no header → False.

        :param headers: names in lower case
        :param secrets: the current secret and, while it is being replaced, the old one
        :param account_ref: what the account is called by the channel
        """
        raise cls._lacks("verify_webhook")

    @classmethod
    def parse_webhook(cls, headers: Mapping, body: bytes) -> WebhookEvent | None:
        """Translate a verified notification; None when it is not for us to know."""
        raise cls._lacks("parse_webhook")

    def list_webhooks(self) -> Sequence[WebhookSubscription]:
        """Return the subscriptions that the channel has for this application."""
        raise self._unsupported("list_webhooks")

    def register_webhooks(self, address: str) -> Sequence[WebhookSubscription]:
        """Make the subscriptions that are missing; return those that were made."""
        raise self._unsupported("register_webhooks")

    def _unsupported(self, ability):
        return self._lacks(ability)

    @classmethod
    def _lacks(cls, ability):
        return UnsupportedError(
            f"{cls.__module__}.{cls.__name__} does not implement {ability}: this "
            "channel cannot do that."
        )
