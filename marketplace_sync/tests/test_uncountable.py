from odoo.tests import tagged

from .push_case import PushCase


@tagged("post_install", "-at_install")
class TestUncountable(PushCase):
    """A product without stock of its own to count must not end its listing with a 0."""

    def test_a_product_whose_inventory_is_not_tracked_says_so_and_is_not_sent(self):
        product = self.make_product("A", is_storable=False)
        listing = self.make_listing("A", product_id=product.id, shown=5)
        self.assertEqual(listing.sync_state, "failed")
        self.assertIn("does not track", listing.last_error)
        self.go_live()
        self.run_cron()
        self.assertEqual(self.shelf.calls, [])

    def test_it_is_served_once_a_person_has_chosen_another_source(self):
        product = self.make_product("A", is_storable=False)
        listing = self.make_listing("A", product_id=product.id, shown=5)
        listing.write({"qty_source": "manual", "qty": 12})
        self.go_live()
        self.run_cron()
        self.assertEqual(self.shelf.sent(), [("A", 12)])
        self.assertFalse(listing.last_error)

    def test_a_capacity_that_nobody_computes_is_not_sent_as_zero(self):
        listing = self.make_listing("A", shown=5, qty_source="capacity")
        self.assertEqual(listing.sync_state, "failed")
        self.assertIn("capacity", listing.last_error)
