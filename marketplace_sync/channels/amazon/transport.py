"""How calls reach Amazon: token, timeouts, rates, and every failure noticed."""

import contextlib
import gzip
import tempfile
import zlib
from urllib.parse import urlsplit

import requests

from ..errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
    UnknownListing,
)
from ..http import (
    TIMEOUT,
    raise_for_status,
    request_id_of,
    require_json,
    retry_after_of,
    send,
)
from .const import (
    ENDPOINTS,
    MAX_DOCUMENT,
    REGION_OF,
    ROLE_LISTINGS,
    ROLE_ORDERS,
    ROLE_SELLERS,
)
from .operations import Operations

USER_AGENT = "marketplace_sync/19.0 (Language=Python)"
#: Seconds before its end in which a token is not used any more.
TOKEN_MARGIN = 60
#: Operations whose only yes is 204, without a body.
NO_CONTENT = ("confirmShipment",)
#: Operations whose 403 may be about personal data; each costs a search of which there
#: are 20 an hour, so that a new token is tried only when Amazon speaks of the token.
SCARCE = ("searchOrders", "getOrder")
#: Operations → the role that they need, where it is not the listings' one.
ROLES = {
    "getMarketplaceParticipations": ROLE_SELLERS,
    "searchOrders": ROLE_ORDERS,
    "getOrder": ROLE_ORDERS,
    "confirmShipment": ROLE_ORDERS,
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ServerFailure(ChannelUnreachable):
    """Amazon failed on this very request (status 500); another may succeed."""


class Transport:
    """Everything of one account that touches the network.

    :param tokens: a :data:`~..base.TokenProvider`
    :param limiter: the account's :class:`~..ratelimit.RateLimiter`
    """

    timeout = TIMEOUT

    def __init__(self, config, tokens, limiter, clock):
        self.config = config
        self.limiter = limiter
        self.clock = clock
        self.session = requests.Session()
        host = urlsplit(config.api_url).hostname
        # the machine's proxy must not see loopback
        self.session.trust_env = host not in LOOPBACK
        self._tokens = tokens
        self._token = None
        self._operations = Operations(self._send)

    def close(self):
        """Release the sockets."""
        self.session.close()

    # --- operations -----------------------------------------------------------------
    def call(self, operation, *args, **kwargs):
        """Call an operation; return its :class:`~..http.Answer`, body a dict.

        :raises ChannelError: of the family that the answer belongs to
        """
        return self._operations.call(operation, *args, **kwargs)

    def _send(self, operation, method, path, body):
        token = self._current_token()
        answer = self._send_once(operation, method, path, body, token)
        if _may_blame_token(operation, answer):
            token = self._newer_token(token, answer)
            answer = self._send_once(operation, method, path, body, token)
        self._raise_for(operation, answer)
        if operation in NO_CONTENT:
            return _no_content(operation, answer)
        if not isinstance(require_json(answer), dict):
            raise ChannelUnreachable(
                f"Amazon answered {operation} with something undocumented.",
                request_id=answer.request_id,
            )
        return answer

    def _send_once(self, operation, method, path, body, token):
        self.limiter.acquire(operation)
        headers = {
            "x-amz-access-token": token.access_token,
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
        }
        url = self.endpoint + path
        answer = send(
            self.session, method, url, timeout=self.timeout, json=body, headers=headers
        )
        self._learn_rate(operation, answer)
        return answer

    @property
    def endpoint(self):
        """Base of all addresses: the account's ``api_url``, else its region's host."""
        return self.config.api_url.rstrip("/") or ENDPOINTS[self._region()]

    def _region(self):
        options, sites = self.config.options, self.config.sites
        region = options.get("region") or options.get("amazon_region")
        found = {REGION_OF[code] for code in sites if code in REGION_OF}
        regions = {region} if region else found or {"na"}
        if len(regions) > 1:
            raise ChannelBlockedError(
                f"The sites belong to different regions of Amazon "
                f"({', '.join(sorted(regions))}): make an account of each region."
            )
        (region,) = regions
        if region not in ENDPOINTS:
            raise ChannelBlockedError(f"Amazon has no region {region!r}.")
        return region

    def _learn_rate(self, operation, answer):
        """Take a lower rate than published from ``x-amzn-RateLimit-Limit``."""
        with contextlib.suppress(ValueError):
            rate = float(answer.headers.get("x-amzn-ratelimit-limit", ""))
            self.limiter.lower(operation, rate)
        if answer.status == 429:
            self.limiter.refused(operation, retry_after_of(answer.headers))

    # --- tokens -----------------------------------------------------------------------
    def _current_token(self):
        token = self._token
        if token is None or self.clock() > (token.expires_at or 9e12) - TOKEN_MARGIN:
            self._token = self._tokens(None)
        return self._token

    def _newer_token(self, refused, answer):
        """Ask for another token, once.

        :raises AuthenticationError: there is none
        """
        self._token = self._tokens(refused.access_token)
        if self._token.access_token == refused.access_token:
            raise AuthenticationError(
                "Amazon refuses the access token.", request_id=answer.request_id
            )
        return self._token

    # --- errors -----------------------------------------------------------------------
    def _raise_for(self, operation, answer):
        """Raise for every status ≥ 300, with Amazon's words and request id."""
        if answer.status < 300:
            return
        code, words = error_of(answer)
        message = self._without_secrets(f"Amazon: {words} ({operation})")
        kwargs = {"code": code, "request_id": answer.request_id}
        if answer.status == 403 and not code:
            # HTML or nothing: some gateway's word, not Amazon's
            raise ChannelUnreachable(
                f"{operation} was answered 403 without a reason.", **kwargs
            )
        if answer.status == 403:
            raise _forbidden(operation, words, kwargs)
        if answer.status == 404:
            raise UnknownListing(message, **kwargs)
        if answer.status == 500:
            raise ServerFailure(message, **kwargs)
        if 400 <= answer.status < 500 and not code and answer.status not in (401, 429):
            raise ChannelUnreachable(message, **kwargs)
        raise_for_status(answer, message, code)

    def _without_secrets(self, text):
        secrets = [self.config.credentials.get("client_secret")]
        secrets.append(self.config.credentials.get("refresh_token"))
        secrets.append(self._token and self._token.access_token)
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text

    # --- documents (feeds, reports) ---------------------------------------------------
    def upload(self, url, content, content_type):
        """PUT a feed to a presigned address; no token goes there.

        The content type must be the one that the document was created with.
        """
        self._check_presigned(url)
        answer = send(
            self.session,
            "PUT",
            url,
            timeout=self.timeout,
            data=content,
            headers={"Content-Type": content_type, "User-Agent": USER_AGENT},
        )
        if answer.status >= 300:
            raise ChannelUnreachable(
                f"Amazon did not take the feed's document ({answer.status}).",
                request_id=answer.request_id,
            )

    @contextlib.contextmanager
    def open_document(self, document):
        """Download a document of a feed or report; give ``(bytes file, charset)``.

        :param document: body of ``getFeedDocument`` or ``getReportDocument``
        """
        with tempfile.TemporaryFile() as file:
            charset = self._download(document.get("url", ""), file)
            file.seek(0)
            packed = document.get("compressionAlgorithm") == "GZIP"
            try:
                with gzip.open(file) if packed else file as content:
                    yield content, charset
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise ChannelUnreachable(
                    "Amazon's document arrived damaged."
                ) from error

    def _download(self, url, file):
        self._check_presigned(url)
        try:
            with self.session.get(
                url,
                timeout=self.timeout,
                stream=True,
                allow_redirects=False,
                headers={"User-Agent": USER_AGENT},
            ) as response:
                _copy(response, file)
                return response.encoding
        except requests.Timeout as error:
            raise ChannelUnreachable("The document did not arrive in time.") from error
        except requests.RequestException as error:
            raise ChannelUnreachable(
                f"The document could not be fetched ({type(error).__name__})."
            ) from error

    def _check_presigned(self, url):
        """Refuse an address that the account's settings forbid.

        With ``api_url`` set every call goes there; without, only encrypted.
        """
        parts, own = urlsplit(url), urlsplit(self.config.api_url)
        allowed = parts.scheme == "https" and parts.hostname
        if self.config.api_url:
            allowed = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
        if not allowed:
            raise ChannelUnreachable(
                f"Amazon named {parts.scheme}://{parts.hostname} for a document: "
                f"this account may not go there."
            )


def required(answer, name):
    """Return a field of an answer that the API promises."""
    value = answer.body.get(name)
    if not value:
        raise ChannelUnreachable(
            f"Amazon's answer has no {name}.", request_id=answer.request_id
        )
    return value


def error_of(answer):
    """Return ``(code, words)`` of an error answer; code "" when it is not JSON.

    Documented is ``{"errors": [{code, message, details}]}``; a gateway in front
    says ``{"message"}`` only.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        first = errors[0]
        words = [first.get("message"), first.get("details")]
        text = " ".join(str(word) for word in words if word)
        return str(first.get("code") or answer.status), text or f"{answer.status}"
    if body.get("message"):
        return str(answer.status), str(body["message"])
    return "", f"it answered {answer.status} without a reason"


def _may_blame_token(operation, answer):
    """Tell whether another token may help. A 403 can mean an expired one (#4122)."""
    if answer.status != 403:
        return answer.status == 401
    code, words = error_of(answer)
    return operation not in SCARCE or not code or "token" in words.lower()


def _no_content(operation, answer):
    if answer.status != 204:
        raise ChannelUnreachable(
            f"{operation} was answered {answer.status}: only 204 says that it is done.",
            request_id=answer.request_id,
        )
    return answer


def _forbidden(operation, words, kwargs):
    """Return the error for a 403 that a new token did not cure."""
    if "token" in words.lower():
        return AuthenticationError(
            "Amazon refuses a fresh access token: authorise the application again "
            "in Seller Central.",
            **kwargs,
        )
    role = ROLES.get(operation, ROLE_LISTINGS)
    return ChannelBlockedError(
        f"Amazon denies {operation}. Either the application lacks the role "
        f"“{role}”, or the seller ID or the region is not the one that authorised it. "
        f"After a change of roles, authorise the application again.",
        **kwargs,
    )


def _copy(response, file):
    """Copy an answer's bytes to a file, up to a limit."""
    if response.status_code != 200:
        headers = {name.lower(): value for name, value in response.headers.items()}
        family = RateLimited if response.status_code == 429 else ChannelUnreachable
        raise family(
            f"The document could not be fetched ({response.status_code}).",
            request_id=request_id_of(headers),
        )
    size = 0
    for chunk in response.iter_content(1 << 16):
        size += len(chunk)
        if size > MAX_DOCUMENT:
            raise ChannelUnreachable("The document is larger than any of ours.")
        file.write(chunk)
