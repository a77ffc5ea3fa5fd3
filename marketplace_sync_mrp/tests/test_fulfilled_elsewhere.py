"""A kit beside a listing that another channel ships: both have their explanation."""

from odoo.tests import tagged

from .common import KitCase


@tagged("post_install", "-at_install")
class TestFulfilledElsewhere(KitCase):
    def test_a_site_that_another_channel_ships_has_no_components(self):
        amazon = self.make_account("amazon")
        afn = self.make_site(self.warehouse, amazon)
        elsewhere = self.make_site(self.warehouse, fulfilled_from_site_id=afn.id)
        part = self.make_product(stock=7)
        kit = self.make_kit((part, 2))
        listings = self.make_listing(kit) | self.make_listing(kit, elsewhere)
        rows = listings._get_stock_by_warehouse()
        self.assertIn("components", rows[listings[0].id][0])
        for row in rows[listings[1].id]:
            self.assertNotIn("components", row)
