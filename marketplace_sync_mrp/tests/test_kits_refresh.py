"""A change of a component computes every kit above it, and nothing else."""

from odoo.fields import Command
from odoo.tests import tagged

from .common import KitCase


@tagged("post_install", "-at_install")
class TestKitsRefresh(KitCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mug, cls.ribbon = cls.make_product(9), cls.make_product(40)
        cls.inner = cls.make_kit((cls.mug, 2))
        cls.outer = cls.make_kit(cls.inner, cls.ribbon)
        cls.other = cls.make_kit(cls.ribbon)
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.changed_products()  # forget the scene

    def expanded(self):
        """Return the products that are computed after what this transaction did."""
        changed = self.changed_products()
        stock = self.env["marketplace.stock"]
        return self.env["product.product"].browse(
            sorted(stock._expand_products(changed.ids))
        )

    def bill_of(self, product):
        return self.env["mrp.bom"].search(
            [("product_tmpl_id", "=", product.product_tmpl_id.id)]
        )

    def assertExpanded(self, *products):
        self.assertEqual(
            self.expanded(), self.env["product.product"].concat(*products).sorted("id")
        )

    # === STOCK ===

    def test_stock_of_a_component_reaches_kits_of_kits_and_no_others(self):
        self.put(self.mug, 1)
        self.assertExpanded(self.mug, self.inner, self.outer)

    def test_a_reservation_of_a_component_reaches_the_kits(self):
        listing = self.make_listing(self.outer)
        self.move(self.mug, 3, self.warehouse.lot_stock_id, self.customers)
        self.assertNumbers(listing, 4, 1, 3)

    def test_the_kits_below_and_beside_are_left_alone(self):
        self.put(self.ribbon, 1)
        self.assertExpanded(self.ribbon, self.outer, self.other)

    def test_a_bill_that_is_not_taken_brings_no_kit_up(self):
        self.make_bill(self.other, self.mug, sequence=99)
        self.changed_products()
        self.put(self.mug, 1)
        self.assertExpanded(self.mug, self.inner, self.outer)

    def test_an_archived_bill_brings_no_kit_up(self):
        self.bill_of(self.inner).active = False
        self.changed_products()
        self.put(self.mug, 1)
        self.assertExpanded(self.mug)

    def test_a_circular_bill_does_not_hang_the_refresh(self):
        self.env.cr.execute(
            "UPDATE mrp_bom_line SET product_id = %s WHERE bom_id = %s",
            [self.outer.id, self.bill_of(self.inner).id],
        )
        self.env.invalidate_all()
        self.put(self.ribbon, 1)
        self.assertIn(self.other, self.expanded())

    # === BILLS ===

    def assertShows(self, listing, sellable):
        self.refresh()
        self.assertEqual(listing.sellable_qty, sellable)

    def test_every_edit_of_a_bill_is_seen(self):
        listing = self.make_listing(self.outer)
        inner, outer = self.bill_of(self.inner), self.bill_of(self.outer)
        self.assertShows(listing, 4)
        inner.bom_line_ids.product_qty = 3
        self.assertShows(listing, 3)
        inner.product_qty = 2
        self.assertShows(listing, 6)
        outer.bom_line_ids = [Command.create({**self.line((self.ribbon, 19))})]
        self.assertShows(listing, 2)
        outer.bom_line_ids[-1].unlink()
        self.assertShows(listing, 6)
        inner.bom_line_ids.product_uom_id = self.dozen
        self.assertShows(listing, 0)
        inner.bom_line_ids.product_id = self.ribbon
        self.assertShows(listing, 2)
        better = self.make_bill(self.inner, self.mug, sequence=-1)
        self.assertShows(listing, 9)
        better.sequence = 10
        self.assertShows(listing, 2)
        better.write({"sequence": -1, "active": False})
        self.assertShows(listing, 2)
        better.active = True
        self.assertShows(listing, 9)
        better.unlink()
        self.assertShows(listing, 2)

    def test_a_bill_that_changes_hands_is_seen_by_both_products(self):
        product = self.make_product(is_storable=False)
        listings = self.make_listing(product), self.make_listing(self.other)
        bill = self.bill_of(self.other)
        bill.product_tmpl_id = product.product_tmpl_id
        self.assertShows(listings[0], 40)
        self.assertEqual(listings[1].sync_state, "failed")

    def test_a_kit_that_becomes_a_product_to_manufacture_shows_its_own_stock(self):
        product = self.make_product(5)
        bill = self.make_bill(product, self.mug)
        listing = self.make_listing(product)
        self.assertEqual(listing.sellable_qty, 9)
        bill.type = "normal"
        self.assertShows(listing, 5)

    def test_an_edit_that_changes_no_number_notes_nothing(self):
        self.bill_of(self.inner).code = "Draft 2"
        self.assertFalse(self.changed_products())

    def test_a_unit_that_holds_more_is_seen(self):
        pack = self.env["uom.uom"].create(
            {"name": "Pack", "relative_factor": 4, "relative_uom_id": self.unit.id}
        )
        crate = self.env["uom.uom"].create(
            {"name": "Crate", "relative_factor": 2, "relative_uom_id": pack.id}
        )
        kit = self.make_kit((self.ribbon, 1, {"product_uom_id": crate.id}))
        listing = self.make_listing(kit)
        self.assertShows(listing, 5)
        pack.relative_factor = 5
        self.assertShows(listing, 4)

    def test_a_component_that_is_tracked_from_now_on_limits(self):
        card = self.make_product(is_storable=False)
        self.bill_of(self.other).bom_line_ids = [Command.create(self.line(card))]
        listing = self.make_listing(self.other)
        self.assertShows(listing, 40)
        card.is_storable = True
        self.assertShows(listing, 0)

    def test_a_sweep_finds_what_nobody_told(self):
        listing = self.make_listing(self.inner)
        self.env.cr.execute(
            "UPDATE mrp_bom_line SET product_qty = 9 WHERE bom_id = %s",
            [self.bill_of(self.inner).id],
        )
        with self.crons() as env:
            env["marketplace.listing"]._cron_refresh_all()
        self.assertEqual(listing.sellable_qty, 1)
