"""Channel orders of kits and of their components, before there is a sale order."""

from odoo.tests import tagged

from .common import KitCase


@tagged("post_install", "-at_install")
class TestKitsPromised(KitCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mug, cls.ribbon = cls.make_product(9), cls.make_product(40)
        cls.kit = cls.make_kit((cls.mug, 2), cls.ribbon)
        cls.amazon = cls.make_site(cls.warehouse, cls.make_account("amazon"))
        cls.box = cls.make_listing(cls.kit)
        cls.mug_here = cls.make_listing(cls.mug)
        cls.mug_there = cls.make_listing(cls.mug, cls.amazon)
        cls.ribbon_there = cls.make_listing(cls.ribbon, cls.amazon)

    def test_selling_a_kit_lowers_its_components_on_every_channel_at_once(self):
        self.order((self.box, 3))
        shown = [
            (one.committed_qty, one.sellable_qty)
            for one in (self.box, self.mug_here, self.mug_there, self.ribbon_there)
        ]
        self.assertEqual(shown, [(3, 1), (6, 3), (6, 3), (3, 37)])

    def test_selling_a_component_lowers_the_kits_at_once(self):
        self.order((self.mug_there, 4), site=self.amazon)
        self.assertEqual((self.box.committed_qty, self.box.sellable_qty), (2, 2))
        self.order((self.ribbon_there, 30), site=self.amazon, number="2")
        self.assertEqual(self.box.sellable_qty, 2, "there are ribbons enough")

    def test_an_order_of_the_kit_and_its_component_counts_each_unit_once(self):
        self.order((self.box, 1), (self.mug_here, 3))
        self.assertEqual((self.mug_there.committed_qty, self.mug_there.qty), (5, 9))
        self.assertEqual((self.box.committed_qty, self.box.sellable_qty), (2, 2))

    def test_the_sale_order_takes_the_promise_over_without_counting_twice(self):
        order = self.order((self.box, 3))
        before = [(one.committed_qty, one.sellable_qty) for one in self.all()]
        sale = self.make_order(self.kit, 3, confirm=False)
        sale.order_line.marketplace_order_line_id = order.line_ids
        sale.action_confirm()
        self.refresh()
        after = [(one.committed_qty, one.sellable_qty) for one in self.all()]
        self.assertEqual(after, before)
        sale.picking_ids.action_assign()
        self.refresh()
        self.assertEqual([one.sellable_qty for one in self.all()], [1, 3, 3, 37])
        self.assertEqual([one.committed_qty for one in self.all()], [0, 0, 0, 0])

    def all(self):
        return self.box | self.mug_here | self.mug_there | self.ribbon_there

    def test_a_cancelled_order_gives_everything_back(self):
        order = self.order((self.box, 3))
        order.line_ids.quantity = 0
        self.assertEqual([one.sellable_qty for one in self.all()], [4, 9, 9, 40])

    def test_a_kit_in_a_kit_takes_the_components_of_both(self):
        hamper = self.make_listing(self.make_kit((self.kit, 2), self.mug), sku="HAMPER")
        self.assertNumbers(hamper, 1, 0, 1)
        self.order((hamper, 1))
        self.assertEqual(self.mug_there.committed_qty, 5)
        self.assertEqual((self.box.qty, self.box.sellable_qty), (4, 2))
        self.assertEqual(hamper.sellable_qty, 0)

    def test_a_pack_of_kits_takes_as_many(self):
        self.box.units_per_listing = 2
        self.order((self.box, 1))
        self.assertEqual(self.mug_there.committed_qty, 4)
        self.assertEqual(self.box.sellable_qty, 1)

    def test_in_several_warehouses_a_kit_costs_one_kit(self):
        other = self.make_warehouse()
        self.put(self.mug, 6, other.lot_stock_id)
        self.put(self.ribbon, 6, other.lot_stock_id)
        both = self.make_site(self.warehouse | other)
        listing = self.make_listing(self.kit, both)
        self.assertNumbers(listing, 7, 0, 7)
        self.order((listing, 2), site=both)
        self.assertEqual((listing.committed_qty, listing.sellable_qty), (2, 5))

    def test_in_several_warehouses_no_kit_is_promised_that_may_not_be_there(self):
        """Two mugs are spare in none of them: wherever they are shipped from, at most
        two kits are gone."""
        other = self.make_warehouse()
        self.put(self.mug, 6, other.lot_stock_id)
        self.put(self.ribbon, 6, other.lot_stock_id)
        both = self.make_site(self.warehouse | other)
        listing = self.make_listing(self.kit, both)
        self.order((self.mug_here, 1))
        self.assertEqual(listing.sellable_qty, 6, "one of the other warehouse, perhaps")
        self.order((self.mug_here, 1), number="2")
        self.assertEqual(listing.sellable_qty, 6)
        self.order((self.mug_here, 2), number="3")
        self.assertEqual(listing.sellable_qty, 5)

    def test_an_order_without_a_place_counts_everywhere(self):
        order = self.order((self.box, 3))
        order.line_ids.listing_id = order.line_ids.site_id = order.site_id = False
        self.assertEqual(self.mug_there.sellable_qty, 3)

    def test_a_bill_edited_under_an_order_moves_its_demand(self):
        self.order((self.box, 3))
        bill = self.env["mrp.bom"].search(
            [("product_tmpl_id", "=", self.kit.product_tmpl_id.id)]
        )
        bill.bom_line_ids.filtered(
            lambda x: x.product_id == self.mug
        ).product_id = self.ribbon
        self.refresh()
        self.assertEqual(self.mug_there.sellable_qty, 9)
        self.assertEqual(self.ribbon_there.sellable_qty, 31)
