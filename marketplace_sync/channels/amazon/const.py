"""Amazon's published figures, names and endpoints, each with its source.

Sources: ``models`` = github.com/amzn/selling-partner-api-models at 34dc93f
(2026-08-05); ``docs`` = developer-docs.amazon.com/sp-api/docs (seen 2026-11);
``#n`` = an issue of the models repository.
"""

from ..ratelimit import Bucket

# --- hosts (docs/sp-api-endpoints, seen 2026-11) --------------------------------------
LWA_URL = "https://api.amazon.com"
LWA_PATH = "/auth/o2/token"
ENDPOINTS = {
    "na": "https://sellingpartnerapi-na.amazon.com",
    "eu": "https://sellingpartnerapi-eu.amazon.com",
    "fe": "https://sellingpartnerapi-fe.amazon.com",
}

#: Marketplace ids by region (docs/marketplace-ids; python-amazon-sp-api 2.1.35).
MARKETPLACES = {
    "na": {
        "A2EUQ1WTGCTBG2",  # Canada
        "ATVPDKIKX0DER",  # United States
        "A1AM78C64UM0Y8",  # Mexico
        "A2Q3Y263D00KWC",  # Brazil
    },
    "eu": {
        "A28R8C7NBKEWEA",  # Ireland
        "A1RKKUPIHCS9HS",  # Spain
        "A1F83G8C2ARO7P",  # United Kingdom
        "A13V1IB3VIYZZH",  # France
        "AMEN7PMS3EDWL",  # Belgium
        "A1805IZSGTT6HS",  # Netherlands
        "A1PA6795UKMFR9",  # Germany
        "APJ6JRA9NG5V4",  # Italy
        "A2NODRKZP88ZB9",  # Sweden
        "AE08WJ6YKNBMC",  # South Africa
        "A1C3SOZRARQ6R3",  # Poland
        "ARBP9OOSHTCHU",  # Egypt
        "A33AVAJ2PDY3EV",  # Turkey
        "A17E79C6D8DWNP",  # Saudi Arabia
        "A2VIGQ35RCS4UG",  # United Arab Emirates
        "A21TJRUUN4KGV",  # India
    },
    "fe": {
        "A19VAU5U5O7RUS",  # Singapore
        "A39IBJ37TRP1C6",  # Australia
        "A1VC38T7YXB528",  # Japan
    },
}
REGION_OF = {code: region for region, codes in MARKETPLACES.items() for code in codes}

# --- rates (models: usage plans; docs/listings-items-api-rate-limits) -----------------
LIMITS = {
    "patchListingsItem": Bucket(5, 5),
    # the model says burst 10, the docs page 5: the lower one
    "getListingsItem": Bucket(5, 5),
    "searchListingsItems": Bucket(5, 5),
    "createFeedDocument": Bucket(0.5, 15),
    # burst 15 in the model, but 5 per 5 minutes for JSON_LISTINGS_FEED
    # (changelog 2025-05-06)
    "createFeed": Bucket(0.0083, 5),
    "getFeed": Bucket(2, 15),
    "getFeedDocument": Bucket(0.0222, 10),
    "createReport": Bucket(0.0167, 15),
    "getReport": Bucket(2, 15),
    "getReportDocument": Bucket(0.0167, 15),
    "getMarketplaceParticipations": Bucket(0.016, 15),
    "searchOrders": Bucket(0.0056, 20),
    "getOrder": Bucket(0.5, 30),
    "confirmShipment": Bucket(2, 10),
    "getInventorySummaries": Bucket(2, 2),
}

# --- listings -------------------------------------------------------------------------
#: Fulfilment channel of stock that the seller ships (models: FulfillmentAvailability).
DEFAULT_CHANNEL = "DEFAULT"
#: Channels of stock that Amazon ships: AMAZON_NA, AMAZON_EU, AMAZON_JP …
AMAZON_CHANNELS = "AMAZON_"
#: Accepted for quantity patches of any listing (#4636, #2061).
ANY_PRODUCT_TYPE = "PRODUCT"
#: ``lead_time_to_ship_max_days`` above this is refused
#: (amzn/selling-partner-api-docs #2159).
MAX_LEAD_TIME_DAYS = 30
#: SKUs in one searchListingsItems (models: ``identifiers`` maxItems, ``pageSize``).
SEARCH_SIZE = 20
#: Items that searchListingsItems can page through (models: numberOfResults).
SEARCH_CAP = 1_000
#: Parts of a listing that a read asks for.
READ_PARTS = ("summaries", "issues", "offers", "fulfillmentAvailability")
#: Rows pushed one by one in a batch: five seconds at 5 calls a second, so that
#: results are stored often.
PATCH_BATCH = 25
#: Reads after a write may be minutes old; there is no promise, 15 minutes is the
#: grace that the reports in the issue tracker suggest.
SETTLING_SECONDS = 900

# --- feeds ----------------------------------------------------------------------------
FEED_TYPE = "JSON_LISTINGS_FEED"
FEED_CONTENT_TYPE = "application/json; charset=UTF-8"
FEED_VERSION = "2.0"
#: ``messages`` maxItems (models: listings-feed-schema-v2.json; changelog 2025-05-06).
MAX_FEED_ROWS = 25_000
#: Amazon's own advice: a feed from about 1,500 updates (#543, #4097).
FEED_THRESHOLD = 1_500
#: What the processing report tells beside "accepted" (changelog 2025-02-26).
FEED_REPORT = {
    "includedData": ["issues", "fulfillmentAvailability"],
    "apiVersion": "2021-08-01",
}
#: Seconds until asking again makes sense, by status of a feed.
FEED_PATIENCE = {"IN_QUEUE": 60.0, "IN_PROGRESS": 30.0}

# --- reports --------------------------------------------------------------------------
LISTINGS_REPORT = "GET_MERCHANT_LISTINGS_ALL_DATA"
#: Headers are localized without it (docs/inventory-reports-attributes).
REPORT_OPTIONS = {"preferredReportDocumentLocale": "en_US"}
#: How long ``fetch_listings`` waits for a report by default, and between two looks.
REPORT_WAIT_SECONDS = 300
REPORT_POLL_SECONDS = 15
#: Seconds until it makes sense to look again for one that was not ready.
REPORT_RETRY_SECONDS = 60
#: Where the ids of reports that are being made are remembered, by site.
REPORTS = "listings_reports"

#: FBA customer returns (docs/fba-customer-concessions-reports-attributes).
RETURNS_REPORT = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
#: Days of one report. No limit is documented for this type; its seller-fulfilled
#: cousin takes 60 (amzn/selling-partner-api-docs #2267).
RETURNS_DAYS = 30
#: Hours between two reports of one site: daily FBA reports are made anew every four
#: hours, and a request before that ends FATAL (docs/report-type-values-fba; #4032).
RETURNS_HOURS = 4

# --- documents ------------------------------------------------------------------------
#: A larger document is not one of ours (bytes as transferred): unpacked, a report of
#: 500,000 listings has about as much.
MAX_DOCUMENT = 512 * 1024 * 1024
#: Python names of charsets that Content-Type spells otherwise.
CHARSETS = {"windows-31j": "cp932", "shift_jis": "cp932"}

# --- orders (models: orders_2026-01-01.json, ordersV0.json) ---------------------------
#: Orders of one page; also Amazon's default (``maxResultsPerPage``).
ORDERS_PER_PAGE = 100
#: Marketplaces in one searchOrders (``marketplaceIds`` maxItems).
MAX_MARKETPLACES = 50
#: A search never sees the last two minutes (``lastUpdatedBefore``); the third is for
#: clocks that differ.
SEARCH_LAG_SECONDS = 180
#: Seconds for which a ``paginationToken`` is good (docs/orders-api-migration-guide),
#: less an hour.
PAGE_TOKEN_SECONDS = 23 * 3600
#: What a read asks for beside the items, which always come.
ORDER_PARTS = ("PROCEEDS", "PROMOTION", "CANCELLATION", "FULFILLMENT", "TAX")
#: What Amazon may refuse for want of a role (#5300, #5306; the whole search: #5319)
#: or by an outage (#5365): then the order is read without.
PERSONAL_PARTS = ("BUYER", "RECIPIENT")
#: ``FulfillmentStatus`` → ``ChannelOrder.status``. UNFULFILLABLE: "only applies to
#: Amazon-fulfilled orders that were not placed on Amazon's retail website".
ORDER_STATUS = {
    "PENDING_AVAILABILITY": "pending",
    "PENDING": "pending",
    "UNSHIPPED": "open",
    "PARTIALLY_SHIPPED": "open",
    "SHIPPED": "shipped",
    "CANCELLED": "cancelled",
    "UNFULFILLABLE": "cancelled",
}
#: ``carrierCode`` of a carrier that Amazon has no code for; the name must be told then.
OTHER_CARRIER = "Other"
#: Currencies of Amazon's marketplaces whose smallest unit is the whole one.
WHOLE_CURRENCIES = ("JPY",)

# --- notifications (models: schemas/notifications) ------------------------------------
#: ``NotificationType`` → ``WebhookEvent.kind``; anything else is "other".
NOTIFICATION_KINDS = {
    "ORDER_CHANGE": "order",
    "FBA_INVENTORY_AVAILABILITY_CHANGES": "stock",
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": "stock",
    "LISTINGS_ITEM_ISSUES_CHANGE": "listing",
    "LISTINGS_ITEM_STATUS_CHANGE": "listing",
}

# --- roles (docs/get-seller-market-participation, docs/get-listings-restrictions) -----
ROLE_LISTINGS = "Product Listing"
ROLE_SELLERS = "Finance and Accounting"
#: Any one of several roles will do (docs/role-mappings, seen 2026-11); this one gives
#: orders without personal data.
ROLE_ORDERS = "Inventory and Order Tracking"
