"""Amazon's proceeds as lines, charges, taxes and discounts: exact to the cent."""

import unittest
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace_sync.channels.amazon.order_money import READINGS
from marketplace_sync.channels.amazon.orders import order_of
from marketplace_sync.tests.pure.amazon_order_case import item, money, order
from marketplace_sync.tests.pure.order_contract import amount_of, amounts_of

CHARGES = ("SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER")


cents = st.integers(0, 500_000).map(lambda n: Decimal(n).scaleb(-2))
small = st.integers(0, 500).map(lambda n: Decimal(n).scaleb(-2))


@st.composite
def told_orders(draw):
    """Return ``(order, reading)``: an order whose total was added up in one way."""
    reading = draw(st.sampled_from(READINGS))
    sign = draw(st.sampled_from((1, -1)))
    items, total = [], Decimal(0)
    for number in range(draw(st.integers(1, 4))):
        parts = {"ITEM": draw(cents), **{kind: draw(small) for kind in CHARGES}}
        value = sum(parts.values())
        taxes = {name: draw(small) for name in ("ITEM", "SHIPPING", "GIFT_WRAP")}
        discounts = {name: draw(small) for name in ("ITEM", "SHIPPING")}
        parts["TAX"] = (sum(taxes.values()), taxes)
        parts["DISCOUNT"] = (
            sign * sum(discounts.values()),
            {name: sign * one for name, one in discounts.items()},
        )
        value += sum(taxes.values()) * reading.tax_added
        value -= sum(discounts.values()) * reading.discount_taken
        items.append(item(number, draw(st.integers(1, 12)), parts, value))
        total += value
    tip = draw(small)
    tips = [{"type": "DELIVERY_TIP", "subtotal": money(tip)}]
    told = order(*items, proceeds={"breakdowns": tips}, total=total + tip)
    return told, reading


class TestTotals(unittest.TestCase):
    @settings(max_examples=300, deadline=None)
    @given(told_orders())
    def test_whatever_way_amazon_adds_up_the_parts_make_its_total(self, told):
        read = order_of(told[0])
        self.assertEqual(amount_of(read), read.total)
        self.assertTrue(all(line.discount >= 0 for line in read.lines))
        self.assertTrue(all(isinstance(one, Decimal) for one in amounts_of(read)))

    @settings(max_examples=300, deadline=None)
    @given(st.integers(1, 99), cents, st.sampled_from(("USD", "JPY")))
    def test_a_price_that_cannot_be_divided_is_exact_all_the_same(
        self, quantity, amount, currency
    ):
        if currency == "JPY":
            amount = amount.to_integral_value()
        told = order(item(1, quantity, {"ITEM": amount}), total=amount)
        told["proceeds"]["grandTotal"]["currencyCode"] = currency
        (line,) = order_of(told).lines
        self.assertEqual(line.unit_price * quantity - line.discount, amount)
        digits = 0 if currency == "JPY" else 2
        self.assertGreaterEqual(line.unit_price.as_tuple().exponent, -digits)
        self.assertLess(line.discount, quantity)

    def test_amazons_own_examples_add_up(self):
        uk = {"ITEM": "89.97", "SHIPPING": "10.00"}
        uk["TAX"] = ("4.00", {"ITEM": "3.00", "SHIPPING": "1.00"})
        cases = {
            "us": order(
                item(1, 2, {"ITEM": "99.98", "TAX": ("0.02", {"ITEM": "0.02"})}),
                item(2, 1, {"ITEM": "49.99"}),
                proceeds={
                    "breakdowns": [
                        {"type": "ITEM", "subtotal": money("149.97")},
                        {"type": "DELIVERY_TIP", "subtotal": money("5.00")},
                    ]
                },
                total="154.99",
            ),
            "uk": order(item(1, 3, uk, "103.97", "29.99"), total="103.97"),
            "no details": order(
                item(1, 1, {"ITEM": "39.99", "TAX": "10.00"}, "49.99"), total="49.99"
            ),
        }
        for name, told in cases.items():
            with self.subTest(name):
                read = order_of(told)
                self.assertEqual(amount_of(read), read.total)
                self.assertFalse(read.prices_include_tax)
        (line,) = order_of(cases["uk"]).lines
        self.assertEqual((line.unit_price, line.discount), (Decimal("29.99"), 0))
        self.assertEqual([tax.amount for tax in line.taxes], [Decimal("3.00")])
        (charge,) = order_of(cases["uk"]).charges
        self.assertEqual((charge.kind, charge.amount), ("shipping", Decimal("10.00")))
        self.assertEqual([tax.amount for tax in charge.taxes], [Decimal("1.00")])
        self.assertEqual(
            [(c.kind, c.amount) for c in order_of(cases["us"]).charges],
            [("tip", Decimal("5.00"))],
        )

    def test_a_total_that_nothing_explains_is_told_as_it_is(self):
        read = order_of(order(item(1, 1, {"ITEM": "10.00"}, "10.00"), total="12.34"))
        self.assertEqual(read.total, Decimal("12.34"))
        self.assertEqual(amount_of(read), Decimal("10.00"))

    def test_without_a_grand_total_the_items_totals_tell_the_way(self):
        told = order(item(1, 1, {"ITEM": "11.90", "TAX": "1.90"}, "11.90"))
        read = order_of(told)
        self.assertIsNone(read.total)
        self.assertTrue(read.prices_include_tax)

    def test_prices_hold_the_tax_where_amazons_total_does_not_add_it(self):
        told = order(item(1, 1, {"ITEM": "11.90", "TAX": "1.90"}), total="11.90")
        read = order_of(told)
        self.assertTrue(read.prices_include_tax)
        self.assertEqual(read.lines[0].taxes[0].amount, Decimal("1.90"))

    def test_tax_that_amazon_pays_to_the_state_is_marked(self):
        collected = {"taxCollections": [{"model": "MARKETPLACE_FACILITATOR"}]}
        parts = {"ITEM": "10.00", "SHIPPING": "2.00"}
        parts["TAX"] = ("1.20", {"ITEM": "1.00", "SHIPPING": "0.20"})
        ours = item(2, 1, {"ITEM": "10.00", "TAX": "1.00"})
        read = order_of(order(item(1, 1, parts, tax=collected), ours, total="24.20"))
        self.assertEqual(
            [line.taxes[0].collected_by_channel for line in read.lines], [True, False]
        )
        self.assertTrue(read.charges[0].taxes[0].collected_by_channel)

    def test_a_discount_on_shipping_is_a_charge_of_its_own(self):
        parts = {"ITEM": "20.00", "SHIPPING": "5.00"}
        parts["DISCOUNT"] = ("-6.00", {"ITEM": "-1.00", "SHIPPING": "-5.00"})
        read = order_of(order(item(1, 2, parts), total="19.00"))
        self.assertEqual(read.lines[0].discount, Decimal("1.00"))
        self.assertEqual(
            [(c.kind, c.amount) for c in read.charges],
            [("shipping", Decimal("5.00")), ("discount", Decimal("-5.00"))],
        )

    def test_details_that_exceed_their_sum_change_nothing(self):
        parts = {"ITEM": "20.00", "SHIPPING": "5.00"}
        parts["DISCOUNT"] = ("1.00", {"SHIPPING": "5.00"})
        read = order_of(order(item(1, 1, parts), total="24.00"))
        self.assertEqual(amount_of(read), Decimal("24.00"))
        self.assertEqual(read.lines[0].discount, Decimal("1.00"))

    def test_a_discount_that_the_price_holds_already_is_not_taken_twice(self):
        parts = {"ITEM": "18.00", "DISCOUNT": "2.00"}
        read = order_of(order(item(1, 1, parts), total="18.00"))
        self.assertEqual(read.lines[0].discount, 0)
        self.assertEqual(amount_of(read), read.total)

    def test_a_category_that_is_not_known_is_paid_all_the_same(self):
        read = order_of(order(item(1, 1, {"ITEM": "1", "NEW_FEE": "2"}), total="3"))
        self.assertEqual([c.kind for c in read.charges], ["other"])
        self.assertEqual(amount_of(read), 3)

    def test_a_total_without_parts_is_the_price(self):
        read = order_of(order(item(1, 2, {}, "9.98", "4.99"), total="9.98"))
        self.assertEqual(read.lines[0].unit_price, Decimal("4.99"))
        self.assertEqual(amount_of(read), read.total)


class TestPartly(unittest.TestCase):
    """Money that is missing, or of units that are not wanted any more."""

    def test_a_pending_order_may_have_no_prices(self):
        read = order_of(order(item(1, 2), status="PENDING"))
        self.assertEqual((read.status, read.total), ("pending", None))
        self.assertEqual((read.lines[0].unit_price, read.lines[0].quantity), (None, 2))
        self.assertEqual(read.charges, ())

    def test_a_pending_order_may_have_prices(self):
        read = order_of(order(item(1, 2, {"ITEM": "8"}), total="8", status="PENDING"))
        self.assertEqual((read.total, read.lines[0].unit_price), (8, 4))

    def test_a_line_that_was_cancelled_costs_nothing(self):
        counts = {"quantityFulfilled": 0, "quantityUnfulfilled": 0}
        gone = item(2, 1, {"ITEM": "5.00", "SHIPPING": "1.00"}, fulfillment=counts)
        gone["cancellation"] = {"cancellationExecution": {"cancelledBy": "MERCHANT"}}
        read = order_of(order(item(1, 1, {"ITEM": "10.00"}), gone, total="10.00"))
        self.assertEqual([line.quantity for line in read.lines], [1, 0])
        self.assertEqual(amount_of(read), read.total)

    def test_units_that_were_cancelled_leave_the_price_as_it_is(self):
        counts = {"quantityFulfilled": 0, "quantityUnfulfilled": 2}
        told = item(1, 3, {"ITEM": "30.00"}, price="10.00", fulfillment=counts)
        (line,) = order_of(order(told, total="30.00")).lines
        self.assertEqual((line.quantity, line.unit_price), (2, 10))
        told = item(1, 3, {"ITEM": "20.00"}, price="10.00", fulfillment=counts)
        read = order_of(order(told, total="20.00"))
        self.assertEqual(amount_of(read), read.total)

    def test_amounts_that_are_none_are_not_there(self):
        told = item(1, 1, {"ITEM": "NaN"}, price="x")
        read = order_of(order(told, total="Infinity"))
        self.assertEqual((read.total, read.lines[0].unit_price), (None, None))
