"""Reading Amazon's orders: few searches, none lost, personal data or not."""

import json
import unittest
from datetime import datetime, timedelta
from urllib.parse import unquote

from marketplace_sync.channels.amazon.order_reading import OrderReader
from marketplace_sync.channels.errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
    UnknownListing,
)
from marketplace_sync.tests.pure.amazon_case import (
    CANADA,
    EXPIRED,
    US,
    AmazonCase,
)
from marketplace_sync.tests.pure.order_contract import OrderContract

REFUSED = {"errors": [{"code": "InvalidInput", "message": "Invalid input."}]}


class OrderReadingCase(AmazonCase, unittest.TestCase):
    moment = OrderContract.moment

    def setUp(self):
        super().setUp()
        self.since = self.moment(days=1)

    def sell(self, number=1, **kwargs):
        self.known_ref("A", quantity=5_000)
        sold = [self.simulator.sell("A", 1, **kwargs) for _ in range(number)]
        self.clock.sleep(600)
        return sold

    def read(self, adapter=None, since=None):
        adapter = adapter or self.make_adapter()
        return list(adapter.fetch_orders(since or self.since))

    def queries(self):
        """Return the queries of the searches so far, by name."""
        return [request.query for request in self.requests if "/orders" in request.path]


class TestSearch(OrderReadingCase):
    def setUp(self):
        super().setUp()
        self.requests = self.record()

    def test_one_search_covers_all_marketplaces(self):
        self.seed(sites=[US, CANADA])
        self.sites = (US, CANADA)
        self.known_ref("A", quantity=9, site=US, sites=[US, CANADA])
        self.simulator.sell("A", 1, site=CANADA)
        self.simulator.sell("A", 1, site=US)
        self.clock.sleep(600)
        (page,) = self.read()
        self.assertEqual({order.site_code for order in page.orders}, {US, CANADA})
        (query,) = self.queries()
        self.assertEqual(query["marketplaceIds"], [f"{US},{CANADA}"])

    def test_the_version_is_2026_and_a_page_is_as_large_as_it_can_be(self):
        self.read()
        (request,) = [r for r in self.requests if "/orders" in r.path]
        self.assertEqual(request.path, "/orders/2026-01-01/orders")
        self.assertEqual(request.query["maxResultsPerPage"], ["100"])
        self.assertNotIn("createdAfter", request.query)
        self.assertEqual(
            set(request.query["includedData"][0].split(",")),
            {
                "PROCEEDS",
                "PROMOTION",
                "CANCELLATION",
                "FULFILLMENT",
                "TAX",
                "BUYER",
                "RECIPIENT",
            },
        )

    def test_the_last_minutes_are_never_asked_for(self):
        for since in (self.moment(), self.moment(seconds=-3600)):
            self.read(since=since)
        for query in self.queries():
            told = unquote(query["lastUpdatedAfter"][0])
            self.assertLessEqual(told, f"{self.moment(minutes=2):%Y-%m-%dT%H:%M:%SZ}")

    def test_an_order_is_seen_two_minutes_later_and_lost_by_nobody(self):
        adapter = self.make_adapter()
        self.known_ref("A", quantity=9)
        (order_id,) = [self.simulator.sell("A", 1)]
        (page,) = self.read(adapter)
        self.assertEqual(page.orders, ())
        self.clock.sleep(130)
        (page,) = self.read(adapter, page.watermark)
        self.assertEqual([order.external_id for order in page.orders], [order_id])

    def test_the_watermark_is_what_amazon_says(self):
        self.seed(search_lag=1_000)
        (page,) = self.read()
        self.assertEqual(page.watermark, self.moment(seconds=1_000))

    def test_the_watermark_is_the_earliest_of_all_pages(self):
        self.sell(250)
        self.answers(lastUpdatedBefore=["", "2026-10-01T00:00:00Z", ""])
        pages = self.read()
        self.assertEqual(f"{pages[-1].watermark:%Y-%m-%d}", "2026-10-01")

    def test_without_amazons_word_the_watermark_stays_behind_the_clock(self):
        self.answers(lastUpdatedBefore=[None])
        asked_at = self.moment()
        (page,) = self.read()
        self.assertEqual(page.watermark, asked_at - timedelta(minutes=3))

    def test_pages_after_the_first_repeat_its_parameters(self):
        self.sell(250)
        self.read()
        first, *others = self.queries()
        self.assertEqual(len(others), 2)
        for query in others:
            self.assertTrue(query.pop("paginationToken"))
            self.assertEqual(query, first)

    def test_a_page_that_comes_again_ends_the_read(self):
        self.sell(150)
        self.answers(pagination=[{"nextToken": "same"}] * 3)
        self.simulator._known_page = lambda request, token: self.simulator._new_page(
            request
        )
        with self.assertRaises(ChannelUnreachable):
            self.read()

    def test_an_answer_without_orders_is_no_answer(self):
        self.answers(orders=[None])
        with self.assertRaises(ChannelUnreachable):
            self.read()

    def answers(self, **changes):
        """Replace fields of the searches' answers; None leaves a field out."""
        handle = self.simulator.handle

        def changed(request):
            response = handle(request)
            if "/orders" in request.path and response.status == 200:
                for name, values in changes.items():
                    value = values.pop(0) if values else ""
                    if value is None:
                        response.body.pop(name, None)
                    elif value:
                        response.body[name] = value
            return response

        self.simulator.handle = changed


class TestRateLimit(OrderReadingCase):
    """0.0056 searches a second, 20 at once."""

    def drained(self, left):
        """Return an adapter that may search ``left`` times now."""
        adapter = self.make_adapter()
        for _search in range(20 - left):
            adapter.limiter.acquire("searchOrders")
        return adapter

    def read_until_refused(self, adapter):
        pages = []
        with self.assertRaises(RateLimited) as caught:
            for page in adapter.fetch_orders(self.since):
                pages.append(page)
        self.assertGreater(caught.exception.retry_after, 60)
        return pages

    def test_a_read_that_is_cut_short_goes_on_where_it_was(self):
        sold = self.sell(450)
        pages = self.read_until_refused(self.drained(3))
        self.assertEqual([page.watermark for page in pages], [None] * 3)
        self.data = dict(pages[-1].data)
        self.clock.sleep(600)
        pages += self.read()
        read = [order.external_id for page in pages for order in page.orders]
        self.assertEqual(sorted(read), sorted(sold))
        self.assertEqual(self.running.counts("amazon")["searchOrders"], 5)
        self.assertIsNone(pages[-1].data["orders_resume"])

    def test_the_watermark_of_a_long_read_is_that_of_its_beginning(self):
        self.sell(150)
        begun = self.moment(minutes=2)
        pages = self.read_until_refused(self.drained(1))
        self.data = dict(pages[-1].data)
        self.clock.sleep(7200)
        self.assertEqual(self.read()[-1].watermark, begun)

    def test_another_read_begins_anew(self):
        self.sell(150)
        self.data = dict(self.read_until_refused(self.drained(1))[-1].data)
        earlier = self.since - timedelta(hours=1)
        self.assertEqual(len(self.read(since=earlier)), 2)

    def test_a_page_that_amazon_has_forgotten_begins_the_read_anew(self):
        sold = self.sell(150)
        self.data = dict(self.read_until_refused(self.drained(1))[-1].data)
        self.simulator.state["order_pages"].clear()
        self.clock.sleep(3600)
        read = [order.external_id for page in self.read() for order in page.orders]
        self.assertEqual(sorted(read), sorted(sold))

    def test_a_page_older_than_its_token_begins_the_read_anew(self):
        self.sell(150)
        self.data = dict(self.read_until_refused(self.drained(1))[-1].data)
        self.clock.sleep(24 * 3600)
        self.requests = self.record()
        self.read()
        self.assertNotIn("paginationToken", self.queries()[0])

    def test_what_is_remembered_is_json(self):
        self.sell(150)
        pages = self.read_until_refused(self.drained(1))
        json.dumps(pages[-1].data)

    def test_the_published_figures_are_kept(self):
        limits = self.make_adapter().limits
        self.assertEqual(
            (limits["searchOrders"].rate, limits["searchOrders"].burst), (0.0056, 20)
        )
        self.assertEqual((limits["getOrder"].rate, limits["getOrder"].burst), (0.5, 30))


class TestPersonalData(OrderReadingCase):
    def withhold(self, refusal=403):
        self.seed(roles=["sellers", "listings", "orders"], pii_refusal=refusal)

    def searches(self):
        return self.running.counts("amazon")["searchOrders"]

    def test_orders_are_read_without_names_rather_than_not_at_all(self):
        for refusal in (403, 400):
            with self.subTest(refusal):
                self.withhold(refusal)
                sold = self.sell()
                page = self.read()[-1]
                self.assertLessEqual(set(sold), {o.external_id for o in page.orders})
                self.assertTrue(all(order.is_withheld for order in page.orders))
                self.assertTrue(
                    self.make_adapter().fetch_order(sold[0]).lines, "one order, too"
                )

    def test_names_that_amazon_leaves_out_silently_are_noticed(self):
        self.withhold(0)
        self.sell()
        self.assertTrue(self.read()[-1].orders[0].is_withheld)
        self.assertEqual(self.searches(), 1)

    def test_a_refusal_costs_one_search_and_no_token(self):
        self.withhold()
        self.sell()
        self.read()
        self.assertEqual(self.searches(), 2)
        self.assertEqual(len(self.tokens.issued), 1)

    def test_a_refusal_is_remembered_for_a_day(self):
        self.withhold()
        self.sell()
        self.data = dict(self.read()[-1].data)
        self.read()
        self.assertEqual(self.searches(), 3)
        self.clock.sleep(24 * 3600)
        self.seed(roles=["sellers", "listings", "orders", "pii"])
        (page,) = self.read(since=self.moment(days=3))
        self.assertFalse(page.orders[0].is_withheld)

    def test_an_expired_token_is_not_taken_for_a_missing_role(self):
        self.sell()
        adapter = self.make_adapter()
        self.fault("searchOrders", "status", status=403, body={"errors": [EXPIRED]})
        (page,) = self.read(adapter)
        self.assertFalse(page.orders[0].is_withheld)
        self.assertEqual(len(self.tokens.issued), 2)

    def test_a_token_that_stays_refused_blocks_the_account(self):
        body = {"errors": [EXPIRED]}
        self.fault("searchOrders", "status", status=403, body=body, times=-1)
        with self.assertRaises(AuthenticationError):
            self.read()
        self.assertEqual(len(self.tokens.refused), 1)
        self.assertEqual(self.searches(), 2)

    def test_an_order_that_is_not_there_is_asked_for_once(self):
        with self.assertRaises(UnknownListing):
            self.make_adapter().fetch_order("701-9999999-9999999")
        self.assertEqual(self.running.counts("amazon")["getOrder"], 1)

    def test_an_application_without_the_role_of_orders_blocks_the_account(self):
        self.seed(roles=["sellers", "listings"])
        with self.assertRaises(ChannelBlockedError) as caught:
            self.read()
        self.assertIn("Inventory and Order Tracking", caught.exception.message)

    def test_a_refusal_for_another_reason_is_told(self):
        self.fault("searchOrders", "status", status=400, body=REFUSED, times=-1)
        with self.assertRaises(RejectedError) as caught:
            self.read()
        self.assertIn("Invalid input.", caught.exception.message)

    def test_missing_credentials_are_named_before_anything_is_sent(self):
        adapter = self.make_adapter(credentials={"seller_id": ""})
        with self.assertRaises(AuthenticationError):
            adapter.fetch_order("701-0000000-0000001")
        self.assertEqual(self.running.log("amazon"), [])


class TestReader(unittest.TestCase):
    def test_an_account_without_sites_asks_for_all(self):
        reader = OrderReader(None, (), lambda: 1_793_000_000.0, {})
        self.assertEqual(reader._begun(datetime(2026, 10, 1))["sites"], [])
