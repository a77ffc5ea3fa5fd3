"""Reading back from Amazon, and the catalogue for matching."""

import io
import unittest
from dataclasses import replace

from marketplace_sync.channels.amazon import listings, reports
from marketplace_sync.channels.base import ListingRef
from marketplace_sync.channels.errors import (
    ChannelUnreachable,
    RetryableError,
    TakesLong,
)
from marketplace_sync.tests.pure.amazon_case import (
    CANADA,
    GERMANY,
    US,
    AmazonCase,
    level,
)


class TestStock(AmazonCase, unittest.TestCase):
    def read_one(self, ref):
        return self.read(self.make_adapter(), ref)[ref.key]

    def codes(self, listing):
        return [problem.code for problem in listing.problems]

    def test_twenty_skus_cost_one_call(self):
        refs = [self.known_ref(f"S{n}") for n in range(41)]
        self.read(self.make_adapter(), *refs)
        self.assertEqual(self.calls(), ["searchListingsItems"] * 3)

    def test_skus_that_break_csv_are_read_one_by_one(self):
        refs = [self.known_ref(sku) for sku in ("A", "B,C", ' D"')]
        self.read(self.make_adapter(), *refs)
        self.assertEqual(
            self.calls(), ["searchListingsItems", "getListingsItem", "getListingsItem"]
        )

    def test_the_truth_is_read_not_the_echo_of_what_was_submitted(self):
        ref = self.known_ref(quantity=5)
        adapter = self.make_adapter()
        self.fault("patchListingsItem", "delay", seconds=600)
        self.push_levels(adapter, level(ref, 7))
        self.assertEqual(self.listing(ref.sku)["echo"], 7)
        self.assertEqual(self.read(adapter, ref)[ref.key].quantity, 5)
        self.clock.sleep(601)
        self.assertEqual(self.read(adapter, ref)[ref.key].quantity, 7)

    def test_a_sku_that_amazon_ships_is_the_channels_and_blocks(self):
        listing = self.read_one(self.known_ref(fulfilment="channel", quantity=30))
        self.assertEqual(listing.fulfilment, "channel")
        self.assertEqual(self.codes(listing), ["fulfilled_by_channel"])
        self.assertTrue(listing.problems[0].blocking)
        self.assertEqual(listing.data["channels"], ["AMAZON_NA"])

    def test_multi_location_inventory_blocks(self):
        listing = self.read_one(self.known_ref(supply_sources={"source-1": 5}))
        self.assertEqual(self.codes(listing), ["multi_location"])
        self.assertTrue(listing.problems[0].blocking)
        self.assertEqual(listing.fulfilment, "merchant")

    def test_a_listing_without_price_is_told_but_not_blocked(self):
        listing = self.read_one(self.known_ref(price=None))
        self.assertEqual(self.codes(listing), ["no_price"])
        self.assertFalse(listing.problems[0].blocking)

    def test_the_product_type_is_handed_back(self):
        listing = self.read_one(self.known_ref(product_type="LUGGAGE"))
        self.assertEqual(listing.data["product_type"], "LUGGAGE")
        self.assertEqual(listing.pool_key, listing.sku)

    def test_another_spelling_is_another_sku_and_the_right_one_is_named(self):
        self.known_ref("abc-1")
        search = self.simulator._found
        # whether Amazon's own search looks at case is not documented: here it does not
        self.simulator._found = lambda request, sites: (
            search(request, sites) or ["abc-1"]
        )
        listing = self.read_one(ListingRef("k", "ABC-1", site_code=US))
        self.assertEqual(self.codes(listing), ["unknown_sku"])
        self.assertIn("“abc-1”", listing.problems[0].text)

    def test_another_spelling_is_another_sku_when_read_alone_too(self):
        self.known_ref("abc,1")
        exact = self.simulator.listing
        self.simulator.listing = lambda sku: exact(sku.lower())
        listing = self.read_one(ListingRef("k", "ABC,1", site_code=US))
        self.assertEqual(self.codes(listing), ["unknown_sku"])

    def test_a_sku_of_another_site_is_unknown_here(self):
        self.seed(sites=[US, CANADA])
        self.known_ref("A", site=CANADA)
        listing = self.read_one(ListingRef("k", "A", site_code=US))
        self.assertEqual(self.codes(listing), ["unknown_sku"])

    def test_two_listings_of_one_sku_are_both_answered(self):
        ref = self.known_ref("A", sites=[US, CANADA])
        refs = [ref, ListingRef("2", "A", site_code=CANADA), ListingRef("3", "A")]
        found = self.read(self.make_adapter(), *refs)
        self.assertEqual({x.quantity for x in found.values()}, {5})
        self.assertEqual(found["2"].site_code, CANADA)

    def test_one_sku_that_amazon_cannot_digest_hides_no_other(self):
        refs = [self.known_ref(sku) for sku in ("ROW-A", "ROW-B", "ROW-C")]
        refusal = {"errors": [{"code": "InvalidInput", "message": "Bad SKU."}]}
        bad = {"kind": "status", "status": 400, "body": refusal}
        self.fault("searchListingsItems", **bad)
        self.fault("getListingsItem", skus=["ROW-B"], **bad)
        found = self.read(self.make_adapter(), *refs)
        self.assertEqual(self.codes(found[refs[0].key]), [])
        self.assertEqual(self.codes(found[refs[1].key]), ["unknown_sku"])
        self.assertIn("Bad SKU.", found[refs[1].key].problems[0].text)

    def test_a_ref_without_any_site_is_answered_too(self):
        self.sites = ()
        listing = self.read_one(ListingRef("k", "A"))
        self.assertEqual(self.codes(listing), ["unknown_sku"])
        self.assertEqual(self.calls(), [])

    def test_a_listing_in_stock_that_nobody_can_buy_tells_amazons_reason(self):
        issue = {"severity": "ERROR", "message": "Image missing.", "code": "1"}
        item = {
            "sku": "A",
            "summaries": [{"marketplaceId": US, "status": ["DISCOVERABLE"]}],
            "offers": [{"marketplaceId": US, "price": {"amount": "1"}}],
            "fulfillmentAvailability": [
                {"fulfillmentChannelCode": "DEFAULT", "quantity": 3}
            ],
            "issues": [issue],
        }
        problem = listings.listing_of(item, US).problems[0]
        self.assertEqual((problem.code, problem.blocking), ("not_active", False))
        self.assertIn("Image missing.", problem.text)
        issue["marketplaceIds"] = [CANADA]
        self.assertEqual(listings.listing_of(item, US).problems, ())

    def test_dual_offers_show_amazons_quantity_and_block(self):
        item = {
            "sku": "A",
            "offers": [{"marketplaceId": US, "price": {"amount": "1"}}],
            "fulfillmentAvailability": [
                {"fulfillmentChannelCode": "DEFAULT", "quantity": 3},
                {"fulfillmentChannelCode": "AMAZON_NA", "quantity": 40},
            ],
        }
        listing = listings.listing_of(item, US)
        self.assertEqual((listing.quantity, listing.fulfilment), (40, "channel"))
        self.assertEqual(self.codes(listing), ["fulfilled_by_channel"])


class TestCatalogue(AmazonCase, unittest.TestCase):
    def fill(self, number, site=US):
        listings = [
            {"sku": f"S{n}", "site": site, "quantity": n} for n in range(number)
        ]
        self.seed(listings=listings)

    def fetch(self, **options):
        return list(self.make_adapter(**options).fetch_listings())

    def test_a_small_catalogue_is_searched_and_fresh(self):
        self.fill(55)
        found = self.fetch()
        self.assertEqual({x.sku: x.quantity for x in found}["S54"], 54)
        self.assertEqual(len(found), 55)
        self.assertEqual(self.calls(), ["searchListingsItems"] * 3)

    def test_a_catalogue_beyond_the_search_is_reported_whole(self):
        self.fill(1_203)
        self.seed(listings=[{"sku": "FBA", "fulfilment": "channel", "quantity": 9}])
        found = {x.sku: x for x in self.fetch()}
        self.assertEqual(len(found), 1_204)
        self.assertEqual(found["FBA"].fulfilment, "channel")
        self.assertEqual(found["FBA"].problems[0].code, "fulfilled_by_channel")
        self.assertIsNone(found["S7"].quantity, "the report may be hours old")
        self.assertIn("createReport", self.calls())
        self.assertEqual(self.simulator.leaked_tokens, [])

    def test_a_report_of_a_german_site_has_readable_headers(self):
        self.sites = (GERMANY,)
        self.seed(sites=[GERMANY])
        self.fill(1_000, GERMANY)
        self.assertEqual(len(self.fetch()), 1_000)

    def test_reports_in_any_charset_and_packing_are_read(self):
        for charset, packed in (("ISO-8859-1", True), ("cp932", False)):
            with self.subTest(charset):
                self.seed(report_charset=charset, gzip=packed, rate_limits=False)
                self.fill(1_000)
                sku = "ñé" if charset == "ISO-8859-1" else "日本"
                self.known_ref(sku)
                self.assertIn(sku, {x.sku for x in self.fetch()})

    def test_every_site_of_the_account_is_read(self):
        self.sites = (US, CANADA)
        self.seed(sites=[US, CANADA])
        self.known_ref("A", sites=[US, CANADA])
        found = self.fetch()
        self.assertEqual(
            [(x.sku, x.site_code) for x in found], [("A", US), ("A", CANADA)]
        )

    def test_an_account_without_sites_reads_where_the_seller_is_active(self):
        self.sites = ()
        self.seed(sites=[US, {"code": CANADA, "participating": False}])
        self.known_ref("A")
        self.assertEqual([x.site_code for x in self.fetch()], [US])

    def test_an_empty_catalogue_is_empty(self):
        self.assertEqual(self.fetch(), [])

    def test_a_report_that_never_comes_is_given_up(self):
        self.fill(1_000)
        self.fault("createReport", "stuck")
        with self.assertRaisesRegex(RetryableError, "not ready after 60 seconds"):
            self.fetch(report_wait_seconds=60)

    def test_a_report_that_takes_long_is_waited_for_again_not_made_again(self):
        self.fill(1_000)
        self.seed(report_seconds=600, rate_limits=False)
        with self.assertRaises(TakesLong) as caught:
            self.fetch(report_wait_seconds=15)
        adapter = self.make_adapter()
        adapter.config = replace(adapter.config, data=caught.exception.remember)
        self.seed(report_seconds=0)
        self.assertEqual(len(list(adapter.fetch_listings())), 1_000)
        self.assertEqual(self.calls().count("createReport"), 1)

    def test_a_report_that_died_while_it_was_waited_for_is_asked_for_anew(self):
        self.fill(1_000)
        self.fault("createReport", "fatal")
        requests = self.record()
        with self.assertRaises(RetryableError):
            self.fetch()
        dead = requests[-1].path.rpartition("/")[2]
        adapter = self.make_adapter()
        adapter.config = replace(adapter.config, data={"listings_reports": {US: dead}})
        self.assertEqual(len(list(adapter.fetch_listings())), 1_000)
        self.assertEqual(self.calls().count("createReport"), 2)

    def test_a_report_that_amazon_does_not_make_is_told(self):
        self.fill(1_000)
        for kind in ("cancelled", "fatal"):
            self.fault("createReport", kind)
            with self.assertRaisesRegex(RetryableError, kind.upper()):
                self.fetch()


class TestReportRows(unittest.TestCase):
    def rows(self, text, charset="utf-8"):
        return list(reports.rows_of(io.BytesIO(text.encode(charset)), charset))

    def test_columns_are_found_by_name_in_any_order(self):
        (row,) = self.rows("status\tseller-sku\tnew-column\nActive\tA\t?\n")
        self.assertEqual(reports.listing_of(row, US).sku, "A")

    def test_a_report_without_skus_is_refused_with_its_headers(self):
        with self.assertRaisesRegex(ChannelUnreachable, "Händler-SKU"):
            self.rows("Händler-SKU\tStatus\nA\tActive\n")

    def test_quotes_are_part_of_the_text(self):
        rows = self.rows('item-name\tseller-sku\n"Big" 15" screen\tA"1\n"B\tC\n')
        row = rows[0]
        self.assertEqual(len(rows), 2)
        self.assertEqual(reports.listing_of(row, US).title, '"Big" 15" screen')
        self.assertEqual(reports.listing_of(row, US).sku, 'A"1')

    def test_a_byte_order_mark_and_short_rows_are_fine(self):
        rows = self.rows("\ufeffseller-sku\titem-name\tasin1\nA\n\tno sku\n")
        found = [reports.listing_of(row, US) for row in rows]
        self.assertEqual([x and x.sku for x in found], ["A", None])

    def test_a_file_that_is_no_table_is_unreachable_not_a_bug(self):
        with self.assertRaises(ChannelUnreachable):
            self.rows("seller-sku\titem-name\nA\t" + "x" * 200_000 + "\n")

    def test_an_unknown_charset_is_read_as_utf_8(self):
        content = io.BytesIO("seller-sku\nñ\n".encode())
        (row,) = reports.rows_of(content, "no-such-charset")
        self.assertEqual(row["seller-sku"], "ñ")
