"""What comes back: noted, drafted, and received by nobody but a person."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..channels.returns import ChannelReturn, ReturnLine
from .order_case import NOON, OrderCase, told_line, told_order


class ReturnCase(OrderCase):
    def setUp(self):
        super().setUp()
        self.listing = self.make_listing("MUG", stock=20, shown=20)
        self.product = self.listing.product_id
        self.returns = self.env["stock.location"].create(
            {
                "name": "Returned goods",
                "usage": "internal",
                "location_id": self.warehouse.view_location_id.id,
            }
        )
        self.account.write(
            {"return_location_id": self.returns.id, "draft_returns": True}
        )
        self.told = told_order("1001", [told_line("MUG", 3)])
        self.order_record = self.store(self.told)
        self.sale = self.sell(self.order_record)

    def sell(self, order):
        """Import and deliver an order, as the importer and a person would."""
        partner = self.env["res.partner"].create({"name": "A buyer"})
        sale = self.env["sale.order"].create(
            {"partner_id": partner.id, "warehouse_id": self.warehouse.id}
        )
        for line in order.line_ids:
            self.env["sale.order.line"].create(
                {
                    "order_id": sale.id,
                    "product_id": line.product_id.id,
                    "product_uom_qty": line.product_qty,
                    "marketplace_order_line_id": line.id,
                }
            )
        order.write({"sale_order_id": sale.id, "state": "imported"})
        sale.action_confirm()
        self.deliver(sale.picking_ids)
        return sale

    def deliver(self, picking):
        picking.action_assign()
        picking.move_ids.picked = True
        picking.button_validate()

    def told_return(self, quantity=2, **values):
        line = ReturnLine("line-MUG", Decimal(quantity), sku="MUG")
        values = {
            "external_id": "R-1",
            "order_id": "1001",
            "kind": "refund",
            "status": "closed",
            "lines": (line,),
            "opened_at": NOON,
            "updated_at": NOON,
            **values,
        }
        return ChannelReturn(**values)

    def sellable(self):
        self.refresh()
        return self.listing.sellable_qty

    def receive(self, picking):
        picking.action_confirm()
        self.deliver(picking)


@tagged("post_install", "-at_install")
class TestDrafts(ReturnCase):
    def test_a_return_drafts_a_delivery_and_nothing_more(self):
        found = self.account._store_return(self.told_return())
        self.assertEqual(found.sale_order_id, self.sale)
        (draft,) = found.picking_ids
        self.assertEqual((draft.state, found.state), ("draft", "drafted"))
        self.assertEqual(draft.picking_type_id.code, "incoming")
        self.assertEqual(draft.move_ids.product_uom_qty, 2)
        self.assertEqual(draft.move_ids.location_dest_id, self.returns)
        self.assertEqual(
            draft.move_ids.origin_returned_move_id, self.sale.picking_ids[0].move_ids
        )
        self.assertEqual(self.sellable(), 17)

    def test_units_are_sellable_only_when_a_person_moves_them_into_stock(self):
        found = self.account._store_return(self.told_return())
        self.assertTrue(self.returns.marketplace_not_for_sale)
        self.receive(found.picking_ids)
        self.assertEqual(found.state, "done")
        self.assertEqual(self.sellable(), 17)
        move = self.env["stock.move"].create(
            {
                "product_id": self.product.id,
                "product_uom_qty": 2,
                "location_id": self.returns.id,
                "location_dest_id": self.warehouse.lot_stock_id.id,
            }
        )
        move._action_confirm()
        move._action_assign()
        move.picked = True
        move._action_done()
        self.assertEqual(self.sellable(), 19)

    def test_told_twice_it_is_drafted_once(self):
        for _time in range(2):
            found = self.account._store_return(self.told_return())
        self.assertEqual(len(found.picking_ids), 1)
        self.assertEqual(len(self.account.return_ids), 1)

    def test_an_older_telling_changes_nothing(self):
        self.account._store_return(self.told_return(status="received"))
        older = self.told_return(updated_at=NOON - timedelta(hours=1), status="open")
        self.assertEqual(self.account._store_return(older).status, "received")

    def test_no_more_comes_back_than_was_delivered(self):
        first = self.account._store_return(self.told_return(2))
        second = self.account._store_return(self.told_return(2, external_id="R-2"))
        self.assertEqual(first.picking_ids.move_ids.product_uom_qty, 2)
        self.assertEqual(second.picking_ids.move_ids.product_uom_qty, 1)
        self.assertIn("MUG", second.problem)

    def test_a_pack_brings_back_its_units(self):
        self.listing.units_per_listing = 6
        self.put_more(60)
        order = self.store(told_order("1002", [told_line("MUG", 2)]))
        self.sell(order)
        found = self.account._store_return(self.told_return(1, order_id="1002"))
        self.assertEqual(found.picking_ids.move_ids.product_uom_qty, 6)

    def put_more(self, quantity):
        self.move_stock(self.product, quantity)

    def test_without_the_setting_it_is_only_noted(self):
        self.account.draft_returns = False
        found = self.account._store_return(self.told_return())
        self.assertEqual((found.state, len(found.picking_ids)), ("noted", 0))
        found.action_draft_delivery()
        self.assertEqual(found.state, "drafted")

    def test_a_cancelled_draft_can_be_drafted_again(self):
        found = self.account._store_return(self.told_return())
        found.picking_ids.action_cancel()
        self.assertEqual(found.state, "noted")
        found.action_draft_delivery()
        self.assertEqual(found.state, "drafted")


@tagged("post_install", "-at_install")
class TestObstacles(ReturnCase):
    def note(self, **values):
        found = self.account._store_return(self.told_return(**values))
        self.assertFalse(found.picking_ids)
        return found.problem

    def test_the_buyer_keeps_the_goods(self):
        line = ReturnLine("line-MUG", Decimal(1), comes_back=False)
        self.assertIn("No goods", self.note(lines=(line,)))

    def test_the_goods_go_to_the_channel(self):
        self.assertIn("own warehouse", self.note(goes_to_channel=True))

    def test_the_channel_had_shipped_them(self):
        self.order_record.line_ids.fulfilled_by_channel = True
        self.assertIn("channel shipped", self.note())

    def test_an_unknown_order_is_linked_when_it_comes(self):
        self.assertIn("not known", self.note(order_id="2002"))
        order = self.store(told_order("2002", [told_line("MUG", 1)]))
        self.assertEqual(order.return_ids.external_id, "R-1")
        self.assertEqual(order.return_count, 1)

    def test_what_was_not_delivered_does_not_come_back(self):
        self.store(told_order("3003", [told_line("MUG", 1)]))
        self.assertIn("no sale order", self.note(order_id="3003"))

    def test_a_line_that_the_order_does_not_have(self):
        line = ReturnLine("other", Decimal(1), sku="OTHER")
        self.assertIn("OTHER", self.note(lines=(line,)))

    def test_the_button_says_why(self):
        found = self.account._store_return(self.told_return(goes_to_channel=True))
        with self.assertRaises(UserError):
            found.action_draft_delivery()

    def test_the_setting_wants_a_location(self):
        account = self.env["marketplace.account"].create(
            {"name": "Other", "channel": "shopify"}
        )
        with self.assertRaises(UserError):
            account.draft_returns = True


@tagged("post_install", "-at_install")
class TestReading(ReturnCase):
    def setUp(self):
        super().setUp()
        asked = self.asked = []
        test = self

        def fetch_returns(adapter, external_id):
            asked.append(external_id)
            if isinstance(test.answer, Exception):
                raise test.answer
            yield from test.answer

        self.answer = [self.told_return()]
        self.adapter_class.fetch_returns = fetch_returns
        self.adapter_class.tells_returns_by_order = True
        self.book.tell(self.told)

    def ship(self, minutes=1):
        line = replace(self.told.lines[0], shipped_quantity=Decimal(3))
        self.told = replace(
            self.told,
            status="shipped",
            lines=[line],
            updated_at=NOON + timedelta(minutes=minutes),
        )
        self.book.tell(self.told)

    def test_orders_that_have_left_are_asked_when_they_change(self):
        self.run_orders()
        self.assertEqual(self.asked, [])
        self.ship()
        self.run_orders()
        self.run_orders()
        self.assertEqual(self.asked, ["1001"])
        self.assertEqual(self.account.return_ids.external_id, "R-1")
        self.ship(minutes=9)
        self.run_orders()
        self.assertEqual(self.asked, ["1001", "1001"])

    def test_an_order_that_the_channel_forgot_stops_nothing(self):
        from ..channels.errors import UnknownListing

        self.ship()
        self.answer = UnknownListing("Gone.")
        self.run_orders()
        self.run_orders()
        self.assertEqual(self.asked, ["1001"])
        self.assertFalse(self.account.last_order_failure)

    def test_a_return_that_cannot_be_stored_stops_no_other(self):
        broken = self.told_return(external_id="R-0", kind="nonsense")
        self.answer = [broken, self.told_return()]
        self.ship()
        with self.assertLogs("odoo.addons.marketplace_sync.models", "ERROR"):
            self.run_orders()
        self.assertEqual(self.account.return_ids.mapped("external_id"), ["R-1"])

    def test_a_notification_of_a_return_has_it_read(self):
        events = [SimpleNamespace(external_id="claim-1")]
        with self.crons() as env:
            account = self.account.with_env(env)
            with account._adapter_session() as adapter:
                handler = account._get_event_handlers()["return"]
                values = handler(adapter, events)
        self.assertEqual(self.asked, ["claim-1"])
        self.assertEqual(values, {"state": "done", "order_id": self.order_record.id})
        self.assertEqual(self.account.return_ids.external_id, "R-1")

    def test_the_form_opens(self):
        found = self.account._store_return(self.told_return())
        Form(found)
        self.assertEqual(found.action_open_deliveries()["res_id"], found.picking_ids.id)
