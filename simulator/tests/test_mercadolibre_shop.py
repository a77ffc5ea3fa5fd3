"""The simulated Mercado Libre: tokens, items, counters, depots, misbehaviour."""

import json
import unittest
from urllib.parse import urlencode

from simulator.core import Request
from simulator.faults import Fault
from simulator.mercadolibre import LIMITS, MercadoLibreSimulator
from simulator.mercadolibre_shop import CREDENTIALS


class Clock:
    now = 1_793_000_000.0

    def __call__(self):
        return self.now


class ShopCase(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.sim = MercadoLibreSimulator(self.clock)

    def call(self, method, path, body=None, fault=None, token=None, **headers):
        """Send one call; return the response."""
        path, _mark, query = path.partition("?")
        parsed = {}
        for pair in filter(None, query.split("&")):
            name, _equals, value = pair.partition("=")
            parsed.setdefault(name, []).append(value)
        token = CREDENTIALS["access_token"] if token is None else token
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.sim.handle(
            Request(
                method,
                path,
                parsed,
                {"authorization": f"Bearer {token}", **headers},
                body if isinstance(body, bytes) else json.dumps(body).encode(),
                fault=fault,
            )
        )

    def get(self, path, **kwargs):
        return self.call("GET", path, **kwargs)

    def put(self, path, body, **kwargs):
        return self.call("PUT", path, body, **kwargs)

    def seed(self, *rows, **spec):
        rows = [{"quantity": 5, **row} for row in rows]
        self.sim.seed({"listings": rows, **spec})

    def shelf(self):
        return {(row.sku, row.site): row.quantity for row in self.sim.shelf()}


class TestTokens(ShopCase):
    def refresh(self, **changes):
        form = {"grant_type": "refresh_token", **CREDENTIALS, **changes}
        return self.call("POST", "/oauth/token", urlencode(form).encode())

    def test_a_refresh_token_is_good_once(self):
        answer = self.refresh()
        self.assertEqual(answer.status, 200)
        again = self.refresh()
        self.assertEqual((again.status, again.body["error"]), (400, "invalid_grant"))
        renewed = self.refresh(refresh_token=answer.body["refresh_token"])
        self.assertEqual(renewed.status, 200)

    def test_a_wrong_secret_is_refused(self):
        answer = self.refresh(client_secret="wrong")
        self.assertEqual((answer.status, answer.body["error"]), (400, "invalid_client"))

    def test_an_access_token_dies_after_expires_in(self):
        body = self.refresh().body
        token = body["access_token"]
        self.assertEqual(self.get("/users/1234567890", token=token).status, 200)
        self.clock.now += body["expires_in"] + 1
        self.assertEqual(self.get("/users/1234567890", token=token).status, 401)

    def test_a_token_in_the_query_is_refused(self):
        token = CREDENTIALS["access_token"]
        path = f"/users/1234567890?access_token={token}"
        self.assertEqual(self.get(path).status, 401)

    def test_a_seeded_grant_kills_the_one_before(self):
        self.sim.seed({"credentials": {"refresh_token": "TG-fake-new"}})
        self.assertEqual(self.refresh().status, 400)
        self.assertEqual(self.refresh(refresh_token="TG-fake-new").status, 200)

    def test_another_sellers_pages_are_forbidden(self):
        self.assertEqual(self.get("/users/42/items/search").status, 403)


class TestItems(ShopCase):
    def quantity(self, item_id="MLM1"):
        return self.get(f"/items/{item_id}").body["available_quantity"]

    def test_a_quantity_is_copied_to_all_items_of_the_user_product(self):
        rows = [{"sku": "A", "item_id": f"MLM{n}"} for n in (1, 2)]
        self.seed(*({**row, "user_product_id": "MLMU1"} for row in rows))
        self.put("/items/MLM1", {"available_quantity": 7})
        self.assertEqual((self.quantity("MLM1"), self.quantity("MLM2")), (7, 7))

    def test_variations_whose_id_is_not_sent_are_deleted(self):
        self.seed(
            *({"sku": f"V{n}", "item_id": "MLM1", "variation_id": n} for n in (1, 2))
        )
        self.put("/items/MLM1", {"variations": [{"id": 1, "available_quantity": 9}]})
        left = self.get("/items/MLM1").body["variations"]
        self.assertEqual([(v["id"], v["available_quantity"]) for v in left], [(1, 9)])

    def test_variations_show_their_sku_only_when_asked_for_all_attributes(self):
        self.seed({"sku": "V", "item_id": "MLM1", "variation_id": 1})
        (plain,) = self.get("/items/MLM1").body["variations"]
        (full,) = self.get("/items/MLM1?include_attributes=all").body["variations"]
        self.assertNotIn("attributes", plain)
        self.assertEqual(full["attributes"][0]["value_name"], "V")

    def test_with_depots_a_write_answers_200_and_changes_nothing(self):
        self.seed({"sku": "A", "item_id": "MLM1", "site": "201"}, sites=["201"])
        answer = self.put("/items/MLM1", {"available_quantity": 7})
        self.assertEqual((answer.status, answer.body["available_quantity"]), (200, 5))
        self.assertEqual(self.quantity(), 5)

    def test_full_and_kits_are_not_modifiable(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1", "logistic_type": "fulfillment"},
            {"sku": "B", "item_id": "MLM2", "bundle": True},
        )
        for item_id in ("MLM1", "MLM2"):
            answer = self.put(f"/items/{item_id}", {"available_quantity": 7})
            self.assertEqual(answer.status, 400)
            self.assertIn("not_modifiable", answer.body["cause"][0]["code"])

    def test_zero_pauses_and_only_that_pause_ends_with_a_number(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        item = self.put("/items/MLM1", {"available_quantity": 0}).body
        self.assertEqual(item["sub_status"], ["out_of_stock"])
        item = self.put("/items/MLM1", {"available_quantity": 2}).body
        self.assertEqual((item["status"], item["sub_status"]), ("active", []))
        by_seller = {"status": "paused", "sub_status": ["paused_by_seller"]}
        self.seed({"sku": "A", "item_id": "MLM1", **by_seller})
        item = self.put("/items/MLM1", {"available_quantity": 9}).body
        self.assertEqual(item["status"], "paused")

    def test_used_and_free_listings_are_not_paused_at_zero(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1", "condition": "used"},
            {"sku": "B", "item_id": "MLM2", "listing_type_id": "free"},
        )
        for item_id in ("MLM1", "MLM2"):
            item = self.put(f"/items/{item_id}", {"available_quantity": 0}).body
            self.assertEqual(item["status"], "active")

    def test_impossible_quantities_are_refused(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        for value in (-1, 1.5, "3", None, True, 100_000):
            answer = self.put("/items/MLM1", {"available_quantity": value})
            self.assertEqual(answer.status, 400, value)

    def test_bulk_takes_twenty_ids_and_names_the_unknown(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        rows = self.get("/items/bulk?ids=MLM1,MLM404").body
        self.assertEqual([row["status_code"] for row in rows], [200, 404])
        many = ",".join(f"MLM{n}" for n in range(21))
        self.assertEqual(self.get(f"/items/bulk?ids={many}").status, 400)

    def test_bulk_attributes_without_prefix_are_forbidden_per_item(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        (row,) = self.get("/items/bulk?ids=MLM1&attributes=body.id").body
        self.assertEqual(row["body"], {"id": "MLM1"})
        (row,) = self.get("/items/bulk?ids=MLM1&attributes=status_code").body
        self.assertEqual(row["status_code"], 403)

    def test_a_scan_gives_every_id_once_and_ends_with_null(self):
        self.seed(*({"sku": f"S{n}"} for n in range(230)))
        path = "/users/1234567890/items/search?search_type=scan&limit=100"
        found, scroll = [], ""
        while scroll is not None:
            more = f"&scroll_id={scroll}" if scroll else ""
            page = self.get(path + more).body
            found, scroll = found + page["results"], page["scroll_id"]
        self.assertEqual((len(found), len(set(found))), (230, 230))

    def test_a_scroll_lives_five_minutes_and_a_scan_has_no_offset(self):
        self.seed({"sku": "A"})
        path = "/users/1234567890/items/search?search_type=scan"
        scroll = self.get(path).body["scroll_id"]
        self.clock.now += 301
        self.assertEqual(self.get(f"{path}&scroll_id={scroll}").status, 400)
        self.assertEqual(self.get(f"{path}&offset=50").status, 400)

    def test_a_page_holds_a_hundred_at_most_and_offsets_end_at_a_thousand(self):
        path = "/users/1234567890/items/search"
        self.assertEqual(self.get(f"{path}?limit=101").status, 400)
        self.assertEqual(self.get(f"{path}?limit=50&offset=960").status, 400)


class TestStock(ShopCase):
    path = "/user-products/MLMU1/stock"

    def depots(self, *stores):
        rows = [
            {"sku": "A", "site": store, "user_product_id": "MLMU1"} for store in stores
        ]
        self.seed(*rows, sites=list(stores))

    def write(self, *places, version=None, **kwargs):
        read = self.get(self.path)
        version = version or read.headers["x-version"]
        rows = [{"store_id": store, "quantity": q} for store, q in places]
        path = f"{self.path}/type/seller_warehouse"
        return self.put(path, {"locations": rows}, x_version=version, **kwargs)

    def test_a_write_without_a_version_is_refused(self):
        self.depots("201")
        path = f"{self.path}/type/seller_warehouse"
        answer = self.put(path, {"locations": []})
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.body["message"], "Missing X-Version header")

    def test_every_change_makes_the_version_before_it_stale(self):
        self.depots("201")
        version = self.get(self.path).headers["x-version"]
        self.assertEqual(self.write(("201", 7)).status, 200)
        self.assertEqual(self.write(("201", 8), version=version).status, 409)
        self.assertEqual(self.shelf(), {("A", "201"): 7})

    def test_depots_that_are_not_sent_are_emptied(self):
        self.depots("201", "202")
        self.write(("201", 7))
        self.assertEqual(self.shelf(), {("A", "201"): 7, ("A", "202"): 0})

    def test_a_single_depot_seller_cannot_use_two(self):
        self.depots("201", "202")
        self.sim.shop.seller["tags"].remove("multiwarehouse")
        answer = self.write(("201", 1), ("202", 2))
        self.assertEqual(answer.status, 400)
        self.assertIn("multiple network nodes", answer.body["message"])

    def test_a_place_that_is_no_depot_is_refused(self):
        self.depots("201")
        answer = self.write(("999", 1))
        self.assertEqual(
            answer.body["message"], "store is not configured to be a stock location"
        )

    def test_a_write_without_type_is_not_found(self):
        self.depots("201")
        self.assertEqual(
            self.put(self.path, {"quantity": 1}, x_version="1").status, 404
        )

    def test_a_user_product_without_stock_record_is_not_found(self):
        row = {"sku": "A", "user_product_id": "MLMU1", "initialised": False}
        self.seed(row)
        answer = self.get(self.path)
        self.assertEqual(
            (answer.status, answer.body),
            (404, {"message": "stock-locations not found"}),
        )

    def flex(self, site):
        row = {"sku": "A", "user_product_id": "MLMU1", "quantity": 9}
        full = {"logistic_type": "fulfillment", "flex": True, "full_quantity": 5}
        self.seed({**row, **full}, sites=[site])
        version = self.get(self.path).headers["x-version"]
        path = f"{self.path}/type/selling_address"
        return self.put(path, {"quantity": 3}, x_version=version)

    def test_the_flex_share_can_be_written_in_argentina(self):
        answer = self.flex("MLA")
        self.assertEqual((answer.status, answer.body), (204, None))
        self.assertEqual(self.shelf(), {("A", "MLA"): 3})
        total = self.get(self.path).body["locations"]
        self.assertEqual(sum(place["quantity"] for place in total), 8)

    def test_the_flex_share_cannot_be_written_in_mexico(self):
        self.assertEqual(self.flex("MLM").status, 400)

    def test_the_depots_of_a_seller_are_paged(self):
        self.sim.seed({"sites": [str(n) for n in range(60)]})
        path = "/users/1234567890/stores/search?tags=stock_location"
        self.assertEqual(len(self.get(path).body["results"]), 50)
        self.assertEqual(len(self.get(f"{path}&offset=50").body["results"]), 10)


class TestMisbehaviour(ShopCase):
    def put_item(self, kind, **kwargs):
        fault = Fault(kind=kind, **kwargs)
        return self.put("/items/MLM1", {"available_quantity": 7}, fault=fault)

    def setUp(self):
        super().setUp()
        self.seed({"sku": "A", "item_id": "MLM1"})

    def test_ignore_answers_200_and_changes_nothing(self):
        self.assertEqual(self.put_item("ignore").status, 200)
        self.assertEqual(self.shelf(), {("A", "MLM"): 5})

    def test_delay_shows_the_new_number_later(self):
        self.put_item("delay", seconds=30)
        self.assertEqual(self.shelf(), {("A", "MLM"): 5})
        self.clock.now += 31
        self.assertEqual(self.shelf(), {("A", "MLM"): 7})

    def test_stale_is_a_conflict(self):
        self.assertEqual(self.put_item("stale").status, 409)

    def test_429_comes_in_every_spelling(self):
        answers = [
            self.put_item(k) for k in ("429_text", "429_quota", "429_fulfillment")
        ]
        self.assertEqual({answer.status for answer in answers}, {429})
        self.assertEqual(answers[0].body, "local_rate_limited")
        self.assertEqual(answers[0].headers["Content-Type"], "text/plain")

    def test_a_fault_for_one_sku_leaves_the_others_alone(self):
        self.assertEqual(self.put_item("ignore", skus=["B"]).status, 200)
        self.assertEqual(self.shelf(), {("A", "MLM"): 7})

    def test_stock_reads_are_limited_to_the_documented_ceiling(self):
        _rate, burst = LIMITS["getStock"]
        path = "/user-products/MLMU1/stock"
        statuses = [self.get(path).status for _call in range(burst + 1)]
        self.assertEqual(statuses.count(429), 1)
        self.clock.now += 60
        self.assertNotEqual(self.get(path).status, 429)

    def test_limits_can_be_switched_off(self):
        self.sim.enforce_limits = False
        path = "/user-products/MLMU1/stock"
        statuses = {self.get(path).status for _call in range(150)}
        self.assertNotIn(429, statuses)


class TestHouse(ShopCase):
    def test_a_person_can_edit_a_quantity_on_the_channel(self):
        self.seed({"sku": "A"})
        self.sim.set_quantity("MLM", "A", 2)
        self.assertEqual(self.shelf(), {("A", "MLM"): 2})
        with self.assertRaises(LookupError):
            self.sim.set_quantity("MLM", "B", 2)

    def test_a_person_edits_one_depot(self):
        self.seed({"sku": "A", "site": "201"}, {"sku": "A", "site": "202"})
        self.sim.set_quantity("202", "A", 2)
        self.assertEqual(self.shelf(), {("A", "201"): 5, ("A", "202"): 2})

    def test_the_state_survives_a_restart(self):
        self.seed({"sku": "A", "item_id": "MLM1"}, {"sku": "B", "site": "201"})
        state = json.loads(json.dumps(self.sim.dump()))
        other = MercadoLibreSimulator(self.clock)
        other.load(state)
        self.assertEqual(other.shelf(), self.sim.shelf())
        other.set_quantity("201", "B", 8)
        self.assertEqual(self.shelf()[("B", "201")], 5)

    def test_seeding_again_replaces_and_keeps_the_ids(self):
        self.seed({"sku": "A"}, {"sku": "B"})
        before = list(self.sim.shop.items)
        self.seed({"sku": "A", "quantity": 9, "title": "New"})
        self.assertEqual(list(self.sim.shop.items), before)
        row = next(row for row in self.sim.shelf() if row.sku == "A")
        self.assertEqual((row.quantity, row.title), (9, "New"))

    def test_full_is_shipped_by_the_channel(self):
        self.seed({"sku": "A", "logistic_type": "fulfillment"})
        (row,) = self.sim.shelf()
        self.assertEqual(
            (row.fulfilment, row.note, row.quantity), ("channel", "Full", 5)
        )

    def test_every_operation_has_a_name(self):
        names = {
            self.sim.operation(Request(method, path))
            for method, path in (
                ("POST", "/oauth/token"),
                ("GET", "/users/1"),
                ("GET", "/users/1/stores/search"),
                ("GET", "/users/1/items/search"),
                ("GET", "/items/bulk"),
                ("GET", "/items/MLM1"),
                ("PUT", "/items/MLM1"),
                ("GET", "/user-products/MLMU1/stock"),
                ("PUT", "/user-products/MLMU1/stock/type/seller_warehouse"),
                ("PUT", "/user-products/MLMU1/stock/type/selling_address"),
            )
        }
        self.assertEqual(len(names), 10)
        self.assertNotIn("unknown", names)
        self.assertEqual(self.sim.operation(Request("GET", "/claims/1")), "unknown")
