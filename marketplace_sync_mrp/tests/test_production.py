"""What open manufacturing orders still have to finish takes a capacity's slots."""

from odoo.addons.marketplace_sync.tests.common import MarketplaceCase
from odoo.fields import Command
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestProduction(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wallet = cls.make_product()
        cls.leather = cls.make_product(stock=1000)
        cls.listing = cls.make_listing(cls.wallet, qty_source="capacity")
        cls.capacity = cls.env["marketplace.capacity"].create(
            {
                "name": "Workshop",
                "units_per_week": 12,
                "lead_time_weeks": 2,
                "line_ids": [Command.create({"product_id": cls.wallet.id})],
            }
        )

    def make_production(self, units, confirm=True, **values):
        production = self.env["mrp.production"].create(
            {
                "product_id": self.wallet.id,
                "product_qty": units,
                "picking_type_id": self.warehouse.manu_type_id.id,
                "move_raw_ids": [
                    Command.create(
                        {"product_id": self.leather.id, "product_uom_qty": units}
                    )
                ],
                **values,
            }
        )
        if confirm:
            production.action_confirm()
        return production

    def sellable(self):
        self.refresh()
        return self.listing.sellable_qty

    def test_twelve_a_week_two_weeks_eight_in_production_is_sixteen(self):
        self.make_production(8)
        self.assertEqual(self.sellable(), 16)

    def test_a_dozen_is_twelve(self):
        self.make_production(1, product_uom_id=self.dozen.id)
        self.assertEqual(self.sellable(), 12)

    def test_a_draft_takes_nothing_and_a_cancelled_order_gives_back(self):
        production = self.make_production(8, confirm=False)
        self.assertEqual(self.sellable(), 24)
        production.action_confirm()
        self.assertEqual(self.sellable(), 16)
        production.action_cancel()
        self.assertEqual(self.sellable(), 24)

    def test_what_is_finished_takes_nothing_any_more(self):
        production = self.make_production(8)
        production.qty_producing = 3
        production.move_raw_ids.write({"quantity": 3, "picked": True})
        production.with_context(
            skip_backorder=True, mo_ids_to_backorder=production.ids
        ).button_mark_done()
        self.assertEqual(self.sellable(), 24 - 5)

    def test_an_order_made_for_a_delivery_is_counted_once(self):
        self.make_order(self.wallet, 8)
        self.assertEqual(self.sellable(), 16)
        self.make_production(8)
        self.assertEqual(self.sellable(), 16)
        self.make_production(2)
        self.assertEqual(self.sellable(), 14)
