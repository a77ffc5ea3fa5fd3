"""Stock behind ``x-version``: depots, and Flex beside Full."""

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.channels.errors import ChannelUnreachable
from marketplace_sync.channels.mercadolibre import const
from marketplace_sync.channels.mercadolibre.writer import depot_bodies
from marketplace_sync.tests.pure.mercadolibre_case import MercadoLibreCase


class TestDepots(MercadoLibreCase):
    def setUp(self):
        super().setUp()
        self.seed(
            {"sku": "A", "site": "201", "quantity": 5, "user_product_id": "MLMU1"},
            {"sku": "A", "site": "202", "quantity": 9, "user_product_id": "MLMU1"},
            sites=["201", "202"],
        )

    def at(self, site):
        return self.known("A", site)

    def held(self):
        return {site: self.shown("A", site) for site in ("201", "202")}

    def test_a_depot_gets_its_number_and_the_others_keep_theirs(self):
        result = self.push_one(self.at("201"), 7)
        self.assertEqual((result.outcome, result.channel_qty), ("accepted", 7))
        self.assertEqual(self.held(), {"201": 7, "202": 9})

    def test_all_depots_are_sent_with_their_nodes_and_the_version_read(self):
        self.push_one(self.at("201"), 7)
        (call,) = self.calls("putSellerWarehouse")
        self.assertEqual(
            call.json(),
            {
                "locations": [
                    {"store_id": "201", "network_node_id": "MLP201", "quantity": 7},
                    {"store_id": "202", "network_node_id": "MLP202", "quantity": 9},
                ]
            },
        )
        self.assertTrue(call.headers["x-version"].isdigit())

    def test_depots_of_one_user_product_are_one_write(self):
        results = self.push((self.at("201"), 1), (self.at("202"), 2))
        self.assertEqual({r.outcome for r in results.values()}, {"accepted"})
        self.assertEqual(len(self.calls("getStock")), 1)
        self.assertEqual(len(self.calls("putSellerWarehouse")), 1)
        self.assertEqual(self.held(), {"201": 1, "202": 2})

    def test_what_is_shown_already_is_not_written(self):
        result = self.push_one(self.at("201"), 5)
        self.assertEqual((result.outcome, result.channel_qty), ("accepted", 5))
        self.assertFalse(self.calls("putSellerWarehouse"))

    def test_a_changed_version_is_read_again_and_the_body_computed_anew(self):
        shop, channel = self.shop, self.channel
        counter = shop.state["counters"]["MLMU1"]
        original, sold = channel.stock.put, []

        def sale_between(*args):
            if not sold:  # somebody buys 4 at the other depot
                sold.append(shop.write_depots(counter, {"201": 5, "202": 5}))
            return original(*args)

        channel.stock.put = sale_between
        self.assertEqual(self.push_one(self.at("201"), 7).outcome, "accepted")
        self.assertEqual(self.held(), {"201": 7, "202": 5})
        self.assertEqual(len(self.slept), 1)

    def test_pauses_between_tries_are_random_within_their_bounds(self):
        self.fault("putSellerWarehouse", "stale", times=2)
        self.assertEqual(self.push_one(self.at("201"), 7).outcome, "accepted")
        self.assertEqual(len(self.slept), 2)
        for pause in self.slept:
            self.assertAlmostEqual(pause, sum(const.LOCK_PAUSE) / 2)

    def test_three_conflicts_leave_the_row_for_later(self):
        self.fault("putSellerWarehouse", "stale", times=-1)
        result = self.push_one(self.at("201"), 7)
        self.assertEqual((result.outcome, result.code), ("retry", "conflict"))
        self.assertEqual(len(self.calls("putSellerWarehouse")), const.LOCK_ATTEMPTS)
        self.assertEqual(self.held(), {"201": 5, "202": 9})

    def test_a_depot_that_never_held_the_product_gets_it(self):
        self.seed(sites=["203"])
        self.assertEqual(self.push_one(self.at("203"), 4).outcome, "accepted")
        self.assertEqual(self.held(), {"201": 5, "202": 9})
        self.assertEqual(self.shown("A", "203"), 4)

    def test_a_site_that_is_no_depot_is_refused_in_words(self):
        result = self.push_one(self.at("MLM"), 7)
        self.assertEqual((result.outcome, result.code), ("rejected", "unknown_depot"))
        self.assertIn("depots", result.error)
        self.assertFalse(self.calls("putSellerWarehouse", "putItem"))

    def test_known_depots_are_not_asked_for(self):
        tags = ["warehouse_management", "multiwarehouse"]
        nodes = {"201": "MLP201", "202": "MLP202"}
        self.adapter = self.make_adapter(data={"tags": tags, "depots": nodes})
        self.push_one(self.at("201"), 7)
        self.assertFalse(self.calls("searchStores", "getUser"))

    def test_a_user_product_without_stock_record_is_refused_in_words(self):
        self.seed({"sku": "N", "site": "201", "initialised": False})
        result = self.push_one(self.known("N", "201"), 7)
        self.assertEqual((result.outcome, result.code), ("rejected", "not_initialised"))
        self.assertIn("stock-locations", result.error)

    def test_a_single_depot_seller_with_old_stock_elsewhere_is_told(self):
        self.shop.seller["tags"].remove("multiwarehouse")
        result = self.push_one(self.at("201"), 7)
        self.assertEqual(
            (result.outcome, result.code), ("rejected", "single_warehouse")
        )
        self.assertEqual(self.held(), {"201": 5, "202": 9})

    def test_a_depot_closed_since_the_last_check_is_told(self):
        tags = ["warehouse_management", "multiwarehouse"]
        nodes = {"201": "MLP201", "202": "MLP202", "999": "MLP999"}
        self.adapter = self.make_adapter(data={"tags": tags, "depots": nodes})
        result = self.push_one(self.at("999"), 7)
        self.assertEqual(result.code, "not_stock_location")

    def test_a_200_that_changed_nothing_is_not_believed(self):
        self.fault("putSellerWarehouse", "ignore")
        result = self.push_one(self.at("201"), 7)
        self.assertEqual((result.outcome, result.code), ("retry", "no_op"))

    def test_full_stock_beside_the_depots_is_never_sent(self):
        counter = self.shop.state["counters"]["MLMU1"]
        self.shop.write_own(counter, 50, "meli_facility")
        self.push_one(self.at("201"), 7)
        (call,) = self.calls("putSellerWarehouse")
        stores = [place["store_id"] for place in call.json()["locations"]]
        self.assertEqual(stores, ["201", "202"])
        self.assertEqual(self.shop.shown(counter), 50 + 7 + 9)

    def test_without_a_version_nothing_is_written(self):
        original = self.channel.stock.get

        def headless(user_product_id):
            response = original(user_product_id)
            response.headers.clear()
            return response

        self.channel.stock.get = headless
        with self.assertRaises(ChannelUnreachable):
            self.push_one(self.at("201"), 7)
        self.assertFalse(self.calls("putSellerWarehouse"))

    def test_each_depot_reads_its_own_number(self):
        listings = self.read(self.at("201"), self.at("202"))
        quantities = {x.site_code: x.quantity for x in listings.values()}
        self.assertEqual(quantities, {"201": 5, "202": 9})
        self.assertEqual(len(self.calls("getStock")), 1)

    def test_depots_are_counters_of_their_own(self):
        listings = self.read(self.at("201"), self.at("202"))
        keys = {x.pool_key for x in listings.values()}
        self.assertEqual(keys, {"MLMU1@201", "MLMU1@202"})

    def test_reading_a_site_that_is_no_depot_shows_the_problem(self):
        (listing,) = self.read(self.at("MLM")).values()
        self.assertEqual(self.codes(listing), ["not_writable"])
        self.assertIsNone(listing.quantity)

    def test_reading_without_stock_record_shows_the_problem(self):
        self.seed({"sku": "N", "site": "201", "initialised": False})
        (listing,) = self.read(self.known("N", "201")).values()
        self.assertEqual(self.codes(listing), ["not_writable"])


class TestFlexBesideFull(MercadoLibreCase):
    def setUp(self):
        super().setUp()
        self.seed(
            {"sku": "A", "logistic_type": "fulfillment", "flex": True}
            | {"quantity": 9, "full_quantity": 5, "user_product_id": "MLAU1"},
            sites=["MLA"],
        )
        self.flex = self.known("A", "MLA")

    def test_only_the_sellers_share_is_written(self):
        result = self.push_one(self.flex, 7)
        self.assertEqual(result.outcome, "submitted")
        (call,) = self.calls("putSellingAddress")
        self.assertEqual(call.json(), {"quantity": 7})
        counter = self.shop.state["counters"]["MLAU1"]
        self.assertEqual(self.shop.shown(counter, "meli_facility"), 5)
        self.assertEqual(self.shown("A"), 7)

    def test_only_the_sellers_share_is_read(self):
        (listing,) = self.read(self.flex).values()
        self.assertEqual(listing.quantity, 9)
        self.assertEqual(listing.fulfilment, "merchant")
        self.assertFalse(listing.problems)

    def test_an_asynchronous_write_is_not_mistaken_for_done(self):
        # 9 → 4 (not visible yet) → 9: the last number must win
        self.seed(async_seconds=30)
        self.push_one(self.flex, 4)
        self.push_one(self.flex, 9)
        self.clock.sleep(31)
        (listing,) = self.read(self.flex).values()
        self.assertEqual(listing.quantity, 9)

    def test_a_country_that_forbids_it_is_told_before_writing(self):
        self.shop.items[self.flex.external_ref]["site_id"] = "MLM"
        result = self.push_one(self.flex, 7)
        self.assertEqual(result.code, "fulfilled_by_channel")
        self.assertFalse(self.calls("putSellingAddress"))


PLACES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 999), max_size=6)


@given(read=PLACES, wanted=PLACES)
def test_a_depot_write_names_every_depot_once_and_changes_only_ours(read, wanted):
    places = [
        {"type": "seller_warehouse", "store_id": s, "network_node_id": f"N{s}"}
        | {"quantity": q}
        for s, q in read.items()
    ]
    bodies = depot_bodies(places, wanted, {s: f"N{s}" for s in wanted})
    assert {b["store_id"]: b["quantity"] for b in bodies} == {**read, **wanted}
    assert len(bodies) == len({**read, **wanted})
    assert all(b["network_node_id"] == f"N{b['store_id']}" for b in bodies)
