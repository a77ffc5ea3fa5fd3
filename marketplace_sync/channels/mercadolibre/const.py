"""Published figures, endpoints and names of Mercado Libre.

No live page was fetched: the pages below were read in copies made between June and
October 2026; the date behind each one is the page's own "última actualización".
Pages live under https://developers.mercadolibre.com.ar/es_ar/<page>.
"""

from ..ratelimit import Bucket

#: One API host for all countries [autenticacion-y-autorizacion, 29/12/2025].
BASE_URL = "https://api.mercadolibre.com"

# --- endpoints -----------------------------------------------------------------------
#: Refresh tokens are single use, only the last one is valid, for 6 months
#: [autenticacion-y-autorizacion, 29/12/2025].
TOKEN = "/oauth/token"
USER = "/users/{user_id}"
#: Depots, paged by 50 [stock-multi-origen, 15/05/2026].
STORES = "/users/{user_id}/stores/search"
#: Ids of the seller's items [items-y-busquedas, 10/09/2026].
SEARCH = "/users/{user_id}/items/search"
#: Replaces ``GET /items?ids=``, retired on 25/10/2026 [items-y-busquedas, 10/09/2026].
BULK = "/items/bulk"
ITEM = "/items/{item_id}"
#: Answers with header ``x-version`` [stock-multi-origen, 15/05/2026].
STOCK = "/user-products/{user_product_id}/stock"
#: Without ``/type/`` the answer is 404 (integrators, 2026).
STOCK_OF_TYPE = STOCK + "/type/{location_type}"
#: What Full holds of one inventory [envios-fulfillment, 10/06/2026].
FULL_STOCK = "/inventories/{inventory_id}/stock/fulfillment"
#: [gerenciamento-de-vendas, 07/08/2026]
ORDER = "/orders/{order_id}"
ORDERS_SEARCH = "/orders/search"
#: Hosted view, with ``X-New-Domain: true``: always an array of ``{id, type}``; the
#: single object that it replaces ended in September 2026; 204 = none (yet).
ORDER_SHIPMENTS = "/orders/{order_id}/shipments"
#: [gerenciamento-de-envios, 07/08/2026]; the array holds other sellers' orders too.
SHIPMENT = "/shipments/{shipment_id}"
SHIPMENT_ORDERS = "/shipments/{shipment_id}/orders"
SHIPMENT_SLA = "/shipments/{shipment_id}/sla"
#: ME1; replaces V1, which ended on 31/10/2026 [status-de-pedidos-rastreamento,
#: 20/08/2026].
SELLER_NOTIFICATIONS = "/v2/shipments/{shipment_id}/seller_notifications"
#: [que-es-un-reclamo, 06/05/2026; gestionar-devoluciones, 22/12/2025]
CLAIM = "/post-purchase/v1/claims/{claim_id}"
CLAIM_RETURNS = "/post-purchase/v2/claims/{claim_id}/returns"
#: Kept for 2 days [produto-receba-notificacoes, 14/09/2026].
MISSED_FEEDS = "/missed_feeds"
#: Mandatory for orders' totals and for shipments since 12/10/2025.
NEW_FORMAT = {"x-format-new": "true"}
#: Leads to the hosted views.
NEW_DOMAIN = {"X-New-Domain": "true"}

# --- rate limits ---------------------------------------------------------------------
# Mercado Libre publishes no general figure: limits are "mainly per Client ID and per
# endpoint" [rate-limit-error-429, 05/05/2026]. These are the project's own starting
# figures, below every ceiling that is documented. Published or assumed figures are
# per minute; ``burst`` is chosen so that the first minute of a full bucket
# (60 × rate + burst) stays under the documented ceiling, or at twice the starting
# figure where there is none.
#   application   start 240/min; ceiling ``max_requests_per_hour`` of the application
#                 (sample 18000/h = 300/min) [gestiona-tus-aplicaciones]
#   put_item      start 120/min; none (1500/min/seller is for Global Selling only)
#   get_stock     start 60/min; ceiling 100/min [convivencia-full-y-flex, 15/05/2026]
#   put_stock     start 60/min; not published, the ceiling of get_stock is assumed
#   bulk, item    start 60/min; none
#   get_full_stock  start 60/min; none published, 429 "too_many_request" is
#                 documented: the ceiling of get_stock is assumed
#   search        start 30/min, one at a time; none
#   get_order, shipments  start 120/min together; none
#   search_orders start 20/min; none
#   get_claim     start 30/min; none
#   missed_feeds  start 6/min; none
#   token         1 per account in 5 minutes; ``local_rate_limited`` exists
# Several accounts under one application share its quota on the channel; our buckets
# are per account, so give each account its own application or expect 429.
APPLICATION = "application"
LIMITS = {
    APPLICATION: Bucket(rate=4.0, burst=60),
    "get_user": Bucket(rate=0.5, burst=10),
    "get_stores": Bucket(rate=0.5, burst=10),
    "search_items": Bucket(rate=0.5, burst=30),
    "get_items": Bucket(rate=1.0, burst=60),
    "get_item": Bucket(rate=1.0, burst=60),
    "put_item": Bucket(rate=2.0, burst=120),
    "get_stock": Bucket(rate=1.0, burst=40),
    "put_stock": Bucket(rate=1.0, burst=40),
    "get_full_stock": Bucket(rate=1.0, burst=40),
    "get_order": Bucket(rate=2.0, burst=60),
    "search_orders": Bucket(rate=1 / 3, burst=20),
    "get_shipment": Bucket(rate=2.0, burst=60),
    "put_shipment": Bucket(rate=1.0, burst=30),
    "get_claim": Bucket(rate=0.5, burst=30),
    "missed_feeds": Bucket(rate=0.1, burst=10),
    "request_token": Bucket(rate=1 / 300, burst=3),
}

# --- sizes ---------------------------------------------------------------------------
#: Ids in one ``/items/bulk`` call: 20 was the figure of the call it replaces and is
#: what integrators send; the page names none.
BULK_IDS = 20
#: items/search: 50 by default, 100 at most [items-y-busquedas, 10/09/2026].
SEARCH_LIMIT = 100
STORES_LIMIT = 50
#: ``configuration.max_stock_per_item`` of listing type ``gold_special``
#: (``GET /sites/{site}/listing_types/{id}``, sample). A larger number is refused here,
#: in words, instead of being cut: a cut number would never equal the one that was
#: asked for, and the site's own *maximum quantity* says the same thing visibly.
MAX_STOCK = 99_999
#: Listings of Full read and stored together: each costs a call, so that a slice ends
#: soon.
FULL_ROWS = 10
#: orders/search [gerenciamento-de-vendas, 07/08/2026].
ORDERS_LIMIT = 50
#: Hours of changes that one search asks for: the greatest offset that the channel
#: takes is not documented, so that a long absence is read day by day.
ORDERS_WINDOW_HOURS = 24
#: missed_feeds: the default, and what the page's examples send.
MISSED_LIMIT = 10
#: Pages of missed notifications of one topic: what is older is found by reading.
MISSED_PAGES = 100
#: Bytes of a notification: what Mercado Libre sends has some 300.
NOTIFICATION_BYTES = 16 * 1024
#: Rows in one push. Every row is at least one HTTP call: small batches are committed
#: often and leave little unsettled when a job is killed.
ROWS_PER_PUSH = 25

# --- waiting -------------------------------------------------------------------------
#: Seconds in which a read may still show the number from before a write. Mercado
#: Libre publishes no figure; it says that ``selling_address`` writes (204) and the
#: copy to the other items of a user product are asynchronous. Our choice.
SETTLING_SECONDS = 60
#: Writes of one user product in a row that may answer "Version mismatch".
LOCK_ATTEMPTS = 3
#: Seconds (from, to) before the next try: random, so that two writers part ways.
LOCK_PAUSE = (0.2, 1.0)
#: "item optimistic locking error": wait *seconds*, then once more
#: [actualiza-tus-publicaciones, 04/03/2026].
ITEM_LOCK_PAUSE = (2.0, 4.0)
#: Seconds in which a sale's shipment may still be missing ("associated
#: asynchronously, brief delay"; no figure is published: our choice). Later the sale
#: has none: delivery is to be agreed with the seller.
SHIPMENT_GRACE_SECONDS = 3600
#: Seconds before reading again what a notification named and a read did not find.
NOT_YET_SECONDS = 5
#: After this many calls in a row without a usable answer the channel is down.
UNREACHABLE_IN_A_ROW = 3

# --- names ---------------------------------------------------------------------------
#: Seller tags [stock-multi-origen, 15/05/2026].
WAREHOUSE_MANAGEMENT = "warehouse_management"

#: How a listing's quantity is written; see ``stock_mode.py``.
ITEM_MODE = "item"
VARIATIONS_MODE = "variations"
SELLING_ADDRESS = "selling_address"
SELLER_WAREHOUSE = "seller_warehouse"
READ_ONLY = "read_only"
#: Modes whose number lives in ``/user-products/{id}/stock``, behind ``x-version``.
LOCKED_MODES = (SELLING_ADDRESS, SELLER_WAREHOUSE)

#: ``shipping.logistic_type`` of Full, and the shipping tag that adds Flex to it.
FULL = "fulfillment"
FLEX = "self_service_in"
#: Where the Flex share of a Full listing can be written
#: [convivencia-full-y-flex, 15/05/2026].
FLEX_SITES = ("MLA", "MLC")

OUT_OF_STOCK = "out_of_stock"

#: Fields of an item that the adapter reads, as ``/items/bulk`` wants them: with the
#: prefix ``body.``; envelope fields here answer 403 per item (integrators, 2026).
#: ``bundle`` is the node of a virtual kit, with tag ``bundle`` [kits-virtuales,
#: 17/09/2026].
ITEM_FIELDS = (
    "id",
    "site_id",
    "seller_id",
    "title",
    "family_name",
    "user_product_id",
    "inventory_id",
    "available_quantity",
    "permalink",
    "shipping",
    "attributes",
    "variations",
    "status",
    "sub_status",
    "tags",
    "bundle",
)
#: The attribute that holds the SKU; ``seller_custom_field`` is internal and unrelated
#: [items-y-busquedas, 10/09/2026].
SKU_ATTRIBUTE = "SELLER_SKU"
BARCODE_ATTRIBUTES = ("GTIN", "EAN", "UPC")

#: Main sites [autenticacion-y-autorizacion, 29/12/2025]: country → (site, name).
SITES = {
    "AR": ("MLA", "Argentina"),
    "BR": ("MLB", "Brazil"),
    "MX": ("MLM", "Mexico"),
    "CL": ("MLC", "Chile"),
    "CO": ("MCO", "Colombia"),
    "PE": ("MPE", "Peru"),
    "UY": ("MLU", "Uruguay"),
    "EC": ("MEC", "Ecuador"),
    "VE": ("MLV", "Venezuela"),
}
SITE_NAMES = dict(SITES.values())

# --- sales ---------------------------------------------------------------------------
#: ``logistic.mode`` of a shipment.
ME1, ME2, CUSTOM = "me1", "me2", "custom"
#: ``payload.service_id`` of ME1 by site [status-de-pedidos-rastreamento, 20/08/2026].
ME1_SERVICES = {
    "MLB": 11,
    "MLA": 154,
    "MLM": 231876,
    "MLC": 282578,
    "MCO": 282579,
    "MLU": 282604,
    "MPE": 361180,
}
#: Where a seller may tell that a custom shipment has left [envios-personalizados,
#: 10/12/2024].
CUSTOM_SITES = ("MLM", "MLB", "MLA")
#: Shipment states after which the goods have left [gerenciamento-de-vendas].
LEFT = ("shipped", "delivered", "not_delivered")
#: A sale with this tag must not be shipped but cancelled [gerenciamento-de-vendas].
FRAUD = "fraud_risk_detected"
#: In Mexico a refunded sale may stay ``paid`` and get this tag instead [pagos].
UNFULFILLED = "unfulfilled"

#: What a seller switches on in DevCenter; there is no API for it
#: [produto-receba-notificacoes, 14/09/2026].
TOPICS = ("orders_v2", "shipments", "post_purchase", "items", "stock-location")
#: What is asked from missed_feeds every half hour; ``items`` needs a site and is for
#: once a day.
MISSED_TOPICS = ("orders_v2", "shipments", "post_purchase")
