"""The incremental read of orders: nothing is skipped, however the search behaves."""

import unittest
from datetime import datetime, timedelta, timezone

from marketplace_sync.channels.errors import ChannelUnreachable
from marketplace_sync.channels.mercadolibre import const
from marketplace_sync.channels.mercadolibre.sweep import Sweep, windows
from marketplace_sync.tests.pure.mercadolibre_sale_case import SaleCase


class TestSweep(SaleCase):
    def test_changed_orders_come_back_with_all_that_reading_one_tells(self):
        order_id = self.sell(shipping_cost=7)
        (found,), _watermark = self.swept()
        one = self.order(order_id)
        self.assertEqual((found.lines, found.total), (one.lines, one.total))
        self.assertEqual(found.site_code, "MLM")

    def test_the_filter_is_asked_for_by_the_hour(self):
        self.clock.now = 1_793_000_000 // 3600 * 3600 + 1799
        self.swept(minutes=10)
        (call,) = self.calls("searchOrders")
        asked = call.query["order.date_last_updated.from"][0]
        self.assertTrue(asked.endswith(":00:00.000-00:00"), asked)
        self.assertEqual(asked[:13], f"{self.now:%Y-%m-%dT%H}")
        self.assertEqual(call.query["sort"], ["date_asc"])

    def test_what_the_hour_brings_from_before_is_not_told_again(self):
        self.clock.now = 1_793_000_000 // 3600 * 3600 + 60
        self.sell()
        self.pass_time(minutes=30)
        new = self.sell("B")
        self.assertEqual(self.ids(minutes=10), [new])
        self.assertEqual(len(self.calls("getOrder")), 1, "the old one is not read")

    def test_all_pages_come_and_each_order_once(self):
        self.seed({"sku": "A", "quantity": 200})
        ids = [self.sell() for _ in range(120)]
        self.assertEqual(self.ids(), ids)
        self.assertEqual(len(self.calls("searchOrders")), 3)

    def test_an_order_that_vanishes_between_pages_hides_no_other(self):
        self.seed({"sku": "A", "quantity": 200})
        ids = [self.sell() for _ in range(120)]
        pages = self.adapter.fetch_orders(self.now - timedelta(hours=1))
        found = [order.external_id for order in next(pages).orders]
        for order_id in ids[:20]:
            self.channel.cancel_order(order_id)
        found += [order.external_id for page in pages for order in page.orders]
        self.assertEqual(set(found), set(ids))

    def test_cancelled_orders_are_not_in_it_but_can_be_read(self):
        """The contract of this channel: the caller re-reads its open orders."""
        order_id = self.sell()
        self.channel.cancel_order(order_id)
        self.assertEqual(self.ids(), [])
        self.assertEqual(self.order(order_id).status, "cancelled")

    def test_a_long_absence_is_read_day_by_day(self):
        old = self.sell()
        self.pass_time(days=3)
        new = self.sell("B")
        self.assertEqual(self.ids(days=4), [old, new])
        searches = self.calls("searchOrders")
        self.assertEqual(len(searches), 5)
        self.assertNotIn("order.date_last_updated.to", searches[-1].query)

    def test_an_order_changed_on_the_border_of_two_days_is_not_lost(self):
        start = self.now - timedelta(days=2)
        self.clock.now = (self.clock() // 3600) * 3600
        order_id = self.sell()
        self.pass_time(hours=2)
        pages = self.adapter.fetch_orders(start)
        found = [order.external_id for page in pages for order in page.orders]
        self.assertEqual(found, [order_id])

    def test_the_watermark_is_when_the_reading_began(self):
        self.sell()
        began = self.now
        pages = self.adapter.fetch_orders(began - timedelta(hours=1))
        next(pages)
        self.pass_time(minutes=9)
        self.assertEqual(list(pages)[-1].watermark, began)

    def test_a_channel_clock_that_is_behind_sets_the_watermark(self):
        class Reader:
            def search_orders(self, since, until, offset):
                answer.headers = {"date": "Fri, 20 Nov 2026 11:59:00 GMT"}
                return {"results": [], "paging": {"total": 0}}, answer

        answer = unittest.mock.Mock()
        noon = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
        sweep = Sweep(Reader(), noon.timestamp)
        list(sweep.pages(noon))
        self.assertEqual(sweep.watermark, noon - timedelta(minutes=1))

    def test_without_a_zone_a_moment_is_utc(self):
        order_id = self.sell()
        since = (self.now - timedelta(minutes=5)).replace(tzinfo=None)
        pages = list(self.adapter.fetch_orders(since))
        self.assertEqual(pages[0].orders[0].external_id, order_id)
        self.assertIsNotNone(pages[-1].watermark.tzinfo)

    def test_one_strange_order_stops_no_other(self):
        strange, good = self.sell(), self.sell("B")
        self.body(strange)["order_items"] = []
        orders = {order.external_id: order for order in self.swept()[0]}
        self.assertTrue(orders[strange].is_held)
        self.assertFalse(orders[good].is_held)

    def test_an_order_that_cannot_be_read_is_told_as_the_search_has_it(self):
        order_id = self.sell()
        self.fault("getOrder", "status", status=404)
        (order,), _watermark = self.swept()
        self.assertEqual((order.external_id, order.lines[0].sku), (order_id, "A"))

    def test_a_failure_ends_the_reading_without_a_watermark(self):
        self.sell()
        self.fault("getShipment", "status", status=503)
        with self.assertRaises(ChannelUnreachable):
            self.swept()

    def test_a_pack_reads_its_shipment_once_a_page(self):
        self.channel.sell_pack([("A", 1, None), ("B", 1, None)])
        self.swept()
        self.assertEqual(len(self.calls("getShipment")), 1)

    def test_windows_leave_no_gap_and_the_last_is_open(self):
        since = datetime(2026, 11, 17, 5, 40, tzinfo=timezone.utc)
        found = list(windows(since, since + timedelta(days=2, hours=3)))
        self.assertEqual(found[0][0].minute, 0)
        self.assertLessEqual(found[0][0], since)
        ends = [end for _start, end in found]
        self.assertEqual(ends[:-1], [start for start, _end in found[1:]])
        self.assertIsNone(ends[-1])
        self.assertEqual(const.ORDERS_WINDOW_HOURS, 24)


if __name__ == "__main__":
    unittest.main()
