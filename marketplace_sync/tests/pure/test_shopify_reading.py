"""Matching and comparing: what is wrong with a listing is seen before a push."""

from dataclasses import replace

from marketplace_sync.channels.base import PROBLEMS, ListingRef
from marketplace_sync.channels.errors import RejectedError
from marketplace_sync.channels.shopify.lookup import search_of
from marketplace_sync.tests.pure.shopify_case import BERLIN, MADRID, ShopifyCase


def problems(listing):
    return {problem.code: problem.blocking for problem in listing.problems}


class TestMatching(ShopifyCase):
    def found(self, **config):
        listings = list(self.adapter(**config).fetch_listings())
        return {(listing.sku, listing.site_code): listing for listing in listings}

    def test_every_variant_is_found_at_every_configured_location(self):
        self.stock("A", 5, title="Chair", barcode="4006381333931")
        self.stock("A", 2, MADRID)
        found = self.found()
        self.assertEqual(found["A", BERLIN].quantity, 5)
        self.assertEqual(found["A", MADRID].quantity, 2)
        chair = found["A", BERLIN]
        self.assertEqual((chair.title, chair.barcode), ("Chair", "4006381333931"))
        self.assertEqual(chair.external_ref, "gid://shopify/InventoryItem/1")
        self.assertEqual(problems(chair), {})

    def test_a_location_that_is_not_configured_is_not_read(self):
        self.stock("A")
        self.assertEqual(list(self.found(sites=(MADRID,))), [("A", MADRID)])
        self.assertEqual(self.found(sites=()), {})

    def test_a_site_code_that_is_no_location_says_what_to_do(self):
        with self.assertRaisesRegex(RejectedError, "not the id of a Shopify location"):
            self.found(sites=("Berlin",))

    def test_more_than_one_page_is_read_to_the_end(self):
        for number in range(251):
            self.stock(f"S{number}")
        self.assertEqual(len(self.found(sites=(BERLIN,))), 251)
        self.assertEqual(self.calls("productVariants"), 2)

    def test_what_makes_a_quantity_useless_blocks(self):
        for code, spec in {
            "inactive_level": {"active": False},
            "untracked": {"tracked": False},
            "bundle": {"bundle": True},
        }.items():
            self.stock(code, **spec)
            self.assertEqual(problems(self.found()[code, BERLIN]), {code: True})

    def test_a_variant_that_was_never_stocked_at_the_location_blocks(self):
        self.stock("A", 5, MADRID)
        self.assertEqual(problems(self.found()["A", BERLIN]), {"inactive_level": True})

    def test_a_variant_that_sells_below_zero_waits_for_a_person(self):
        self.stock("sells on", policy="CONTINUE")
        found = self.found()
        self.assertEqual(
            problems(found["sells on", BERLIN]), {"continue_selling": True}
        )

    def test_what_a_quantity_does_not_make_worse_only_warns(self):
        self.stock("draft", status="DRAFT")
        found = self.found()
        self.assertEqual(problems(found["draft", BERLIN]), {"not_active": False})

    def test_a_sku_on_two_variants_is_not_matched_blindly(self):
        self.stock("A")
        self.stock("A", duplicate=True)
        found = list(self.adapter(sites=(BERLIN,)).fetch_listings())
        self.assertEqual([problems(f) for f in found], [{"duplicate_sku": True}] * 2)

    def test_a_variant_without_a_sku_is_shown_not_matched(self):
        self.stock("")
        self.assertEqual(problems(self.found()["", BERLIN]), {"unknown_sku": True})

    def test_every_problem_is_one_of_the_contract(self):
        self.stock("A", tracked=False, active=False, bundle=True, policy="CONTINUE")
        found = self.found()["A", BERLIN]
        self.assertEqual(len(found.problems), 4)
        self.assertLessEqual({p.code for p in found.problems}, set(PROBLEMS))
        self.assertTrue(all(p.text for p in found.problems))


class TestReadingBack(ShopifyCase):
    def read(self, *refs):
        return {x.key: x for x in self.adapter().fetch_stock(refs)}

    def matched(self, sku):
        """Return the ref that matching would store."""
        found = self.adapter(sites=(BERLIN,)).fetch_listings()
        listing = next(x for x in found if x.sku == sku)
        self.sim.clear_log("shopify")
        return ListingRef(
            sku, sku, listing.external_ref, BERLIN, listing.pool_key, listing.data
        )

    def test_known_variants_are_read_250_in_a_call(self):
        for number in range(250):
            self.stock(f"S{number}", number)
        adapter = self.adapter(sites=(BERLIN,))
        refs = [
            ListingRef(x.sku, x.sku, x.external_ref, BERLIN, data=x.data)
            for x in adapter.fetch_listings()
        ]
        self.sim.clear_log("shopify")
        self.assertEqual(self.read(*refs)["S249"].quantity, 249)
        self.assertEqual(self.calls(), ["nodes"])

    def test_unknown_ids_are_read_50_skus_in_a_call(self):
        refs = [self.stock(f"S{number}", number) for number in range(51)]
        self.assertEqual(len(self.read(*refs)), 51)
        self.assertEqual(self.calls(), ["productVariants"] * 2)

    def test_a_variant_found_by_two_searches_is_one_variant(self):
        for sku in ("abc", "ABC"):
            self.stock(sku)
        refs = [ListingRef(str(n), f"S{n}", site_code=BERLIN) for n in range(49)]
        refs = [ListingRef("x", "abc", site_code=BERLIN), *refs]
        listings = self.read(*refs, ListingRef("y", "ABC", site_code=BERLIN))
        self.assertEqual(self.calls(), ["productVariants"] * 2)
        self.assertEqual((listings["x"].quantity, listings["y"].quantity), (5, 5))

    def test_a_deleted_variant_is_found_again_under_its_sku(self):
        self.stock("A", 5)
        ref = replace(self.matched("A"), data={"variant": "gid://shopify/X/9"})
        self.assertEqual(self.read(ref)["A"].quantity, 5)

    def test_another_item_under_our_sku_is_not_taken_for_ours(self):
        self.stock("A", 5)
        gid = "gid://shopify/InventoryItem/999"
        listing = self.read(ListingRef("A", "A", gid, BERLIN))["A"]
        self.assertEqual(problems(listing), {"unknown_sku": True})
        self.assertIsNone(listing.quantity)

    def test_a_renamed_sku_is_told(self):
        self.stock("A")
        ref = self.matched("A")
        self.shop.shop.state["variants"]["1"]["sku"] = "B"
        listing = self.read(ref)["A"]
        self.assertIn("B", listing.problems[0].text)
        self.assertEqual(problems(listing), {"unknown_sku": True})

    def test_a_duplicate_sku_blocks_only_where_the_item_is_not_known(self):
        self.stock("A", 5)
        self.stock("A", 6, duplicate=True)
        listing = self.read(self.matched("A"))["A"]
        self.assertEqual(problems(listing), {"duplicate_sku": False})
        listing = self.read(ListingRef("A", "A", site_code=BERLIN))["A"]
        self.assertEqual(problems(listing), {"duplicate_sku": True})
        self.assertIsNone(listing.quantity)

    def test_an_inactive_level_is_seen_though_shopify_hides_it(self):
        ref = self.stock("A", 5, active=False)
        self.assertEqual(problems(self.read(ref)[ref.key]), {"inactive_level": True})

    def test_a_site_code_that_is_no_location_is_an_answer(self):
        listing = self.read(ListingRef("A", "A", site_code="Berlin"))["A"]
        self.assertEqual(problems(listing), {"inactive_level": True})
        self.assertEqual(self.calls(), [])

    def test_a_sku_is_quoted_so_that_none_is_read_as_syntax(self):
        self.assertEqual(
            search_of(["A OR B", "it's", "back\\slash"]),
            r"sku:'A OR B' OR sku:'it\'s' OR sku:'back\\slash'",
        )
