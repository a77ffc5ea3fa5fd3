"""GET_MERCHANT_LISTINGS_ALL_DATA: every listing of one site in one file."""

import codecs
import csv
import io

from ..base import ChannelListing
from ..errors import ChannelUnreachable
from .const import AMAZON_CHANNELS, CHARSETS
from .listings import channel_problem

SKU_COLUMN = "seller-sku"


def rows_of(content, charset):
    """Yield the rows of a tab-separated report as dicts by header name.

    Columns come and go (2026 saw several without notice), so only names count.

    :param content: a bytes file
    """
    text = io.TextIOWrapper(content, _codec(charset), errors="replace", newline="")
    # quotes are part of titles, not of the format
    rows = csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
    names = [name.strip().lstrip("\ufeff") for name in rows.fieldnames or ()]
    if SKU_COLUMN not in names:
        raise ChannelUnreachable(
            f"Amazon's listings report has no column {SKU_COLUMN!r}, only: "
            f"{', '.join(names)[:200]}."
        )
    rows.fieldnames = names
    try:
        yield from rows
    except csv.Error as error:
        raise ChannelUnreachable("Amazon's listings report is damaged.") from error


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
