"""One way to speak JSON over HTTP: timeouts always, errors sorted in one place."""

import json
import logging
from dataclasses import dataclass, field

import requests

from .errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
)

_logger = logging.getLogger(__name__)

#: (connect, read) seconds of every call.
TIMEOUT = (5, 30)
#: No channel's limit counts over more than a day (seconds).
MAX_RETRY_AFTER = 86_400.0
#: An answer larger than this is not one of ours (bytes).
MAX_BODY = 64 * 1024 * 1024
#: Field names whose values never reach a log or an error message.
SECRET_KEYS = frozenset(
    (
        "access_token",
        "refresh_token",
        "client_secret",
        "authorization",
        "x-amz-access-token",
        "x-shopify-access-token",
        "code",
        "code_verifier",
    )
)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: ``body`` is parsed JSON, or None when there was none."""

    status: int
    body: object = None
    headers: dict = field(default_factory=dict)
    request_id: str = ""
    text: str = ""


def request_id_of(headers):
    """Return the channel's id of a request from its answer's headers."""
    for name in ("x-amzn-requestid", "x-request-id", "x-amz-request-id"):
        if headers.get(name):
            return headers[name]
    return ""


def retry_after_of(headers):
    """Return ``Retry-After`` in seconds, None when absent or a date."""
    try:
        seconds = float(headers.get("retry-after", ""))  # "inf" and "nan", too
        return min(max(0.0, seconds), MAX_RETRY_AFTER)
    except ValueError:
        return None


def parse_json(text):
    """Return ``(parsed, ok)``; HTML, an empty body and broken JSON are not ok."""
    try:
        return json.loads(text), True
    except ValueError:
        return None, False


def send(session, method, url, *, timeout=TIMEOUT, **kwargs):
    """Send one request and return an :class:`Answer`, whatever its status.

    Redirects are not followed: a token must not travel to another host.

    :raises ChannelUnreachable: no complete answer came back
    """
    try:
        response = session.request(
            method, url, timeout=timeout, allow_redirects=False, **kwargs
        )
        text = response.content.decode(response.encoding or "utf-8", "replace")
    except requests.Timeout as error:
        raise ChannelUnreachable("The channel did not answer in time.") from error
    except requests.RequestException as error:
        raise ChannelUnreachable(
            f"The channel could not be reached ({type(error).__name__})."
        ) from error
    headers = {name.lower(): value for name, value in response.headers.items()}
    body, _ok = parse_json(text)
    return Answer(response.status_code, body, headers, request_id_of(headers), text)


def raise_for_status(answer, message="", code=None):
    """Raise the error family that an HTTP status ≥ 300 belongs to.

    Channels override single statuses before calling this; what is left is the
    same everywhere.
    """
    status = answer.status
    if status < 300:
        return
    text = message or f"The channel answered {status}."
    kwargs = {"code": code or str(status), "request_id": answer.request_id}
    retry_after = retry_after_of(answer.headers)
    if status == 401:
        raise AuthenticationError(text, **kwargs)
    if status in (402, 403, 423):
        raise ChannelBlockedError(text, **kwargs)
    if status in (429, 430):
        raise RateLimited(text, retry_after=retry_after, **kwargs)
    if status >= 500 or status in (408, 425) or status < 400:
        raise ChannelUnreachable(text, retry_after=retry_after, **kwargs)
    raise RejectedError(text, **kwargs)


def require_json(answer):
    """Return the parsed body.

    :raises ChannelUnreachable: the body is HTML, empty or broken
    """
    if answer.body is None:
        raise ChannelUnreachable(
            f"The channel answered {answer.status} with something that is not JSON.",
            request_id=answer.request_id,
        )
    return answer.body
