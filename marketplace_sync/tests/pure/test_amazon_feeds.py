"""Publishing quantities to Amazon by feed."""

import json
import unittest

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.channels.amazon import feeds
from marketplace_sync.channels.base import ListingRef
from marketplace_sync.channels.errors import ChannelUnreachable, RetryableError
from marketplace_sync.tests.pure.amazon_case import (
    CANADA,
    US,
    AmazonCase,
    body_of,
    level,
)


class FeedCase(AmazonCase):
    options = {"feed_threshold": 3}

    def setUp(self):
        super().setUp()
        self.refs = [self.known_ref(sku, quantity=1) for sku in ("A", "B/1", "Cñ")]

    def submit(self, adapter, quantity=7):
        """Push all refs by feed; return the feed's id."""
        levels = [level(ref, quantity) for ref in self.refs]
        results = self.push_levels(adapter, *levels)
        (feed_id,) = {result.submission for result in results.values()}
        return feed_id

    def poll(self, adapter, feed_id):
        """Ask until the feed has ended."""
        self.clock.sleep(60)
        poll = adapter.poll_push(feed_id)
        self.assertTrue(poll.done)
        return poll

    def outcomes(self, poll):
        return {result.key: result.outcome for result in poll.results}


class TestSubmitting(FeedCase, unittest.TestCase):
    def test_from_the_threshold_on_a_batch_is_one_feed(self):
        self.submit(self.make_adapter())
        self.assertEqual(
            self.calls(), ["createFeedDocument", "uploadDocument", "createFeed"]
        )

    def test_below_the_threshold_rows_are_patched(self):
        levels = [level(ref, 7) for ref in self.refs[:2]]
        self.push_levels(self.make_adapter(), *levels)
        self.assertEqual(self.calls(), ["patchListingsItem"] * 2)

    def test_the_batch_is_as_large_as_a_feed_only_when_it_will_be_one(self):
        adapter = self.make_adapter(feed_threshold=1500)
        self.assertEqual(adapter.batch_size(1499), adapter.max_rows)
        self.assertEqual(adapter.batch_size(1500), 25_000)

    def test_no_second_feed_is_opened_while_one_is(self):
        adapter = self.make_adapter(feed_open=True)
        self.assertEqual(adapter.batch_size(10_000), adapter.max_rows)
        self.push_levels(adapter, *(level(ref, 7) for ref in self.refs))
        self.assertNotIn("createFeed", self.calls())

    def test_the_feed_asks_for_a_report_that_confirms(self):
        requests = self.record()
        self.submit(self.make_adapter())
        upload = next(r for r in requests if r.method == "PUT")
        header = body_of(upload)["header"]
        self.assertEqual(header["sellerId"], "A1SIMULATOR")
        self.assertEqual(
            header["report"]["includedData"], ["issues", "fulfillmentAvailability"]
        )

    def test_every_message_merges_and_skus_are_raw(self):
        requests = self.record()
        self.submit(self.make_adapter())
        messages = body_of(next(r for r in requests if r.method == "PUT"))["messages"]
        self.assertEqual([m["sku"] for m in messages], ["A", "B/1", "Cñ"])
        self.assertEqual({m["patches"][0]["op"] for m in messages}, {"merge"})
        self.assertEqual([m["messageId"] for m in messages], [1, 2, 3])

    def test_the_upload_has_the_announced_type_and_no_token(self):
        requests = self.record()
        self.submit(self.make_adapter())
        upload = next(r for r in requests if r.method == "PUT")
        created = next(r for r in requests if r.path.endswith("/documents"))
        self.assertEqual(
            upload.headers["content-type"], body_of(created)["contentType"]
        )
        self.assertNotIn("x-amz-access-token", upload.headers)
        self.assertEqual(self.simulator.leaked_tokens, [])

    def test_zeros_never_wait_for_a_feed(self):
        levels = [level(self.refs[0], 0), *(level(ref, 7) for ref in self.refs[1:])]
        results = self.push_levels(self.make_adapter(), *levels)
        self.clock.sleep(1)
        self.assertEqual(self.shown_quantity(self.refs[0]), 0)
        self.assertIsNone(results[self.refs[0].key].submission)
        self.assertTrue(results[self.refs[1].key].submission)

    def test_a_batch_of_zeros_opens_no_feed(self):
        self.push_levels(self.make_adapter(), *(level(ref, 0) for ref in self.refs))
        self.assertNotIn("createFeed", self.calls())

    def test_a_feed_holds_one_site_and_the_others_are_patched(self):
        self.seed(sites=[US, CANADA])
        other = self.known_ref("D", site=CANADA)
        requests = self.record()
        levels = [level(ref, 7) for ref in (*self.refs, other)]
        results = self.push_levels(self.make_adapter(), *levels)
        created = next(r for r in requests if r.path.endswith("/feeds"))
        self.assertEqual(body_of(created)["marketplaceIds"], [US])
        self.assertIsNone(results[other.key].submission)
        self.settle()
        self.assertEqual(self.shown_quantity(other), 7)

    def test_a_feed_costs_six_calls_however_many_rows_it_has(self):
        listings = [{"sku": f"S{n}", "quantity": 1} for n in range(2_000)]
        self.seed(listings=listings)
        refs = [ListingRef(str(n), f"S{n}", site_code=US) for n in range(2_000)]
        adapter = self.make_adapter(feed_threshold=1500)
        results = self.push_levels(adapter, *(level(ref, 7) for ref in refs))
        poll = self.poll(adapter, results["0"].submission)
        self.assertEqual(len(poll.results), 2_000)
        self.assertLessEqual(len(self.calls()), 6)

    def test_a_failed_upload_creates_no_feed(self):
        self.fault("uploadDocument", "503_empty")
        with self.assertRaises(ChannelUnreachable):
            self.submit(self.make_adapter())
        self.assertNotIn("createFeed", self.calls())

    def test_a_foreign_upload_address_is_refused(self):
        self.fault("createFeedDocument", "foreign_url")
        with self.assertRaisesRegex(ChannelUnreachable, "elsewhere.invalid"):
            self.submit(self.make_adapter())
        self.assertNotIn("uploadDocument", self.calls())


class TestPolling(FeedCase, unittest.TestCase):
    def test_a_waiting_feed_says_when_to_ask_again(self):
        adapter = self.make_adapter()
        poll = adapter.poll_push(self.submit(adapter))
        self.assertFalse(poll.done)
        self.assertGreaterEqual(poll.retry_after, 30)

    def test_a_processed_feed_tells_what_amazon_shows_per_sku(self):
        adapter = self.make_adapter()
        poll = self.poll(adapter, self.submit(adapter))
        self.assertFalse(poll.failed)
        shown = {result.key: result.channel_qty for result in poll.results}
        self.assertEqual(shown, {"A": 7, "B/1": 7, "Cñ": 7})
        self.assertEqual(set(self.outcomes(poll).values()), {"accepted"})

    def test_reports_arrive_packed_or_not(self):
        for packed in (True, False):
            with self.subTest(gzip=packed):
                self.seed(gzip=packed, rate_limits=False)
                adapter = self.make_adapter()
                poll = self.poll(adapter, self.submit(adapter))
                self.assertEqual(len(poll.results), 3)

    def test_what_was_not_applied_shows_its_old_quantity(self):
        self.fault("createFeed", "ignore")
        adapter = self.make_adapter()
        poll = self.poll(adapter, self.submit(adapter))
        self.assertEqual({result.channel_qty for result in poll.results}, {1})

    def test_a_refused_message_is_refused_with_amazons_words(self):
        self.fault("createFeed", "invalid")
        adapter = self.make_adapter()
        poll = self.poll(adapter, self.submit(adapter))
        self.assertEqual(set(self.outcomes(poll).values()), {"rejected"})
        self.assertIn("The attributes are invalid.", poll.results[0].error)

    def test_an_unknown_sku_has_no_result_so_a_read_must_tell(self):
        self.refs[1] = self.unknown_ref()
        adapter = self.make_adapter()
        poll = self.poll(adapter, self.submit(adapter))
        self.assertEqual(set(self.outcomes(poll)), {"A", "Cñ"})

    def test_a_fatal_feed_has_failed_with_amazons_words(self):
        self.fault("createFeed", "fatal")
        adapter = self.make_adapter()
        poll = self.poll(adapter, self.submit(adapter))
        self.assertTrue(poll.failed)
        self.assertIn("FATAL", poll.error)
        self.assertIn("could not be read", poll.error)
        self.assertEqual(list(poll.results), [])

    def test_a_fatal_feed_has_failed_even_when_its_report_is_unreadable(self):
        self.fault("createFeed", "fatal")
        self.fault("downloadDocument", "html")
        adapter = self.make_adapter()
        self.assertTrue(self.poll(adapter, self.submit(adapter)).failed)

    def test_a_cancelled_feed_has_failed(self):
        self.fault("createFeed", "cancelled")
        adapter = self.make_adapter()
        poll = self.poll(adapter, self.submit(adapter))
        self.assertTrue(poll.failed)
        self.assertIn("cancelled", poll.error)

    def test_a_feed_that_amazon_forgot_has_failed(self):
        poll = self.make_adapter().poll_push("12345")
        self.assertTrue(poll.done and poll.failed)

    def test_a_stuck_feed_is_never_done(self):
        self.fault("createFeed", "stuck")
        adapter = self.make_adapter()
        feed_id = self.submit(adapter)
        self.clock.sleep(30 * 86400)
        self.assertFalse(adapter.poll_push(feed_id).done)

    def test_an_unreadable_report_is_asked_for_again(self):
        for kind in ("html", "malformed", "503_empty", "429_empty", "reset"):
            with self.subTest(kind):
                self.seed(rate_limits=False, feed_seconds=0)
                adapter = self.make_adapter()
                feed_id = self.submit(adapter)
                self.fault("downloadDocument", kind, times=2)
                with self.assertRaises(RetryableError):
                    adapter.poll_push(feed_id)
                self.running.clear_faults()
                self.assertTrue(adapter.poll_push(feed_id).done)

    def test_a_report_that_comes_unpacked_though_announced_packed_is_damaged(self):
        adapter = self.make_adapter()
        feed_id = self.submit(adapter)
        self.clock.sleep(60)
        html = {"kind": "status", "status": 200, "body": "x" * 50}
        self.fault("downloadDocument", **html)
        with self.assertRaisesRegex(ChannelUnreachable, "damaged"):
            adapter.poll_push(feed_id)

    def test_a_foreign_download_address_is_refused(self):
        adapter = self.make_adapter()
        feed_id = self.submit(adapter)
        self.clock.sleep(60)
        self.fault("getFeedDocument", "foreign_url")
        with self.assertRaisesRegex(ChannelUnreachable, "elsewhere.invalid"):
            adapter.poll_push(feed_id)

    def test_a_late_feed_overwrites_a_newer_patch_and_the_report_says_so(self):
        adapter = self.make_adapter()
        feed_id = self.submit(adapter, quantity=7)
        self.push_levels(adapter, level(self.refs[0], 0))
        poll = self.poll(adapter, feed_id)
        self.assertEqual(self.shown_quantity(self.refs[0]), 7)
        self.assertEqual(poll.results[0].channel_qty, 7)


class TestReport(unittest.TestCase):
    def results(self, **report):
        return {result.key: result for result in feeds.results_of(report)}

    def test_a_sku_that_amazon_ships_is_refused(self):
        item = {"sku": "A", "fulfillmentAvailability": [CHANNEL_NA]}
        result = self.results(items=[item])["A"]
        self.assertEqual(
            (result.outcome, result.code), ("rejected", "fulfilled_by_channel")
        )

    def test_an_item_without_quantity_must_be_read(self):
        for availability in ([], [{"fulfillmentChannelCode": "DEFAULT"}]):
            item = {"sku": "A", "fulfillmentAvailability": availability}
            self.assertEqual(self.results(items=[item])["A"].outcome, "submitted")

    def test_a_warning_refuses_nothing(self):
        issue = {"sku": "A", "severity": "WARNING", "message": "Hm."}
        item = {"sku": "A", "fulfillmentAvailability": [DEFAULT_5]}
        result = self.results(issues=[issue], items=[item])["A"]
        self.assertEqual((result.outcome, result.channel_qty), ("accepted", 5))

    def test_an_error_refuses_even_when_the_item_is_shown(self):
        issue = {"sku": "A", "severity": "ERROR", "message": "No.", "code": "8"}
        item = {"sku": "A", "fulfillmentAvailability": [DEFAULT_5]}
        result = self.results(issues=[issue], items=[item])["A"]
        self.assertEqual(
            (result.outcome, result.error, result.code), ("rejected", "No.", "8")
        )

    def test_an_issue_that_names_no_sku_refuses_no_row(self):
        issue = {"messageId": 4, "severity": "ERROR", "message": "No."}
        self.assertEqual(self.results(issues=[issue]), {})


class TestSplit(unittest.TestCase):
    rows = st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([US, CANADA])), max_size=40
    )

    @given(rows)
    def test_every_row_goes_one_way_and_the_feed_has_one_site_and_no_zero(self, rows):
        levels = [
            level(ListingRef(str(n), f"S{n}", site_code=site), quantity)
            for n, (quantity, site) in enumerate(rows)
        ]
        patched, fed, site = feeds.split_by_pipe(levels, lambda ref: ref.site_code)
        keys = [row.ref.key for row in (*patched, *fed)]
        self.assertEqual(sorted(keys), sorted(row.ref.key for row in levels))
        self.assertTrue(all(row.quantity for row in fed))
        self.assertLessEqual({row.ref.site_code for row in fed}, {site})
        positive = [row for row in levels if row.quantity]
        self.assertGreaterEqual(2 * len(fed), len(positive))

    @given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=20))
    def test_any_sku_survives_the_document(self, skus):
        skus = [sku.encode("utf-8", "replace").decode() for sku in skus]
        levels = [level(ListingRef("k", sku), 1) for sku in skus]
        document = json.loads(feeds.feed_document("A1EXAMPLE", levels, "en_US"))
        self.assertEqual([m["sku"] for m in document["messages"]], skus)


CHANNEL_NA = {"fulfillmentChannelCode": "AMAZON_NA"}
DEFAULT_5 = {"fulfillmentChannelCode": "DEFAULT", "quantity": 5}
