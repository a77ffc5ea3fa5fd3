"""Calls to the simulated Amazon without a socket, for its own tests."""

import gzip
import json
import unittest
from urllib.parse import quote, urlsplit

from simulator.amazon import AmazonSimulator
from simulator.amazon_const import CREDENTIALS
from simulator.core import Request
from simulator.faults import Fault

US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
SELLER = CREDENTIALS["seller_id"]
ITEMS = f"/listings/2021-08-01/items/{SELLER}"
BASE = "http://127.0.0.1:8099/amazon"


class AmazonSimulatorCase(unittest.TestCase):
    """One simulated Amazon with a clock of its own."""

    def setUp(self):
        self.now = 1_793_000_000.0
        self.amazon = AmazonSimulator(clock=lambda: self.now)
        self.amazon.seed({"rate_limits": False})
        self.token = self.login().body["access_token"]

    def login(self, **changes):
        form = {"grant_type": "refresh_token", **CREDENTIALS, **changes}
        body = "&".join(f"{name}={quote(value, '')}" for name, value in form.items())
        return self.call("POST", "/auth/o2/token", body=body.encode())

    def call(self, method, path, body=None, headers=None, fault=None, **query):
        """Return the Response; a dict is sent as JSON."""
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        token = {"x-amz-access-token": self.token} if hasattr(self, "token") else {}
        if fault:
            fault = Fault(**{"kind": "status", **fault})
        headers = token if headers is None else headers
        query = {name: [str(value)] for name, value in query.items()}
        return self.amazon.handle(
            Request(method, path, query, headers, body or b"", BASE, fault)
        )

    def seed(self, *listings, **spec):
        self.amazon.seed({"listings": list(listings), **spec})

    def get(self, sku, **query):
        query = {"marketplaceIds": US, "includedData": ALL_PARTS, **query}
        return self.call("GET", f"{ITEMS}/{quote(sku, '')}", **query)

    def quantity(self, sku):
        """Return what a read says."""
        return self.get(sku).body["fulfillmentAvailability"][0].get("quantity")

    def patch(self, sku, op="merge", fault=None, mode=None, **value):
        value = {"fulfillment_channel_code": "DEFAULT", **value}
        path = "/attributes/fulfillment_availability"
        body = {
            "productType": "PRODUCT",
            "patches": [{"op": op, "path": path, "value": [value]}],
        }
        query = {"marketplaceIds": US, **({"mode": mode} if mode else {})}
        return self.call(
            "PATCH", f"{ITEMS}/{quote(sku, '')}", body, fault=fault, **query
        )

    def shelf(self, sku, site=US):
        (row,) = [r for r in self.amazon.shelf() if (r.sku, r.site) == (sku, site)]
        return row

    # --- feeds --------------------------------------------------------------------
    def feed(self, quantities, fault=None, text=None, **report):
        """Submit a feed of ``{sku: quantity}``; return its id."""
        document = self.call(
            "POST", "/feeds/2021-06-30/documents", {"contentType": "application/json"}
        ).body
        content = text or json.dumps(feed_of(quantities, **report))
        self.upload(document["url"], content.encode())
        body = {
            "feedType": "JSON_LISTINGS_FEED",
            "marketplaceIds": [US],
            "inputFeedDocumentId": document["feedDocumentId"],
        }
        answer = self.call("POST", "/feeds/2021-06-30/feeds", body, fault=fault)
        return answer.body["feedId"]

    def upload(self, url, content, content_type="application/json"):
        path = urlsplit(url).path.removeprefix("/amazon")
        return self.call("PUT", path, content, {"content-type": content_type})

    def feed_state(self, feed_id):
        return self.call("GET", f"/feeds/2021-06-30/feeds/{feed_id}").body

    def feed_report(self, feed_id):
        document_id = self.feed_state(feed_id)["resultFeedDocumentId"]
        document = self.call("GET", f"/feeds/2021-06-30/documents/{document_id}").body
        return json.loads(self.download(document))

    def download(self, document):
        path = urlsplit(document["url"]).path.removeprefix("/amazon")
        body = self.call("GET", path, headers={}).body
        packed = document.get("compressionAlgorithm") == "GZIP"
        return gzip.decompress(body) if packed else body


ALL_PARTS = "summaries,attributes,issues,offers,fulfillmentAvailability,productTypes"


def feed_of(quantities, included=("issues", "fulfillmentAvailability")):
    """Return a feed that patches quantities."""
    path = "/attributes/fulfillment_availability"
    messages = []
    for number, (sku, quantity) in enumerate(quantities.items(), start=1):
        value = {"fulfillment_channel_code": "DEFAULT", "quantity": quantity}
        messages.append(
            {
                "messageId": number,
                "sku": sku,
                "operationType": "PATCH",
                "productType": "PRODUCT",
                "patches": [{"op": "merge", "path": path, "value": [value]}],
            }
        )
    header = {"sellerId": SELLER, "version": "2.0"}
    if included:
        header["report"] = {
            "includedData": list(included),
            "apiVersion": "2021-08-01",
        }
    return {"header": header, "messages": messages}
