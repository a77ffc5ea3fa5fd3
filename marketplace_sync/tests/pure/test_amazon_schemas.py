"""What the adapter sends to Amazon keeps to Amazon's official schemas."""

import unittest

from marketplace_sync.tests.pure.amazon_case import US, AmazonCase, level


class TestSchemas(AmazonCase, unittest.TestCase):
    def setUp(self):
        from simulator.tests.amazon_schemas import Witness, skip_without_schemas

        skip_without_schemas()
        super().setUp()
        self.witness = Witness(self.simulator)

    def expect(self, *operations):
        """Every call kept to the models, and these were among them."""
        self.assertEqual(self.witness.problems, [])
        self.assertLessEqual(set(operations), set(self.witness.seen))

    def test_patches(self):
        refs = [self.known_ref(sku) for sku in ("A/B #1", "ñ,é")]
        levels = [level(refs[0], 7, lead_time_days=3), level(refs[1], 0)]
        self.push_levels(self.make_adapter(), *levels)
        self.expect("patchListingsItem")

    def test_feeds(self):
        refs = [self.known_ref(sku) for sku in ("A/B #1", "ñ,é", "C")]
        adapter = self.make_adapter(feed_threshold=2)
        levels = [level(ref, 7, lead_time_days=3) for ref in refs]
        results = self.push_levels(adapter, *levels)
        self.clock.sleep(60)
        adapter.poll_push(results[refs[0].key].submission)
        self.expect("createFeed", "uploadDocument", "getFeed", "downloadDocument")

    def test_reads(self):
        refs = [self.known_ref(sku) for sku in ("A/B #1", "ñ,é", "C")]
        adapter = self.make_adapter()
        adapter.check_connection()
        self.read(adapter, *refs)
        self.expect(
            "getMarketplaceParticipations", "searchListingsItems", "getListingsItem"
        )

    def test_the_catalogue(self):
        listings = [{"sku": f"S{n}", "site": US} for n in range(1_000)]
        self.seed(listings=listings[:30])
        self.assertEqual(len(list(self.make_adapter().fetch_listings())), 30)
        self.seed(listings=listings)
        self.assertEqual(len(list(self.make_adapter().fetch_listings())), 1_000)
        self.expect("searchListingsItems", "createReport", "getReportDocument")
