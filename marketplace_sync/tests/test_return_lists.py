"""Returns that a channel tells in lists: asked for, waited for, each stored once."""

from datetime import timedelta
from decimal import Decimal
from hashlib import shake_256

from freezegun import freeze_time
from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..channels.errors import (
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
    UnknownListing,
)
from ..channels.returns import ChannelReturn, ReturnLine, ReturnList, ReturnPage
from ..models import marketplace_site_returns
from .order_case import NOON, OrderCase, told_line, told_order

STORE_LOGGER = "odoo.addons.marketplace_sync.models.marketplace_account_returns"


def told_return(number=1, order="1001", sku="FBA", **values):
    values = {
        "external_id": f"{order}/{sku}/LPN{number}",
        "order_id": order,
        "kind": "return",
        "status": "received",
        "lines": (ReturnLine("", Decimal(1), sku=sku),),
        "told": "Unit returned to inventory",
        "reason": "DEFECTIVE",
        "disposition": "Customer Damaged",
        "comments": "A leg is missing",
        "place": "SIM1",
        "goes_to_channel": True,
        "opened_at": NOON,
        **values,
    }
    return ChannelReturn(**values)


class Lists:
    """The channel's lists: what is asked for, and what becomes of it."""

    def __init__(self):
        self.asked = []
        self.ends = []
        self.told = ReturnList("ready", "document")
        self.pages = [ReturnPage([told_return()], 1)]
        self.reads = 0
        self.on_page = None

    def add_to(self, adapter_class):
        lists = self

        def request_return_list(adapter, site, since, until):
            lists.ends.append(until)
            lists.asked.append((site, since, until or fields.Datetime.now()))
            return f"list-{len(lists.asked)}"

        def look_for_return_list(adapter, list_id):
            if isinstance(lists.told, Exception):
                raise lists.told
            return lists.told

        def read_return_list(adapter, document):
            lists.reads += 1
            for page in lists.pages:
                if isinstance(page, Exception):
                    raise page
                yield page

        adapter_class.request_return_list = request_return_list
        adapter_class.look_for_return_list = look_for_return_list
        adapter_class.read_return_list = read_return_list


class ReturnListCase(OrderCase):
    def setUp(self):
        super().setUp()
        self.lists = Lists()
        self.lists.add_to(self.adapter_class)
        self.listing = self.make_listing("FBA", fulfilment="channel")
        self.shelf.fulfilled.add("FBA")
        self.account.invalidate_recordset(["has_return_lists"])

    @property
    def found(self):
        return self.account.return_ids.sorted("external_id")

    def page(self, *returns, row=None, **values):
        return ReturnPage(list(returns), row or len(returns), **values)

    def later(self, **delta):
        return freeze_time(fields.Datetime.now() + timedelta(**delta))

    def fba_order(self, external_id="1001", sku="FBA"):
        line = told_line(sku, 1, fulfilled_by_channel=True)
        return told_order(external_id, [line], status="shipped")


@tagged("post_install", "-at_install")
class TestStored(ReturnListCase):
    def test_a_return_is_linked_and_in_the_channels_words(self):
        order = self.store(self.fba_order())
        self.run_orders()
        found = self.found
        self.assertEqual(found.order_id, order)
        self.assertEqual(found.line_ids.order_line_id, order.line_ids)
        self.assertEqual(found.line_ids.product_id, self.listing.product_id)
        self.assertEqual((found.kind, found.status), ("return", "received"))
        self.assertEqual(found.contents, "1 × FBA")
        self.assertEqual(found.disposition, "Customer Damaged")
        self.assertEqual(found.comments, "A leg is missing")
        self.assertEqual((found.reason, found.place), ("DEFECTIVE", "SIM1"))
        self.assertIn("nothing to receive", found.note)
        self.assertNotIn("not known", found.note)

    def test_nothing_is_drafted_for_goods_that_lie_at_the_channel(self):
        location = self.env["stock.location"].create(
            {"name": "Back", "usage": "internal"}
        )
        self.account.write({"draft_returns": True, "return_location_id": location.id})
        moves = self.env["stock.move"].search_count([])
        self.store(self.fba_order())
        self.run_orders()
        self.assertFalse(self.found.picking_ids)
        self.assertEqual(self.env["stock.move"].search_count([]), moves)
        with self.assertRaises(UserError):
            self.found.action_draft_delivery()

    def test_an_order_that_is_not_here_is_said_in_words(self):
        self.run_orders()
        self.assertFalse(self.found.order_id)
        self.assertIn("1001 is not known", self.found.note)
        self.assertEqual(self.found.line_ids.product_id, self.listing.product_id)

    def test_an_order_that_comes_later_is_linked_with_its_line(self):
        self.run_orders()
        order = self.store(self.fba_order())
        self.assertEqual(self.found.order_id, order)
        self.assertEqual(self.found.line_ids.order_line_id, order.line_ids)
        self.assertNotIn("not known", self.found.note)

    def test_a_sku_that_the_order_does_not_have_is_said(self):
        self.store(self.fba_order(sku="OTHER"))
        self.run_orders()
        self.assertIn("no line with SKU FBA", self.found.note)

    def test_an_order_of_another_company_is_not_this_one(self):
        company = self.env["res.company"].create({"name": "Other"})
        account = self.account.copy({"name": "Other", "company_id": company.id})
        account.order_start_at = self.account.order_start_at
        self.store(self.fba_order(), account)
        self.run_orders()
        self.assertFalse(self.found.order_id)
        self.assertEqual(self.found.company_id, self.account.company_id)
        theirs = account._store_return(told_return())
        self.assertNotEqual(theirs, self.found)
        self.assertEqual(theirs.company_id, company)

    def test_told_twice_it_is_stored_once(self):
        self.lists.pages = [self.page(told_return(), told_return(2), told_return())]
        self.run_orders()
        with self.later(days=1):
            self.run_orders()
        self.assertEqual(len(self.lists.asked), 2)
        self.assertEqual(len(self.found), 2)
        self.assertEqual(len(self.found.line_ids), 2)
        self.assertFalse(self.account.return_warning)

    def test_a_return_that_changed_is_brought_up_to_date(self):
        self.run_orders()
        self.lists.pages = [self.page(told_return(told="Reimbursed"))]
        with self.later(days=1):
            self.run_orders()
        self.assertEqual(self.found.told, "Reimbursed")

    def test_a_return_that_did_not_change_is_left_alone(self):
        self.run_orders()
        line = self.found.line_ids
        with self.later(days=1):
            self.run_orders()
        self.assertEqual(self.found.line_ids, line)

    def test_one_that_cannot_be_stored_stops_no_other_and_is_said(self):
        kind = told_return(1, kind="nonsense")
        # the database itself refuses this one: too long for its index
        long = told_return(2, external_id=shake_256(b"").hexdigest(9_000))
        self.lists.pages = [self.page(kind, long, told_return(3))]
        with self.assertLogs(STORE_LOGGER, "ERROR"), mute_logger("odoo.sql_db"):
            self.run_orders()
        self.assertEqual(len(self.found), 1)
        self.assertIn("2 returns could not be stored", self.account.return_warning)
        self.assertTrue(self.site.returns_read_until)

    def test_what_buyers_wrote_is_forgotten(self):
        self.run_orders()
        with self.later(days=29):
            self.found._gc_comments()
        self.assertTrue(self.found.comments)
        with self.later(days=31):
            self.found._gc_comments()
        self.assertFalse(self.found.comments)

    def test_the_form_opens(self):
        self.run_orders()
        Form(self.found)


@tagged("post_install", "-at_install")
class TestLists(ReturnListCase):
    def test_it_is_asked_once_a_day(self):
        self.adapter_class.return_list_hours = 4
        self.run_orders()
        with self.later(hours=23):
            self.run_orders()
        self.assertEqual(len(self.lists.asked), 1)
        with self.later(hours=24, minutes=1):
            self.run_orders()
        self.assertEqual(len(self.lists.asked), 2)

    def test_only_where_the_channel_ships_something(self):
        self.listing.unlink()
        self.make_listing("MINE")
        self.run_orders()
        self.assertEqual(self.lists.asked, [])

    def test_periods_overlap_and_leave_no_gap(self):
        self.run_orders()
        with self.later(days=1):
            self.run_orders()
        (_site, _since, end), (_site, begin, _until) = self.lists.asked
        self.assertEqual(self.lists.ends, [None, None], "the channel's own now")
        self.assertEqual(end - begin, timedelta(days=7))

    def test_a_long_history_is_read_in_periods_as_fast_as_the_channel_makes_them(self):
        self.account.order_start_at = fields.Datetime.now() - timedelta(days=70)
        self.run_orders()
        self.adapter_class.return_list_hours = 4
        with self.later(hours=3):
            self.run_orders()
        self.assertEqual(len(self.lists.asked), 1)
        for hours in (5, 10, 15, 20):
            with self.later(hours=hours):
                self.run_orders()
        lengths = [until - since for _site, since, until in self.lists.asked]
        self.assertEqual(max(lengths), timedelta(days=30))
        self.assertGreaterEqual(len(lengths), 4)
        self.assertGreater(
            self.site.returns_read_until, fields.Datetime.now() - timedelta(days=1)
        )

    def test_a_list_that_is_being_made_is_waited_for_not_asked_again(self):
        self.lists.told = ReturnList("waiting", retry_after=60.0)
        self.run_orders()
        self.run_orders()
        self.assertEqual((len(self.lists.asked), self.lists.reads), (1, 0))
        self.lists.told = ReturnList("ready", "document")
        with self.later(minutes=2):
            self.run_orders()
        self.assertEqual((len(self.lists.asked), len(self.found)), (1, 1))

    def test_a_list_that_is_never_made_is_asked_for_anew(self):
        self.lists.told = ReturnList("waiting", retry_after=60.0)
        self.run_orders()
        period = self.lists.asked[0][1]
        with self.later(hours=25):
            self.run_orders()
            self.assertIn("has not made", self.account.return_failure)
        with self.later(hours=26):
            self.run_orders()
        self.assertEqual(len(self.lists.asked), 2)
        self.assertFalse(self.site.returns_read_until)
        self.assertLess(self.lists.asked[1][1] - period, timedelta(hours=27))

    def test_a_list_that_failed_is_said_and_its_period_asked_for_again(self):
        self.lists.told = ReturnList("failed", retry_after=4 * 3600, error="FATAL.")
        self.run_orders()
        self.assertIn("FATAL.", self.account.return_failure)
        self.assertFalse(self.site.returns_read_until)
        with self.later(hours=3):
            self.run_orders()
        self.assertEqual(len(self.lists.asked), 1)
        self.lists.told = ReturnList("ready", "document")
        with self.later(hours=5):
            self.run_orders()
        self.assertFalse(self.account.return_failure)
        self.assertEqual(len(self.found), 1)

    def test_no_list_is_believed_to_be_empty_only_the_second_time(self):
        self.lists.told = ReturnList("empty")
        self.run_orders()
        self.assertFalse(self.site.returns_read_until)
        self.assertFalse(self.account.return_failure)
        with self.later(days=1, minutes=1):
            self.run_orders()
        self.assertTrue(self.site.returns_read_until)

    def test_rows_that_are_no_return_and_other_columns_are_said(self):
        page = self.page(
            told_return(), unreadable=["Line 3 names no order."], changed="New: x."
        )
        self.lists.pages = [page, self.page(told_return(2), row=2)]
        self.run_orders()
        self.assertIn("Line 3 names no order.", self.account.return_warning)
        self.assertIn("New: x.", self.account.return_warning)
        self.assertEqual(len(self.found), 2)
        self.lists.pages = [self.page(told_return())]
        with self.later(days=1):
            self.run_orders()
        self.assertFalse(self.account.return_warning)

    def test_a_list_without_a_needed_column_is_said_and_nothing_is_lost(self):
        self.lists.pages = [ChannelUnreachable("There is no column 'order-id'.")]
        self.run_orders()
        self.assertIn("no column 'order-id'", self.account.return_failure)
        self.assertFalse(self.site.returns_read_until)
        self.assertFalse(self.account.last_order_failure, "orders go on")
        self.lists.pages = [self.page(told_return())]
        with self.later(hours=1):
            self.run_orders()
        self.assertEqual((len(self.lists.asked), len(self.found)), (1, 1))
        self.assertFalse(self.account.return_failure)

    def test_a_read_that_breaks_off_goes_on_where_it_was(self):
        pages = [self.page(told_return(n), row=n) for n in (1, 2, 3)]
        self.lists.pages = [*pages[:2], ChannelUnreachable("Cut off.")]
        self.run_orders()
        self.assertEqual(len(self.found), 2)
        self.assertEqual(self.site.return_list_row, 2)
        stored = []
        store = type(self.account)._store_return

        def storing(account, told):
            stored.append(told.external_id)
            return store(account, told)

        self.patch(type(self.account), "_store_return", storing)
        self.lists.pages = pages
        with self.later(hours=1):
            self.run_orders()
        self.assertEqual(stored, ["1001/FBA/LPN3"])
        self.assertEqual(len(self.found), 3)
        self.assertFalse(self.site.return_list)

    def test_a_long_list_takes_several_runs(self):
        self.patch(marketplace_site_returns, "SLICE_SECONDS", -1.0)
        self.lists.pages = [self.page(told_return(n), row=n) for n in (1, 2)]
        self.run_orders()
        self.assertEqual(len(self.found), 1)
        self.run_orders()
        self.assertEqual(len(self.found), 2)
        self.run_orders()
        self.assertFalse(self.site.return_list)
        self.assertEqual(len(self.lists.asked), 1)

    def test_a_list_that_the_channel_forgot_is_asked_for_anew(self):
        self.lists.told = UnknownListing("There is no such list.")
        self.run_orders()
        self.assertFalse(self.site.return_list)
        self.lists.told = ReturnList("ready", "document")
        with self.later(hours=25):
            self.run_orders()
        self.assertEqual((len(self.lists.asked), len(self.found)), (2, 1))

    def test_a_missing_permission_stops_neither_orders_nor_quantities(self):
        self.lists.told = ChannelBlockedError("The role is missing.")
        self.book.tell(self.fba_order())
        self.run_orders()
        self.assertIn("role is missing", self.account.return_failure)
        self.assertEqual(self.account.state, "connected")
        self.assertFalse(self.account.last_order_failure)
        self.assertTrue(self.order("1001"))

    def test_a_limit_that_was_hit_is_waited_for_in_silence(self):
        self.lists.told = RateLimited("Not so fast.", retry_after=50.0)
        self.run_orders()
        self.assertFalse(self.account.return_failure)
        wait = self.site.return_retry_at - fields.Datetime.now()
        self.assertGreaterEqual(wait, timedelta(seconds=45))

    def test_one_site_that_fails_stops_no_other(self):
        other = self._make_site("M2")
        self.make_listing("FBA", site=other, fulfilment="channel")
        ask = self.adapter_class.request_return_list

        def request(adapter, site, since, until):
            if site == self.site.code:
                raise ValueError("a bug")
            return ask(adapter, site, since, until)

        self.adapter_class.request_return_list = request
        with self.assertLogs(
            "odoo.addons.marketplace_sync.models.marketplace_site_returns", "ERROR"
        ):
            self.run_orders()
        self.assertTrue(other.returns_read_until)
        self.assertIn("a bug", self.account.return_failure)

    def test_a_person_may_have_it_read_now(self):
        self.run_orders()
        self.account.action_read_returns()
        self.run_orders()
        self.assertEqual(len(self.lists.asked), 2)
        self.listing.unlink()
        action = self.account.action_read_returns()
        self.assertIn("ships no listing", action["params"]["message"])
