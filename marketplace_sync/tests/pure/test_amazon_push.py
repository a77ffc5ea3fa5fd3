"""Publishing quantities to Amazon row by row."""

import unittest
from dataclasses import replace
from urllib.parse import unquote

from marketplace_sync.channels.errors import ChannelUnreachable, RateLimited
from marketplace_sync.tests.pure.amazon_case import (
    CANADA,
    GERMANY,
    US,
    AmazonCase,
    body_of,
    level,
)


class TestPatch(AmazonCase, unittest.TestCase):
    def test_a_patch_merges_the_sellers_own_counter_and_nothing_else(self):
        requests = self.record()
        self.push_levels(self.make_adapter(), level(self.known_ref("A/B 1"), 7))
        patch = requests[-1]
        self.assertEqual(unquote(patch.path).rpartition("A1SIMULATOR/")[2], "A/B 1")
        self.assertIn("A%2FB%201", patch.path)
        self.assertEqual(patch.query["marketplaceIds"], [US])
        value = [{"fulfillment_channel_code": "DEFAULT", "quantity": 7}]
        path = "/attributes/fulfillment_availability"
        self.assertEqual(
            body_of(patch),
            {
                "productType": "PRODUCT",
                "patches": [{"op": "merge", "path": path, "value": value}],
            },
        )

    def test_the_product_type_that_a_read_found_is_used(self):
        requests = self.record()
        ref = self.known_ref(data={"product_type": "LUGGAGE"})
        self.push_levels(self.make_adapter(), level(ref, 7))
        self.assertEqual(body_of(requests[-1])["productType"], "LUGGAGE")

    def test_a_quantity_without_lead_time_keeps_the_one_amazon_has(self):
        ref = self.known_ref(lead_time_days=4)
        self.push_levels(self.make_adapter(), level(ref, 7))
        self.settle()
        self.assertEqual(self.listing(ref.sku)["lead_time_days"], 4)

    def test_a_lead_time_travels_with_the_quantity(self):
        ref = self.known_ref(lead_time_days=4)
        self.push_levels(self.make_adapter(), level(ref, 7, lead_time_days=12))
        self.settle()
        self.assertEqual(self.listing(ref.sku)["lead_time_days"], 12)

    def test_a_lead_time_of_zero_is_sent(self):
        ref = self.known_ref(lead_time_days=4)
        self.push_levels(self.make_adapter(), level(ref, 7, lead_time_days=0))
        self.settle()
        self.assertEqual(self.listing(ref.sku)["lead_time_days"], 0)

    def test_a_lead_time_over_thirty_days_is_refused_in_words(self):
        ref = self.known_ref()
        results = self.push_levels(self.make_adapter(), level(ref, 7, 31))
        self.assertEqual(results[ref.key].outcome, "rejected")
        self.assertIn("30 days", results[ref.key].error)
        self.assertNotIn("patchListingsItem", self.calls())

    def test_a_lead_time_over_thirty_days_never_stops_a_zero(self):
        ref = self.known_ref()
        self.push_levels(self.make_adapter(), level(ref, 0, 45))
        self.settle()
        self.assertEqual(self.shown_quantity(ref), 0)

    def test_accepted_by_amazon_is_only_submitted(self):
        ref = self.known_ref()
        results = self.push_levels(self.make_adapter(), level(ref, 7))
        self.assertEqual(results[ref.key].outcome, "submitted")
        self.assertIsNone(results[ref.key].submission)

    def test_invalid_with_http_200_is_refused_with_amazons_words(self):
        ref = self.known_ref()
        self.fault("patchListingsItem", "invalid")
        result = self.push_levels(self.make_adapter(), level(ref, 7))[ref.key]
        self.assertEqual((result.outcome, result.code), ("rejected", "90000900"))
        self.assertIn("The attributes are invalid.", result.error)
        self.assertTrue(result.request_id)

    def test_a_refused_row_leaves_its_neighbours_alone(self):
        refs = [self.known_ref(sku) for sku in ("ROW-A", "ROW-B", "ROW-C")]
        body = {"errors": [{"code": "InvalidInput", "message": "No."}]}
        refusal = {"status": 400, "body": body, "skus": ["ROW-B"]}
        self.fault("patchListingsItem", "status", **refusal)
        adapter = self.make_adapter()
        results = self.push_levels(adapter, *(level(ref, 7) for ref in refs))
        outcomes = [results[ref.key].outcome for ref in refs]
        self.assertEqual(outcomes, ["submitted", "rejected", "submitted"])
        self.assertEqual(results[refs[1].key].code, "InvalidInput")

    def test_a_sku_that_amazon_ships_is_never_patched(self):
        ref = self.known_ref(data={"channels": ["AMAZON_NA"]}, fulfilment="channel")
        result = self.push_levels(self.make_adapter(), level(ref, 7))[ref.key]
        self.assertEqual(result.code, "fulfilled_by_channel")
        self.assertEqual(self.listing(ref.sku)["fulfilment"], "channel")

    def test_a_sku_in_multi_location_inventory_is_never_patched(self):
        ref = self.known_ref(data={"channels": ["source-1"]})
        result = self.push_levels(self.make_adapter(), level(ref, 7))[ref.key]
        self.assertEqual((result.outcome, result.code), ("rejected", "multi_location"))
        self.assertEqual(self.calls(), [])

    def test_what_is_no_quantity_is_refused_and_not_sent(self):
        ref = self.known_ref()
        for quantity in (-1, 1.5, None, True, "7"):
            with self.subTest(quantity=quantity):
                results = self.push_levels(self.make_adapter(), level(ref, quantity))
                self.assertEqual(results[ref.key].outcome, "rejected")
        self.assertEqual(self.calls(), [])

    def test_one_counter_is_shown_on_every_marketplace_of_the_seller(self):
        ref = self.known_ref(sites=[US, CANADA])
        self.push_levels(self.make_adapter(), level(ref, 7))
        self.settle()
        shown = {row.site: row.quantity for row in self.simulator.shelf()}
        self.assertEqual(shown, {US: 7, CANADA: 7})

    def test_each_row_goes_to_its_own_site(self):
        self.seed(sites=[US, CANADA])
        refs = [self.known_ref("A"), self.known_ref("B", site=CANADA)]
        requests = self.record()
        self.push_levels(self.make_adapter(), *(level(ref, 7) for ref in refs))
        patched = [r.query["marketplaceIds"] for r in requests if r.method == "PATCH"]
        self.assertEqual(patched, [[US], [CANADA]])

    def test_a_ref_without_site_uses_the_first_of_the_account(self):
        ref = replace(self.known_ref(), site_code="")
        self.push_levels(self.make_adapter(), level(ref, 7))
        self.settle()
        self.assertEqual(self.shown_quantity(ref), 7)

    def test_a_row_without_any_site_is_refused(self):
        self.sites = ()
        ref = replace(self.known_ref(), site_code="")
        result = self.push_levels(self.make_adapter(region="na"), level(ref, 7))
        self.assertEqual(result[ref.key].code, "site")


class TestFailuresInTheMiddle(AmazonCase, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.refs = [
            self.known_ref(sku) for sku in ("ROW-A", "ROW-B", "ROW-C", "ROW-D")
        ]
        self.levels = [level(ref, 7) for ref in self.refs]

    def collect(self):
        """Push all; return ``(results before the failure, the failure)``."""
        results = []
        try:
            for result in self.make_adapter().push_stock(self.levels, "key"):
                results.append(result)
        except ChannelUnreachable as error:
            return results, error
        except RateLimited as error:
            return results, error
        return results, None

    def test_rows_before_a_rate_limit_keep_their_results(self):
        self.fault("patchListingsItem", "429", skus=["ROW-C"])
        results, error = self.collect()
        self.assertIsInstance(error, RateLimited)
        self.assertEqual([r.key for r in results], ["key of ROW-A", "key of ROW-B"])

    def test_a_rate_limit_halves_the_rate_of_its_operation_only(self):
        adapter = self.make_adapter()
        self.fault("patchListingsItem", "429")
        with self.assertRaises(RateLimited):
            list(adapter.push_stock(self.levels, "key"))
        state = adapter.limiter.dump()
        self.assertGreater(state["patchListingsItem"]["penalty_until"], self.clock())
        self.assertNotIn("searchListingsItems", state)

    def test_one_server_failure_is_that_rows_own_and_the_rest_is_served(self):
        self.fault("patchListingsItem", "status", status=500, skus=["ROW-B"], times=-1)
        results, error = self.collect()
        self.assertIsNone(error)
        outcomes = [result.outcome for result in results]
        self.assertEqual(outcomes, ["submitted", "retry", "submitted", "submitted"])

    def test_two_server_failures_in_a_row_are_the_channels(self):
        self.fault("patchListingsItem", "status", status=500, times=-1)
        results, error = self.collect()
        self.assertIsInstance(error, ChannelUnreachable)
        self.assertEqual([result.outcome for result in results], ["retry"])

    def test_an_overload_stops_the_batch_at_once(self):
        self.fault("patchListingsItem", "503_empty", skus=["ROW-B"])
        results, error = self.collect()
        self.assertIsInstance(error, ChannelUnreachable)
        self.assertEqual([r.key for r in results], ["key of ROW-A"])

    def test_a_lower_rate_that_amazon_tells_is_kept(self):
        requests = self.record()
        recording = self.simulator.handle

        def slower(request):
            response = recording(request)
            response.headers["x-amzn-RateLimit-Limit"] = "0.5"
            return response

        self.simulator.handle = slower
        adapter = self.make_adapter()
        list(adapter.push_stock(self.levels, "key"))
        self.assertTrue(requests)
        bucket = adapter.limiter.buckets["patchListingsItem"]
        self.assertEqual(bucket.limit.rate, 0.5)


class TestRegions(AmazonCase, unittest.TestCase):
    def endpoint(self, sites=(), **options):
        self.sites, self.api_url = sites, ""
        return self.make_adapter(**options).transport.endpoint

    def test_the_sites_tell_the_region(self):
        self.assertIn("-na.amazon.com", self.endpoint((US, CANADA)))
        self.assertIn("-eu.amazon.com", self.endpoint((GERMANY,)))
        self.assertIn("-fe.amazon.com", self.endpoint(("A1VC38T7YXB528",)))

    def test_the_option_wins(self):
        self.assertIn("-eu.amazon.com", self.endpoint((US,), region="eu"))

    def test_sites_of_two_regions_need_two_accounts(self):
        with self.assertRaisesRegex(Exception, "different regions"):
            self.endpoint((US, GERMANY))

    def test_an_unknown_region_is_named(self):
        with self.assertRaisesRegex(Exception, "no region 'mars'"):
            self.endpoint((US,), region="mars")
