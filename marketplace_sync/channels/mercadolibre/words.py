"""What Mercado Libre's error bodies say, in one sentence for a person."""

import re

#: Longest piece of the channel's own text that is repeated in a message.
LONGEST = 300
#: How access and refresh tokens look; a message must never repeat one.
TOKENS = re.compile(r"\b(?:APP_USR|TG|TEST)-[\w-]+")

PERMISSIONS = (
    "Mercado Libre's policy refuses this application or this seller. In its "
    "DevCenter, check the application's functional permissions (“Publicación y "
    "sincronización” for listings and stock), then let the seller authorise again."
)
SCOPES = (
    "The token lacks a scope: the application needs read, write and offline access; "
    "grant them in Mercado Libre's DevCenter and let the seller authorise again."
)
AUTHORISE = "Let the seller authorise the application again."
NEVER_INITIALISED = (
    "Mercado Libre has no stock record of this user product yet (stock-locations not "
    "found). Enter a first quantity for a depot on Mercado Libre's own pages; how to "
    "create it by the API is not documented reliably."
)
MODE_CHANGED = (
    "Mercado Libre does not take a quantity for this listing in this way. Its kind of "
    "stock has probably changed (Full, or depots): test the connection and match the "
    "products again."
)
TOO_MANY = (
    "Mercado Libre takes at most {limit} units in one listing. Set a maximum quantity "
    "on the site."
)

UNKNOWN_DEPOT = (
    "The seller account works with depots, but this listing's site is none of them. "
    "Test the connection and use the depots as sites."
)

#: Texts of 400 answers to stock writes → (code, words).
REFUSALS = (
    (
        "store is not configured",
        "not_stock_location",
        "This depot does not hold stock on Mercado Libre. Enable it as a stock "
        "location in the seller's panel, then test the connection.",
    ),
    (
        "multiple network nodes",
        "single_warehouse",
        "The seller account may use one depot only, but this product has stock in "
        "several on Mercado Libre. Clear the others on its own pages.",
    ),
    ("cannot update selling address", "mode_changed", MODE_CHANGED),
    (
        "blocked for modifications to the selling address",
        "mode_changed",
        "On this country's site Mercado Libre lets nobody change the Flex share.",
    ),
    ("not_modifiable", "mode_changed", MODE_CHANGED),
)


def safe(text):
    """Return ``text`` short, in one line and without anything like a token."""
    text = " ".join(TOKENS.sub("***", str(text)).split())
    return text[:LONGEST]


def codes(answer):
    """Return every code that an error body holds, the general one first."""
    body = answer.body if isinstance(answer.body, dict) else {}
    found = [body.get(name) for name in ("code", "error", "error_code")]
    found += [cause.get("code") for cause in causes(body)]
    return [str(code) for code in found if code]


def causes(body):
    """Return the entries of ``cause``; some services put a single object there."""
    found = body.get("cause") or []
    found = [found] if isinstance(found, dict) else found
    return [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []


def said(answer):
    """Return the channel's own words of a refusal, "" when there are none."""
    body = answer.body if isinstance(answer.body, dict) else {}
    texts = [cause.get("message") or cause.get("code") for cause in causes(body)]
    texts = [body.get("message") or body.get("error"), *texts]
    return safe(": ".join(str(text) for text in texts if text))


def haystack(answer):
    """Return all that an error says, lower case, to look for known phrases."""
    return " ".join([*codes(answer), said(answer)]).lower()


def refusal(answer):
    """Return ``(code, words)`` of a refused write."""
    text = haystack(answer)
    for phrase, code, words in REFUSALS:
        if phrase in text:
            return code, words
    code = (codes(answer) or [str(answer.status)])[-1]
    return code, f"Mercado Libre refused: {said(answer) or answer.status}"


def is_account_wide(answer):
    """Tell whether a 403 is about the application or token, not about one item."""
    return account_refusal(answer) is not None


def account_refusal(answer):
    """Return the words of a 403 that stops the account, None when it need not.

    ``access_denied`` is not among them: it is also the answer for somebody else's
    item [error-403, 09/09/2025].
    """
    text = haystack(answer)
    if "pa_unauthorized" in text or "policy" in text:
        return PERMISSIONS
    if "scope" in text:
        return SCOPES
    return None
