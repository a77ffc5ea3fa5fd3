"""Tab-separated reports, and GET_MERCHANT_LISTINGS_ALL_DATA: every listing of one site
in one file."""

import codecs
import csv
import io

from ..base import ChannelListing
from ..errors import ChannelUnreachable
from .const import AMAZON_CHANNELS, CHARSETS
from .listings import channel_problem

SKU_COLUMN = "seller-sku"


def rows_of(content, charset):
    """Yield the rows of the listings report as dicts by header name.

    :param content: a bytes file
    """
    yield from table_of(content, charset, "listings report", (SKU_COLUMN,))[1]


def table_of(content, charset, name, needed):
    """Return ``(header names, iterator of dicts by header name)`` of a tab-separated
    report.

    Columns come and go (2026 saw several without notice), so only names count.

    :param content: a bytes file
    :param name: what the report is called in sentences
    :param needed: columns without which it cannot be used
    :raises ChannelUnreachable: one of them is missing; while reading: it is damaged
    """
    text = io.TextIOWrapper(content, _codec(charset), errors="replace", newline="")
    # quotes are part of titles, not of the format
    rows = csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
    names = [header.strip().lstrip("\ufeff") for header in _headers_of(rows, name)]
    missing = [column for column in needed if column not in names]
    if missing:
        words = " and no column ".join(map(repr, missing))
        raise ChannelUnreachable(
            f"Amazon's {name} has no column {words}, only: {', '.join(names)[:200]}."
        )
    rows.fieldnames = names
    return names, _rows_until_damage(rows, name)


def _headers_of(rows, name):
    try:
        return rows.fieldnames or ()
    except csv.Error as error:
        raise ChannelUnreachable(f"Amazon's {name} is damaged.") from error


def _rows_until_damage(rows, name):
    try:
        yield from rows
    except csv.Error as error:
        raise ChannelUnreachable(f"Amazon's {name} is damaged.") from error


def listing_of(row, site_code):
    """Translate one row, None when it names no SKU.

    The quantity stays unknown: the file may be six hours old
    (docs/inventory-reports-attributes).
    """
    sku = row.get(SKU_COLUMN) or ""
    if not sku:
        return None
    code = row.get("fulfillment-channel") or ""
    problem = channel_problem([code] if code else [])
    return ChannelListing(
        sku=sku,
        site_code=site_code,
        pool_key=sku,
        title=row.get("item-name") or "",
        fulfilment="channel" if code.startswith(AMAZON_CHANNELS) else "merchant",
        problems=(problem,) if problem else (),
        data={
            "asin": row.get("asin1") or "",
            "channels": [code] if code else [],
            "status": [row["status"]] if row.get("status") else [],
        },
    )


def _codec(charset):
    """Return a codec for the charset of a Content-Type; Latin-1 when it says none."""
    name = CHARSETS.get((charset or "").lower(), charset or "iso-8859-1")
    try:
        codecs.lookup(name)
    except LookupError:
        return "utf-8"
    return name
