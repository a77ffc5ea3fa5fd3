"""HTTP to Mercado Libre: token in the header, buckets, errors sorted by status first.

Bodies come second: a 429 may be JSON in three spellings, plain text or empty.
"""

import logging
from urllib.parse import quote

import requests

from ..base import Token
from ..errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelError,
    ChannelUnreachable,
)
from ..http import TIMEOUT, raise_for_status, retry_after_of, send
from . import const, words

_logger = logging.getLogger(__name__)


class Client:
    """Sends one call at a time.

    :param credentials: the account's, see :class:`~..base.AdapterConfig`
    :param api_url: "" = the real host
    :param tokens: a :data:`~..base.TokenProvider`
    :param limiter: a :class:`~..ratelimit.RateLimiter` with :data:`const.LIMITS`
    """

    def __init__(self, credentials, api_url, tokens, limiter, clock):
        self.credentials = credentials
        self.base_url = (api_url or const.BASE_URL).rstrip("/")
        self.tokens = tokens
        self.limiter = limiter
        self.clock = clock
        self.timeout = TIMEOUT
        self.session = requests.Session()

    def close(self):
        self.session.close()

    @property
    def user_id(self):
        return self.required("user_id")

    def required(self, name):
        """Return a credential.

        :raises AuthenticationError: it is not set
        """
        value = str(self.credentials.get(name) or "").strip()
        if not value:
            raise AuthenticationError(
                f"Mercado Libre: the account's {name.replace('_', ' ')} is missing.",
                code=f"missing_{name}",
            )
        return value

    # --- calls -----------------------------------------------------------------------
    def call(self, operation, method, path, *, accept=(), **kwargs):
        """Send one call and return its answer.

        :param operation: name of its bucket in :data:`const.LIMITS`
        :param accept: statuses ≥ 300 that the caller sorts itself
        :param kwargs: ``params``, ``json``, ``headers``
        :raises ChannelError: any other status ≥ 300, or no answer
        """
        token = self.tokens(None)
        answer = self._send(operation, method, path, token, kwargs)
        if answer.status == 401:
            token = self.tokens(token.access_token)
            answer = self._send(operation, method, path, token, kwargs)
        if answer.status >= 300 and answer.status not in accept:
            self.raise_error(operation, answer)
        return answer

    def get(self, operation, path, **kwargs):
        """GET, see :meth:`call`."""
        return self.call(operation, "GET", path, **kwargs)

    def put(self, operation, path, body, **kwargs):
        """PUT ``body`` as JSON, see :meth:`call`."""
        return self.call(operation, "PUT", path, json=body, **kwargs)

    def _send(self, operation, method, path, token, kwargs):
        headers = {
            **(kwargs.get("headers") or {}),
            "Authorization": f"Bearer {token.access_token}",
            "Accept": "application/json",
        }
        return self._exchange(operation, method, path, **{**kwargs, "headers": headers})

    def _exchange(self, operation, method, path, **kwargs):
        self.limiter.acquire(operation)
        self.limiter.acquire(const.APPLICATION)
        url = self.base_url + path
        answer = send(
            self.session, method, url, timeout=self.timeout, auth=keep_headers, **kwargs
        )
        _logger.debug("%s %s: %s", operation, path, answer.status)
        if answer.status == 429:
            self._slow_down(operation, answer)
        return answer

    def _slow_down(self, operation, answer):
        wait = retry_after_of(answer.headers)
        self.limiter.refused(operation, wait)
        if "over quota" in words.haystack(answer):  # the whole application's
            self.limiter.refused(const.APPLICATION, wait)

    def raise_error(self, operation, answer):
        """Raise what an answer ≥ 300 means for the whole account."""
        kwargs = {"request_id": answer.request_id}
        said = words.said(answer)
        code = (words.codes(answer) or [str(answer.status)])[0]
        if answer.status == 401:
            text = f"Mercado Libre refuses the token. {words.AUTHORISE}"
            raise AuthenticationError(text, code=code, **kwargs)
        if answer.status == 403:
            text = words.account_refusal(answer) or f"Mercado Libre: forbidden. {said}"
            raise ChannelBlockedError(text, code=code, **kwargs)
        text = f"Mercado Libre answered {answer.status} to {operation}."
        raise_for_status(answer, f"{text} {said}".strip(), code)

    # --- token -----------------------------------------------------------------------
    def refresh(self):
        """Spend the refresh token and return the new pair.

        Exactly one request. Losing its answer costs the authorisation: the old
        refresh token is dead once the channel has answered.

        :raises AuthenticationError: a credential is missing or refused
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self.required("client_id"),
            "client_secret": self.required("client_secret"),
            "refresh_token": self.required("refresh_token"),
        }
        headers = {"Accept": "application/json"}
        answer = self._exchange(
            "request_token", "POST", const.TOKEN, data=form, headers=headers
        )
        if answer.status >= 300:
            raise token_error(answer)
        return self._token(answer)

    def _token(self, answer):
        body = answer.body if isinstance(answer.body, dict) else {}
        if not body.get("access_token") or not body.get("refresh_token"):
            raise ChannelUnreachable(
                "Mercado Libre answered a token request with something else.",
                request_id=answer.request_id,
            )
        # The text says 6 hours, the sample 3: ``expires_in`` counts.
        lifetime = body.get("expires_in")
        expires = self.clock() + float(lifetime) if lifetime else None
        return Token(body["access_token"], expires, body["refresh_token"])


def address(template, **names):
    """Return a path of :mod:`.const` with its names filled in, quoted."""
    names = {name: quote(str(value), safe="") for name, value in names.items()}
    return template.format(**names)


def keep_headers(request):
    """Stop ``requests`` from replacing our Authorization by one of a ``.netrc``."""
    return request


def json_object(answer):
    """Return the body as a dict.

    :raises ChannelUnreachable: HTML, an empty body, broken JSON or another type
    """
    if isinstance(answer.body, dict):
        return answer.body
    raise ChannelUnreachable(
        f"Mercado Libre answered {answer.status} with something that is not the "
        "JSON it documents.",
        request_id=answer.request_id,
    )


#: OAuth errors that waiting does not cure [autenticacion-y-autorizacion, 29/12/2025].
TOKEN_ERRORS = {
    "invalid_client": "Mercado Libre does not know this client id and secret.",
    "invalid_grant": (
        "Mercado Libre refuses the refresh token: it was used already, revoked, or "
        f"has expired (6 months; 4 without a call). {words.AUTHORISE}"
    ),
    "invalid_operator_user_id": (
        "An operator of the seller account gave the authorisation; only its main "
        "(admin) user can."
    ),
    "unauthorized_application": "Mercado Libre has blocked the application.",
    "unauthorized_client": f"The seller's grant is gone. {words.AUTHORISE}",
}


def token_error(answer):
    """Return the error of a refused token request."""
    code = next(iter(words.codes(answer)), str(answer.status))
    kwargs = {"code": code, "request_id": answer.request_id}
    if answer.status in (400, 401, 403):
        text = TOKEN_ERRORS.get(code) or "Mercado Libre refuses to give a token."
        return AuthenticationError(text, **kwargs)
    return _status_error(answer, kwargs)


def _status_error(answer, kwargs):
    text = f"Mercado Libre answered {answer.status} to a token request."
    try:
        raise_for_status(answer, text, kwargs["code"])
    except ChannelError as error:
        return error
    return ChannelUnreachable(text, **kwargs)
