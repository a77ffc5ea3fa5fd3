"""Reading a whole shop for reconciliation: by pages, in bulk, and when bulk fails."""

from unittest import mock

from graphql import parse, validate

from marketplace_sync.channels.errors import ChannelUnreachable
from marketplace_sync.channels.shopify import bulk, documents
from marketplace_sync.tests.pure.shopify_case import BERLIN, MADRID, ShopifyCase
from simulator import shopify_graphql

MANY = bulk.BULK_FROM + 1


class TestCatalogue(ShopifyCase):
    def setUp(self):
        super().setUp()
        for number in range(260):
            self.stock(f"S{number}", number)
        self.stock("S1", 7, MADRID)

    def read(self, cursor=None, count=0, adapter=None):
        """Return {(sku, site): quantity}, every cursor; waits as it is told."""
        found, cursors = {}, []
        for page in (adapter or self.adapter()).fetch_catalogue(cursor, count):
            self.clock.sleep(page.retry_after or 0)
            cursors.append(page.cursor)
            for listing in page.listings:
                found[listing.sku, listing.site_code] = listing
        return found, cursors

    def quantities(self, found):
        return {key: listing.quantity for key, listing in found.items()}

    def test_below_25_000_levels_the_shop_is_read_in_pages_of_250(self):
        found, _cursors = self.read(count=bulk.BULK_FROM)
        self.assertEqual(found["S259", BERLIN].quantity, 259)
        self.assertEqual(found["S1", MADRID].quantity, 7)
        self.assertEqual(self.calls(), ["productVariants"] * 4)

    def test_above_it_one_bulk_operation_per_location_is_read(self):
        by_pages, _cursors = self.read()
        self.sim.clear_log("shopify")
        in_bulk, _cursors = self.read(count=MANY)
        self.assertEqual(self.quantities(in_bulk), self.quantities(by_pages))
        self.assertEqual(self.calls("productVariants"), 0)
        self.assertEqual(self.calls("bulkOperationRunQuery"), 2)
        self.assertEqual(self.calls("bulkResult"), 2)

    def test_bulk_tells_the_same_problems_as_pages_do(self):
        self.stock("CONTINUES", 3, policy="CONTINUE")
        self.stock("OFF", 3, active=False)
        self.stock("FREE", 3, tracked=False)
        by_pages, _cursors = self.read()
        in_bulk, _cursors = self.read(count=MANY)
        for key, listing in by_pages.items():
            self.assertEqual(in_bulk[key].problems, listing.problems)

    def test_the_caller_is_sent_away_while_the_operation_runs(self):
        self.seed(bulk_seconds=60)
        pages = self.adapter().fetch_catalogue(None, MANY)
        page = next(pages)
        self.assertEqual(page.listings, ())
        self.assertEqual(page.retry_after, bulk.BULK_POLL_SECONDS)
        self.clock.sleep(61)
        # another process comes back with the cursor: no second operation
        found, _cursors = self.read(page.cursor, MANY)
        self.assertEqual(len(found), 520)
        self.assertEqual(self.calls("bulkOperationRunQuery"), 2)

    def test_an_operation_that_does_not_end_is_given_up_for_pages(self):
        self.fault("bulkOperationRunQuery", "bulk_stuck")
        found, _cursors = self.read(count=MANY)
        self.assertEqual(len(found), 520)
        self.assertEqual(self.calls("productVariants"), 4)
        waited = self.calls("bulkOperation") * bulk.BULK_POLL_SECONDS
        self.assertLess(waited, bulk.BULK_SECONDS + 3 * bulk.BULK_POLL_SECONDS)

    def test_an_operation_that_fails_or_is_refused_is_given_up_for_pages(self):
        for kind in ("bulk_failed", "bulk_refused"):
            with self.subTest(kind):
                self.fault("bulkOperationRunQuery", kind)
                found, _cursors = self.read(count=MANY)
                self.assertEqual(len(found), 520)

    def test_every_page_can_be_gone_on_with_in_another_process(self):
        for count in (0, MANY):
            _found, cursors = self.read(count=count)
            whole, _cursors = self.read(count=count)
            first_pages = self.adapter().fetch_catalogue(None, count)
            head = {}
            for page in first_pages:
                head |= {(x.sku, x.site_code): x for x in page.listings}
                tail, _cursors = self.read(page.cursor, count)
                self.assertEqual(len(head | tail), len(whole))
                self.assertFalse(head.keys() & tail.keys())
            self.assertGreater(len(cursors), 3)

    def test_a_result_on_a_foreign_host_is_not_fetched(self):
        def elsewhere(reader, cursor):
            return "http://evil.example/bulk/1.jsonl"

        with mock.patch.object(bulk.CatalogueReader, "_result", elsewhere):
            found, _cursors = self.read(count=MANY)
        self.assertEqual(len(found), 520)
        self.assertEqual(self.calls("bulkResult"), 0)

    def test_the_result_is_fetched_without_a_token(self):
        seen = []
        handle = self.shop.handle

        def spy(request):
            if request.method == "GET":
                seen.append(dict(request.headers))
            return handle(request)

        with mock.patch.object(self.shop, "handle", spy):
            self.read(count=MANY)
        self.assertEqual(len(seen), 2)
        for headers in seen:
            self.assertNotIn("x-shopify-access-token", headers)

    def test_a_result_that_makes_no_sense_is_no_listing(self):
        self.fault("bulkResult", "html")
        with self.assertRaises(ChannelUnreachable):
            self.read(count=MANY)

    def test_an_empty_shop_has_an_empty_result(self):
        self.sim.reset("shopify")
        self.seed(sites=[{"code": BERLIN, "name": "Berlin"}])
        self.assertEqual(self.read(count=MANY)[0], {})


def test_the_bulk_document_is_flat_and_valid():
    text = documents.BULK_VARIANTS.replace("LOCATION", BERLIN)
    assert validate(shopify_graphql.SCHEMA, parse(text)) == []
    assert text.count("edges") == 1
