"""The sale order's total is what the channel says, to the cent."""

from decimal import Decimal

from odoo.tests import tagged

from ..channels.orders import OrderCharge
from .order_case import told_line, told_order
from .sale_case import MoneyCase, told_tax

D = Decimal


@tagged("post_install", "-at_install")
class TestOrderMoney(MoneyCase):
    def assertPaid(self, order, total):
        self.assertEqual((order.state, order.problem), ("imported", False))
        self.assertEqual(order.sale_order_id.amount_total, total)
        self.assertEqual(order.difference, 0)

    # === DISCOUNTS AND CHARGES ===

    def test_a_discount_that_is_a_percentage_is_one(self):
        order = self.paid([told_line("CUP", 2, "20.00", discount=D("4.00"))])
        self.assertPaid(order, 36)
        self.assertEqual(order.sale_order_id.order_line.discount, 10)

    def test_a_discount_that_no_percentage_makes_is_a_line(self):
        order = self.paid([told_line("CUP", 3, "10.00", discount=D("1.00"))])
        self.assertPaid(order, 29)
        self.assertEqual(
            self.rows(order.sale_order_id),
            [("CUP", 3, 30, 30), ("MKT-DISCOUNT", 1, -1, -1)],
        )

    def test_charges_are_lines_of_the_accounts_products(self):
        charges = [
            OrderCharge("shipping", D("4.95"), "Express"),
            OrderCharge("gift_wrap", D("2.00")),
            OrderCharge("discount", D("-1.00"), "WELCOME"),
            OrderCharge("tip", D("3.00")),
            OrderCharge("fee", D("0.50")),
            OrderCharge("rounding", D("0.01")),
            OrderCharge("other", D("0.10")),
        ]
        order = self.paid([("CUP", 1)], charges=charges)
        self.assertPaid(order, 19.56)
        codes = order.sale_order_id.order_line.product_id.mapped("default_code")
        self.assertEqual(
            codes,
            [
                "CUP",
                "MKT-SHIPPING",
                "MKT-GIFTWRAP",
                "MKT-DISCOUNT",
                "MKT-TIP",
                "MKT-FEE",
                "MKT-DIFFERENCE",
            ],
        )
        self.assertIn("Express", order.sale_order_id.order_line.mapped("name"))
        self.assertEqual(len(order.sale_order_id.picking_ids.move_ids), 1)

    def test_a_pack_that_cannot_be_divided_keeps_its_price(self):
        self.make_listing("SIX", stock=100, units_per_listing=6)
        order = self.paid([told_line("SIX", 1, "19.99")])
        self.assertPaid(order, 19.99)
        self.assertEqual(order.sale_order_id.order_line.product_uom_qty, 6)

    def test_a_free_line_is_free(self):
        order = self.paid([told_line("CUP", 2, "0.00")])
        self.assertPaid(order, 0)

    def test_what_the_channel_ships_itself_counts_and_is_not_delivered(self):
        line = told_line("FBA", 2, "7.00", fulfilled_by_channel=True, title="Lamp")
        order = self.paid([told_line("CUP", 1), line])
        self.assertPaid(order, 24)
        sale = order.sale_order_id
        self.assertEqual(self.rows(sale)[1], ("MKT-ELSEWHERE", 2, 14, 14))
        self.assertIn("Lamp", sale.order_line[1].name)
        self.assertEqual(sale.picking_ids.move_ids.product_id, self.cup.product_id)

    def test_an_account_without_the_product_for_a_charge_says_so(self):
        self.account.shipping_product_id = False
        charge = OrderCharge("shipping", D("4.95"), "Express")
        order = self.paid([("CUP", 1)], charges=[charge])
        self.assertEqual(order.state, "to_fix")
        self.assertIn("Shipping", order.problem)

    # === TAXES ===

    def taxed(self, amount="2.10", rate=21, price="10.00", quantity=1, **values):
        included = values.pop("prices_include_tax", False)
        title = values.pop("title", "VAT")
        tax = told_tax(amount, rate, title, **values)
        line = told_line("CUP", quantity, price, taxes=[tax])
        return self.paid([line], prices_include_tax=included)

    def test_a_tax_is_the_companys_of_that_percentage_and_noted_as_suggested(self):
        tax = self.make_tax(21)
        order = self.taxed()
        self.assertPaid(order, 12.10)
        line = order.sale_order_id.order_line
        self.assertEqual(line.tax_ids, tax)
        self.assertAlmostEqual(line.price_tax, 2.10)
        row = self.account.tax_map_ids
        self.assertEqual((row.tax_id, row.rate, row.title), (tax, 21, "VAT"))
        self.assertTrue(row.is_suggestion)
        row.action_confirm_suggestion()
        self.assertFalse(row.is_suggestion)

    def test_prices_with_tax_stay_what_they_are_where_the_tax_is_inside_too(self):
        self.make_tax(21)
        inside = self.make_tax(21, included=True)
        order = self.taxed(price="12.10", prices_include_tax=True)
        self.assertPaid(order, 12.10)
        line = order.sale_order_id.order_line
        self.assertEqual((line.tax_ids, line.price_unit), (inside, 12.10))
        self.assertEqual(line.price_subtotal, 10)

    def test_prices_with_tax_lose_it_where_the_tax_comes_on_top(self):
        self.make_tax(21)
        order = self.taxed("6.30", price="12.10", quantity=3, prices_include_tax=True)
        self.assertPaid(order, 36.30)
        self.assertEqual(order.sale_order_id.order_line.price_subtotal, 30)

    def test_the_channels_tax_is_kept_where_odoo_would_round_otherwise(self):
        self.make_tax(7.25)
        lines = [
            told_line(
                "CUP", 1, "0.99", external_id=f"l{n}", taxes=[told_tax("0.08", 7.25)]
            )
            for n in range(5)
        ]
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            order = self.paid(lines, external_id=method)
            self.assertPaid(order, 5.35)
            self.assertAlmostEqual(order.sale_order_id.amount_tax, 0.40)

    def test_a_tax_that_nothing_fits_waits_and_goes_on_when_it_is_mapped(self):
        order = self.taxed("1.90", 19, title="MwSt")
        self.assertEqual((order.state, order.sale_order_id.id), ("to_fix", False))
        self.assertIn("MwSt, 19", order.problem)
        row = self.account.tax_map_ids
        self.assertEqual((row.title, row.rate, row.tax_id.id), ("MwSt", 19, False))
        self.assertEqual(self.account.to_map_tax_count, 1)
        order.action_retry()
        self.assertEqual(len(self.account.tax_map_ids), 1)
        row.tax_id = self.make_tax(19)
        self.sync()
        self.assertPaid(order, 11.90)

    def test_a_wrong_mapping_is_noticed_though_the_total_is_right(self):
        self.env["marketplace.tax.map"].create(
            {
                "account_id": self.account.id,
                "title": "VAT",
                "rate": 21,
                "tax_id": self.make_tax(10).id,
            }
        )
        order = self.taxed()
        self.assertEqual(order.state, "to_fix")
        self.assertIn("2.10", order.problem)

    def test_a_tax_of_any_rate_is_taken_as_it_is(self):
        tax = self.make_tax(0)
        self.env["marketplace.tax.map"].create(
            {
                "account_id": self.account.id,
                "title": "CA State Tax",
                "is_any_rate": True,
                "tax_id": tax.id,
            }
        )
        order = self.taxed("0.73", 7.25, title="CA State Tax")
        self.assertPaid(order, 10.73)
        self.assertAlmostEqual(order.sale_order_id.order_line.price_tax, 0.73)

    def test_a_tax_without_a_rate_is_known_by_its_amount(self):
        tax = self.make_tax(21)
        order = self.taxed("2.10", None, title="Tax")
        self.assertPaid(order, 12.10)
        self.assertEqual(order.sale_order_id.order_line.tax_ids, tax)
        self.assertEqual(self.account.tax_map_ids.rate, 21)

    def test_two_taxes_on_one_line(self):
        taxes = [told_tax("0.60", 6, "State"), told_tax("0.13", 1.25, "County")]
        self.make_tax(6)
        self.make_tax(1.25)
        order = self.paid([told_line("CUP", 1, "10.00", taxes=taxes)])
        self.assertPaid(order, 10.73)
        self.assertEqual(len(order.sale_order_id.order_line.tax_ids), 2)

    def test_a_tax_that_the_channel_collects_is_a_line_of_its_own(self):
        order = self.taxed("0.80", 8, title="Sales Tax", collected_by_channel=True)
        self.assertPaid(order, 10.80)
        self.assertEqual(
            self.rows(order.sale_order_id),
            [("CUP", 1, 10, 10), ("MKT-COLLECTED-TAX", 1, 0.8, 0.8)],
        )
        self.assertFalse(order.sale_order_id.order_line.tax_ids)
        self.assertFalse(self.account.tax_map_ids, "nobody has to map it")

    def test_a_tax_that_the_channel_collects_can_be_left_out(self):
        self.account.collected_tax_mode = "exclude"
        order = self.taxed(
            "2.00",
            20,
            price="12.00",
            prices_include_tax=True,
            collected_by_channel=True,
        )
        self.assertPaid(order, 10)

    def test_a_channel_that_tells_no_taxes_has_odoos_own_inside_its_prices(self):
        self.account.tax_source = "odoo"
        tax = self.make_tax(16)
        self.cup.product_id.taxes_id = tax
        order = self.paid([told_line("CUP", 3, "33.33")], prices_include_tax=True)
        self.assertPaid(order, 99.99)
        line = order.sale_order_id.order_line
        self.assertEqual(line.tax_ids, tax)
        self.assertAlmostEqual(line.price_tax, 13.79)

    def test_mercado_libre_tells_no_taxes(self):
        accounts = self.env["marketplace.account"].create(
            [{"name": c, "channel": c} for c in ("amazon", "mercadolibre")]
        )
        self.assertEqual(accounts.mapped("tax_source"), ["channel", "odoo"])

    def test_an_invoice_of_all_of_it_comes_to_the_same(self):
        self.make_tax(7.25)
        order = self.taxed("0.22", 7.25, price="0.99", quantity=3)
        self.assertPaid(order, 3.19)
        sale = order.sale_order_id
        self.ship(sale)
        invoice = sale._create_invoices()
        self.assertEqual(invoice.amount_total, 3.19)

    # === TOTALS THAT DIFFER ===

    def test_a_total_that_the_parts_do_not_come_to_is_shown_and_not_confirmed(self):
        order = self.paid([("CUP", 1)], total=D("10.02"))
        self.assertEqual((order.state, order.sale_order_id.state), ("to_fix", "draft"))
        self.assertEqual(order.difference, -0.02)
        self.assertIn("0.02", order.problem)
        order.action_retry()
        self.assertEqual(order.sale_order_id.state, "draft")

    def test_a_person_accepts_a_difference_and_sees_it_as_a_line(self):
        order = self.paid([("CUP", 1)], total=D("10.02"))
        order.action_accept_difference()
        sale = order.sale_order_id
        self.assertEqual((order.state, sale.state), ("imported", "sale"))
        self.assertEqual(self.rows(sale)[-1], ("MKT-DIFFERENCE", 1, 0.02, 0.02))
        self.assertEqual(sale.amount_total, 10.02)

    def test_a_person_who_confirms_with_the_difference_is_not_asked_again(self):
        order = self.paid([("CUP", 1)], total=D("10.02"))
        order.sale_order_id.action_confirm()
        self.assertEqual((order.state, order.problem), ("imported", False))
        order.needs_sync = True
        self.sync()
        self.assertEqual((order.state, order.difference), ("imported", -0.02))

    def test_a_small_difference_is_booked_where_the_account_allows_it(self):
        self.account.difference_limit = 0.02
        self.assertEqual(
            self.paid([("CUP", 1)], total=D("10.02")).sale_order_id.amount_total, 10.02
        )
        order = self.paid([("CUP", 1)], total=D("10.03"), external_id="2")
        self.assertEqual(order.state, "to_fix")

    def test_a_price_that_is_not_known_yet_waits(self):
        line = told_line("CUP", 1)
        unknown = told_order(lines=[line], total=None)
        order = self.imported(unknown)
        self.assertEqual(order.state, "to_fix")
        self.assertIn("does not tell what it costs", order.problem)

    # === CURRENCIES ===

    def test_another_currency_needs_to_be_active_and_to_have_a_rate(self):
        euro = self.env.ref("base.EUR")
        euro.active = False
        euro.rate_ids.unlink()
        order = self.paid([("CUP", 1)], currency="EUR")
        self.assertIn("not active", order.problem)
        euro.active = True
        order.action_retry()
        self.assertIn("no rate", order.problem)
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "name": "2026-01-01", "rate": 0.9}
        )
        order.action_retry()
        self.assertPaid(order, 10)
        self.assertEqual(order.sale_order_id.currency_id, euro)

    def test_an_unknown_currency_is_said(self):
        order = self.paid([("CUP", 1)], currency="XQX")
        self.assertIn("XQX", order.problem)
