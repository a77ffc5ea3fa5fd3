"""Locations whose goods no channel must ever sell are flagged from the start."""

from odoo.tests import tagged

from .. import post_init
from .common import MarketplaceCase


@tagged("post_install", "-at_install")
class TestNotForSale(MarketplaceCase):
    def test_quality_control_of_a_new_warehouse_is_not_for_sale(self):
        for steps in ("one_step", "three_steps"):
            warehouse = self.make_warehouse(reception_steps=steps)
            with self.subTest(steps):
                self.assertTrue(warehouse.wh_qc_stock_loc_id.marketplace_not_for_sale)
                self.assertFalse(warehouse.lot_stock_id.marketplace_excluded)

    def test_goods_in_quality_control_are_not_shown(self):
        warehouse = self.make_warehouse(reception_steps="three_steps")
        site = self.make_site(warehouse)
        product = self.make_product(stock=5, warehouse=warehouse)
        self.put(product, 20, warehouse.wh_qc_stock_loc_id)
        self.assertEqual(self.numbers(self.make_listing(product, site))[2], 5)

    def test_scrap_and_losses_of_a_new_company_are_not_for_sale(self):
        company = self.env["res.company"].create({"name": "Another company"})
        losses = self.env["stock.location"].search(
            [("company_id", "=", company.id), ("usage", "=", "inventory")]
        )
        self.assertTrue(losses)
        self.assertEqual(set(losses.mapped("marketplace_not_for_sale")), {True})

    def test_what_was_there_before_the_module_is_flagged_when_it_is_installed(self):
        warehouse = self.make_warehouse()
        control = warehouse.wh_qc_stock_loc_id
        losses = self.env["stock.location"].search([("usage", "=", "inventory")])
        (control | losses).marketplace_not_for_sale = False
        self.assertFalse(control.active)
        post_init(self.env)
        self.assertTrue(control.marketplace_not_for_sale)
        self.assertEqual(set(losses.mapped("marketplace_not_for_sale")), {True})
        self.assertFalse(warehouse.lot_stock_id.marketplace_not_for_sale)

    def test_a_person_may_decide_otherwise(self):
        control = self.warehouse.wh_qc_stock_loc_id
        control.marketplace_not_for_sale = False
        self.warehouse.reception_steps = "three_steps"
        self.assertFalse(control.marketplace_not_for_sale)

    def test_a_location_that_a_person_makes_is_for_sale_until_somebody_says_so(self):
        shelf = self.make_location(self.warehouse.lot_stock_id)
        self.assertFalse(shelf.marketplace_not_for_sale)
