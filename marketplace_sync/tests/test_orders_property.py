"""Whatever a channel charges, the sale order's total and its tax are the channel's."""

import unittest
from decimal import Decimal as D

from odoo.tests import tagged

from .order_case import told_line
from .sale_case import MoneyCase, told_tax

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:  # the addon without its repository
    st = None

RATES = ("0", "7.25", "16", "21")
CURRENCIES = ("USD", "JPY", "KWD")  # 2, 0 and 3 decimals


@tagged("post_install", "-at_install")
@unittest.skipUnless(st, "hypothesis is not installed")
class TestAnyOrder(MoneyCase):
    def test_the_total_is_the_channels_whatever_the_prices(self):
        @settings(
            max_examples=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        @given(data=st.data())
        def check(data):
            with self.env.cr.savepoint() as savepoint:
                self.check_order(data.draw)
                savepoint.rollback()

        check()

    def use_currency(self, code):
        currencies = self.env["res.currency"].with_context(active_test=False)
        currency = currencies.search([("name", "=", code)])
        currency.active = True
        if not currency.rate_ids:
            self.env["res.currency.rate"].create(
                {"currency_id": currency.id, "name": "2026-01-01", "rate": 3.7}
            )
        return currency

    def draw_line(self, draw, number, unit, rate, includes):
        price, quantity = draw(st.integers(1, 20_000)) * unit, draw(st.integers(1, 7))
        gross = price * quantity
        discount = draw(st.integers(0, int(gross / unit) // 2)) * unit
        share = rate / (100 + rate) if includes else rate / 100
        tax = told_tax(((gross - discount) * share).quantize(unit), rate)
        return told_line(
            "CUP",
            quantity,
            str(price),
            external_id=f"l{number}",
            discount=discount,
            taxes=[tax],
        )

    def check_order(self, draw):
        currency = self.use_currency(draw(st.sampled_from(CURRENCIES)))
        unit = D(1).scaleb(-currency.decimal_places)
        methods = ("round_per_line", "round_globally")
        self.company.tax_calculation_rounding_method = draw(st.sampled_from(methods))
        includes, rate = draw(st.booleans()), D(draw(st.sampled_from(RATES)))
        self.make_tax(float(rate), included=draw(st.booleans()))
        lines = [
            self.draw_line(draw, number, unit, rate, includes)
            for number in range(draw(st.integers(1, 3)))
        ]
        order = self.paid(lines, currency=currency.name, prices_include_tax=includes)
        self.assertEqual(order.problem, False)
        sale = order.sale_order_id
        taxes = float(sum(tax.amount for line in lines for tax in line.taxes))
        self.assertEqual(currency.compare_amounts(sale.amount_total, order.total), 0)
        self.assertEqual(currency.compare_amounts(sale.amount_tax, taxes), 0)
