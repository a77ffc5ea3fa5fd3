"""Reading: matching, stock of refs, and the problems that a person should see."""

from marketplace_sync.channels.mercadolibre import const
from marketplace_sync.tests.pure.mercadolibre_case import MercadoLibreCase


class TestMatching(MercadoLibreCase):
    def found(self, **kwargs):
        return list(self.make_adapter(**kwargs).fetch_listings())

    def test_every_item_and_every_variation_is_a_listing(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1"},
            {"sku": "V1", "item_id": "MLM2", "variation_id": 71},
            {"sku": "V2", "item_id": "MLM2", "variation_id": 72},
        )
        refs = {x.sku: x.external_ref for x in self.found()}
        self.assertEqual(refs, {"A": "MLM1", "V1": "MLM2:71", "V2": "MLM2:72"})

    def test_more_items_than_a_page_are_scanned_with_the_last_scroll_id(self):
        self.seed(*({"sku": f"S{n}"} for n in range(230)))
        self.assertEqual(len({x.sku for x in self.found()}), 230)
        scans = self.calls("searchItems")
        self.assertNotIn("offset", {name for call in scans for name in call.query})
        scrolls = [call.query.get("scroll_id") for call in scans]
        self.assertEqual(len(scrolls), len({str(scroll) for scroll in scrolls}))

    def test_items_are_read_twenty_at_a_time_with_prefixed_attributes(self):
        self.seed(*({"sku": f"S{n}"} for n in range(45)))
        self.found()
        reads = [call.query for call in self.calls("bulkItems")]
        sizes = [len(query["ids"][0].split(",")) for query in reads]
        self.assertEqual(sizes, [20, 20, 5])
        for name in reads[0]["attributes"][0].split(","):
            self.assertTrue(name.startswith("body."))

    def test_variations_are_read_whole_because_bulk_hides_their_sku(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1"},
            {"sku": "V1", "item_id": "MLM2", "variation_id": 71},
        )
        self.found()
        (call,) = self.calls("getItem")
        self.assertEqual(call.path, "/items/MLM2")
        self.assertEqual(call.query["include_attributes"], ["all"])

    def test_the_pool_is_the_user_product_or_the_listing_itself(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1", "user_product_id": "MLMU9"},
            {"sku": "B", "item_id": "MLM2", "user_product_id": ""},
            {"sku": "C", "item_id": "MLM3", "variation_id": 71},
        )
        pools = {x.sku: x.pool_key for x in self.found()}
        self.assertEqual(pools, {"A": "MLMU9", "B": "MLM2", "C": "MLM3:71"})

    def test_seller_custom_field_is_no_sku(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        item = self.shop.items["MLM1"]
        item["attributes"], item["seller_custom_field"] = [], "A"
        self.assertEqual([x.sku for x in self.found()], [""])

    def test_closed_items_are_left_out(self):
        self.seed({"sku": "A"}, {"sku": "OLD", "status": "closed"})
        self.assertEqual([x.sku for x in self.found()], ["A"])

    def test_a_sku_on_two_user_products_is_a_duplicate(self):
        self.seed({"sku": "A", "item_id": "MLM1"}, {"sku": "A", "item_id": "MLM2"})
        first, second = self.found()
        self.assertEqual(self.codes(second), ["duplicate_sku"])
        self.assertTrue(second.problems[0].blocking)
        self.assertIn("MLM1", second.problems[0].text)

    def test_a_sku_twice_on_one_user_product_is_harmless(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1", "user_product_id": "MLMU1"},
            {"sku": "A", "item_id": "MLM2", "user_product_id": "MLMU1"},
        )
        second = self.found()[1]
        self.assertEqual(self.codes(second), ["duplicate_sku"])
        self.assertFalse(second.problems[0].blocking)

    def test_with_depots_every_depot_site_is_a_listing_and_costs_no_stock_read(self):
        self.seed({"sku": "A", "site": "201"}, sites=["201", "202", "203"])
        found = self.found(sites=["201", "202"])
        self.assertEqual([x.site_code for x in found], ["201", "202"])
        self.assertEqual([x.quantity for x in found], [None, None])
        self.assertFalse(self.calls("getStock"))

    def test_listings_of_other_sites_are_left_out(self):
        self.seed({"sku": "A"})
        self.assertFalse(self.found(sites=["MLB"]))
        self.assertEqual(len(self.found(sites=["MLM"])), 1)

    def test_a_barcode_and_an_address_come_along(self):
        self.seed({"sku": "A", "barcode": "7501000000017", "title": "Silla"})
        (listing,) = self.found()
        self.assertEqual(listing.barcode, "7501000000017")
        self.assertEqual(listing.title, "Silla")
        self.assertIn("http", listing.url)

    def test_what_a_push_needs_is_remembered(self):
        self.seed({"sku": "A", "item_id": "MLM1", "user_product_id": "MLMU1"})
        (listing,) = self.found()
        for name, value in {
            "item_id": "MLM1",
            "variation_id": "",
            "user_product_id": "MLMU1",
            "inventory_id": "",
            "stock_mode": "item",
            "logistic_type": "cross_docking",
            "status": "active",
            "sub_status": [],
        }.items():
            self.assertEqual(listing.data[name], value)


class TestStock(MercadoLibreCase):
    def problems(self, **row):
        self.seed({"sku": "A", **row})
        (listing,) = self.read(self.known()).values()
        return listing

    def test_a_listing_in_order_has_no_problem(self):
        listing = self.problems(quantity=5)
        self.assertEqual((listing.quantity, self.codes(listing)), (5, []))

    def test_full_is_shown_as_fulfilled_by_the_channel(self):
        listing = self.problems(logistic_type="fulfillment", quantity=8)
        self.assertEqual(listing.fulfilment, "channel")
        self.assertEqual(self.codes(listing), ["fulfilled_by_channel"])
        self.assertEqual(listing.quantity, 8)

    def test_a_pause_for_lack_of_stock_is_no_problem(self):
        listing = self.problems(quantity=0)
        self.assertEqual((listing.quantity, self.codes(listing)), (0, []))

    def test_a_pause_by_the_seller_is_told_but_does_not_stop_the_number(self):
        row = {"status": "paused", "sub_status": ["paused_by_seller"]}
        listing = self.problems(**row)
        self.assertEqual(self.codes(listing), ["paused_on_channel"])
        self.assertFalse(listing.problems[0].blocking)

    def test_what_is_not_active_is_told(self):
        for status in ("closed", "under_review", "inactive"):
            with self.subTest(status):
                listing = self.problems(status=status)
                self.assertEqual(self.codes(listing), ["not_active"])
                self.assertTrue(listing.problems[0].blocking)

    def test_a_kit_is_told(self):
        self.assertEqual(self.codes(self.problems(bundle=True)), ["bundle"])

    def test_somebody_elses_item_is_unknown(self):
        self.assertEqual(self.codes(self.problems(seller_id=42)), ["unknown_sku"])

    def test_a_ref_without_id_is_found_by_its_exact_sku(self):
        self.seed({"sku": "A", "item_id": "MLM1"}, {"sku": "a", "item_id": "MLM2"})
        (listing,) = self.read(self.ref("", "a")).values()
        self.assertEqual(listing.external_ref, "MLM2")

    def test_a_search_that_answers_with_something_similar_is_not_believed(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        self.shop.items_with = lambda sku: list(self.shop.items.values())
        (listing,) = self.read(self.ref("", "A ")).values()
        self.assertEqual(self.codes(listing), ["unknown_sku"])

    def test_a_sku_on_two_user_products_cannot_be_told_apart(self):
        self.seed({"sku": "A", "item_id": "MLM1"}, {"sku": "A", "item_id": "MLM2"})
        (listing,) = self.read(self.ref("", "A")).values()
        self.assertEqual(self.codes(listing), ["duplicate_sku"])

    def test_a_sku_on_two_items_of_one_user_product_is_found(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1", "user_product_id": "MLMU1"},
            {"sku": "A", "item_id": "MLM2", "user_product_id": "MLMU1"},
        )
        (listing,) = self.read(self.ref("", "A")).values()
        self.assertEqual((listing.quantity, self.codes(listing)), (5, []))

    def test_a_closed_predecessor_does_not_hide_the_open_listing(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1", "status": "closed"},
            {"sku": "A", "item_id": "MLM2"},
        )
        (listing,) = self.read(self.ref("", "A")).values()
        self.assertEqual(listing.external_ref, "MLM2")

    def test_refs_of_one_item_are_read_once(self):
        self.seed(
            *({"sku": f"V{n}", "item_id": "MLM1", "variation_id": n} for n in (1, 2))
        )
        self.read(self.known("V1"), self.known("V2"))
        self.assertEqual([c.query["ids"] for c in self.calls("bulkItems")], [["MLM1"]])
        self.assertFalse(self.calls("getItem"))

    def test_limits_leave_room_under_the_documented_ceiling(self):
        bucket = const.LIMITS["get_stock"]
        self.assertLessEqual(bucket.rate * 60 + bucket.burst, 100)
        bucket = const.LIMITS[const.APPLICATION]
        self.assertLessEqual(bucket.rate * 60 + bucket.burst, 18_000 / 60)
