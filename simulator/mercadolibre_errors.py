"""Error answers of Mercado Libre, as its pages and samples show them.

Official are statuses and messages; the envelope ``{message, error, status, cause}``
is the documented standard one, assumed where the page shows only a message.
"""

from .core import Response


class Refused(Exception):
    """Ends the handling of a call with an error answer."""

    def __init__(self, response):
        super().__init__(response.status)
        self.response = response


def standard(status, message, error, cause=()):
    """Return the documented standard error body."""
    return {"message": message, "error": error, "status": status, "cause": list(cause)}


def refuse(status, message, error="bad_request", cause=()):
    """End the call with a standard error."""
    raise Refused(Response(status, standard(status, message, error, cause)))


def refuse_with(status, body, headers=None):
    """End the call with a body of another shape."""
    raise Refused(Response(status, body, headers or {}))


def validation(code, reference, message):
    """End the call as the items service refuses a field."""
    cause = {
        "cause_id": None,
        "type": "error",
        "code": code,
        "references": [reference],
        "message": message,
    }
    refuse(400, "Validation error", "validation_error", [cause])


def not_modifiable():
    """A quantity that is not the seller's to set (Full, kits)."""
    validation(
        "item.available_quantity.not_modifiable",
        "item.available_quantity",
        "available_quantity is not modifiable.",
    )


#: [autenticacion-y-autorizacion, 29/12/2025]
INVALID_GRANT = {
    "error_description": (
        "Error validating grant. Your authorization code or refresh token may be "
        "expired or it was already used"
    ),
    "error": "invalid_grant",
    "status": 400,
    "cause": [],
}
INVALID_CLIENT = {
    "error_description": "invalid client_id or client_secret.",
    "error": "invalid_client",
    "status": 400,
    "cause": [],
}
#: [errores, 10/02/2025], [kits-virtuales, 30/01/2026], [envios-fulfillment, 10/06/2026]
TOO_MANY = standard(429, "Too Many Requests", "too_many_requests")
OVER_QUOTA = {
    "error": "too_many_requests",
    "message": "client.id over quota",
    "status": 429,
}
TOO_MANY_FULFILLMENT = {
    "status": 429,
    "error": "too_many_request",
    "message": "Too many request",
    "cause": [],
}
#: The Envoy local rate limiter's own answer (inferred).
TEXT_429 = "local_rate_limited"
TEXT_HEADERS = {"Content-Type": "text/plain"}
#: [error-403, 09/09/2025], and a quoted answer of PolicyAgent
ACCESS_DENIED = {
    "status": 403,
    "error": "access_denied",
    "message": "access to the requested resource is forbidden",
    "code": "FORBIDDEN",
}
POLICY_AGENT = {
    "message": "At least one policy returned UNAUTHORIZED.",
    "code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES",
    "status": 403,
    "blocked_by": "PolicyAgent",
}
#: [actualiza-tus-publicaciones, 04/03/2026]
ITEM_CONFLICT = {
    "message": "item optimistic locking error: conflict",
    "status": 409,
    "cause": [],
}
#: A fixture of a public repository.
NO_STOCK_LOCATIONS = {"message": "stock-locations not found"}
#: Not documented; the standard envelope is assumed.
UNAUTHORIZED = standard(401, "invalid access token", "unauthorized")

#: status → body of a fault that the core acts out
BY_STATUS = {
    401: UNAUTHORIZED,
    403: POLICY_AGENT,
    409: ITEM_CONFLICT,
    429: TOO_MANY,
}
#: fault kind → the 429 that it answers with
VARIANTS_OF_429 = {
    "429_text": (TEXT_429, TEXT_HEADERS),
    "429_quota": (OVER_QUOTA, None),
    "429_fulfillment": (TOO_MANY_FULFILLMENT, None),
}
