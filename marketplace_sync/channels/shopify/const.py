"""Shopify's published figures, names and error codes.

Sources are pages of https://shopify.dev as seen on 2026-11-20, unless said
otherwise; "schema" is the introspection of version 2026-10 that Shopify ships in
its npm package ``@shopify/dev-mcp`` 1.16.0.
"""

from ..ratelimit import Bucket

#: Stable 2026-10-01 → 2027-10-16. /docs/api/usage/versioning
API_VERSION = "2026-10"

#: (connect, read) seconds. How long a write of 250 rows takes isn't published;
#: pages of 250 were measured at 0.6–0.8 s.
TIMEOUT = (5, 60)

#: "Input arguments that accept an array have a maximum size of 250 for all APIs."
#: /docs/api/usage/limits
MAX_ROWS = 250
#: SKUs in one search. Our choice: no length limit of a search is published.
SKUS_PER_SEARCH = 50

# --- points -------------------------------------------------------------------
#: Name of the bucket of query cost in the account's rate limiter.
POINTS = "graphql_points"
#: The smallest plan: 100 points a second, 2,000 at once. Every answer says what
#: this shop really has, and that is adopted.
#: /docs/apps/build/apis/graphql-admin/rate-limits
STANDARD_POINTS = Bucket(rate=100, burst=2000)
#: Shortest wait after a THROTTLED answer (seconds); our choice.
MIN_THROTTLED_WAIT = 1.0
#: THROTTLED answers to one call before the job gives up its turn; our choice.
MAX_THROTTLED = 5

# --- writing ------------------------------------------------------------------
QUANTITY_NAME = "available"
#: The reason that every connector gives; others answer INVALID_REASON (schema).
REASON = "correction"
#: "Preferred format gid://[your-app-name]/[entity-type]/[id]" (schema); shown in
#: the merchant's inventory history.
REFERENCE = "gid://marketplace-sync/Push/%s"
#: Documented limit of a quantity (schema).
MAX_QUANTITY = 1_000_000_000
#: Rounds in which a row may be stale before it is left for a later push.
MAX_STALE_ROUNDS = 3
#: Writes of one push at most: each round drops a row or settles all.
MAX_ROUNDS = 12
#: Seconds until an equal call in flight is asked for again, and how often.
CONCURRENT_WAIT = 2.0
MAX_CONCURRENT = 3

#: No figure is published for reads after writes. Reads by id don't go through the
#: search index (whose delay isn't published either), so this is for safety only.
SETTLING_SECONDS = 5

STALE = frozenset(("CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"))
CONCURRENT = "IDEMPOTENCY_CONCURRENT_REQUEST"
#: The key is burnt; the rows are read again and sent under another one.
BURNT_KEY = frozenset(
    ("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
)

#: ``InventorySetQuantitiesUserErrorCode`` (schema) in words, for single rows.
ROW_ERRORS = {
    "INVALID_INVENTORY_ITEM": "Shopify has no such inventory item (any more).",
    "INVALID_LOCATION": "Shopify has no such location, or it is deactivated.",
    "INVALID_QUANTITY_NEGATIVE": "Shopify takes no negative quantity.",
    "INVALID_QUANTITY_TOO_HIGH": "The quantity is higher than Shopify allows.",
    "INVALID_QUANTITY_TOO_LOW": "The quantity is lower than Shopify allows.",
    # up to 2026-07
    "ITEM_NOT_STOCKED_AT_LOCATION": "Shopify does not stock the item there.",
    "NON_MUTABLE_INVENTORY_ITEM": (
        "This is a bundle: Shopify computes its quantity from the components."
    ),
    "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR": (
        "Another row of the same push is about the same item and location."
    ),
}

# --- connection ---------------------------------------------------------------
#: Scopes that are needed, and what for ("requiredAccess" in the schema).
REQUIRED_SCOPES = {
    "read_products": "to find products by SKU",
    "read_inventory": "to read quantities",
    "write_inventory": "to publish quantities",
    "read_locations": "to list the locations",
}
#: Not needed to publish quantities: a note, no obstacle.
ORDER_SCOPES = {
    "read_orders": "to read orders",
    "write_merchant_managed_fulfillment_orders": "to confirm shipments",
}
#: Wanted only where a fulfilment service ships some of the orders.
THIRD_PARTY_SCOPE = "read_third_party_fulfillment_orders"

#: HTTP statuses of a whole shop. /docs/api/usage/response-codes
STATUS_WORDS = {
    401: "Shopify refused the access token: it was revoked, or is another shop's.",
    402: "The Shopify shop is frozen until its owner has paid the subscription.",
    403: "Shopify forbids access to this shop.",
    404: "Shopify knows no such shop, or no longer this version of its API.",
    423: "Shopify has locked this shop.",
    429: "Shopify asks for fewer requests.",
    430: "Shopify refused the request for security reasons.",
}

# --- problems of listings -----------------------------------------------------
#: Problems that a quantity does not make worse: it is published all the same.
#: ``not_active``: the number is right once the product is activated. A variant that
#: "continues selling when out of stock" is not among them: no number that we send
#: there is a promise that can be kept, so a person must choose first.
NOT_BLOCKING = frozenset(("not_active",))

PROBLEM_WORDS = {
    "inactive_level": (
        "Not stocked at this location on Shopify. A quantity written there is "
        "accepted, and sells nothing: stock the product at the location first."
    ),
    "untracked": (
        "Shopify does not track this product's quantity and sells it without limit: "
        "switch on “Track quantity” there."
    ),
    "continue_selling": (
        "“Continue selling when out of stock” is on in Shopify: a quantity of 0 "
        "does not stop sales."
    ),
    "bundle": ROW_ERRORS["NON_MUTABLE_INVENTORY_ITEM"],
    "duplicate_sku": "Several Shopify products carry this SKU.",
    "unknown_sku": "Shopify has no product with this SKU.",
}
