"""A maker who can ship 12 a week must not promise 999: capacity is shared, and no slot
is promised twice."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from psycopg2 import IntegrityError

from .order_case import OrderCase, told_line, told_order


@tagged("post_install", "-at_install")
class TestCapacity(OrderCase):
    def make_capacity(self, *members, **values):
        """A workshop of 12 a week and 2 weeks; members are (listing, weight)."""
        return self.env["marketplace.capacity"].create(
            {
                "name": "Workshop",
                "units_per_week": 12,
                "lead_time_weeks": 2,
                "line_ids": [
                    Command.create({"product_id": one.product_id.id, "weight": weight})
                    for one, weight in members
                ],
                **values,
            }
        )

    def make_made(self, sku, **values):
        listing = self.make_listing(sku, stock=0, qty_source="capacity", **values)
        self.shelf.quantities["M1", sku] = 0
        return listing

    def sell(self, listing, units):
        """Confirm a sale outside of every channel."""
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Buyer"}).id,
                "warehouse_id": self.warehouse.id,
                "order_line": [
                    Command.create(
                        {"product_id": listing.product_id.id, "product_uom_qty": units}
                    )
                ],
            }
        )
        sale.action_confirm()
        self.refresh()
        return sale

    def test_twelve_a_week_two_weeks_eight_in_production_is_sixteen(self):
        wallet = self.make_made("WALLET")
        self.make_capacity((wallet, 1))
        self.sell(wallet, 8)
        self.assertEqual((wallet.qty, wallet.sellable_qty), (16, 16))

    def test_what_lies_finished_takes_no_capacity(self):
        wallet = self.make_made("WALLET")
        self.make_capacity((wallet, 1))
        self.sell(wallet, 8)
        self.move_stock(wallet.product_id, 3)
        self.refresh()
        self.assertEqual(wallet.qty, 19)

    def test_members_draw_on_the_same_slots(self):
        small, large = self.make_made("SMALL"), self.make_made("LARGE")
        self.make_capacity((small, 1), (large, 1.5))
        self.refresh()
        self.assertEqual((small.sellable_qty, large.sellable_qty), (24, 16))
        self.sell(large, 4)
        self.assertEqual((small.sellable_qty, large.sellable_qty), (18, 12))

    def test_an_order_on_a_channel_lowers_all_members_at_once(self):
        small, large = self.make_made("SMALL"), self.make_made("LARGE")
        self.make_capacity((small, 1), (large, 1.5))
        self.refresh()
        self.store(told_order(lines=[told_line("LARGE", 4)]))
        self.assertEqual((small.sellable_qty, large.sellable_qty), (18, 12))
        self.assertEqual((small.committed_qty, large.committed_qty), (6, 4))
        self.assertEqual(small.qty, 24, "it is promised, not in production")

    def test_no_slot_is_promised_twice_as_orders_arrive(self):
        small, large = self.make_made("SMALL"), self.make_made("LARGE")
        self.make_capacity((small, 1), (large, 1.5))
        self.refresh()
        taken = 0
        for number, (listing, weight) in enumerate([(small, 1), (large, 1.5)] * 20):
            units = listing.sellable_qty // 2
            if units:
                line = told_line(listing.sku, units)
                self.store(told_order(str(number), lines=[line]))
                taken += units * weight
        self.assertLessEqual(taken, 24)
        self.assertLessEqual(small.sellable_qty + taken, 24)

    def test_without_a_capacity_the_listing_says_so(self):
        wallet = self.make_made("WALLET")
        self.assertEqual(wallet.sync_state, "failed")
        self.assertIn("capacity", wallet.last_error)
        self.make_capacity((wallet, 1))
        self.refresh()
        self.assertEqual((wallet.sellable_qty, wallet.last_error), (24, False))
        self.assertEqual(wallet.sync_state, "unverified")

    def test_a_listing_of_its_own_wins_over_its_product(self):
        plain = self.make_made("PLAIN")
        carved = self.make_made("CARVED", product_id=plain.product_id.id)
        capacity = self.make_capacity((plain, 1))
        capacity.line_ids = [Command.create({"listing_id": carved.id, "weight": 3})]
        self.refresh()
        self.assertEqual((plain.sellable_qty, carved.sellable_qty), (24, 8))

    def test_a_capacity_of_nothing_shows_nothing(self):
        wallet = self.make_made("WALLET")
        self.make_capacity((wallet, 1), units_per_week=0)
        self.refresh()
        self.assertEqual((wallet.sellable_qty, wallet.last_error), (0, False))

    def test_nonsense_is_refused(self):
        wallet = self.make_made("WALLET")
        for values in (
            {"units_per_week": -1},
            {"lead_time_weeks": 0},
            {"safety_units": -1},
        ):
            with self.subTest(values), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    self.make_capacity((wallet, 1), **values).flush_recordset()
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.make_capacity((wallet, 0))
        self.make_capacity((wallet, 1))
        carved = self.make_made("CARVED", product_id=wallet.product_id.id)
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.make_capacity(line_ids=[Command.create({"listing_id": carved.id})])

    def test_safety_is_never_promised_and_there_is_no_buffer_unless_it_is_set(self):
        policy = self.env["marketplace.buffer.policy"].create(
            {"name": "Five", "line_ids": [Command.create({"units": 5})]}
        )
        self.account.buffer_policy_id = policy
        wallet = self.make_made("WALLET")
        self.make_capacity((wallet, 1), safety_units=4)
        self.refresh()
        self.assertEqual((wallet.sellable_qty, wallet.buffer_qty), (20, 0))
        wallet.buffer_policy_id = policy
        self.assertEqual((wallet.sellable_qty, wallet.buffer_qty), (15, 5))

    def test_holidays_are_not_promised(self):
        wallet = self.make_made("WALLET")
        calendar = self.env["resource.calendar"].create(
            {"name": "Workshop", "tz": "UTC"}
        )
        self.make_capacity((wallet, 1), calendar_id=calendar.id)
        self.refresh()
        self.assertEqual(wallet.sellable_qty, 24)
        now = fields.Datetime.now()
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Closed",
                "calendar_id": calendar.id,
                "date_from": now - timedelta(days=1),
                "date_to": now + timedelta(days=30),
            }
        )
        wallet._refresh()
        self.assertEqual(wallet.sellable_qty, 0)

    # === LEAD TIME ===

    def lead_time(self, listing):
        return listing._get_lead_times()[listing.id]

    def test_lead_time_is_the_sites_else_the_products_else_ten(self):
        wallet = self.make_made("WALLET")
        self.make_capacity((wallet, 1))
        self.assertEqual(self.lead_time(wallet), 10)
        wallet.product_id.sale_delay = 14
        self.assertEqual(self.lead_time(wallet), 14)
        self.site.lead_time_days = 21
        self.assertEqual(self.lead_time(wallet), 21)

    def test_what_lies_in_stock_has_no_lead_time_of_its_own(self):
        self.assertEqual(self.lead_time(self.make_listing("CUP")), 0)

    def test_exhausted_shows_nothing_or_a_longer_lead_time(self):
        wallet = self.make_made("WALLET")
        capacity = self.make_capacity((wallet, 1))
        self.sell(wallet, 24)
        self.assertEqual((wallet.sellable_qty, self.lead_time(wallet)), (0, 10))
        capacity.when_exhausted = "longer"
        self.refresh()
        self.assertEqual((wallet.sellable_qty, self.lead_time(wallet)), (12, 17))
        self.sell(wallet, 12)
        self.assertEqual((wallet.sellable_qty, self.lead_time(wallet)), (12, 24))

    # === WORDS ===

    def test_the_explanation_says_what_is_made_and_what_is_taken(self):
        large = self.make_made("LARGE")
        self.make_capacity((large, 1.5))
        self.sell(large, 2)
        self.store(told_order(lines=[told_line("LARGE", 4)]))
        steps = large._get_explanation_steps(large._explain())
        values = [step["value"] for step in steps]
        self.assertEqual(values[:3], ["24", "− 3", "÷ 1.5"])
        self.assertEqual((steps[3]["value"], steps[4]["value"]), (14, "− 4"))
        self.assertEqual(steps[-1]["value"], 10)

    def test_many_listings_of_one_capacity_cost_no_more_queries(self):
        listings = [self.make_made(f"W{number}") for number in range(12)]
        self.make_capacity(*[(listing, 1) for listing in listings])
        self.refresh()
        all_of_them = self.env["marketplace.listing"].union(*listings)

        def queries(some):
            self.env.invalidate_all()
            some._refresh()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some._refresh()
            return self.env.cr.sql_log_count - before

        self.assertEqual(queries(all_of_them[:2]), queries(all_of_them))

    def test_a_workshop_closed_for_the_day_is_read_in_its_own_zone(self):
        """The horizon begins now, whatever the server's zone."""
        calendar = self.env["resource.calendar"].create(
            {"name": "Tokyo", "tz": "Asia/Tokyo"}
        )
        wallet = self.make_made("WALLET")
        capacity = self.make_capacity((wallet, 1), calendar_id=calendar.id)
        with patch.object(fields.Datetime, "now", lambda: datetime(2026, 11, 21, 6)):
            self.assertEqual(capacity._get_working_part(), 1.0)
