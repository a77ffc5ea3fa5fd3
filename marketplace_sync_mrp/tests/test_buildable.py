"""A listing may count what could be built from components at hand."""

from odoo.tests import tagged

from .common import KitCase


@tagged("post_install", "-at_install")
class TestBuildable(KitCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seat, cls.leg = cls.make_product(9), cls.make_product(30)
        cls.chair = cls.make_product(2)
        cls.bill = cls.make_bill(cls.chair, cls.seat, (cls.leg, 4), type="normal")
        cls.listing = cls.make_listing(cls.chair)

    def test_it_is_off_until_a_person_turns_it_on(self):
        self.assertNumbers(self.listing, 2, 0, 2)
        self.listing.add_buildable = True
        self.assertNumbers(self.listing, 9, 0, 9)
        self.listing.add_buildable = False
        self.assertNumbers(self.listing, 2, 0, 2)

    def test_a_change_of_a_component_reaches_it(self):
        self.listing.add_buildable = True
        self.put(self.leg, -10)
        self.assertNumbers(self.listing, 7, 0, 7)
        self.bill.bom_line_ids[1].product_qty = 2
        self.assertNumbers(self.listing, 11, 0, 11)

    def test_a_component_s_own_demand_is_not_built_with(self):
        self.listing.add_buildable = True
        self.make_order(self.leg, 10)
        self.assertNumbers(self.listing, 7, 0, 7)
        leg = self.make_listing(self.leg)
        self.order((leg, 8))
        self.assertNumbers(self.listing, 5, 0, 5)

    def test_demand_for_the_product_takes_of_what_can_be_built(self):
        self.listing.add_buildable = True
        self.make_order(self.chair, 5)
        self.assertNumbers(self.listing, 9, 5, 4)

    def test_components_are_not_carried_between_warehouses(self):
        other = self.make_warehouse()
        self.put(self.seat, 5, other.lot_stock_id)
        self.put(self.leg, 10, other.lot_stock_id)
        listing = self.make_listing(
            self.chair, self.make_site(self.warehouse | other), add_buildable=True
        )
        self.assertNumbers(listing, 11, 0, 11)

    def test_what_has_to_be_built_first_is_not_counted(self):
        """One level: a component's own bill adds nothing."""
        frame = self.make_product(1)
        self.make_bill(frame, self.leg, type="normal")
        table = self.make_product()
        self.make_bill(table, frame, type="normal")
        listing = self.make_listing(table, add_buildable=True)
        self.assertNumbers(listing, 1, 0, 1)

    def test_a_kit_among_the_components_counts_by_its_own(self):
        legs = self.make_kit((self.leg, 4))
        stool = self.make_product()
        self.make_bill(stool, self.seat, legs, type="normal")
        listing = self.make_listing(stool, add_buildable=True)
        self.assertNumbers(listing, 7, 0, 7)
        self.put(self.leg, 4)
        self.assertNumbers(listing, 8, 0, 8)

    def test_a_kit_and_a_product_without_a_bill_build_nothing(self):
        kit = self.make_listing(self.make_kit(self.seat), add_buildable=True)
        self.assertNumbers(kit, 9, 0, 9)
        plain = self.make_listing(self.seat, add_buildable=True)
        self.assertNumbers(plain, 9, 0, 9)
        self.assertFalse(plain.can_be_built)
        self.assertTrue(self.listing.can_be_built)

    def test_a_bill_of_nothing_that_is_tracked_adds_nothing(self):
        paint = self.make_product(is_storable=False)
        product = self.make_product(3)
        self.make_bill(product, paint, type="normal")
        listing = self.make_listing(product, add_buildable=True)
        self.assertNumbers(listing, 3, 0, 3)

    def test_the_bill_is_one_of_the_warehouse_s_own_operation(self):
        other = self.make_warehouse()
        self.bill.write(
            {
                "company_id": self.company.id,
                "picking_type_id": other.manu_type_id.id,
            }
        )
        self.listing.add_buildable = True
        self.assertNumbers(self.listing, 2, 0, 2)
        self.bill.picking_type_id = self.warehouse.manu_type_id
        self.assertNumbers(self.listing, 9, 0, 9)

    def test_missing_components_take_nothing_from_stock(self):
        self.listing.add_buildable = True
        self.put(self.seat, -20)
        self.assertNumbers(self.listing, 2, 0, 2)

    def test_it_is_a_line_of_its_own_in_the_explanation(self):
        self.listing.add_buildable = True
        steps = self.listing._get_explanation_steps(self.listing._explain())
        found = {step["label"]: (step["value"], step["hint"]) for step in steps}
        name = self.warehouse.name
        self.assertEqual(found[f"Free in {name}"][0], "2")
        self.assertEqual(
            found[f"Can be built in {name}"],
            ("+ 7", f"Limited by {self.leg.display_name}"),
        )
