"""What the simulated Amazon takes and answers keeps to the official schemas."""

from .amazon_client import CANADA, ITEMS, US, AmazonSimulatorCase, feed_of
from .amazon_schemas import (
    FEED,
    Witness,
    check,
    schema,
    skip_without_schemas,
)


class TestSchemas(AmazonSimulatorCase):
    def setUp(self):
        skip_without_schemas()
        super().setUp()
        self.witness = Witness(self.amazon)
        self.seed(
            {"sku": "A", "sites": [US, CANADA], "quantity": 5},
            {"sku": "FBA", "fulfilment": "channel"},
            {"sku": "NEW", "quantity": None, "price": None},
            {"sku": "MLI", "supply_sources": {"source-1": 3}},
        )

    def test_listings(self):
        for sku in ("A", "FBA", "NEW", "MLI", "TYPO"):
            self.get(sku)
            self.patch(sku, quantity=7)
        self.patch("A", quantity=-1)
        self.call("GET", ITEMS, marketplaceIds=US, pageSize=2, includedData="offers")
        self.call("GET", ITEMS, marketplaceIds=US, pageSize=21)
        self.expect(getListingsItem=5, patchListingsItem=6, searchListingsItems=2)

    def test_sellers(self):
        self.call("GET", "/sellers/v1/marketplaceParticipations")
        self.expect(getMarketplaceParticipations=1)

    def test_feeds(self):
        check(feed_of({"A": 7}), schema(FEED))
        for fault in (None, "invalid", "fatal"):
            feed_id = self.feed(
                {"A": 7, "FBA": 1, "TYPO": 2}, fault=fault and {"kind": fault}
            )
            self.feed_state(feed_id)
            self.now += 3
            self.feed_report(feed_id)
        self.expect(createFeed=3, uploadDocument=3, downloadDocument=3)

    def test_reports(self):
        body = {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplaceIds": [US]}
        path = "/reports/2021-06-30/reports"
        report_id = self.call("POST", path, body).body["reportId"]
        self.now += 1
        report = self.call("GET", f"{path}/{report_id}").body
        document = report["reportDocumentId"]
        self.call("GET", f"/reports/2021-06-30/documents/{document}")
        self.expect(createReport=1, getReport=1, getReportDocument=1)

    def test_errors(self):
        self.amazon.expire_tokens()
        self.get("A")
        self.call("GET", "/sellers/v1/marketplaceParticipations")
        self.expect(getListingsItem=1, getMarketplaceParticipations=1)

    def test_the_throttled_body(self):
        model = schema("listingsItems_2021-08-01.json")
        part = {"$ref": "#/definitions/ErrorList"}
        check(self.amazon.error_body(429).body, part, model)
        check(self.amazon.error_body(503), part, model)

    def expect(self, **seen):
        """The witness saw these calls and found nothing wrong."""
        self.assertEqual(self.witness.problems, [])
        found = {name: self.witness.seen.get(name) for name in seen}
        self.assertEqual(found, seen)
