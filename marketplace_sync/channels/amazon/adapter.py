"""Amazon as an :class:`~..base.Adapter`.

An account here is one seller in one region. The quantity of a SKU that the seller
ships himself is one number for all marketplaces of the region (Amazon's engineers:
amzn/selling-partner-api-docs #3167), so every SKU is a pool.

Options: ``region`` (na, eu, fe; default: of the sites), ``feed_threshold``,
``feed_open`` (a feed is being processed: no second one is opened),
``report_wait_seconds``, ``issue_locale``.
"""

import time
from collections.abc import Iterator

from ..base import (
    Adapter,
    ConnectionReport,
    PushResult,
    RemoteSite,
)
from ..errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RejectedError,
    UnknownListing,
)
from . import auth, feeds, inventory, listings, returns, shipments
from .carriers import CARRIERS
from .const import (
    FEED_CONTENT_TYPE,
    FEED_THRESHOLD,
    FEED_TYPE,
    LIMITS,
    MAX_FEED_ROWS,
    PATCH_BATCH,
    REPORT_WAIT_SECONDS,
    REPORTS,
    RETURNS_DAYS,
    RETURNS_HOURS,
    SETTLING_SECONDS,
)
from .notifications import parse_notification
from .order_reading import OrderReader
from .reading import Reader
from .transport import ServerFailure, Transport, required


class AmazonAdapter(Adapter):
    """One seller account of Amazon in one region.

    :param sleep: how to wait for a report; default: as the limiter does
    """

    channel = "amazon"
    carriers = CARRIERS
    waits_for_tracking = "always"  # Amazon takes none without
    limits = LIMITS
    max_rows = PATCH_BATCH
    settling_seconds = SETTLING_SECONDS
    pool_by_sku = True
    resumes_orders = True
    return_list_days = RETURNS_DAYS
    return_list_hours = RETURNS_HOURS

    def __init__(self, config, tokens=None, limiter=None, clock=time.time, sleep=None):
        super().__init__(config, tokens, limiter, clock)
        self.sleep = sleep or self.limiter.sleep
        self.transport = Transport(config, self._tokens, self.limiter, clock)

    @property
    def timeout(self):
        """(connect, read) seconds of every call."""
        return self.transport.timeout

    @timeout.setter
    def timeout(self, seconds):
        self.transport.timeout = seconds

    def close(self):
        self.transport.close()

    def request_token(self):
        return auth.request_token(
            self.transport.session, self.config, self.timeout, self.clock()
        )

    # --- settings ---------------------------------------------------------------------
    def _option(self, name, default):
        options = self.config.options
        value = options.get(name, options.get(f"amazon_{name}"))
        return value or default

    @property
    def _seller(self):
        auth.check_credentials(self.config.credentials)
        return self.config.credentials["seller_id"]

    @property
    def _locale(self):
        return self._option("issue_locale", "en_US")

    @property
    def _reader(self):
        return Reader(self.transport, self._seller, self._locale)

    def _site_of(self, ref):
        """Return the one marketplace under which a listing is addressed."""
        return ref.site_code or next(iter(self.config.sites), "")

    def _by_feed(self, rows):
        threshold = int(self._option("feed_threshold", FEED_THRESHOLD))
        return rows >= threshold and not self._option("feed_open", False)

    # --- connection -------------------------------------------------------------------
    def check_connection(self):
        seller = self._seller
        try:
            participations = self._participations()
        except AuthenticationError:
            raise
        except ChannelBlockedError as error:
            return ConnectionReport(seller, missing=(error.message,))
        sites = tuple(_site(one) for one in participations)
        stores = [one.get("storeName") for one in participations]
        return ConnectionReport(
            account_name=next(filter(None, stores), seller),
            sites=sites,
            missing=tuple(self._missing_for_listings(sites)),
            warnings=tuple(self._foreign_sites(sites)),
        )

    def _participations(self):
        body = self.transport.call("getMarketplaceParticipations").body
        payload = body.get("payload")
        if not isinstance(payload, list):
            raise ChannelUnreachable("Amazon did not list the seller's marketplaces.")
        return payload

    def _missing_for_listings(self, sites):
        """Read one listing: a wrong seller ID and a missing role show only then."""
        active = [site.code for site in sites if site.active]
        wanted = [code for code in self.config.sites if code in active] or active
        if not wanted:
            yield "The seller takes part in no marketplace of this region."
            return
        try:
            self._reader.search(wanted[0], pageSize=1)
        except AuthenticationError:
            raise
        except (ChannelBlockedError, RejectedError) as error:
            yield error.message

    def _foreign_sites(self, sites):
        active = {site.code for site in sites if site.active}
        for code in self.config.sites:
            if code not in active:
                yield f"The seller takes no part in marketplace {code} of this region."

    # --- reading ----------------------------------------------------------------------
    def fetch_listings(self):
        patience = int(self._option("report_wait_seconds", REPORT_WAIT_SECONDS))
        reports = dict(self.config.data.get(REPORTS) or {})
        for site in self.config.sites or self._active_sites():
            yield from self._reader.catalogue(site, patience, self.sleep, reports)

    def _active_sites(self):
        sites = [_site(participation) for participation in self._participations()]
        return [site.code for site in sites if site.active]

    def fetch_stock(self, refs):
        by_site = {}
        for ref in refs:
            by_site.setdefault(self._site_of(ref), []).append(ref)
        for site, site_refs in by_site.items():
            if site:
                yield from self._reader.stock(site, site_refs)
            else:
                for ref in site_refs:
                    yield listings.unknown(ref, "", "The listing has no site.")

    def fetch_channel_stock(self, refs):
        yield from inventory.held(self.transport, refs, self._site_of)

    # --- returns to Amazon's warehouses -----------------------------------------------
    def request_return_list(self, site_code, since, until):
        return returns.request(self.transport, site_code, since, until)

    def look_for_return_list(self, list_id):
        return returns.look(self.transport, list_id)

    def read_return_list(self, document):
        yield from returns.read(self.transport, document)

    # --- orders and shipments ---------------------------------------------------------
    @property
    def _orders(self):
        auth.check_credentials(self.config.credentials)
        config = self.config
        return OrderReader(self.transport, config.sites, self.clock, config.data)

    def fetch_orders(self, since):
        """Yield pages; ``OrderPage.data`` must be stored with each page's orders.

        The last two minutes are not seen (``searchOrders`` hides them): a notification
        and :meth:`fetch_order` are faster.
        """
        yield from self._orders.pages(since)

    def fetch_order(self, external_id):
        return self._orders.one(external_id)[0]

    def confirm_shipment(self, shipment):
        return self._tell_shipment(shipment)

    def correct_shipment(self, shipment, external_id):
        """The same package reference edits the package."""
        return self._tell_shipment(shipment, is_correction=True)

    def _tell_shipment(self, shipment, is_correction=False):
        site = next(iter(self.config.sites), "") if len(self.config.sites) == 1 else ""
        return shipments.confirm(
            self.transport, self._orders, shipment, site, is_correction
        )

    # --- notifications ----------------------------------------------------------------
    @classmethod
    def verify_webhook(cls, headers, body, secrets, account_ref):
        """Amazon calls no address of ours, so whoever does is not Amazon."""
        return False

    @classmethod
    def parse_webhook(cls, headers, body):
        """Translate the body of a message from the seller's own SQS queue."""
        return parse_notification(body)

    # --- publishing -------------------------------------------------------------------
    def batch_size(self, pending):
        return MAX_FEED_ROWS if self._by_feed(pending) else self.max_rows

    def push_stock(self, levels, idempotency_key) -> Iterator[PushResult]:
        """Patch a small batch row by row, in order; feed a large one.

        Quantities are absolute, so Amazon needs no idempotency key.
        """
        sendable = []
        for level in levels:
            result = self._refused(level)
            if result:
                yield result
            else:
                sendable.append(level)
        patched, fed, site = sendable, [], ""
        if self._by_feed(len(levels)):
            patched, fed, site = feeds.split_by_pipe(sendable, self._site_of)
        yield from self._patch_all(patched)
        if fed:
            yield from self._feed(fed, site)

    def _refused(self, level):
        if self._site_of(level.ref):
            return listings.refused(level)
        return PushResult(
            level.ref.key, "rejected", error="The listing has no site.", code="site"
        )

    def _patch_all(self, levels):
        """Patch row by row. One server failure may be the row's own; two are not."""
        failures = 0
        for level in levels:
            try:
                result = self._patch(level)
                failures = 0
            except ServerFailure as error:
                failures += 1
                if failures > 1:
                    raise
                result = _result_of(level, "retry", error)
            yield result

    def _patch(self, level):
        try:
            answer = self.transport.call(
                "patchListingsItem",
                self._seller,
                level.ref.sku,
                marketplaceIds=[self._site_of(level.ref)],
                includedData=["issues"],
                issueLocale=self._locale,
                body=listings.patch_body(level),
            )
        except RejectedError as error:
            return _result_of(level, "rejected", error)
        return listings.submission_result(level.ref.key, answer)

    def _feed(self, levels, site):
        document = self.transport.call("createFeedDocument", None, FEED_CONTENT_TYPE)
        content = feeds.feed_document(self._seller, levels, self._locale)
        self.transport.upload(required(document, "url"), content, FEED_CONTENT_TYPE)
        created = self.transport.call(
            "createFeed",
            FEED_TYPE,
            required(document, "feedDocumentId"),
            marketplaceIds=[site],
        )
        feed_id = required(created, "feedId")
        for level in levels:
            yield PushResult(
                level.ref.key,
                "submitted",
                submission=feed_id,
                request_id=created.request_id,
            )

    def poll_push(self, submission):
        """Ask what became of a feed.

        A result ``accepted`` carries in ``channel_qty`` what Amazon shows for the
        SKU after processing: this method does not know what was sent, so the caller
        compares. SKUs without a result must be read.
        """
        try:
            answer = self.transport.call("getFeed", submission)
        except UnknownListing as error:
            return feeds.failed("UNKNOWN", {}, error.request_id or "")
        status = answer.body.get("processingStatus")
        if status not in feeds.ENDED:
            return feeds.pending(status, answer.request_id)
        report = self._feed_report(status, answer.body.get("resultFeedDocumentId"))
        if status == "DONE":
            return feeds.finished(report, answer.request_id)
        return feeds.failed(status, report, answer.request_id)

    def _feed_report(self, status, document_id):
        """Return the processing report, {} when there is none (always: CANCELLED)."""
        if not document_id:
            return {}
        try:
            document = self.transport.call("getFeedDocument", document_id)
            with self.transport.open_document(document.body) as (content, _charset):
                return feeds.parse_report(content)
        except (ChannelUnreachable, RejectedError):
            if status == "DONE":
                raise
            return {}  # a fatal feed has failed whether or not its report can be read


def _result_of(level, outcome, error):
    return PushResult(
        level.ref.key,
        outcome,
        error=error.message,
        code=error.code or "",
        request_id=error.request_id or "",
    )


def _site(participation):
    marketplace = participation.get("marketplace") or {}
    state = participation.get("participation") or {}
    warnings = ()
    if state.get("hasSuspendedListings"):
        warnings = ("The seller's listings there are set to inactive.",)
    return RemoteSite(
        code=marketplace.get("id") or "",
        name=marketplace.get("name") or "",
        active=bool(state.get("isParticipating")),
        warnings=warnings,
    )
