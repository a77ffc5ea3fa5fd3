"""Reading orders: within 0.0056 searches a second, without losing one."""

import contextlib
import logging
from datetime import datetime, timezone

from ..errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RejectedError,
    UnknownListing,
)
from ..orders import OrderPage
from .const import (
    MAX_MARKETPLACES,
    ORDER_PARTS,
    ORDERS_PER_PAGE,
    PAGE_TOKEN_SECONDS,
    PERSONAL_PARTS,
    SEARCH_LAG_SECONDS,
)
from .orders import iso, moment, order_of

#: Names in ``OrderPage.data``, which come back in ``AdapterConfig.data``.
RESUME, WITHHELD = "orders_resume", "orders_withheld_until"
#: For how long buyer and recipient are not asked for after a refusal: each refusal
#: costs a search of which there are 20 an hour.
WITHHELD_SECONDS = 24 * 3600

_logger = logging.getLogger(__name__)


class PageRefused(ChannelUnreachable):
    """Amazon refuses a page's token; a read that begins anew may get through."""


class OrderReader:
    """Reads the orders of one seller.

    :param data: what earlier reads asked to remember
    :param sites: the account's marketplaces; none = all that the seller has
    """

    def __init__(self, transport, sites, clock, data):
        self.transport = transport
        self.sites = tuple(sites)
        self.clock = clock
        self.data = data
        self.withheld_until = float(data.get(WITHHELD) or 0)

    # --- many -------------------------------------------------------------------------
    def pages(self, since):
        """Yield the pages of what changed since a moment.

        One search covers all marketplaces. A page that is not the last one carries
        where to go on: with one search in three minutes, a long read is cut short by
        the rate limit and would never reach its end if it began anew every time.
        """
        read, answer = self._first(since)
        while True:
            token = (answer.body.get("pagination") or {}).get("nextToken")
            if token and token == read["token"]:
                raise _unusable("names the same page of orders again.", answer)
            told = answer.body.get("lastUpdatedBefore")
            read = {**read, "token": token, "before": _earlier(read["before"], told)}
            yield self._page(answer, read)
            if not token:
                return
            answer = self._next(read)

    def _first(self, since):
        """Return a read and its next page: one that was cut short, or a new one."""
        read = self._resumed(since)
        if read:
            with contextlib.suppress(PageRefused):
                return read, self._next(read)
        read = self._begun(since)
        answer, read["personal"] = self.call("searchOrders", **_filters(read))
        return read, answer

    def _begun(self, since):
        """Return a new read: what is asked for stays the same on all its pages."""
        now = self.clock()
        latest = datetime.fromtimestamp(now - SEARCH_LAG_SECONDS, timezone.utc)
        return {
            "since": iso(since),
            "after": iso(min(moment(iso(since)), latest)),
            "latest": iso(latest),
            "before": None,
            "sites": list(self.sites[:MAX_MARKETPLACES]),
            "token": None,
            "at": now,
        }

    def _resumed(self, since):
        """Return the read that was cut short, None when it is another or too old."""
        read = self.data.get(RESUME) or {}
        same = read.get("since") == iso(since)
        same = same and read.get("sites") == list(self.sites[:MAX_MARKETPLACES])
        fresh = self.clock() - (read.get("at") or 0) < PAGE_TOKEN_SECONDS
        return dict(read) if same and fresh and read.get("token") else None

    def _next(self, read):
        """Ask for the page of a token, with the parameters that the first one had."""
        filters = {**_filters(read), "paginationToken": read["token"]}
        try:
            return self._call("searchOrders", (), read["personal"], (), filters)
        except AuthenticationError:
            raise
        except (RejectedError, ChannelBlockedError) as error:
            raise PageRefused(
                f"Amazon does not give the next page of orders. {error.message}",
                code=error.code,
                request_id=error.request_id,
            ) from error

    def _page(self, answer, read):
        orders = answer.body.get("orders")
        if not isinstance(orders, list):
            raise _unusable("answered a search for orders without a list.", answer)
        orders = [order_of(one, answer.request_id, read["personal"]) for one in orders]
        remembered = {RESUME: read if read["token"] else None}
        if self.withheld_until:
            remembered[WITHHELD] = self.withheld_until
        ended = moment(read["before"] or read["latest"])
        return OrderPage(tuple(orders), None if read["token"] else ended, remembered)

    # --- one --------------------------------------------------------------------------
    def one(self, order_id, extra_parts=()):
        """Return one order and Amazon's own telling of it.

        :raises UnknownListing: Amazon has no such order
        """
        answer, personal = self.call("getOrder", order_id, extra_parts=extra_parts)
        order = answer.body.get("order")
        if not isinstance(order, dict):
            raise _unusable("answered without the order.", answer)
        return order_of(order, answer.request_id, personal), order

    # --- with or without personal data ------------------------------------------------
    def call(self, operation, *args, extra_parts=(), **filters):
        """Call; without buyer and recipient when Amazon refuses with them.

        :return: the answer, and whether it was asked for personal data
        """
        personal = self._may_be_personal()
        if personal:
            try:
                return self._call(operation, args, True, extra_parts, filters), True
            except (RejectedError, ChannelBlockedError) as error:
                if isinstance(error, UnknownListing | AuthenticationError):
                    raise
                # for the personal data, or for another reason: see without
                _logger.info("%s is asked without personal data: %s", operation, error)
        answer = self._call(operation, args, False, extra_parts, filters)
        if personal:
            self.withheld_until = self.clock() + WITHHELD_SECONDS
        return answer, False

    def _call(self, operation, args, personal, extra_parts, filters):
        parts = [*parts_of(personal), *extra_parts]
        return self.transport.call(operation, *args, includedData=parts, **filters)

    def _may_be_personal(self):
        return self.clock() >= self.withheld_until


def parts_of(personal):
    """Return ``includedData``."""
    return [*ORDER_PARTS, *(PERSONAL_PARTS if personal else ())]


def _filters(read):
    """Return the parameters of all pages of a read."""
    filters = {"lastUpdatedAfter": read["after"]}
    if read["sites"]:
        filters["marketplaceIds"] = read["sites"]
    return {**filters, "maxResultsPerPage": ORDERS_PER_PAGE}


def _earlier(first, second):
    """Return the earlier of two times: no page promises more than another did."""
    told = moment(second)
    if told is None or (first and moment(first) <= told):
        return first
    return iso(told)


def _unusable(words, answer):
    return ChannelUnreachable(f"Amazon {words}", request_id=answer.request_id)
