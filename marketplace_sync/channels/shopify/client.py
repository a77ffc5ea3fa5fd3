"""GraphQL over a ``requests`` session, with its price and its errors."""

import json
import logging
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import requests

from ..errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
)
from ..http import raise_for_status, require_json, retry_after_of, send
from ..ratelimit import Bucket, TokenBucket
from . import auth
from .const import (
    MAX_THROTTLED,
    MIN_THROTTLED_WAIT,
    POINTS,
    STATUS_WORDS,
    TIMEOUT,
)

_logger = logging.getLogger(__name__)

SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+")


@dataclass(frozen=True)
class Reply:
    """A successful answer: ``data`` as asked for, nothing missing.

    :param told_at: UTC, when it was asked for, by the slower of the two clocks; None =
        Shopify's is unknown
    """

    data: dict
    request_id: str
    version: str
    told_at: datetime | None = None

    def __getitem__(self, name):
        """Return a top-level field, which must be there.

        :raises ChannelUnreachable: it isn't, or is null
        """
        value = self.data.get(name)
        if value is None:
            raise ChannelUnreachable(
                f"Shopify answered without {name}.", request_id=self.request_id
            )
        return value


class ShopifyClient:
    """The calls of one account. Not thread-safe.

    :param tokens: a :data:`~..base.TokenProvider`
    :param limiter: gives the clock and the sleep, and keeps the bucket of points
    """

    def __init__(self, config, tokens, limiter):
        self.config = config
        self.tokens = tokens
        self.limiter = limiter
        self.http = requests.Session()
        # a proxy of the machine must not see calls to a test address
        self.http.trust_env = not config.api_url
        self.timeout = TIMEOUT
        #: the token that Shopify refused last
        self.refused = None
        self._prices = {}

    def close(self):
        """Release sockets."""
        self.http.close()

    def request_token(self, now):
        """Ask Shopify for a token; see :func:`.auth.request_token`."""
        return auth.request_token(
            self.http, self.config, now, self.refused, self.timeout
        )

    def execute(self, operation, variables=None):
        """Send a document, and again while Shopify throttles it.

        THROTTLED is repeated with the same bytes, idempotency key included:
        nothing promises that a throttled mutation was not executed. For the same
        reason one without a key is not repeated here: the caller reads first.

        :raises ChannelError: of the family that says what to do next
        """
        body = json.dumps({"query": operation.text, "variables": variables or {}})
        self.limiter.acquire(operation.name)
        for _attempt in range(MAX_THROTTLED if operation.repeatable else 1):
            self.limiter.acquire(POINTS, self._price(operation))
            asked_at = self.limiter.clock()
            answer = self._ask(body.encode())
            content = _envelope(answer)
            cost = _cost_of(content)
            self._adopt(operation, cost)
            if not _is_throttled(content):
                return self._reply(operation, content, answer, asked_at)
            if operation.repeatable:
                self._wait_out(cost, answer)
        raise RateLimited(
            "Shopify kept throttling the call.",
            retry_after=self.limiter.max_wait if operation.repeatable else None,
            code="THROTTLED",
            request_id=answer.request_id,
        )

    def pages(self, operation, variables):
        """Yield ``(nodes, reply)`` of a connection, page by page."""
        after = None
        while True:
            reply = self.execute(operation, {**variables, "after": after})
            connection = reply[operation.name]
            yield connection["nodes"], reply
            page = connection["pageInfo"]
            if not page["hasNextPage"] or page["endCursor"] in (None, after):
                return
            after = page["endCursor"]

    # --- one request ----------------------------------------------------------
    def _ask(self, body):
        token = self.tokens(None).access_token
        answer = self._post(body, token)
        if answer.status == 401:
            answer = self._post(body, self._newer_token(token, answer))
        if answer.status == 404:
            raise ChannelBlockedError(
                STATUS_WORDS[404], code="404", request_id=answer.request_id
            )
        if answer.status in (429, 430):
            self.limiter.refused(POINTS, retry_after_of(answer.headers))
        raise_for_status(answer, STATUS_WORDS.get(answer.status, ""))
        return answer

    def _newer_token(self, refused, answer):
        self.refused = refused
        token = self.tokens(refused).access_token
        if token == refused:
            raise AuthenticationError(
                STATUS_WORDS[401], code="401", request_id=answer.request_id
            )
        return token

    def _post(self, body, token):
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Shopify-Access-Token": token,
        }
        url = auth.graphql_url(self.config)
        return send(
            self.http, "POST", url, timeout=self.timeout, data=body, headers=headers
        )

    def _reply(self, operation, content, answer, asked_at):
        _logger.debug(
            "shopify %s: request %s, %s",
            operation.name,
            answer.request_id,
            answer.status,
        )
        _raise_for_errors(content.get("errors"), operation, answer.request_id)
        data = content.get("data")
        if not isinstance(data, dict):
            raise ChannelUnreachable(
                "Shopify answered without data.", request_id=answer.request_id
            )
        version = answer.headers.get("x-shopify-api-version", "")
        told_at = _told_at(answer.headers, asked_at)
        return Reply(data, answer.request_id, version, told_at)

    # --- points ---------------------------------------------------------------
    def _price(self, operation):
        return self._prices.get(operation.name, operation.cost)

    def _adopt(self, operation, cost):
        """Take over what Shopify says about the price and our bucket."""
        if cost is None:
            return
        self._prices[operation.name] = cost.requested or operation.cost
        self.limiter.buckets[POINTS] = TokenBucket(
            Bucket(cost.restore_rate, cost.maximum),
            tokens=cost.available,
            at=self.limiter.clock(),
        )

    def _wait_out(self, cost, answer):
        missing = cost.requested - cost.available if cost else 0.0
        wait = max(MIN_THROTTLED_WAIT, missing / cost.restore_rate if cost else 0.0)
        if wait > self.limiter.max_wait:
            raise RateLimited(
                "Shopify throttles: its points are used up.",
                retry_after=wait,
                code="THROTTLED",
                request_id=answer.request_id,
            )
        self.limiter.sleep(wait)


@dataclass(frozen=True)
class Cost:
    """``extensions.cost``: points asked for, points there, points per second."""

    requested: float
    available: float
    maximum: float
    restore_rate: float


def _cost_of(content):
    """Return the :class:`Cost` in an answer, None when it says nothing usable."""
    try:
        cost = content["extensions"]["cost"]
        status = cost["throttleStatus"]
        found = Cost(
            float(cost.get("requestedQueryCost") or 0),
            float(status["currentlyAvailable"]),
            float(status["maximumAvailable"]),
            float(status["restoreRate"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return found if found.restore_rate > 0 and found.maximum > 0 else None


def _told_at(headers, asked_at):
    """Return the earlier of ``Date`` and our own clock, None without a date."""
    ours = datetime.fromtimestamp(asked_at, timezone.utc)
    try:
        theirs = parsedate_to_datetime(headers.get("date") or "")
        return min(ours, theirs.astimezone(timezone.utc))
    except (TypeError, ValueError, OverflowError):
        return None


# --- errors -------------------------------------------------------------------
def _envelope(answer):
    content = require_json(answer)
    if not isinstance(content, dict):
        raise ChannelUnreachable(
            "Shopify answered something that is not GraphQL.",
            request_id=answer.request_id,
        )
    return content


def _codes(errors):
    """Return ``[(code, message, whole error)]`` of GraphQL errors in any shape."""
    if isinstance(errors, str):
        return [("", errors, {})]
    found = []
    for error in errors if isinstance(errors, list) else [errors]:
        error = error if isinstance(error, dict) else {"message": str(error)}
        extensions = error.get("extensions")
        extensions = extensions if isinstance(extensions, dict) else {}
        code = str(extensions.get("code") or "")
        found.append((code, str(error.get("message") or ""), extensions))
    return found


def _is_throttled(content):
    errors = content.get("errors")
    return bool(errors) and any(code == "THROTTLED" for code, *_ in _codes(errors))


def _raise_for_errors(errors, operation, request_id):
    """Raise for top-level errors, also beside data: half an answer is none.

    /docs/api/usage/response-codes and …/graphql-admin/rate-limits
    """
    if not errors:
        return
    found = _codes(errors)
    by_code = {code: (message, extensions) for code, message, extensions in found}
    if "ACCESS_DENIED" in by_code:
        raise _access_denied(*by_code["ACCESS_DENIED"], operation, request_id)
    if "SHOP_INACTIVE" in by_code:
        raise ChannelBlockedError(
            "The Shopify shop is inactive.", code="SHOP_INACTIVE", request_id=request_id
        )
    if "INTERNAL_SERVER_ERROR" in by_code:
        raise ChannelUnreachable(
            "Shopify had an internal error.",
            code="INTERNAL_SERVER_ERROR",
            request_id=request_id,
        )
    code, message, _extensions = found[0]
    raise RejectedError(
        f"Shopify refused {operation.name}: {message[:300]}",
        code=code or None,
        request_id=request_id,
    )


def _access_denied(message, extensions, operation, request_id):
    required = str(extensions.get("requiredAccess") or message)
    scopes = " / ".join(dict.fromkeys(SCOPE.findall(required)))
    return ChannelBlockedError(
        f"The Shopify app lacks the access scope {scopes or 'for ' + operation.name}.",
        code="ACCESS_DENIED",
        request_id=request_id,
    )
