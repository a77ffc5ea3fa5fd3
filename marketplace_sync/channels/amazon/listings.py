"""Listings Items API 2021-08-01: what we send and what we read, as plain data."""

import re

from ..base import ChannelListing, Problem, PushResult
from ..errors import ChannelUnreachable
from .const import (
    AMAZON_CHANNELS,
    ANY_PRODUCT_TYPE,
    DEFAULT_CHANNEL,
    MAX_LEAD_TIME_DAYS,
)

#: SKUs that cannot travel in a comma-separated parameter.
NOT_CSV = re.compile(r'[,"\\\x00-\x1f]|^\s|\s$')


# --- writing ------------------------------------------------------------------------
def patch_body(level):
    """Return the body of a PATCH that sets the seller's own quantity.

    ``merge``, because ``replace`` wipes handling time and restock date (#4406), and
    changes of quantity alone never touch what a person keeps in Seller Central.
    """
    value = {"fulfillment_channel_code": DEFAULT_CHANNEL, "quantity": level.quantity}
    if _sends_lead_time(level):
        value["lead_time_to_ship_max_days"] = level.lead_time_days
    return {
        "productType": level.ref.data.get("product_type") or ANY_PRODUCT_TYPE,
        "patches": [
            {
                "op": "merge",
                "path": "/attributes/fulfillment_availability",
                "value": [value],
            }
        ],
    }


def _sends_lead_time(level):
    """A listing that is put to zero needs no handling time, so none can stop it."""
    too_long = (level.lead_time_days or 0) > MAX_LEAD_TIME_DAYS
    return level.lead_time_days is not None and not (level.quantity == 0 and too_long)


def refusal(level):
    """Return ``(code, words)`` why a row must not be sent, None when it may."""
    quantity = level.quantity
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 0:
        return "quantity", f"{quantity!r} is not a quantity: a whole number, 0 or more."
    problem = channel_problem(level.ref.data.get("channels") or ())
    if problem:
        return problem.code, problem.text
    if quantity and (level.lead_time_days or 0) > MAX_LEAD_TIME_DAYS:
        return "lead_time", (
            f"Amazon takes a handling time of at most {MAX_LEAD_TIME_DAYS} days; "
            f"this listing's is {level.lead_time_days}. Shorten it on the site or the "
            f"product."
        )
    return None


def refused(level):
    """Return the result of a row that must not be sent, None when it may."""
    reason = refusal(level)
    if reason is None:
        return None
    return PushResult(level.ref.key, "rejected", error=reason[1], code=reason[0])


def submission_result(key, answer):
    """Translate the answer to a PATCH.

    ``ACCEPTED`` is not applied, and is said of unknown SKUs, too (#2797): only a read
    confirms. ``INVALID`` comes with HTTP 200.
    """
    status = answer.body.get("status")
    if status == "ACCEPTED":
        return PushResult(key, "submitted", request_id=answer.request_id)
    if status != "INVALID":
        raise ChannelUnreachable(
            f"Amazon answered a patch with status {status!r}.",
            request_id=answer.request_id,
        )
    issues = answer.body.get("issues") or []
    return PushResult(
        key,
        "rejected",
        error=issue_words(issues) or "Amazon calls the quantity invalid.",
        code=issue_code(issues) or "INVALID",
        request_id=answer.request_id,
    )


def issue_words(issues):
    """Return the messages of issues in one line: the errors, else all."""
    errors = [issue for issue in issues if issue.get("severity") == "ERROR"]
    words = [str(issue.get("message") or "") for issue in errors or issues]
    return " ".join(dict.fromkeys(filter(None, words)))


def issue_code(issues):
    """Return the code of the first error."""
    codes = [issue.get("code") for issue in issues if issue.get("severity") == "ERROR"]
    return next((str(code) for code in codes if code), "")


# --- reading ------------------------------------------------------------------------
def travels_in_csv(sku):
    """Tell whether a SKU may stand in ``identifiers``."""
    return not NOT_CSV.search(sku)


def listing_of(item, site_code, key="", request_id=""):
    """Translate an ``Item`` of Amazon as seen on one site."""
    availability = item.get("fulfillmentAvailability") or []
    codes = [str(entry.get("fulfillmentChannelCode") or "") for entry in availability]
    summary = summary_of(item, site_code)
    by_amazon = any(code.startswith(AMAZON_CHANNELS) for code in codes)
    quantity = shown_quantity(availability)
    return ChannelListing(
        sku=item.get("sku", ""),
        site_code=site_code,
        key=key,
        pool_key=item.get("sku", ""),
        title=summary.get("itemName") or "",
        quantity=quantity,
        fulfilment="channel" if by_amazon else "merchant",
        problems=tuple(_problems(item, site_code, codes, quantity, summary)),
        data={
            "product_type": summary.get("productType") or "",
            "asin": summary.get("asin") or "",
            "channels": codes,
            "status": list(summary.get("status") or ()),
        },
        request_id=request_id,
    )


def summary_of(item, site_code):
    """Return the summary of one site, {} when the listing is not there."""
    for summary in item.get("summaries") or ():
        if summary.get("marketplaceId") == site_code:
            return summary
    return {}


def shown_quantity(availability):
    """Return what buyers can buy, None when Amazon does not say.

    Not from ``attributes``: those echo what was submitted (#5327). With several
    counters (multi-location) no single number is true.
    """
    if len(availability) == 1:
        return availability[0].get("quantity")
    by_amazon = [
        entry
        for entry in availability
        if str(entry.get("fulfillmentChannelCode")).startswith(AMAZON_CHANNELS)
    ]
    return by_amazon[0].get("quantity") if len(by_amazon) == 1 else None


def channel_problem(codes):
    """Return the problem of a listing whose counter is not ours to set, else None."""
    foreign = [code for code in codes if code != DEFAULT_CHANNEL]
    amazon = [code for code in foreign if code.startswith(AMAZON_CHANNELS)]
    if amazon:
        return Problem(
            "fulfilled_by_channel",
            f"Amazon ships this SKU ({', '.join(amazon)}). Publishing a quantity "
            f"could switch it to seller-fulfilled and strand the stock at Amazon.",
        )
    if foreign:
        return Problem(
            "multi_location",
            "This SKU uses Amazon's multi-location inventory: its stock is kept by "
            f"supply source ({', '.join(foreign)}), not as one number.",
        )
    return None


def unknown(ref, site_code, words=""):
    """Return the answer for a SKU that Amazon has not."""
    text = words or f"Amazon has no listing with SKU “{ref.sku}” on this site."
    return ChannelListing(
        sku=ref.sku,
        site_code=site_code,
        key=ref.key,
        pool_key=ref.sku,
        problems=(Problem("unknown_sku", text),),
    )


def _problems(item, site_code, codes, quantity, summary):
    problem = channel_problem(codes)
    if problem:
        yield problem
    if not _priced(item, site_code):
        # not blocking: whether a listing that is out of stock keeps its offer in
        # this answer is not documented
        yield Problem(
            "no_price",
            "Amazon shows no offer with a price here. Set the price before the "
            "quantity: Amazon applies the quantity first.",
            blocking=False,
        )
    errors = [
        issue
        for issue in item.get("issues") or ()
        if issue.get("severity") == "ERROR"
        and site_code in (issue.get("marketplaceIds") or (site_code,))
    ]
    if errors and quantity and "BUYABLE" not in (summary.get("status") or ()):
        yield Problem(
            "not_active",
            f"In stock, yet nobody can buy it: {issue_words(errors)}",
            blocking=False,
        )


def _priced(item, site_code):
    return any(
        offer.get("marketplaceId") == site_code and offer.get("price")
        for offer in item.get("offers") or ()
    )
