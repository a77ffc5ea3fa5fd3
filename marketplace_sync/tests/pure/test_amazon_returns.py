"""What came back to Amazon's warehouses, as Amazon's report tells it."""

import io
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from marketplace_sync.channels.amazon import returns
from marketplace_sync.channels.errors import ChannelUnreachable, UnknownListing
from marketplace_sync.tests.pure.amazon_case import CANADA, US, AmazonCase

ROW = {
    "return-date": "2026-11-14T08:28:44+00:00",
    "order-id": "701-0000000-0000001",
    "sku": "CHAIR",
    "asin": "B000000001",
    "fnsku": "X000000001",
    "product-name": "Oak chair",
    "quantity": "1",
    "fulfillment-center-id": "SIM1",
    "detailed-disposition": "Customer Damaged",
    "reason": "DEFECTIVE",
    "status": "Unit returned to inventory",
    "license-plate-number": "LPN1",
    "customer-comments": "A leg is missing",
}


def read(*rows, columns=None, charset="utf-8"):
    """Return the pages of a file with these rows, each {column: what differs}."""
    columns = list(ROW) if columns is None else columns
    lines = ["\t".join(columns)]
    for row in rows:
        cells = {**ROW, **row}
        lines.append("\t".join(cells.get(column, "?") for column in columns))
    content = io.BytesIO(("\n".join(lines) + "\n").encode(charset))
    return list(returns.pages_of(content, charset))


def told(*rows, **kwargs):
    return [one for page in read(*rows, **kwargs) for one in page.returns]


class TestRows(unittest.TestCase):
    def test_a_row_is_a_return_in_amazons_own_words(self):
        (found,) = told({})
        self.assertEqual((found.kind, found.status), ("return", "received"))
        self.assertEqual(found.order_id, "701-0000000-0000001")
        (line,) = found.lines
        self.assertEqual((line.sku, line.quantity), ("CHAIR", Decimal(1)))
        self.assertEqual(found.disposition, "Customer Damaged")
        self.assertEqual(found.reason, "DEFECTIVE")
        self.assertEqual(found.told, "Unit returned to inventory")
        self.assertEqual(found.comments, "A leg is missing")
        self.assertEqual(found.place, "SIM1")
        self.assertEqual(found.opened_at.isoformat(), "2026-11-14T08:28:44+00:00")

    def test_the_goods_lie_at_amazon(self):
        self.assertTrue(told({})[0].goes_to_channel)

    def test_columns_are_found_by_name_in_any_order(self):
        self.assertEqual(told({}, columns=list(ROW)[::-1]), told({}))

    def test_a_new_column_is_said_and_stops_nothing(self):
        (page,) = read({}, columns=[*ROW, "refund-amount"])
        self.assertEqual(len(page.returns), 1)
        self.assertIn("new: refund-amount", page.changed)

    def test_a_column_that_is_gone_is_said_and_stops_nothing(self):
        columns = [name for name in ROW if name != "customer-comments"]
        (page,) = read({}, columns=columns)
        self.assertEqual(page.returns[0].comments, "")
        self.assertIn("gone: customer-comments", page.changed)

    def test_the_known_columns_are_no_news(self):
        (page,) = read({})
        self.assertEqual((page.changed, page.unreadable), ("", []))

    def test_without_a_needed_column_nothing_is_read_and_it_is_named(self):
        for needed in returns.NEEDED:
            columns = [name for name in ROW if name != needed]
            with (
                self.subTest(needed),
                self.assertRaisesRegex(ChannelUnreachable, needed),
            ):
                read({}, columns=columns)

    def test_a_file_without_anything_is_no_report(self):
        with self.assertRaises(ChannelUnreachable):
            list(returns.pages_of(io.BytesIO(b""), "utf-8"))

    def test_a_report_without_rows_is_one_empty_page(self):
        (page,) = read()
        self.assertEqual((page.returns, page.row, page.unreadable), ([], 0, []))

    def test_any_language_and_charset(self):
        words = {"customer-comments": "Größe passt nicht – こわれた", "sku": "ñandú-é"}
        (found,) = told(words)
        self.assertEqual(found.comments, "Größe passt nicht – こわれた")
        (found,) = told({"customer-comments": "脚がない"}, charset="cp932")
        self.assertEqual(found.comments, "脚がない")

    def test_a_row_that_is_no_return_is_named_by_its_line_beside_the_others(self):
        bad = {"order-id": ""}, {"quantity": "two"}, {"quantity": "0"}
        bad += ({"quantity": "NaN"}, {"quantity": "9" * 30})
        (page,) = read({}, *bad, {"license-plate-number": "LPN2"})
        self.assertEqual(len(page.returns), 2)
        self.assertEqual(len(page.unreadable), len(bad))
        self.assertIn("Line 3 names no order", page.unreadable[0])
        self.assertIn("Line 4 has no quantity", page.unreadable[1])

    def test_a_short_row_and_a_byte_that_no_database_takes(self):
        lines = "\t".join(ROW) + "\n2026-11-14\t701-1\tCHAIR\n"
        (page,) = returns.pages_of(io.BytesIO(lines.encode()), "utf-8")
        self.assertEqual(len(page.unreadable), 1)
        (found,) = told({"customer-comments": "a\x00b"})
        self.assertEqual(found.comments, "ab")

    def test_a_date_that_cannot_be_read_does_not_lose_the_return(self):
        (found,) = told({"return-date": "14/11/2026"})
        self.assertIsNone(found.opened_at)

    def test_pages_count_the_rows_of_the_file(self):
        rows = [{"license-plate-number": f"LPN{n}"} for n in range(450)]
        pages = read(*rows)
        self.assertEqual([page.row for page in pages], [200, 400, 450])
        self.assertEqual([len(page.returns) for page in pages], [200, 200, 50])


class TestKeys(unittest.TestCase):
    def keys(self, *rows):
        return [one.external_id for one in told(*rows)]

    def test_a_unit_told_again_keeps_its_key_whatever_else_changed(self):
        later = {
            "return-date": "2026-11-16T00:00:00+00:00",
            "status": "Reimbursed",
            "customer-comments": "",
            "detailed-disposition": "Sellable",
        }
        first, second = self.keys({}, later)
        self.assertEqual(first, second)

    def test_the_same_plate_in_another_order_is_another_return(self):
        first, second = self.keys({}, {"order-id": "701-2"})
        self.assertNotEqual(first, second)

    def test_without_a_plate_equal_rows_are_as_many_returns(self):
        row = {"license-plate-number": ""}
        found = self.keys(row, row, row)
        self.assertEqual(len(set(found)), 3)
        self.assertEqual(self.keys(row, row, row), found)

    def test_without_a_plate_the_key_is_the_same_in_every_report(self):
        row = {"license-plate-number": "", "status": "Pending"}
        other = {"license-plate-number": "", "order-id": "701-9"}
        (alone,) = self.keys(row)
        among = self.keys(other, {}, {**row, "status": "Done"})
        self.assertEqual(among[2], alone)
        moved = {**row, "return-date": "2026-11-14T10:28:44+02:00"}
        self.assertEqual(self.keys(moved), [alone])

    def test_without_a_plate_what_differs_is_another_return(self):
        rows = [
            {"license-plate-number": "", **more}
            for more in (
                {},
                {"return-date": "2026-11-14T08:28:45+00:00"},
                {"sku": "TABLE"},
                {"quantity": "2"},
            )
        ]
        self.assertEqual(len(set(self.keys(*rows))), len(rows))


class TestReport(AmazonCase, unittest.TestCase):
    """The report as a job, on the simulated Amazon."""

    def setUp(self):
        super().setUp()
        self.adapter = self.make_adapter()

    def sold(self, sku="CHAIR", quantity=3, site=US):
        self.known_ref(sku, quantity=9, fulfilment="channel", site=site)
        order = self.simulator.sell(sku, quantity, site)
        self.simulator.ship_order(order)
        return order

    def ask(self, site=US, ends_days_ago=0):
        end = datetime.fromtimestamp(self.clock(), timezone.utc)
        end -= timedelta(days=ends_days_ago)
        since, until = end - timedelta(days=30), end if ends_days_ago else None
        return self.adapter.request_return_list(site, since, until)

    def made(self, **kwargs):
        """Return the returns of a report."""
        list_id = self.ask(**kwargs)
        self.settle()
        found = self.adapter.look_for_return_list(list_id)
        self.assertEqual(found.state, "ready")
        pages = self.adapter.read_return_list(found.document)
        return [one for page in pages for one in page.returns]

    def test_what_came_back_is_told(self):
        order = self.sold()
        plate = self.simulator.return_goods(
            order, disposition="Defective", comments="Größe „S“"
        )
        (found,) = self.made()
        self.assertEqual(found.external_id, f"{order}/CHAIR/{plate}")
        self.assertEqual(found.comments, "Größe „S“")
        self.assertEqual(found.disposition, "Defective")
        self.assertEqual(self.simulator.listing("CHAIR")["fba"]["defectiveQuantity"], 1)

    def test_the_order_is_called_as_its_order_is(self):
        order = self.sold()
        self.simulator.return_goods(order)
        (found,) = self.made()
        self.clock.sleep(300)
        self.assertEqual(
            self.adapter.fetch_order(found.order_id).external_id, found.order_id
        )

    def test_a_report_of_any_charset_and_packing(self):
        self.simulator.return_goods(self.sold(), comments="Größe")
        for charset, packed in (("UTF-8", False), ("ISO-8859-1", True)):
            self.seed(report_charset=charset, gzip=packed, rate_limits=False)
            self.assertEqual(self.made()[0].comments, "Größe")

    def test_a_german_site_has_readable_headers(self):
        germany = "A1PA6795UKMFR9"
        self.seed(sites=[germany])
        self.simulator.return_goods(self.sold(site=germany))
        self.assertEqual(len(self.made(site=germany)), 1)

    def test_a_period_holds_its_own_returns_only(self):
        self.simulator.return_goods(self.sold())
        self.clock.sleep(40 * 86_400)
        self.simulator.return_goods(self.sold("TABLE"))
        self.assertEqual([one.lines[0].sku for one in self.made()], ["TABLE"])
        earlier = self.made(ends_days_ago=30)
        self.assertEqual([one.lines[0].sku for one in earlier], ["CHAIR"])

    def test_each_site_is_asked_for_itself(self):
        self.seed(sites=[US, CANADA])
        self.simulator.return_goods(self.sold("A"))
        self.simulator.return_goods(self.sold("B", site=CANADA))
        self.assertEqual([one.lines[0].sku for one in self.made(site=CANADA)], ["B"])

    def test_a_report_that_is_not_ready_says_when_to_come_back(self):
        self.seed(report_seconds=600)
        found = self.adapter.look_for_return_list(self.ask())
        self.assertEqual(found.state, "waiting")
        self.assertGreater(found.retry_after, 0)

    def test_where_nothing_came_back_amazon_makes_no_report(self):
        list_id = self.ask()
        self.settle()
        self.assertEqual(self.adapter.look_for_return_list(list_id).state, "empty")

    def test_a_report_that_could_not_be_made_says_so(self):
        self.fault("createReport", "fatal")
        found = self.adapter.look_for_return_list(self.ask())
        self.assertEqual(found.state, "failed")
        self.assertIn("FATAL", found.error)
        self.assertGreaterEqual(found.retry_after, 4 * 3600)

    def test_a_report_that_amazon_forgot(self):
        with self.assertRaises(UnknownListing):
            self.adapter.look_for_return_list("4711")

    def test_a_changed_header_arrives_as_amazon_sends_it(self):
        self.simulator.return_goods(self.sold(), comments="Too big")
        self.seed(returns_renamed={"customer-comments": "buyer-comments"})
        (found,) = self.made()
        self.assertEqual(found.comments, "")
        self.seed(returns_renamed={"order-id": "amazon-order-id"})
        with self.assertRaisesRegex(ChannelUnreachable, "order-id"):
            self.made()

    def test_calls_and_answers_keep_amazons_model(self):
        from simulator.tests.amazon_schemas import Witness, skip_without_schemas

        skip_without_schemas()
        self.simulator.return_goods(self.sold())
        witness = Witness(self.simulator)
        self.made()
        self.assertEqual(witness.problems, [])
        self.assertEqual(witness.seen["createReport"], 1)
