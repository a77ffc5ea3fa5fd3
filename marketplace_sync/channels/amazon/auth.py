"""Login with Amazon: an access token for a refresh token."""

from urllib.parse import urlencode

from ..base import Token
from ..errors import AuthenticationError, ChannelUnreachable
from ..http import raise_for_status, require_json, send
from .const import LWA_PATH, LWA_URL

#: What the account's form must hold, as a person calls it.
REQUIRED = {
    "seller_id": "seller ID",
    "client_id": "client ID",
    "client_secret": "client secret",
    "refresh_token": "refresh token",
}
#: OAuth's own error codes (RFC 6749, 5.2) in words.
REFUSALS = {
    "invalid_client": (
        "Amazon refuses the application: the client ID or the client secret is wrong, "
        "or the secret has expired (Solution Provider Portal > your application > "
        "LWA credentials)."
    ),
    "invalid_grant": (
        "Amazon refuses the refresh token: it is wrong, or the authorisation was "
        "withdrawn. Authorise the application again in Seller Central."
    ),
    "unauthorized_client": (
        "Amazon refuses the refresh token: it was issued for another application."
    ),
}
#: Amazon's own trouble, whatever the status.
TEMPORARY = ("server_error", "temporarily_unavailable")


def check_credentials(credentials):
    """Raise AuthenticationError when a credential is missing; nothing is sent."""
    missing = [words for name, words in REQUIRED.items() if not credentials.get(name)]
    if missing:
        raise AuthenticationError(f"Missing on the account: {', '.join(missing)}.")


def request_token(session, config, timeout, now):
    """Exchange the account's refresh token for an access token.

    :param now: epoch seconds at which the answer's ``expires_in`` starts
    """
    check_credentials(config.credentials)
    names = ("refresh_token", "client_id", "client_secret")
    form = {name: config.credentials[name] for name in names}
    answer = send(
        session,
        "POST",
        (config.api_url.rstrip("/") or LWA_URL) + LWA_PATH,
        timeout=timeout,
        data=urlencode({"grant_type": "refresh_token", **form}),
        headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
    )
    _raise_refusal(answer)
    body = require_json(answer)
    if not isinstance(body, dict) or not body.get("access_token"):
        raise ChannelUnreachable(
            "Amazon answered without an access token.", request_id=answer.request_id
        )
    return Token(body["access_token"], now + float(body.get("expires_in") or 3600))


def _raise_refusal(answer):
    """Sort an error by OAuth's code; the description is not repeated."""
    if answer.status in (400, 401, 403) and isinstance(answer.body, dict):
        code = str(answer.body.get("error") or "")
        if code in TEMPORARY:
            raise ChannelUnreachable(
                "Amazon cannot give an access token now.",
                code=code,
                request_id=answer.request_id,
            )
        raise AuthenticationError(
            REFUSALS.get(code, "Amazon refuses the account's credentials."),
            code=code,
            request_id=answer.request_id,
        )
    if 400 <= answer.status < 500 and answer.status != 429:
        # HTML or nothing: not Amazon's own answer, so not the credentials' fault
        raise ChannelUnreachable(
            f"Amazon's login answered {answer.status} without saying why.",
            request_id=answer.request_id,
        )
    raise_for_status(answer, f"Amazon's login answered {answer.status}.")
