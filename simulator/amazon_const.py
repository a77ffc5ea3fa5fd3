"""Amazon's marketplaces, rates and default credentials, for the simulator.

Sources: github.com/amzn/selling-partner-api-models at 34dc93f (2026-08-05) and
developer-docs.amazon.com/sp-api/docs/marketplace-ids. Nothing is shared with the
addon on purpose: a wrong figure there must show here.
"""

#: id → (name, country, currency, language, domain)
MARKETPLACES = {
    "ATVPDKIKX0DER": ("Amazon.com", "US", "USD", "en_US", "www.amazon.com"),
    "A2EUQ1WTGCTBG2": ("Amazon.ca", "CA", "CAD", "en_CA", "www.amazon.ca"),
    "A1AM78C64UM0Y8": ("Amazon.com.mx", "MX", "MXN", "es_MX", "www.amazon.com.mx"),
    "A2Q3Y263D00KWC": ("Amazon.com.br", "BR", "BRL", "pt_BR", "www.amazon.com.br"),
    "A1PA6795UKMFR9": ("Amazon.de", "DE", "EUR", "de_DE", "www.amazon.de"),
    "A13V1IB3VIYZZH": ("Amazon.fr", "FR", "EUR", "fr_FR", "www.amazon.fr"),
    "A1RKKUPIHCS9HS": ("Amazon.es", "ES", "EUR", "es_ES", "www.amazon.es"),
    "APJ6JRA9NG5V4": ("Amazon.it", "IT", "EUR", "it_IT", "www.amazon.it"),
    "A1F83G8C2ARO7P": ("Amazon.co.uk", "GB", "GBP", "en_GB", "www.amazon.co.uk"),
    "A1805IZSGTT6HS": ("Amazon.nl", "NL", "EUR", "nl_NL", "www.amazon.nl"),
    "A2NODRKZP88ZB9": ("Amazon.se", "SE", "SEK", "sv_SE", "www.amazon.se"),
    "A1C3SOZRARQ6R3": ("Amazon.pl", "PL", "PLN", "pl_PL", "www.amazon.pl"),
    "AMEN7PMS3EDWL": ("Amazon.com.be", "BE", "EUR", "fr_BE", "www.amazon.com.be"),
    "A28R8C7NBKEWEA": ("Amazon.ie", "IE", "EUR", "en_IE", "www.amazon.ie"),
    "A39IBJ37TRP1C6": ("Amazon.com.au", "AU", "AUD", "en_AU", "www.amazon.com.au"),
    "A1VC38T7YXB528": ("Amazon.co.jp", "JP", "JPY", "ja_JP", "www.amazon.co.jp"),
}
DEFAULT_SITE = "ATVPDKIKX0DER"

#: Accepted after a reset; obviously nobody's.
CREDENTIALS = {
    "seller_id": "A1SIMULATOR",
    "client_id": "amzn1.application-oa2-client.simulator",
    "client_secret": "amzn1.oa2-cs.v1.simulator",
    "refresh_token": "Atzr|simulator",
}
TOKEN_SECONDS = 3600
URL_SECONDS = 300

#: operation → (calls per second, burst) for one seller and application
LIMITS = {
    "getMarketplaceParticipations": (0.016, 15),
    "getListingsItem": (5, 5),
    "searchListingsItems": (5, 5),
    "patchListingsItem": (5, 5),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2, 15),
    "cancelFeed": (2, 15),
    "getFeedDocument": (0.0222, 10),
    "createReport": (0.0167, 15),
    "getReport": (2, 15),
    "getReportDocument": (0.0167, 15),
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "confirmShipment": (2, 10),
    "getInventorySummaries": (2, 2),
}
#: operation → role that it needs, "listings" where nothing is said
ROLES = {
    "getMarketplaceParticipations": "sellers",
    "searchOrders": "orders",
    "getOrder": "orders",
    "confirmShipment": "orders",
}
#: JSON_LISTINGS_FEED: feeds per seconds, beside createFeed's own rate.
FEEDS_PER_WINDOW = (5, 300)
#: Part of a call that a bucket forgives: two clocks never tick alike.
TOLERANCE = 0.5

#: A paginationToken of searchOrders (docs/orders-api-migration-guide).
PAGE_TOKEN_SECONDS = 24 * 3600

MAX_LEAD_TIME_DAYS = 30
MAX_MESSAGES = 25_000
SEARCH_CAP = 1_000
MAX_PAGE = 20

#: What a seed may set beside listings, sites and credentials.
SETTINGS = {
    # the published rates are enforced
    "rate_limits": True,
    # seconds from ACCEPTED until a read shows it
    "latency": 0.2,
    # seconds that a feed is processed, after the one before it
    "feed_seconds": 2.0,
    "report_seconds": 1.0,
    # documents travel packed
    "gzip": True,
    "report_charset": "UTF-8",
    # columns of the report of FBA returns that are called otherwise ("" = gone), or new
    "returns_renamed": {},
    "returns_added": [],
    # what the application may do: "sellers", "listings", "orders", "pii" (names and
    # addresses of buyers)
    "roles": ["sellers", "listings", "orders", "pii"],
    # how personal data are refused without the role: 403, 400, or 0 = left out
    "pii_refusal": 403,
    # seconds that searchOrders does not see yet
    "search_lag": 120,
    # tax of orders: "added" to prices or "included"; collected by Amazon or not
    "tax_rate": "0",
    "tax_mode": "added",
    "tax_collected": False,
    # the sign of DISCOUNT, which Amazon does not document
    "negative_discounts": False,
    "store_name": "Simulated Store",
}
