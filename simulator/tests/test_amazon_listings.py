"""The simulated Amazon: listings, reads and patches."""

import unittest

from .amazon_client import CANADA, ITEMS, US, AmazonSimulatorCase


class TestVisibility(AmazonSimulatorCase):
    def test_accepted_is_not_applied_yet(self):
        self.seed({"sku": "A", "quantity": 5})
        answer = self.patch("A", quantity=7)
        self.assertEqual(answer.body["status"], "ACCEPTED")
        self.assertEqual(self.quantity("A"), 5)
        self.now += 0.3
        self.assertEqual(self.quantity("A"), 7)

    def test_attributes_echo_what_was_submitted_before_it_is_true(self):
        self.seed({"sku": "A", "quantity": 5})
        self.patch("A", quantity=7)
        (echo,) = self.get("A").body["attributes"]["fulfillment_availability"]
        self.assertEqual((echo["quantity"], self.quantity("A")), (7, 5))

    def test_an_unknown_sku_is_accepted_and_nothing_happens(self):
        self.assertEqual(self.patch("TYPO", quantity=7).body["status"], "ACCEPTED")
        self.now += 60
        self.assertEqual(self.get("TYPO").status, 404)
        self.assertEqual(self.amazon.shelf(), [])

    def test_another_spelling_is_another_sku(self):
        self.seed({"sku": "abc", "quantity": 5})
        self.patch("ABC", quantity=7)
        self.now += 60
        self.assertEqual(self.quantity("abc"), 5)

    def test_an_ignored_patch_looks_the_same(self):
        self.seed({"sku": "A", "quantity": 5})
        answer = self.patch("A", quantity=7, fault={"kind": "ignore"})
        self.now += 60
        self.assertEqual((answer.body["status"], self.quantity("A")), ("ACCEPTED", 5))

    def test_a_delayed_patch_is_seen_late_and_keeps_its_turn(self):
        self.seed({"sku": "A", "quantity": 5})
        self.patch("A", quantity=7, fault={"kind": "delay", "seconds": 30})
        self.patch("A", quantity=8)
        self.now += 20
        self.assertEqual(self.quantity("A"), 5)
        self.now += 20
        self.assertEqual(self.quantity("A"), 8)

    def test_one_counter_serves_every_marketplace(self):
        self.seed({"sku": "A", "sites": [US, CANADA], "quantity": 5})
        self.patch("A", quantity=7)
        self.now += 1
        self.assertEqual(self.shelf("A", US).quantity, 7)
        self.assertEqual(self.shelf("A", CANADA).quantity, 7)

    def test_zero_takes_the_listing_off_and_a_quantity_brings_it_back(self):
        self.seed({"sku": "A", "quantity": 5})
        self.patch("A", quantity=0)
        self.now += 1
        self.assertEqual(self.shelf("A").status, "inactive: out of stock")
        self.assertNotIn("BUYABLE", self.get("A").body["summaries"][0]["status"])
        self.patch("A", quantity=1)
        self.now += 1
        self.assertEqual(self.shelf("A").status, "active")


class TestPatches(AmazonSimulatorCase):
    def lead_time(self, **patch):
        self.seed({"sku": "A", "quantity": 5, "lead_time_days": 9})
        self.patch("A", **patch)
        self.now += 1
        return self.shelf("A").lead_time_days

    def test_merge_keeps_what_it_does_not_name(self):
        self.assertEqual(self.lead_time(quantity=7), 9)

    def test_replace_wipes_the_lead_time(self):
        self.assertIsNone(self.lead_time(op="replace", quantity=7))

    def test_a_lead_time_is_taken_with_a_quantity_only(self):
        self.assertEqual(self.lead_time(quantity=7, lead_time_to_ship_max_days=3), 3)
        self.assertEqual(self.lead_time(lead_time_to_ship_max_days=3), 9)

    def test_nonsense_is_invalid_with_http_200_and_not_applied(self):
        self.seed({"sku": "A", "quantity": 5})
        for value in (
            {"quantity": -1},
            {"quantity": 1.5},
            {"quantity": "7"},
            {"quantity": 7, "lead_time_to_ship_max_days": 31},
        ):
            with self.subTest(value):
                answer = self.patch("A", **value)
                self.assertEqual(
                    (answer.status, answer.body["status"]), (200, "INVALID")
                )
                self.assertTrue(answer.body["issues"][0]["message"])
                self.now += 1
                self.assertEqual(self.quantity("A"), 5)

    def test_a_preview_changes_nothing(self):
        self.seed({"sku": "A", "quantity": 5})
        answer = self.patch("A", quantity=7, mode="VALIDATION_PREVIEW")
        self.now += 1
        self.assertEqual((answer.body["status"], self.quantity("A")), ("VALID", 5))

    def test_what_is_no_patch_request_is_a_400(self):
        self.seed({"sku": "A"})
        for body in (
            {},
            {"productType": "PRODUCT"},
            {"productType": "PRODUCT", "patches": []},
            {"productType": "", "patches": [{"op": "merge", "path": "/x"}]},
            {"productType": "P", "patches": [{"op": "test", "path": "/x"}]},
            {"productType": "P", "patches": [{"op": "merge"}]},
            b"not json",
        ):
            with self.subTest(body):
                answer = self.call("PATCH", f"{ITEMS}/A", body, marketplaceIds=US)
                self.assertEqual(answer.status, 400)

    def test_a_quantity_for_a_sku_that_amazon_ships_strands_its_stock(self):
        self.seed({"sku": "A", "quantity": 40, "fulfilment": "channel"})
        self.patch("A", quantity=7)
        self.now += 1
        row = self.shelf("A")
        self.assertEqual((row.fulfilment, row.quantity), ("merchant", 7))
        self.assertEqual(row.status, "converted to merchant")
        self.assertIn("40 units stranded", row.note)


class TestReads(AmazonSimulatorCase):
    def search(self, **query):
        return self.call("GET", ITEMS, **{"marketplaceIds": US, **query})

    def test_channels_tell_who_ships(self):
        self.seed(
            {"sku": "FBA", "fulfilment": "channel"},
            {"sku": "MLI", "supply_sources": {"source-1": 3, "source-2": 4}},
        )
        codes = {
            sku: [
                entry["fulfillmentChannelCode"]
                for entry in self.get(sku).body["fulfillmentAvailability"]
            ]
            for sku in ("FBA", "MLI")
        }
        self.assertEqual(codes, {"FBA": ["AMAZON_NA"], "MLI": ["source-1", "source-2"]})
        self.assertEqual(self.shelf("MLI").quantity, 7)

    def test_a_comma_in_a_sku_splits_the_csv(self):
        self.seed({"sku": "A,B"}, {"sku": "C"})
        answer = self.search(identifiers="A,B,C", identifiersType="SKU")
        self.assertEqual([item["sku"] for item in answer.body["items"]], ["C"])
        self.assertEqual(self.get("A,B").body["sku"], "A,B")

    def test_a_search_takes_twenty_identifiers(self):
        twenty = ",".join(map(str, range(20)))
        good = self.search(identifiers=twenty, identifiersType="SKU")
        self.assertEqual(good.status, 200)
        bad = self.search(identifiers=twenty + ",20", identifiersType="SKU")
        self.assertEqual(bad.status, 400)

    def test_a_search_ends_after_a_thousand_items(self):
        self.seed(*({"sku": f"S{n:04}"} for n in range(1_100)))
        found, token = [], {}
        for _page in range(60):
            answer = self.search(pageSize=20, sortBy="sku", sortOrder="ASC", **token)
            found += [item["sku"] for item in answer.body["items"]]
            pagination = answer.body.get("pagination")
            if not pagination:
                break
            token = {"pageToken": pagination["nextToken"]}
        self.assertEqual(answer.body["numberOfResults"], 1_100)
        self.assertEqual((len(found), found[-1]), (1_000, "S0999"))

    def test_a_listing_is_read_where_it_is_offered(self):
        self.seed({"sku": "A"}, sites=[US, CANADA])
        self.assertEqual(self.get("A", marketplaceIds=CANADA).status, 404)

    def test_bad_parameters_are_a_400(self):
        self.seed({"sku": "A"})
        for query in (
            {"marketplaceIds": "A1PA6795UKMFR9"},
            {"includedData": "prices"},
            {"pageSize": 21},
            {"pageToken": "?"},
            {"identifiers": "A"},
        ):
            with self.subTest(query):
                self.assertEqual(self.search(**query).status, 400)
        self.assertEqual(self.call("GET", ITEMS).status, 400)

    def test_a_listing_without_price_has_no_offer(self):
        self.seed({"sku": "A", "price": None, "quantity": 4})
        self.assertEqual(self.get("A").body["offers"], [])
        self.assertEqual(self.shelf("A").status, "inactive: no price")


class TestPerson(AmazonSimulatorCase):
    def test_a_person_changes_the_number_at_once(self):
        self.seed({"sku": "A", "quantity": 5})
        self.amazon.set_quantity(US, "A", 9)
        self.assertEqual(self.quantity("A"), 9)

    def test_a_person_cannot_change_what_amazon_counts(self):
        self.seed({"sku": "A", "fulfilment": "channel"})
        with self.assertRaises(ValueError):
            self.amazon.set_quantity(US, "A", 9)

    def test_a_person_cannot_change_what_is_not_there(self):
        self.seed({"sku": "A"})
        for site, sku in ((US, "B"), (CANADA, "A")):
            with self.assertRaises(LookupError):
                self.amazon.set_quantity(site, sku, 9)

    def test_seeding_again_adds_a_site_and_keeps_the_rest(self):
        self.seed({"sku": "A", "title": "Lamp", "quantity": 5})
        self.seed({"sku": "A", "site": CANADA})
        self.assertEqual(self.shelf("A", CANADA).title, "Lamp")
        self.assertEqual(self.shelf("A", US).quantity, 5)

    def test_the_state_survives_a_restart(self):
        import json

        self.seed({"sku": "A", "quantity": 5})
        self.patch("A", quantity=7)
        state = json.loads(json.dumps(self.amazon.dump()))
        self.amazon.reset()
        self.amazon.load(state)
        self.now += 1
        self.assertEqual(self.quantity("A"), 7)

    def test_what_is_dumped_is_a_copy(self):
        self.seed({"sku": "A", "quantity": 5})
        self.amazon.dump()["listings"].clear()
        self.assertEqual(self.quantity("A"), 5)


if __name__ == "__main__":
    unittest.main()
