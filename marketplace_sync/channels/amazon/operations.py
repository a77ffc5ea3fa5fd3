"""python-amazon-sp-api's operations over a request path of ours.

What is taken from the library is its knowledge of the operations: paths, versions,
verbs, quoting of SKUs. What is replaced, per instance, is how a request is sent.
As shipped (2.1.35, run against a loopback server) it returns an empty payload for
429, 503 and 500 answers without Amazon's JSON, has a timeout of five seconds that
feed transfers cannot change, keeps tokens in a process-wide cache and takes
marketplace and credentials from the environment.
"""

import contextlib
import os
from urllib.parse import quote

#: Environment variables that the library reads while it is imported; an unknown
#: value there would make the import fail.
ENVIRONMENT = ("AWS_ENV", "SP_API_DEFAULT_MARKETPLACE")


@contextlib.contextmanager
def _without_environment():
    hidden = {name: os.environ.pop(name) for name in ENVIRONMENT if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


with _without_environment():
    from sp_api.api.feeds.feeds_2021_06_30 import FeedsV20210630
    from sp_api.api.listings_items.listings_items_2021_08_01 import (
        ListingsItemsV20210801,
    )
    from sp_api.api.orders.orders_2026_01_01 import OrdersV20260101
    from sp_api.api.orders.orders_v0 import OrdersV0
    from sp_api.api.reports.reports import Reports
    from sp_api.api.sellers.sellers import Sellers

#: Amazon's name of an operation → the library's method.
METHODS = {
    "getMarketplaceParticipations": "get_marketplace_participation",
    "getListingsItem": "get_listings_item",
    "searchListingsItems": "search_listings_items",
    "patchListingsItem": "patch_listings_item",
    "createFeedDocument": "create_feed_document",
    "createFeed": "create_feed",
    "getFeed": "get_feed",
    "getFeedDocument": "feed_document",
    "createReport": "create_report",
    "getReport": "get_report",
    "getReportDocument": "report_document",
    "searchOrders": "search_orders",
    "getOrder": "get_order",
    "confirmShipment": "confirm_shipment",
    "getInventorySummaries": "inventory_summaries",
}


class Operations(
    ListingsItemsV20210801, FeedsV20210630, Reports, Sellers, OrdersV20260101
):
    """The operations that we use, sent by ``send``.

    The constructors of the library are not called on purpose: they look for
    credentials in the environment and in files.

    :param send: ``(operation, method, path and query, body or None) → answer``
    """

    #: the one operation of v0 that has no successor; the library's own ``Orders()``
    #: would be v0 altogether, which ends on 2027-03-27
    confirm_shipment = OrdersV0.confirm_shipment

    def __init__(self, send):
        self._send = send
        self._operation = ""

    def call(self, operation, *args, **kwargs):
        """Call an operation by Amazon's name; return what ``send`` returned."""
        self._operation = operation
        return getattr(self, METHODS[operation])(*args, **kwargs)

    def feed_document(self, document_id):
        """Where a feed's report is; the library's own method downloads it, too."""
        return self._request(f"/feeds/2021-06-30/documents/{quote(document_id, '')}")

    def report_document(self, document_id):
        """Where a report is; the library's own method wants its own answers."""
        return self._request(f"/reports/2021-06-30/documents/{quote(document_id, '')}")

    def inventory_summaries(self, **params):
        """What Amazon holds; the library's own method wants a marketplace of its own
        making and splits SKUs at commas."""
        return self._request("/fba/inventory/v1/summaries", params=params)

    def _request(self, path, *, data=None, params=None, **_ignored):
        """Replace the library's ``Client._request``."""
        data, params = dict(data or {}), dict(params or {})
        method = params.pop("method", None) or data.pop("method", None) or "GET"
        for fields in (data, params):
            # the library leaks its own routing into bodies
            fields.pop("path", None)
            fields.pop("method", None)
        body = data if method in ("POST", "PUT", "PATCH") else None
        return self._send(self._operation, method, path + query_string(params), body)

    def close(self):
        """The library's transport does not exist here."""


def query_string(params):
    """Return ``?a=1&b=x,y``: lists as CSV, spaces as %20, everything quoted once.

    >>> query_string({"identifiers": ["A/B 1", "ñ"], "pageSize": 20})
    '?identifiers=A%2FB%201,%C3%B1&pageSize=20'
    """
    parts = []
    for name, value in params.items():
        values = value if isinstance(value, list | tuple) else str(value).split(",")
        parts.append(f"{name}={','.join(quote(str(item), '') for item in values)}")
    return "?" + "&".join(parts) if parts else ""
