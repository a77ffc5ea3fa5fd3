"""Feeds API 2021-06-30 of the simulated Amazon: JSON_LISTINGS_FEED and documents."""

import gzip
import json

from .amazon_const import FEEDS_PER_WINDOW, MAX_MESSAGES, URL_SECONDS
from .amazon_dates import iso
from .amazon_listings import availability
from .amazon_patches import change_issues, patch_problem, quantity_changes
from .core import Response

FEED_TYPE = "JSON_LISTINGS_FEED"
ENDED = ("DONE", "FATAL", "CANCELLED")
#: Older documents are forgotten: the state file must stay small.
KEPT_DOCUMENTS = 40


class Feeds:
    """One queue: feeds are processed one after the other, a stuck one blocks all.

    What a feed says is applied when it is processed, over whatever was patched in
    the meantime.
    """

    # --- documents ----------------------------------------------------------------
    def on_createFeedDocument(self, request):
        """Give an address to upload a feed to."""
        content_type = (request.json() or {}).get("contentType")
        if not content_type:
            raise self.invalid("'contentType' is required.")
        document_id = self.new_document("", content_type)
        url = self.presigned(request, document_id)
        return Response(201, {"feedDocumentId": document_id, "url": url})

    def on_getFeedDocument(self, request, document_id):
        """Give an address to download a feed's report from."""
        document = self.document_answer(request, document_id)
        return Response(200, {"feedDocumentId": document_id, **document})

    def new_document(self, text, content_type):
        """Keep a document; return its id."""
        documents = self.state["documents"]
        for old in list(documents)[:-KEPT_DOCUMENTS]:
            del documents[old]
        document_id = self.number("amzn1.tortuga.4.na.")
        documents[document_id] = {
            "text": text,
            "content_type": content_type,
            "urls_until": 0,
        }
        return document_id

    def presigned(self, request, document_id):
        """Return an address that works for five minutes."""
        self.state["documents"][document_id]["urls_until"] = self.clock() + URL_SECONDS
        base = request.base_url
        if request.fault and request.fault.kind == "foreign_url":
            base = "http://elsewhere.invalid"
        return f"{base}/presigned/{document_id}?X-Amz-Signature=simulated"

    def document_answer(self, request, document_id):
        """Return ``url`` and ``compressionAlgorithm`` of a document."""
        if document_id not in self.state["documents"]:
            raise self.missing(f"No document {document_id}.")
        answer = {"url": self.presigned(request, document_id)}
        if self.setting("gzip"):
            answer["compressionAlgorithm"] = "GZIP"
        return answer

    def on_uploadDocument(self, request, document_id):
        """Take a feed's document, as S3 does."""
        document = self._signed(request, document_id)
        if document is None:
            return _s3_error("AccessDenied")
        if request.headers.get("content-type") != document["content_type"]:
            return _s3_error("SignatureDoesNotMatch")
        document["text"] = request.body.decode("utf-8", "replace")
        return Response(200)

    def on_downloadDocument(self, request, document_id):
        """Hand a document out, as S3 does."""
        document = self._signed(request, document_id)
        if document is None:
            return _s3_error("AccessDenied")
        charset = document["content_type"].partition("charset=")[2] or "utf-8"
        content = document["text"].encode(charset, "replace")
        if self.setting("gzip"):
            content = gzip.compress(content)
        return Response(200, content, {"Content-Type": document["content_type"]})

    def _signed(self, request, document_id):
        if "x-amz-access-token" in request.headers:
            self.leaked_tokens.append(request.headers["x-amz-access-token"])
        document = self.state["documents"].get(document_id)
        if document and document["urls_until"] > self.clock():
            return document
        return None

    # --- feeds --------------------------------------------------------------------
    def on_createFeed(self, request):
        """Queue a feed."""
        body = request.json() or {}
        document = self.state["documents"].get(body.get("inputFeedDocumentId"))
        if body.get("feedType") != FEED_TYPE:
            raise self.invalid("Invalid 'feedType'.")
        self.check_marketplaces(body.get("marketplaceIds") or [], maximum=1)
        if document is None:
            raise self.invalid("Invalid 'inputFeedDocumentId'.")
        self._check_feed_window()
        feed_id = self.number("5000")
        fault = request.fault
        self.state["feeds"][feed_id] = {
            "feedId": feed_id,
            "feedType": FEED_TYPE,
            "marketplaceIds": body["marketplaceIds"],
            "status": "CANCELLED"
            if fault and fault.kind == "cancelled"
            else "IN_QUEUE",
            "text": document["text"],
            "created_at": self.clock(),
            "ended_at": None,
            "fault": fault.kind if fault else "",
            "refused": list(fault.skus) if fault else [],
            "result": None,
        }
        document["text"] = ""
        return Response(202, {"feedId": feed_id})

    def _check_feed_window(self):
        number, seconds = FEEDS_PER_WINDOW
        since = self.clock() - seconds
        recent = [f for f in self.state["feeds"].values() if f["created_at"] > since]
        limited = self.enforce_limits and self.setting("rate_limits")
        if limited and len(recent) >= number:
            raise self.throttled()

    def on_getFeed(self, request, feed_id):
        """Tell how far a feed is."""
        feed = self._feed(feed_id)
        answer = {name: feed[name] for name in ("feedId", "feedType", "marketplaceIds")}
        answer["createdTime"] = iso(feed["created_at"])
        answer["processingStatus"] = feed["status"]
        if feed["ended_at"]:
            answer["processingEndTime"] = iso(feed["ended_at"])
        if feed["result"]:
            answer["resultFeedDocumentId"] = feed["result"]
        return Response(200, answer)

    def on_cancelFeed(self, request, feed_id):
        """Cancel a feed that still waits."""
        feed = self._feed(feed_id)
        if feed["status"] != "IN_QUEUE":
            raise self.invalid("Only a feed IN_QUEUE can be cancelled.")
        feed.update(status="CANCELLED", text="", ended_at=self.clock())
        return Response(200, {})

    def _feed(self, feed_id):
        feed = self.state["feeds"].get(feed_id)
        if feed is None:
            raise self.missing(f"No feed {feed_id}.")
        return feed

    # --- processing ---------------------------------------------------------------
    def advance_feeds(self, now):
        """Process, in the order received, the feeds that were due by ``now``."""
        free_at = 0.0
        for feed in self.state["feeds"].values():
            if feed["status"] in ENDED:
                free_at = max(free_at, feed["ended_at"] or 0.0)
                continue
            start = max(feed["created_at"], free_at)
            end = start + self.setting("feed_seconds")
            if now < start:
                return
            feed["status"] = "IN_PROGRESS"
            if feed["fault"] == "stuck" or now < end:
                return
            self._process(feed, end)
            free_at = end

    def release_feeds(self):
        """Let stuck feeds go on, as Amazon's support does after days."""
        for feed in self.state["feeds"].values():
            if feed["fault"] == "stuck":
                feed["fault"] = ""

    def _process(self, feed, at):
        messages = _messages(feed["text"])
        fatal = messages is None or feed["fault"] == "fatal"
        report = self._fatal_report(feed) if fatal else self._apply(feed, messages, at)
        feed["result"] = self.new_document(json.dumps(report), "application/json")
        feed.update(status="FATAL" if fatal else "DONE", text="", ended_at=at)

    def _header(self, feed):
        header = {"sellerId": self.state["credentials"]["seller_id"]}
        return {**header, "version": "2.0", "feedId": feed["feedId"]}

    def _fatal_report(self, feed):
        error = "The feed could not be read."
        summary = dict.fromkeys(SUMMARY, 0)
        return {
            "header": self._header(feed),
            "issues": [{"severity": "ERROR", "code": "4", "message": error}],
            "summary": {**summary, "errors": 1},
        }

    def _apply(self, feed, messages, at):
        """Apply the messages of a feed and return its processing report."""
        issues = []
        accepted = []
        for message in messages:
            found = list(_message_issues(message, feed))
            issues += found
            if not found:
                accepted.append(message["sku"])
                self._apply_message(feed, message, at)
        items = self._items(feed, accepted)
        return {
            "header": {**self._header(feed), "report": _included(feed["text"])},
            "issues": issues,
            "summary": {
                "errors": len(issues),
                "warnings": 0,
                "messagesProcessed": len(messages),
                "messagesAccepted": len(accepted),
                "messagesInvalid": len(messages) - len(accepted),
                "itemSummary": {"items": len(items), "errors": 0, "warnings": 0},
            },
            "items": items,
        }

    def _apply_message(self, feed, message, at):
        listing = self.state["listings"].get(message["sku"])
        here = listing and set(feed["marketplaceIds"]) & set(listing["sites"])
        if not here or feed["fault"] == "ignore":
            return
        self.settle(listing, at)
        for change in quantity_changes(message["patches"]):
            self.apply(listing, change, at)

    def _items(self, feed, skus):
        """Return the items of the report; an unknown SKU is none of them (#4402)."""
        if "fulfillmentAvailability" not in _included(feed["text"])["includedData"]:
            return []
        listings = [self.state["listings"].get(sku) for sku in dict.fromkeys(skus)]
        return [
            {
                "sku": listing["sku"],
                "issues": listing["issues"],
                "fulfillmentAvailability": availability(listing),
            }
            for listing in listings
            if listing
        ]


SUMMARY = ("errors", "warnings", "messagesProcessed", "messagesAccepted")
SUMMARY += ("messagesInvalid",)


def _messages(text):
    """Return the messages of a feed, None when the document is not one."""
    try:
        feed = json.loads(text)
        messages = feed["messages"]
        good = feed["header"]["version"] == "2.0" and feed["header"]["sellerId"]
    except (ValueError, KeyError, TypeError):
        return None
    if not good or not isinstance(messages, list):
        return None
    ids = [message.get("messageId") for message in messages]
    if not 1 <= len(messages) <= MAX_MESSAGES or len(set(ids)) != len(ids):
        return None
    return messages


def _included(text):
    report = json.loads(text)["header"].get("report")
    return report or {"includedData": ["issues"], "apiVersion": "2021-08-01"}


def _message_issues(message, feed):
    """Yield the report's issues of one message; none = it is accepted."""
    where = {"messageId": message.get("messageId"), "sku": message.get("sku") or "?"}
    problem = patch_problem(message)
    if message.get("operationType") != "PATCH":
        problem = "Only operationType PATCH is simulated."
    if not problem and feed["fault"] == "invalid":
        if not feed["refused"] or message["sku"] in feed["refused"]:
            problem = "The attributes are invalid."
    texts = [problem] if problem else []
    if not problem:
        changes = quantity_changes(message["patches"])
        texts = [i["message"] for change in changes for i in change_issues(change)]
    for text in texts:
        yield {**where, "code": "90000900", "severity": "ERROR", "message": text}


def _s3_error(code):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>"
    return Response(403, body, {"Content-Type": "application/xml"})
