"""What Amazon holds: every bucket under its own name, only one of them sellable."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.channels.amazon.inventory import buckets_of
from marketplace_sync.channels.base import ListingRef
from marketplace_sync.channels.errors import ChannelBlockedError, ChannelUnreachable
from marketplace_sync.tests.pure.amazon_case import CANADA, US, AmazonCase

FBA = {
    "inboundWorkingQuantity": 10,
    "inboundShippedQuantity": 20,
    "inboundReceivingQuantity": 5,
    "pendingCustomerOrderQuantity": 3,
    "pendingTransshipmentQuantity": 4,
    "fcProcessingQuantity": 1,
    "customerDamagedQuantity": 2,
    "expiredQuantity": 6,
    "researchingQuantityInMidTerm": 7,
}


class InventoryCase(AmazonCase):
    def held_ref(self, sku="A", quantity=21, fba=FBA, **listing):
        listing = {"quantity": quantity, "fba": fba, **listing}
        return self.known_ref(sku, fulfilment="channel", **listing)

    def held(self, *refs, adapter=None):
        adapter = adapter or self.make_adapter()
        found = list(adapter.fetch_channel_stock(refs))
        self.assertEqual(sorted(s.key for s in found), sorted(r.key for r in refs))
        return {stock.key: stock for stock in found}

    def held_one(self, *args, **kwargs):
        ref = self.held_ref(*args, **kwargs)
        return self.held(ref)[ref.key]


class TestReading(InventoryCase, unittest.TestCase):
    def test_every_bucket_keeps_amazons_own_name_and_only_fulfillable_is_sellable(self):
        stock = self.held_one()
        told = {bucket.name: bucket.quantity for bucket in stock.buckets}
        self.assertEqual(told["fulfillableQuantity"], 21)
        for name, quantity in FBA.items():
            self.assertEqual(told[name], quantity)
        sellable = [b.name for b in stock.buckets if b.kind == "sellable"]
        self.assertEqual((sellable, stock.sellable), (["fulfillableQuantity"], 21))
        self.assertEqual(stock.sum_of("inbound"), 35)
        self.assertEqual(stock.sum_of("reserved"), 8)
        self.assertEqual(stock.sum_of("unfulfillable"), 8)
        self.assertEqual(stock.sum_of("researching"), 7)
        self.assertEqual(stock.total, 79)
        self.assertEqual(sum(bucket.quantity for bucket in stock.buckets), 79)

    def test_id_and_time_are_as_told(self):
        stock = self.held_one()
        self.assertTrue(stock.external_id.startswith("X0"))
        self.assertTrue(stock.told_at.endswith("Z"))
        self.assertTrue(stock.request_id)

    def test_fifty_skus_make_one_call_and_awkward_ones_a_call_each(self):
        refs = [self.held_ref(f"S{number}") for number in range(50)]
        refs += [self.held_ref(sku) for sku in ("comma,inside", "A/B #1", "ñ é")]
        self.assertEqual({s.sellable for s in self.held(*refs).values()}, {21})
        # 50 + 2 in lists, and the one that a list cannot hold
        self.assertEqual(self.calls().count("getInventorySummaries"), 3)

    def test_all_pages_are_read(self):
        self.simulator.fba_page = 2
        refs = [self.held_ref(f"S{number}") for number in range(5)]
        self.assertEqual({s.sellable for s in self.held(*refs).values()}, {21})
        self.assertEqual(self.calls().count("getInventorySummaries"), 3)

    def test_a_page_token_that_died_is_a_reason_to_begin_anew(self):
        self.simulator.fba_page = 1
        refs = [self.held_ref(f"S{number}") for number in range(2)]
        handle = self.simulator.handle

        def slowly(request):
            self.clock.sleep(31)
            return handle(request)

        self.simulator.handle = slowly
        with self.assertRaises(ChannelUnreachable):
            self.held(*refs)

    def test_each_site_is_asked_for_itself(self):
        here = self.held_ref("A", sites=[US, CANADA])
        there = ListingRef("there", "A", site_code=CANADA)
        stocks = self.held(here, there)
        self.assertEqual({s.site_code for s in stocks.values()}, {US, CANADA})
        # one pool, told twice: the id says so
        self.assertEqual(len({s.external_id for s in stocks.values()}), 1)

    def test_a_sku_that_amazon_does_not_hold_is_an_answer_in_words(self):
        known, unknown = self.held_ref("A"), self.known_ref("MINE")
        stocks = self.held(known, unknown)
        self.assertEqual(stocks[known.key].sellable, 21)
        self.assertIn("no stock", stocks[unknown.key].error)
        self.assertIsNone(stocks[unknown.key].sellable)

    def test_a_sku_that_amazon_cannot_digest_does_not_hide_the_others(self):
        good, bad = self.held_ref("GOOD"), self.held_ref("BAD")
        handle = self.simulator.handle

        def choking(request):
            skus = request.query.get("sellerSkus", [""])[0]
            skus += request.query.get("sellerSku", [""])[0]
            if "BAD" in skus:
                error = self.simulator.invalid("no")
                from simulator.core import Response

                return Response(error.status, error.body)
            return handle(request)

        self.simulator.handle = choking
        stocks = self.held(good, bad)
        self.assertEqual(stocks[good.key].sellable, 21)
        self.assertIn("cannot look this SKU up", stocks[bad.key].error)

    def test_rates_are_kept(self):
        refs = [self.held_ref(f"S,{number}") for number in range(10)]
        before = self.clock.now
        self.held(*refs)  # ten calls at 2 a second, burst 2
        self.assertGreaterEqual(self.clock.now - before, 3.5)

    def test_a_missing_role_is_said(self):
        ref = self.held_ref()
        adapter = self.make_adapter()
        self.seed(roles=["sellers", "orders"])
        with self.assertRaises(ChannelBlockedError) as caught:
            self.held(ref, adapter=adapter)
        self.assertIn("getInventorySummaries", caught.exception.message)

    def test_an_answer_without_summaries_is_no_stock_of_nothing(self):
        ref = self.held_ref()
        adapter = self.make_adapter()
        for body in ({}, {"payload": []}, {"payload": {"inventorySummaries": None}}):
            self.fault("getInventorySummaries", "status", status=200, body=body)
            with self.subTest(body), self.assertRaises(ChannelUnreachable):
                self.held(ref, adapter=adapter)


class TestNewNames(InventoryCase, unittest.TestCase):
    def test_a_bucket_that_is_new_keeps_its_name_and_is_not_sellable(self):
        stock = self.held_one(fba={"futureSupplyBuyableQuantity": 9})
        told = {bucket.name: bucket.kind for bucket in stock.buckets if bucket.quantity}
        self.assertEqual(told["futureSupplyBuyableQuantity"], "other")
        self.assertEqual(stock.sellable, 21)

    def test_without_fulfillable_nothing_is_sellable(self):
        renamed = {"fulfillableQuantity": "availableQuantity"}
        stock = self.held_one(fba={**FBA, "renamed": renamed})
        self.assertIsNone(stock.sellable)
        told = {bucket.name: bucket.kind for bucket in stock.buckets}
        self.assertEqual(told["availableQuantity"], "other")

    def test_a_renamed_part_stays_among_the_reserved(self):
        renamed = {"pendingTransshipmentQuantity": "fcTransferQuantity"}
        stock = self.held_one(fba={**FBA, "renamed": renamed})
        told = {bucket.name: bucket.kind for bucket in stock.buckets}
        self.assertEqual(told["fcTransferQuantity"], "reserved")
        self.assertEqual(stock.sum_of("reserved"), 8)

    def test_what_a_subtotal_holds_beyond_its_parts_is_shown_under_its_name(self):
        told = {
            "reservedQuantity": {"totalReservedQuantity": 9, "fcProcessingQuantity": 4}
        }
        found = {one.name: one.quantity for one in buckets_of(told)}
        self.assertEqual(found, {"fcProcessingQuantity": 4, "totalReservedQuantity": 5})

    def test_what_is_no_count_is_left_out(self):
        told = {"fulfillableQuantity": "many", "inboundWorkingQuantity": -1, "x": True}
        self.assertEqual(buckets_of(told), [])
        # what Python reads where JSON says NaN, Infinity or 1e999
        for value in (float("nan"), float("inf"), 0.5):
            self.assertEqual(buckets_of({"fulfillableQuantity": value}), [])

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ("fulfillableQuantity", "reservedQuantity", "other", "name")
                        + ("researchingQuantityBreakdown", "quantity")
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda value: value if isinstance(value, dict) else {"x": value})
    )
    def test_whatever_is_told_sellable_is_never_more_than_fulfillable(self, told):
        sellable = [one for one in buckets_of(told) if one.kind == "sellable"]
        for one in sellable:
            self.assertEqual(one.name, "fulfillableQuantity")
            self.assertEqual(one.quantity, told["fulfillableQuantity"])


class TestSchema(InventoryCase, unittest.TestCase):
    def test_calls_and_answers_keep_amazons_model(self):
        from simulator.tests.amazon_schemas import Witness, skip_without_schemas

        skip_without_schemas()
        witness = Witness(self.simulator)
        self.simulator.fba_page = 3
        skus = ("A/B #1", "ñ,é", *(f"S{number}" for number in range(5)))
        self.held(*[self.held_ref(sku) for sku in skus])
        self.assertEqual(witness.problems, [])
        self.assertGreater(witness.seen["getInventorySummaries"], 2)

    def test_amazons_own_example_is_understood(self):
        from marketplace_sync.channels.amazon.inventory import stock_of
        from simulator.tests.amazon_schemas import schema, skip_without_schemas

        skip_without_schemas()
        ref = ListingRef("k", "SKU")
        names = schema("fbaInventory.json")["definitions"]["InventoryDetails"]
        details = {
            name: 1 for name, kind in names["properties"].items() if "type" in kind
        }
        stock = stock_of({"inventoryDetails": details, "totalQuantity": 4}, ref, US)
        self.assertEqual((stock.sellable, stock.sum_of("inbound")), (1, 3))
