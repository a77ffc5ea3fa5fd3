"""Which host a shop is, and how to get a token for it."""

import re

import shopify

from ..base import Token
from ..errors import AuthenticationError, ChannelBlockedError
from ..http import raise_for_status, require_json, send
from .const import API_VERSION, STATUS_WORDS, TIMEOUT

#: What a person may paste; everything else could name another host.
SHOP = re.compile(
    r"(?:https://)?([a-z0-9][a-z0-9-]{0,62})(?:\.myshopify\.com)?/?", re.IGNORECASE
)


class ShopSession(shopify.Session):
    """ShopifyAPI's session, out of reach of ``shopify.Session.setup()``.

    That call sets class attributes for the whole process; ours stay what they are.
    """

    protocol = "https"
    myshopify_domain = "myshopify.com"
    port = None


def shop_session(shop):
    """Return the session of a shop, for its host name and version.

    :param shop: ``my-shop`` or ``my-shop.myshopify.com``
    :raises AuthenticationError: missing, or not the name of a shop
    """
    match = SHOP.fullmatch((shop or "").strip())
    if not match:
        raise AuthenticationError(
            "Enter the shop as my-shop.myshopify.com: "
            + (f"{shop!r} is not the name of one." if shop else "it is missing."),
            code="shop",
        )
    return ShopSession(match.group(1).lower(), API_VERSION)


def admin_url(config):
    """Return the address before ``/admin/…`` of the account's shop."""
    session = shop_session(config.credentials.get("shop"))
    return (config.api_url or f"https://{session.url}").rstrip("/")


def graphql_url(config):
    """Return where the account's GraphQL calls go."""
    session = shop_session(config.credentials.get("shop"))
    return session.version.api_path(admin_url(config)) + "/graphql.json"


def request_token(http, config, now, refused=None, timeout=TIMEOUT):
    """Return a token: the permanent one, or a new one for client id and secret.

    /docs/apps/build/authentication-authorization/client-credentials-grant: the
    grant lives 24 hours and works only where app and shop belong to the same
    Shopify organization. Admin-made apps keep their permanent token.

    :param http: a ``requests.Session``
    :param now: epoch seconds
    :param refused: an access token that Shopify has just refused
    :raises AuthenticationError: credentials missing or refused
    """
    credentials = config.credentials
    permanent = credentials.get("access_token")
    if permanent and permanent != refused:
        return Token(permanent)
    if credentials.get("client_id") and credentials.get("client_secret"):
        return _grant(http, config, now, timeout)
    if permanent:
        raise AuthenticationError(STATUS_WORDS[401], code="401")
    raise AuthenticationError(
        "Enter an access token, or the app's client id and client secret.",
        code="credentials",
    )


def _grant(http, config, now, timeout):
    form = {
        "grant_type": "client_credentials",
        "client_id": config.credentials["client_id"],
        "client_secret": config.credentials["client_secret"],
    }
    url = f"{admin_url(config)}/admin/oauth/access_token"
    answer = send(http, "POST", url, timeout=timeout, data=form)
    _raise_for_refusal(answer)
    body = require_json(answer)
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token:
        raise AuthenticationError(
            "Shopify answered without an access token.", request_id=answer.request_id
        )
    return Token(token, _expiry(body.get("expires_in"), now))


def _expiry(expires_in, now):
    valid = isinstance(expires_in, int | float) and not isinstance(expires_in, bool)
    return now + expires_in if valid else None


def _raise_for_refusal(answer):
    kwargs = {"code": str(answer.status), "request_id": answer.request_id}
    if answer.status == 404:
        raise ChannelBlockedError(STATUS_WORDS[404], **kwargs)
    if answer.status in (400, 401, 403):
        raise AuthenticationError(
            "Shopify refused the client id and secret. They must belong to an app "
            "that is installed in this shop, in the same Shopify organization.",
            **kwargs,
        )
    raise_for_status(answer, STATUS_WORDS.get(answer.status, ""))
