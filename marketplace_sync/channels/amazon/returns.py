"""GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA: what buyers sent back to Amazon's own
warehouses.

Goods of orders that the seller ships are not in it, and no call that tells those is
documented here. Columns: docs/fba-customer-concessions-reports-attributes (seen
2026-11). Amazon's words (disposition, reason, status) are passed on untouched.
"""

import hashlib
from collections import Counter
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation

from ..returns import ChannelReturn, ReturnLine, ReturnList, ReturnPage
from .const import (
    REPORT_OPTIONS,
    REPORT_RETRY_SECONDS,
    RETURNS_HOURS,
    RETURNS_REPORT,
)
from .reports import table_of
from .transport import required

NAME = "report of FBA returns"
#: Without these a return cannot be told apart from another, or would be stored anew
#: under another key as soon as the column is back.
NEEDED = ("return-date", "order-id", "sku", "quantity", "license-plate-number")
KNOWN = (
    *NEEDED,
    "asin",
    "fnsku",
    "product-name",
    "fulfillment-center-id",
    "detailed-disposition",
    "reason",
    "status",
    "customer-comments",
)
#: Rows of one page.
PAGE_ROWS = 200
#: A row with more units is not one of ours, but a column that moved.
MOST = 1_000_000


# --- the report as a job ------------------------------------------------------------
def request(transport, site, since, until):
    """Have the report of one site and period made; return its id.

    One site each (FACTS §3.2). What Amazon tells on two sites has the same key.
    """
    period = {"dataStartTime": _iso(since)}
    if until:  # Amazon's default is now
        period["dataEndTime"] = _iso(until)
    created = transport.call(
        "createReport",
        reportType=RETURNS_REPORT,
        marketplaceIds=[site],
        reportOptions=REPORT_OPTIONS,
        **period,
    )
    return required(created, "reportId")


def look(transport, report_id):
    """Tell what became of a report."""
    answer = transport.call("getReport", report_id)
    status, request_id = answer.body.get("processingStatus"), answer.request_id
    if status == "DONE":
        document = required(answer, "reportDocumentId")
        return ReturnList("ready", document, request_id=request_id)
    if status == "CANCELLED":
        # "if there is no data to return" (models: reports_2021-06-30.json); sellers
        # saw it after too frequent requests, too, so once is no proof
        return ReturnList("empty", request_id=request_id)
    if status == "FATAL":
        return ReturnList(
            "failed",
            retry_after=RETURNS_HOURS * 3600.0,
            error="Amazon could not make the report of FBA returns (FATAL): it was "
            "asked for a short while ago, maybe by another program, or failed.",
            request_id=request_id,
        )
    return ReturnList(
        "waiting", retry_after=float(REPORT_RETRY_SECONDS), request_id=request_id
    )


def read(transport, document_id):
    """Yield the pages of a report."""
    document = transport.call("getReportDocument", document_id)
    with transport.open_document(document.body) as (content, charset):
        yield from pages_of(content, charset, document.request_id)


# --- the file -----------------------------------------------------------------------
def pages_of(content, charset, request_id=""):
    """Yield :class:`~..returns.ReturnPage` of a report's bytes file."""
    names, rows = table_of(content, charset, NAME, NEEDED)
    changed, seen = _changed(names), Counter()
    found, unreadable, number = [], [], 0
    for number, row in enumerate(rows, start=1):
        cells = {name: _clean(row.get(name)) for name in KNOWN}
        words = _unreadable(cells)
        if words:
            # the first line holds the headers
            unreadable.append(f"Line {number + 1} {words}")
        else:
            found.append(return_of(cells, seen, request_id))
        if number % PAGE_ROWS == 0:
            yield ReturnPage(found, number, unreadable, changed, request_id)
            found, unreadable = [], []
    if found or unreadable or number == 0:
        yield ReturnPage(found, number, unreadable, changed, request_id)


def return_of(cells, seen, request_id=""):
    """Translate one row.

    :param cells: column → text
    :param seen: counts rows of this report that nothing tells apart
    """
    moment = _moment(cells["return-date"])
    line = ReturnLine("", Decimal(cells["quantity"]), sku=cells["sku"])
    return ChannelReturn(
        external_id=key_of(cells, moment, seen),
        order_id=cells["order-id"],
        kind="return",
        # a row is written when the goods have arrived
        status="received",
        lines=(line,),
        told=cells["status"],
        reason=cells["reason"],
        disposition=cells["detailed-disposition"],
        comments=cells["customer-comments"],
        place=cells["fulfillment-center-id"],
        goes_to_channel=True,
        opened_at=moment,
        request_id=request_id,
    )


def key_of(cells, moment, seen):
    """Return what stays the same when a return is told again.

    With a license plate the date plays no part: Amazon was seen telling one return
    with two dates in two reports (#2940). Without, rows that nothing tells apart are
    numbered: two units of one order that came back in the same second are two.
    """
    order, sku, plate = (
        cells[name] for name in ("order-id", "sku", "license-plate-number")
    )
    if plate:
        return f"{order}/{sku}/{plate}"
    when = moment.isoformat() if moment else cells["return-date"]
    named = "\x1f".join((order, sku, when, cells["quantity"]))
    seen[named] += 1
    digest = hashlib.sha256(named.encode()).hexdigest()[:16]
    return f"{order}/{sku}/{digest}-{seen[named]}"


def _unreadable(cells):
    """Say what a row lacks to be a return, "" when nothing."""
    if not cells["order-id"]:
        return "names no order."
    try:
        quantity = Decimal(cells["quantity"])
    except InvalidOperation:
        quantity = Decimal(0)
    if not (quantity.is_finite() and 0 < quantity <= MOST):
        return f"has no quantity (order {cells['order-id']})."
    return ""


def _changed(names):
    """Say which columns came or went, "" when none."""
    gone = [name for name in KNOWN if name not in names]
    new = [name for name in names if name and name not in KNOWN]
    words = [f"gone: {', '.join(gone)}"] if gone else []
    words += [f"new: {', '.join(new)[:200]}"] if new else []
    return f"Amazon's {NAME} has other columns ({'; '.join(words)})." if words else ""


def _clean(value):
    """Return a cell's text; a short row has None, a database takes no NUL."""
    return (value or "").replace("\x00", "").strip()


def _moment(text):
    """Return a ``return-date`` in UTC, None when it cannot be read."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc)


def _iso(moment):
    """Write a moment (UTC, with or without zone) as Amazon reads it."""
    return moment.replace(tzinfo=None, microsecond=0).isoformat() + "Z"
