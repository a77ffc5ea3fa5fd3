"""A listing of a kit shows what its components allow."""

from odoo.fields import Command
from odoo.tests import tagged

from .common import KitCase


@tagged("post_install", "-at_install")
class TestKits(KitCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mug = cls.make_product(9)
        cls.ribbon = cls.make_product(40)

    # === THE NUMBER ===

    def test_the_scarcest_component_decides(self):
        listing = self.make_listing(self.make_kit((self.mug, 2), self.ribbon))
        self.assertNumbers(listing, 4, 0, 4)
        self.assertFalse(listing.last_error)

    def test_a_listing_of_a_component_is_none_of_the_kit_s_business(self):
        kit = self.make_listing(self.make_kit(self.mug))
        mug = self.make_listing(self.mug)
        self.assertNumbers(kit, 9, 0, 9)
        self.assertNumbers(mug, 9, 0, 9)

    def test_complete_kits_are_counted_warehouse_by_warehouse(self):
        """Seven mugs here and seven ribbons there make no kit."""
        other = self.make_warehouse()
        mug, ribbon = self.make_product(7), self.make_product(7, other)
        self.put(mug, 2, other.lot_stock_id)
        site = self.make_site(self.warehouse | other)
        listing = self.make_listing(self.make_kit(mug, ribbon), site)
        self.assertNumbers(listing, 2, 0, 2)

    def test_stock_of_the_kit_product_itself_does_not_count(self):
        product = self.make_product(100)  # Odoo refuses it once it is a kit
        listing = self.make_listing(product)
        self.make_bill(product, self.mug)
        self.assertNumbers(listing, 9, 0, 9)

    def test_a_component_that_is_not_for_sale_makes_no_kit(self):
        shelf = self.make_location(
            self.warehouse.lot_stock_id, marketplace_not_for_sale=True
        )
        candle = self.make_product(3)
        self.put(candle, 50, shelf)
        self.assertNumbers(self.make_listing(self.make_kit(candle)), 3, 0, 3)

    def test_units_of_measure_are_converted(self):
        kit = self.make_kit((self.ribbon, 1, {"product_uom_id": self.dozen.id}))
        self.assertNumbers(self.make_listing(kit), 3, 0, 3)

    def test_a_bill_for_several_kits_is_shared_among_them(self):
        kit = self.make_kit((self.ribbon, 8), product_qty=2)
        self.assertNumbers(self.make_listing(kit), 10, 0, 10)

    def test_a_bill_in_dozens_makes_twelve(self):
        """As the delivery takes them; Odoo's free_qty would say 3."""
        candle = self.make_product(36)
        kit = self.make_kit((candle, 12), product_uom_id=self.dozen.id)
        self.assertNumbers(self.make_listing(kit), 36, 0, 36)
        order = self.make_order(kit, 24)
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 24)

    def test_optional_and_untracked_components_do_not_limit(self):
        card = self.make_product(is_storable=False)
        kit = self.make_kit(self.mug, card, (self.make_product(), 0))
        self.assertNumbers(self.make_listing(kit), 9, 0, 9)

    def test_a_nested_kit_comes_down_to_its_components(self):
        inner = self.make_kit((self.ribbon, 3))
        outer = self.make_kit(self.mug, (inner, 2))
        self.assertNumbers(self.make_listing(outer), 6, 0, 6)

    def test_a_line_for_some_variants_counts_for_them_only(self):
        size = self.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [Command.create({"name": name}) for name in "SL"],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Gift box",
                "is_storable": False,
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": size.id,
                            "value_ids": [Command.set(size.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        small, large = template.product_variant_ids
        value = large.product_template_attribute_value_ids
        only = {"bom_product_template_attribute_value_ids": [Command.set(value.ids)]}
        self.make_bill(small, self.ribbon, (self.mug, 1, only))
        self.assertNumbers(self.make_listing(small, sku="S"), 40, 0, 40)
        self.assertNumbers(self.make_listing(large, sku="L"), 9, 0, 9)

    # === WHICH BILL ===

    def test_the_bill_is_the_one_that_odoo_takes(self):
        kit = self.make_kit((self.ribbon, 10), sequence=5)
        listing = self.make_listing(kit)
        self.make_bill(kit, (self.ribbon, 20), sequence=9)
        self.assertNumbers(listing, 4, 0, 4, "a later one changes nothing")
        own = self.make_bill(kit, (self.ribbon, 8), sequence=5, product_id=kit.id)
        self.assertNumbers(listing, 5, 0, 5, "the variant's own goes before")
        self.make_bill(kit, (self.ribbon, 4), sequence=1)
        self.assertNumbers(listing, 10, 0, 10, "the sequence goes before both")
        self.assertEqual(
            self.free(kit), self.odoo_free(kit, self.warehouse), "Odoo agrees"
        )
        own.bom_line_ids.product_qty = 1
        self.assertNumbers(listing, 10, 0, 10)

    def test_an_archived_bill_is_not_taken(self):
        kit = self.make_kit((self.ribbon, 8))
        self.make_bill(kit, self.mug, sequence=1, active=False)
        self.assertNumbers(self.make_listing(kit), 5, 0, 5)

    def test_an_archived_bill_makes_no_kit(self):
        kit = self.make_kit(self.mug)
        listing = self.make_listing(kit)
        self.env["mrp.bom"].search(
            [("product_tmpl_id", "=", kit.product_tmpl_id.id)]
        ).active = False
        self.refresh()
        self.assertEqual(listing.sync_state, "failed")
        self.assertIn("does not track", listing.last_error)

    def test_a_bill_of_another_company_is_none_of_ours(self):
        other = self.env["res.company"].create({"name": "Other"})
        product = self.make_product(5)
        mug = self.make_product(company_id=False)
        self.make_bill(product, mug, company_id=other.id)
        self.assertNumbers(self.make_listing(product), 5, 0, 5)
        self.make_bill(product, self.mug, company_id=self.company.id, sequence=9)
        listing = self.make_listing(product, sku="KIT")
        self.assertNumbers(listing, 9, 0, 9)

    # === BAD INPUT ===

    def test_a_kit_of_nothing_that_is_tracked_says_so(self):
        kit = self.make_kit(self.make_product(is_storable=False), (self.mug, 0))
        listing = self.make_listing(kit)
        self.assertEqual(listing.sync_state, "failed")
        self.assertIn("None of this kit's components is tracked", listing.last_error)
        self.make_bill(kit, self.mug, sequence=-1)
        self.assertNumbers(listing, 9, 0, 9)
        self.assertEqual(listing.sync_state, "unverified")
        self.assertFalse(listing.last_error)

    def test_a_circular_bill_says_so_and_the_others_are_served(self):
        """Odoo refuses to enter one; imports and older databases have them."""
        inner = self.make_kit(self.mug)
        kit = self.make_kit(inner)
        good = self.make_listing(self.make_kit(self.mug, self.ribbon))
        self.env.flush_all()
        line = self.env["mrp.bom.line"].search(
            [("bom_id.product_tmpl_id", "=", inner.product_tmpl_id.id)]
        )
        self.env.cr.execute(
            "UPDATE mrp_bom_line SET product_id = %s WHERE id = %s", [kit.id, line.id]
        )
        self.env.invalidate_all()
        listings = self.make_listing(kit) | self.make_listing(inner)
        self.put(self.mug, 1)
        self.assertNumbers(good, 10, 0, 10)
        for listing in listings:
            self.assertEqual(listing.sync_state, "failed")
            self.assertIn("leads back to itself", listing.last_error)
            self.assertEqual(listing._explain(), {})

    def test_a_circle_that_is_corrected_is_served_again(self):
        kit, inner = self.make_kit(self.mug), self.make_product(is_storable=False)
        bill = self.make_bill(inner, self.ribbon)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mrp_bom_line SET product_id = %s WHERE bom_id = %s",
            [inner.id, bill.id],
        )
        self.env.invalidate_all()
        self.make_bill(kit, self.mug, sequence=-1)
        listing = self.make_listing(inner)
        self.assertIn("leads back to itself", listing.last_error)
        bill.bom_line_ids.product_id = self.ribbon
        self.assertNumbers(listing, 40, 0, 40)

    def test_a_person_may_choose_another_source(self):
        kit = self.make_kit(self.make_product(is_storable=False))
        listing = self.make_listing(kit)
        listing.write({"qty_source": "manual", "qty": 12})
        self.assertEqual(listing.sellable_qty, 12)

    # === DEMAND ===

    def test_an_order_of_the_kit_is_demand_for_its_components(self):
        kit = self.make_kit((self.mug, 2), self.ribbon)
        listing = self.make_listing(kit)
        others = [self.make_listing(product) for product in (self.mug, self.ribbon)]
        self.make_order(kit, 3)
        self.assertNumbers(listing, 4, 3, 1)
        self.assertNumbers(others[0], 9, 6, 3)
        self.assertNumbers(others[1], 40, 3, 37)

    def test_an_order_of_a_component_takes_kits(self):
        listing = self.make_listing(self.make_kit((self.mug, 2), self.ribbon))
        self.make_order(self.mug, 1)
        self.assertNumbers(listing, 4, 0, 4, "one mug was spare")
        self.make_order(self.mug, 1)
        self.assertNumbers(listing, 4, 1, 3)
        self.make_order(self.ribbon, 5)
        self.assertNumbers(listing, 4, 1, 3, "there are ribbons enough")

    def test_an_order_of_both_counts_each_unit_once(self):
        kit = self.make_kit(self.mug, self.ribbon)
        kit_listing, mug_listing = map(self.make_listing, (kit, self.mug))
        order = self.make_order(kit, 2, confirm=False)
        order.order_line = [
            Command.create({"product_id": self.mug.id, "product_uom_qty": 3})
        ]
        order.action_confirm()
        self.assertNumbers(kit_listing, 9, 5, 4)
        self.assertNumbers(mug_listing, 9, 5, 4)

    def test_reserving_moves_demand_into_free_stock(self):
        kit = self.make_kit((self.mug, 2), self.ribbon)
        listing = self.make_listing(kit)
        order = self.make_order(kit, 3)
        self.refresh()
        order.picking_ids.action_assign()
        self.assertNumbers(listing, 1, 0, 1)
        self.finish(order.picking_ids)
        self.assertNumbers(listing, 1, 0, 1)

    def test_an_order_from_before_the_bill_counts_as_kits(self):
        product = self.make_product(20)
        listing = self.make_listing(product)
        self.make_order(product, 4)
        self.make_bill(product, self.mug)
        self.assertNumbers(listing, 9, 4, 5)
