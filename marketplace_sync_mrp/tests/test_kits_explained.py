"""The explanation of a kit's number names the component that limits it."""

from odoo.fields import Command
from odoo.tests import tagged

from .common import KitCase


@tagged("post_install", "-at_install")
class TestKitsExplained(KitCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mug = cls.make_product(9, default_code="MUG", name="Mug")
        cls.ribbon = cls.make_product(40, default_code="RIBBON", name="Ribbon")
        cls.far = cls.make_warehouse(name="Far")
        cls.put(cls.mug, 80, cls.far.lot_stock_id)
        cls.put(cls.ribbon, 2, cls.far.lot_stock_id)
        cls.kit = cls.make_kit((cls.mug, 2), cls.ribbon)
        cls.site = cls.make_site(cls.warehouse | cls.far)
        cls.listing = cls.make_listing(cls.kit, cls.site)

    def steps(self, values=None):
        values = values or self.listing._explain()
        return [
            (step["label"], str(step["value"]), step["hint"])
            for step in self.listing._get_explanation_steps(values)
        ]

    def test_it_names_the_limiting_component_of_each_warehouse(self):
        steps = self.steps()
        here, there = f"Complete kits in {self.warehouse.name}", "Complete kits in Far"
        self.assertIn((here, "4", "Limited by [MUG] Mug"), steps)
        self.assertIn((there, "2", "Limited by [RIBBON] Ribbon"), steps)
        self.assertIn(("Quantity, whole Units", "6", ""), steps)

    def test_it_shows_what_of_each_component_is_free_and_needed(self):
        values = [value for _label, value, _hint in self.steps()]
        self.assertIn("9 Units ÷ 2 = 4", values)
        self.assertIn("2 Units ÷ 1 = 2", values)

    def test_demand_for_a_component_is_told(self):
        self.make_order(self.mug, 3)
        self.refresh()
        hints = [hint for _label, _value, hint in self.steps()]
        self.assertIn("3 of it promised, not reserved yet: leaves 3", hints)

    def test_the_scarcest_come_first_and_not_all_of_many(self):
        parts = [self.make_product(100 - n) for n in range(12)]
        listing = self.make_listing(self.make_kit(*parts))
        (row, *_) = listing._explain()["warehouses"]
        self.assertEqual([part["kits"] for part in row["components"]][:3], [89, 90, 91])
        self.assertEqual(len(row["components"]), 8)

    def test_what_was_sent_keeps_it(self):
        (row, *_) = self.listing._get_stock_by_warehouse()[self.listing.id]
        breakdown = self.listing._refresh()[self.listing.id]
        kept = self.listing._get_breakdown_values(breakdown, [row])
        self.assertIn("9 Units ÷ 2 = 4", [value for _l, value, _h in self.steps(kept)])

    def test_the_form_shows_it(self):
        self.assertIn("Limited by [MUG] Mug", self.listing.explanation)

    def test_a_plain_product_is_explained_as_before(self):
        listing = self.make_listing(self.mug, self.site)
        labels = [
            step["label"] for step in listing._get_explanation_steps(listing._explain())
        ]
        self.assertIn("Free in Far", labels)
        self.assertFalse([label for label in labels if "kits" in label])

    def test_a_salesperson_without_rights_on_bills_may_read_it(self):
        user = self.env["res.users"].create(
            {
                "name": "Seller",
                "login": "kit-seller",
                "group_ids": [
                    Command.set(
                        self.env.ref("marketplace_sync.marketplace_sync_group_user").ids
                    )
                ],
            }
        )
        self.assertFalse(self.env["mrp.bom"].with_user(user).has_access("read"))
        listing = self.listing.with_user(user)
        self.assertIn("Limited by [MUG] Mug", listing.explanation)
        self.assertFalse(listing.can_be_built)
        self.assertEqual(listing._refresh()[listing.id].sellable, 6)
