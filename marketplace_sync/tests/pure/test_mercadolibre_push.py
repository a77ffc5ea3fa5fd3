"""Writing quantities of items and variations."""

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace_sync.channels.base import StockLevel
from marketplace_sync.channels.errors import (
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
)
from marketplace_sync.channels.mercadolibre import const
from marketplace_sync.channels.mercadolibre.push import (
    Target,
    jobs_of,
    lowest_by_counter,
    one_per_counter,
)
from marketplace_sync.tests.pure.mercadolibre_case import MercadoLibreCase
from simulator.mercadolibre_errors import ACCESS_DENIED, POLICY_AGENT


class TestItems(MercadoLibreCase):
    def matched(self, *skus):
        """Return refs as matching leaves them, with what it found."""
        found = {x.sku: x for x in self.adapter.fetch_listings()}
        self.wire.sent.clear()
        return [
            self.ref(found[sku].external_ref, sku, **found[sku].data) for sku in skus
        ]

    def test_a_matched_listing_costs_one_call(self):
        self.seed({"sku": "A"})
        self.adapter = self.make_adapter(data={"tags": []})
        (ref,) = self.matched("A")
        result = self.push_one(ref, 7)
        self.assertEqual((result.outcome, result.channel_qty), ("accepted", 7))
        self.assertEqual(self.operations(), ["putItem"])

    def test_only_the_quantity_is_sent(self):
        self.seed({"sku": "A"})
        self.push_one(self.known(), 7)
        (call,) = self.calls("putItem")
        self.assertEqual(call.json(), {"available_quantity": 7})

    def test_a_listing_never_read_is_read_first(self):
        self.seed({"sku": "A"})
        self.push_one(self.known(), 7)
        self.assertIn("bulkItems", self.operations())
        self.assertEqual(self.shown(), 7)

    def test_items_of_one_user_product_are_one_write(self):
        rows = [
            {"sku": "A", "item_id": f"MLM{n}", "user_product_id": "MLMU1"}
            for n in (1, 2, 3)
        ]
        self.seed(*rows)
        refs = [self.ref(f"MLM{n}", key=str(n)) for n in (1, 2, 3)]
        results = self.push(*((ref, 8) for ref in refs))
        self.assertEqual({r.outcome for r in results.values()}, {"accepted"})
        self.assertEqual(len(self.calls("putItem")), 1)
        self.assertEqual({row.quantity for row in self.channel.shelf()}, {8})

    def test_rows_of_one_counter_publish_the_lowest_number(self):
        rows = [
            {"sku": "A", "item_id": f"MLM{n}", "user_product_id": "MLMU1"}
            for n in (1, 2)
        ]
        self.seed(*rows)
        refs = [self.ref(f"MLM{n}", key=str(n)) for n in (1, 2)]
        results = self.push((refs[0], 9), (refs[1], 4))
        self.assertEqual(self.shown(), 4)
        self.assertEqual([r.channel_qty for r in results.values()], [4, 4])

    def test_a_dead_item_does_not_take_its_user_product_with_it(self):
        self.seed(
            {"sku": "A", "item_id": "MLM1", "user_product_id": "MLMU1"},
            {"sku": "A", "item_id": "MLM2", "user_product_id": "MLMU1"},
        )
        self.shop.items["MLM1"]["status"] = "closed"
        refs = [self.ref(f"MLM{n}", key=str(n)) for n in (1, 2)]
        results = self.push((refs[0], 8), (refs[1], 8))
        self.assertEqual(results["1"].outcome, "rejected")
        self.assertEqual(results["2"].outcome, "accepted")
        self.assertEqual(self.shown(), 8)

    def test_a_200_that_changed_nothing_is_not_believed(self):
        self.seed({"sku": "A"})
        self.fault("putItem", "ignore")
        result = self.push_one(self.known(), 7)
        self.assertEqual((result.outcome, result.code), ("retry", "no_op"))
        self.assertIn("5", result.error)
        self.assertEqual(result.channel_qty, 5)

    def test_a_200_that_changed_nothing_since_the_seller_got_depots_says_so(self):
        self.seed({"sku": "A"})
        self.adapter = self.make_adapter(data={"tags": ["normal"]})
        self.seed(sites=["201"])
        result = self.push_one(self.known(), 7)
        self.assertEqual((result.outcome, result.code), ("rejected", "mode_changed"))
        self.assertIn("depots", result.error)
        self.assertEqual(self.shown(), 5)

    def test_a_listing_that_became_full_is_refused_with_a_hint(self):
        self.seed({"sku": "A"})
        self.adapter = self.make_adapter(data={"tags": []})
        (ref,) = self.matched("A")
        self.shop.items[ref.external_ref]["shipping"]["logistic_type"] = "fulfillment"
        result = self.push_one(ref, 7)
        self.assertEqual((result.outcome, result.code), ("rejected", "mode_changed"))
        self.assertIn("match the products again", result.error)

    def test_full_is_never_written(self):
        self.seed({"sku": "A", "logistic_type": "fulfillment"})
        result = self.push_one(self.known(), 7)
        self.assertEqual(result.outcome, "rejected")
        self.assertEqual(result.code, "fulfilled_by_channel")
        self.assertNotIn("putItem", self.operations())

    def test_a_virtual_kit_is_never_written(self):
        self.seed({"sku": "A", "bundle": True})
        self.assertEqual(self.push_one(self.known(), 7).code, "bundle")
        self.assertNotIn("putItem", self.operations())

    def test_more_than_the_maximum_is_refused_in_words(self):
        self.seed({"sku": "A"})
        result = self.push_one(self.known(), const.MAX_STOCK + 1)
        self.assertEqual((result.outcome, result.code), ("rejected", "too_many"))
        self.assertIn("99999", result.error)
        self.assertEqual(self.push_one(self.known(), const.MAX_STOCK).error, "")

    def test_an_item_that_is_gone_is_unknown(self):
        result = self.push_one(self.ref("MLM404"), 7)
        self.assertEqual((result.outcome, result.code), ("rejected", "unknown_sku"))

    def test_an_item_deleted_since_matching_is_unknown(self):
        self.seed({"sku": "A"})
        self.adapter = self.make_adapter(data={"tags": []})
        (ref,) = self.matched("A")
        self.shop.items.clear()
        self.assertEqual(self.push_one(ref, 7).code, "unknown_sku")

    def test_an_id_that_is_none_is_never_put_into_an_address(self):
        for strange in ("../users/1", "MLM1/../2", "MLM1,MLM2", "mlm1"):
            with self.subTest(strange):
                self.assertEqual(
                    self.push_one(self.ref(strange), 1).code, "unknown_sku"
                )
        self.assertFalse(self.calls("bulkItems", "putItem", "unknown"))

    def test_a_conflict_on_an_item_is_tried_once_more(self):
        self.seed({"sku": "A"})
        self.fault("putItem", "stale")
        self.assertEqual(self.push_one(self.known(), 7).outcome, "accepted")
        self.assertEqual(self.slept, [3.0])

    def test_a_second_conflict_on_an_item_waits_for_another_push(self):
        self.seed({"sku": "A"})
        self.fault("putItem", "stale", times=2)
        result = self.push_one(self.known(), 7)
        self.assertEqual((result.outcome, result.code), ("retry", "conflict"))
        self.assertEqual(len(self.calls("putItem")), 2)

    def test_zero_pauses_and_a_number_brings_it_back(self):
        self.seed({"sku": "A"})
        ref = self.known()
        self.push_one(ref, 0)
        self.assertEqual(self.channel.shelf()[0].status, "paused, out_of_stock")
        self.push_one(ref, 3)
        self.assertEqual(self.channel.shelf()[0].status, "active")

    def test_one_item_that_breaks_the_channel_leaves_its_neighbours_served(self):
        self.seed(*({"sku": sku} for sku in "ABC"))
        self.fault("putItem", "status", status=500)
        results = self.push(*((self.known(sku), 9) for sku in "ABC"))
        outcomes = [results[self.known(sku).key].outcome for sku in "ABC"]
        self.assertEqual(outcomes, ["retry", "accepted", "accepted"])

    def test_a_channel_that_is_down_is_given_up_after_a_few_calls(self):
        self.seed(*({"sku": f"S{n}"} for n in range(9)))
        self.fault("putItem", "503_empty", times=-1)
        with self.assertRaises(ChannelUnreachable):
            self.push(*((self.known(f"S{n}"), 9) for n in range(9)))
        self.assertEqual(len(self.calls("putItem")), const.UNREACHABLE_IN_A_ROW)

    def test_rows_before_a_rate_limit_keep_their_results(self):
        self.seed({"sku": "A"}, {"sku": "B"})
        rows = [(self.known("A"), 1), (self.known("B"), 2)]
        self.push(*rows)
        levels = [StockLevel(*row) for row in rows]
        results = self.adapter.push_stock(levels, "key")
        self.assertEqual(next(results).outcome, "accepted")
        self.fault("putItem", "429")
        with self.assertRaises(RateLimited):
            next(results)

    def test_somebody_elses_item_is_one_refused_row(self):
        self.seed({"sku": "A"}, {"sku": "B"})
        self.fault("putItem", "status", status=403, body=ACCESS_DENIED)
        results = self.push((self.known("A"), 1), (self.known("B"), 2))
        self.assertEqual(results["A@MLM"].code, "forbidden")
        self.assertEqual(results["B@MLM"].outcome, "accepted")

    def test_a_missing_permission_stops_the_account(self):
        self.seed({"sku": "A"})
        self.fault("putItem", "status", status=403, body=POLICY_AGENT)
        with self.assertRaises(ChannelBlockedError) as caught:
            self.push_one(self.known(), 1)
        self.assertIn("functional permissions", caught.exception.message)

    def test_rows_are_sent_in_the_order_given(self):
        self.seed(*({"sku": sku} for sku in "ABC"))
        self.push(*((self.known(sku), n) for n, sku in enumerate("CAB")))
        sent = [call.json()["available_quantity"] for call in self.calls("putItem")]
        self.assertEqual(sent, [0, 1, 2])


class TestVariations(MercadoLibreCase):
    def setUp(self):
        super().setUp()
        self.seed(
            *(
                {"sku": f"V{n}", "item_id": "MLM900", "variation_id": n, "quantity": n}
                for n in (1, 2, 3)
            )
        )
        self.wire.sent.clear()

    def test_every_variation_id_is_sent_and_a_quantity_only_where_it_changes(self):
        self.push_one(self.known("V2"), 8)
        (call,) = self.calls("putItem")
        self.assertEqual(
            call.json(),
            {"variations": [{"id": 1}, {"id": 2, "available_quantity": 8}, {"id": 3}]},
        )
        self.assertEqual([self.shown(f"V{n}") for n in (1, 2, 3)], [1, 8, 3])

    def test_variations_of_one_item_are_one_write(self):
        results = self.push(*((self.known(f"V{n}"), 10 + n) for n in (1, 2, 3)))
        self.assertEqual({r.outcome for r in results.values()}, {"accepted"})
        self.assertEqual(len(self.calls("putItem")), 1)
        self.assertEqual([self.shown(f"V{n}") for n in (1, 2, 3)], [11, 12, 13])

    def test_ids_are_read_just_before_so_that_a_new_variation_survives(self):
        ref = self.known("V1")
        self.push_one(ref, 5)
        self.seed({"sku": "NEW", "item_id": "MLM900", "variation_id": 4})
        self.push_one(ref, 6)
        self.assertEqual(self.shown("NEW"), 5)

    def test_a_variation_that_is_gone_is_refused_and_the_others_served(self):
        gone = self.ref("MLM900:77", "GONE")
        results = self.push((gone, 5), (self.known("V1"), 6))
        self.assertEqual(results["GONE@MLM"].code, "unknown_sku")
        self.assertEqual(results["V1@MLM"].outcome, "accepted")

    def test_a_variation_removed_since_matching_is_not_sent(self):
        found = {x.sku: x for x in self.adapter.fetch_listings()}["V3"]
        self.shop.items["MLM900"]["variations"].pop()
        result = self.push_one(self.ref(found.external_ref, "V3", **found.data), 5)
        self.assertEqual(result.code, "unknown_sku")
        self.assertFalse(self.calls("putItem"))

    def test_a_number_that_reads_show_already_is_written_all_the_same(self):
        # a read may be older than our last write: 1 → 5 (not visible yet) → 1
        self.fault("putItem", "delay", seconds=60)
        self.push_one(self.known("V1"), 5)
        self.push_one(self.known("V1"), 1)
        self.clock.sleep(61)
        self.assertEqual(self.shown("V1"), 1)

    def test_an_item_ref_without_variation_is_resolved_by_sku(self):
        self.push_one(self.ref("MLM900", "V2"), 8)
        self.assertEqual(self.shown("V2"), 8)


QUANTITY = st.integers(0, 99)
TARGETS = st.lists(
    st.tuples(
        st.sampled_from((const.ITEM_MODE, const.VARIATIONS_MODE)),
        st.integers(1, 4),
        st.integers(1, 3),
        st.sampled_from(("", "MLMU1", "MLMU2")),
        QUANTITY,
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(TARGETS)
def test_grouping_writes_each_counter_once_with_its_lowest_number(rows):
    targets = [
        Target(str(n), mode, quantity, f"MLM{item}", str(variation), product, "MLM")
        for n, (mode, item, variation, product, quantity) in enumerate(rows)
    ]
    lowest = lowest_by_counter(targets)
    leaders, followers = one_per_counter(targets)
    assert len(leaders) + len(followers) == len(targets)
    jobs = jobs_of(leaders.values())
    written = [target.counter for job in jobs for target in job.targets]
    assert sorted(written) == sorted(lowest)
    for target in targets:
        assert lowest[target.counter] <= target.quantity
    subjects = [(job.mode, job.subject) for job in jobs]
    assert len(subjects) == len(set(subjects))
