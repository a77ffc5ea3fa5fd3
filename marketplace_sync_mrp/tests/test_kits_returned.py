"""A kit that comes back is a draft of its components, as they were delivered."""

from datetime import datetime, timezone
from decimal import Decimal

from odoo.addons.marketplace_sync.channels.returns import ChannelReturn, ReturnLine
from odoo.tests import tagged

from .common import KitCase

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


@tagged("post_install", "-at_install")
class TestKitsReturned(KitCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mug, cls.ribbon = cls.make_product(20), cls.make_product(40)
        cls.kit = cls.make_kit((cls.mug, 2), cls.ribbon)
        cls.box = cls.make_listing(cls.kit)
        cls.location = cls.env["stock.location"].create(
            {"name": "Returned goods", "usage": "internal"}
        )
        cls.account.write(
            {"draft_returns": True, "return_location_id": cls.location.id}
        )

    def sold(self, listing, quantity, number="1001", deliver=True):
        """Store, import and deliver an order; return its sale order."""
        order = self.order((listing, quantity), number=number)
        product, units = order.line_ids.product_id, order.line_ids.product_qty
        sale = self.make_order(product, units, confirm=False)
        sale.order_line.marketplace_order_line_id = order.line_ids
        order.write({"sale_order_id": sale.id, "state": "imported"})
        sale.action_confirm()
        if deliver:
            self.deliver(sale.picking_ids)
        return sale

    def deliver(self, picking):
        picking.action_assign()
        picking.move_ids.picked = True
        picking.button_validate()

    def comes_back(self, listing, *quantities, number="1001", key="R-1"):
        lines = [ReturnLine("", Decimal(n), sku=listing.sku) for n in quantities]
        told = ChannelReturn(
            key, number, "refund", "closed", lines, opened_at=NOON, updated_at=NOON
        )
        return self.account._store_return(told)

    def drafted(self, found):
        return {
            move.product_id: move.product_uom_qty for move in found.picking_ids.move_ids
        }

    def test_a_kit_comes_back_as_its_components(self):
        self.sold(self.box, 3)
        found = self.comes_back(self.box, 2)
        self.assertEqual(self.drafted(found), {self.mug: 4, self.ribbon: 2})
        self.assertEqual(found.picking_ids.state, "draft")
        self.assertEqual(found.picking_ids.move_ids.location_dest_id, self.location)
        self.assertFalse(found.problem)

    def test_the_delivery_tells_the_components_not_todays_bill(self):
        self.sold(self.box, 1)
        self.kit.bom_ids.bom_line_ids[0].product_qty = 5
        self.assertEqual(
            self.drafted(self.comes_back(self.box, 1)), {self.mug: 2, self.ribbon: 1}
        )

    def test_a_kit_inside_a_kit(self):
        hamper = self.make_kit((self.kit, 2), (self.ribbon, 3))
        listing = self.make_listing(hamper)
        self.sold(listing, 1)
        found = self.comes_back(listing, 1)
        self.assertEqual(
            sum(found.picking_ids.move_ids.mapped("product_uom_qty")), 4 + 2 + 3
        )
        self.assertFalse(found.problem)

    def test_a_pack_of_kits_brings_back_every_kits_components(self):
        self.box.units_per_listing = 3
        self.sold(self.box, 1)
        self.assertEqual(
            self.drafted(self.comes_back(self.box, 1)), {self.mug: 6, self.ribbon: 3}
        )

    def test_no_more_comes_back_than_was_delivered(self):
        self.sold(self.box, 2)
        self.comes_back(self.box, 1)
        second = self.comes_back(self.box, 2, key="R-2")
        self.assertEqual(self.drafted(second), {self.mug: 2, self.ribbon: 1})
        self.assertIn(self.box.sku, second.problem)

    def test_two_lines_of_one_return_add_up(self):
        self.sold(self.box, 3)
        found = self.comes_back(self.box, 1, 1)
        self.assertEqual(self.drafted(found), {self.mug: 4, self.ribbon: 2})

    def test_two_lines_of_one_return_take_each_unit_once(self):
        self.sold(self.box, 2)
        found = self.comes_back(self.box, 2, 1)
        self.assertEqual(self.drafted(found), {self.mug: 4, self.ribbon: 2})
        self.assertIn(self.box.sku, found.problem)

    def test_what_was_never_delivered_is_said(self):
        self.sold(self.box, 1, deliver=False)
        found = self.comes_back(self.box, 1)
        self.assertFalse(found.picking_ids)
        self.assertIn(self.box.sku, found.problem)

    def test_received_it_is_not_for_sale_until_moved_into_stock(self):
        self.sold(self.box, 3)
        self.refresh()
        before = self.box.sellable_qty
        found = self.comes_back(self.box, 2)
        found.picking_ids.action_confirm()
        self.deliver(found.picking_ids)
        self.refresh()
        self.assertEqual(found.state, "done")
        self.assertEqual(self.box.sellable_qty, before)
        sale_line = found.sale_order_id.order_line
        self.assertEqual(sale_line.qty_delivered, 1)
