"""Kits are counted as Odoo counts them: random bills against ``free_qty``."""

import random

from odoo.tests import tagged
from odoo.tools import float_round

from ..engine.kits import Precision
from .common import KitCase

ROUNDS = 6
COMPONENTS, KITS = 8, 14


@tagged("post_install", "-at_install")
class TestKitsOfOdoo(KitCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouses = cls.warehouse | cls.make_warehouse() | cls.make_warehouse()
        cls.packs = cls.env["uom.uom"].create(
            [
                {
                    "name": name,
                    "relative_factor": factor,
                    "relative_uom_id": cls.unit.id,
                }
                for name, factor in (("Pack of 6", 6), ("Third", 1 / 3), ("Gram", 0.01))
            ]
        )
        cls.units = cls.unit | cls.dozen | cls.packs

    def random_components(self, dice):
        """Products in several units, tracked or not, here and there, some of it
        reserved."""
        products = []
        for _number in range(COMPONENTS):
            product = self.make_product(
                uom_id=dice.choice(self.units).id, is_storable=dice.random() < 0.85
            )
            for warehouse in self.warehouses if product.is_storable else ():
                stock = dice.choice([0, 3, 50, 200]) * dice.choice([1, 1, 0.37, 2.5])
                if stock:
                    self.put(product, stock, warehouse.lot_stock_id)
                if stock and dice.random() < 0.3:
                    move = self.move(
                        product,
                        stock / dice.choice([1, 2, 3]),
                        warehouse.lot_stock_id,
                        self.customers,
                    )
                    move._action_assign()
            products.append(product)
        return products

    def random_kits(self, dice, products):
        """Kits of what there is so far, other kits among them; some with several bills,
        some of a company."""
        kits = []
        for _number in range(KITS):
            kit = self.make_product(
                uom_id=dice.choice(self.units).id, is_storable=dice.random() < 0.3
            )
            for _bill in range(dice.choice([1, 1, 2])):
                self.random_bill(dice, kit, products + kits)
            kits.append(kit)
        return self.env["product.product"].concat(*kits)

    def random_bill(self, dice, kit, parts):
        lines = [
            (
                part,
                dice.choice([0, 1, 1, 2, 3, 0.5, 0.33, 7]),
                {"product_uom_id": dice.choice([part.uom_id, *self.units]).id},
            )
            for part in dice.choices(parts, k=dice.randint(1, 4))
        ]
        if dice.random() < 0.3:
            lines.append(lines[0])
        return self.make_bill(
            kit,
            *lines,
            product_qty=dice.choice([1, 1, 1, 2, 3, 12]),
            sequence=dice.randint(0, 2),
            product_id=dice.choice([False, False, kit.id]),
            company_id=dice.choice([False, self.company.id]),
        )

    def test_free_kits_are_odoo_s_free_quantity_in_each_warehouse(self):
        compared = sellable = 0
        for seed in range(ROUNDS):
            dice = random.Random(seed)
            kits = self.random_kits(dice, self.random_components(dice))
            self.env.flush_all()
            ours = self.env["marketplace.stock"]._read_free(
                kits.ids, self.warehouses.ids
            )
            for warehouse in self.warehouses:
                free = self.odoo_free(kits, warehouse)
                for kit, theirs in zip(kits, free, strict=True):
                    mine = ours.get((kit.id, warehouse.id), 0.0)
                    words = f"seed {seed}, {kit.default_code} in {warehouse.name}"
                    self.assertEqual(mine, theirs, words)
                    compared += 1
                    sellable += theirs > 0
        self.assertGreater(sellable, compared / 6, "most of them must mean something")

    def test_a_number_of_several_warehouses_is_the_sum_of_odoo_s(self):
        dice = random.Random(7)
        kits = self.random_kits(dice, self.random_components(dice))
        site = self.make_site(self.warehouses)
        listings = [self.make_listing(kit, site) for kit in kits]
        free = [self.odoo_free(kits, one) for one in self.warehouses]
        shown = [one for one in listings if not one.block_code]
        self.assertGreater(len(shown), 5)
        for listing, *theirs in zip(listings, *free, strict=True):
            if listing in shown:
                self.assertEqual(listing.qty, max(0, sum(theirs)))

    def test_roundings_are_odoo_s(self):
        dice, precision = random.Random(5), Precision(2)
        names = {"nearest": "HALF-UP", "down": "DOWN", "up": "UP"}
        for _number in range(3000):
            value = dice.choice([1, -1]) * dice.choice(
                [dice.uniform(0, 5), dice.randint(0, 500) / 200, dice.uniform(0, 1e6)]
            )
            for name, method in names.items():
                theirs = float_round(value, precision_digits=2, rounding_method=method)
                self.assertEqual(getattr(precision, name)(value), theirs, (value, name))

    def test_a_nested_bill_for_another_operation_is_delivered_from_its_components(self):
        """Odoo's delivery explodes it in a second step."""
        mug = self.make_product(10)
        first, second = self.warehouses[:2].manu_type_id
        own = {"company_id": self.company.id}
        inner = self.make_kit(mug, picking_type_id=first.id, **own)
        outer = self.make_kit((inner, 2), picking_type_id=second.id, **own)
        self.assertEqual(self.free(outer), 5)
        moves = self.make_order(outer, 1).picking_ids.move_ids
        self.assertEqual((moves.product_id, moves.product_uom_qty), (mug, 2))

    def test_many_kits_take_as_many_queries_as_few(self):
        dice = random.Random(3)
        products = self.random_components(dice)
        kits = [self.make_kit(*dice.sample(products, 3)) for _number in range(30)]
        ids = [kit.id for kit in kits]
        stock = self.env["marketplace.stock"]
        counts = []
        for batch in (ids[:2], ids):
            self.env.flush_all()
            stock._read_free(batch, self.warehouses.ids)  # what the ORM caches
            before = self.env.cr.sql_log_count
            stock._read_free(batch, self.warehouses.ids)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)
        self.assertLessEqual(counts[0], 6)
