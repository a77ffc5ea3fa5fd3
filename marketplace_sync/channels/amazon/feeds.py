"""JSON_LISTINGS_FEED: the document that we upload and the report that comes back."""

import json
from collections import Counter

from ..base import PollResult, PushResult
from ..errors import ChannelUnreachable
from .const import (
    DEFAULT_CHANNEL,
    FEED_PATIENCE,
    FEED_REPORT,
    FEED_VERSION,
    MAX_FEED_ROWS,
)
from .listings import channel_problem, issue_code, issue_words, patch_body

ENDED = ("DONE", "FATAL", "CANCELLED")
FAILURES = {
    "FATAL": "Amazon could not process the feed (FATAL).",
    "CANCELLED": "The feed was cancelled before Amazon processed it.",
    "UNKNOWN": "Amazon does not know the feed (any more).",
}


def feed_document(seller_id, levels, locale):
    """Return the bytes of a feed that sets each level's quantity.

    SKUs are raw here, not quoted as in addresses.
    """
    feed = {
        "header": {
            "sellerId": seller_id,
            "version": FEED_VERSION,
            "issueLocale": locale,
            "report": FEED_REPORT,
        },
        "messages": [
            {
                "messageId": number,
                "sku": level.ref.sku,
                "operationType": "PATCH",
                **patch_body(level),
            }
            for number, level in enumerate(levels, start=1)
        ],
    }
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode()


def split_by_pipe(levels, site_of):
    """Split a large batch: ``(rows to patch one by one, rows of the feed, its site)``.

    Zeros never wait for a feed. A feed takes exactly one marketplace (#4726), so
    it gets the rows of the site that most rows are on; the others are patched on
    theirs. Sending them in the same feed would be wrong where a SKU is not
    listed on that site.
    """
    feedable = [level for level in levels if level.quantity]
    sites = Counter(site_of(level.ref) for level in feedable)
    site = sites.most_common(1)[0][0] if sites else ""
    fed = [level for level in feedable if site_of(level.ref) == site]
    fed = fed[:MAX_FEED_ROWS]
    chosen = {id(level) for level in fed}
    return [level for level in levels if id(level) not in chosen], fed, site


def pending(status, request_id):
    """Return the PollResult of a feed that has not ended."""
    patience = FEED_PATIENCE.get(status, max(FEED_PATIENCE.values()))
    return PollResult(done=False, retry_after=patience, request_id=request_id)


def failed(status, report, request_id):
    """Return the PollResult of a feed that came to nothing."""
    words = issue_words(_issues(report))
    error = f"{FAILURES[status]} {words}".strip()
    return PollResult(done=True, failed=True, error=error, request_id=request_id)


def finished(report, request_id):
    """Return the PollResult of a processed feed."""
    return PollResult(done=True, results=results_of(report), request_id=request_id)


def parse_report(content):
    """Return the processing report in a bytes file.

    :raises ChannelUnreachable: it is not a report
    """
    try:
        report = json.loads(content.read())
    except ValueError as error:
        raise ChannelUnreachable("The feed's report is not JSON.") from error
    if not isinstance(report, dict) or "summary" not in report:
        raise ChannelUnreachable("The feed's report is not a processing report.")
    return report


def results_of(report):
    """Return an outcome for every SKU that a processing report names.

    An error refuses the row. A SKU among ``items`` was processed: the quantity that
    Amazon says it shows then is ``channel_qty``, and the caller compares. Accepted
    SKUs that are named nowhere (an unknown one, #4402) get no result: a read tells.
    """
    results = {sku: _refused(sku, issues) for sku, issues in _errors(report).items()}
    for item in report.get("items") or ():
        sku = item.get("sku")
        if sku and sku not in results:
            results[sku] = _processed(item)
    return tuple(results.values())


def _issues(report):
    return [issue for issue in report.get("issues") or () if isinstance(issue, dict)]


def _errors(report):
    errors = {}
    for issue in _issues(report):
        if issue.get("severity") == "ERROR" and issue.get("sku"):
            errors.setdefault(issue["sku"], []).append(issue)
    return errors


def _refused(sku, issues):
    return PushResult(
        sku, "rejected", error=issue_words(issues), code=issue_code(issues)
    )


def _processed(item):
    availability = item.get("fulfillmentAvailability") or []
    codes = [str(entry.get("fulfillmentChannelCode") or "") for entry in availability]
    problem = channel_problem(codes)
    if problem:
        return PushResult(
            item["sku"], "rejected", error=problem.text, code=problem.code
        )
    if codes == [DEFAULT_CHANNEL] and availability[0].get("quantity") is not None:
        quantity = availability[0]["quantity"]
        return PushResult(item["sku"], "accepted", channel_qty=quantity)
    return PushResult(item["sku"], "submitted")
