"""The money of a sale on Mercado Libre, to the cent."""

import unittest
from datetime import datetime, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.channels.mercadolibre.orders import Account, to_order
from marketplace_sync.channels.mercadolibre.parcel import Parcel
from marketplace_sync.channels.mercadolibre.values import money
from marketplace_sync.tests.pure.mercadolibre_sale_case import SaleCase

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
CENTS = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-2))


def as_json(amount):
    """Return an amount as JSON brings it: a float."""
    return None if amount is None else float(amount)


def sale(price, quantity, taxes=None, total=None, **changes):
    total = price * quantity if total is None else total
    return {
        "id": 5,
        "status": "paid",
        "date_created": "2026-11-20T01:00:00.000-04:00",
        "currency_id": "MXN",
        "total_amount": as_json(total),
        "taxes": {"amount": as_json(taxes), "currency_id": "MXN" if taxes else None},
        "order_items": [
            {
                "item": {"id": "MLM1", "seller_sku": "A"},
                "quantity": quantity,
                "unit_price": as_json(price),
            }
        ],
        **changes,
    }


def parcel(cost=0, orders=(), is_shared=False):
    body = {
        "id": 9,
        "status": "ready_to_ship",
        "logistic": {"mode": "me2", "type": "cross_docking"},
        "lead_time": {"cost": as_json(cost)},
    }
    return Parcel(body, orders, is_shared)


def told(body, shipment=None):
    return to_order(body, shipment or parcel(), Account({}, NOW))


def sums_up(order):
    lines = sum(x.unit_price * x.quantity - x.discount for x in order.lines)
    return lines + sum((charge.amount for charge in order.charges), Decimal(0))


class TestMoney(unittest.TestCase):
    @given(CENTS, st.integers(1, 999), CENTS, CENTS)
    def test_lines_and_charges_come_to_the_channels_formula(
        self, price, quantity, taxes, cost
    ):
        order = told(sale(price, quantity, taxes), parcel(cost))
        self.assertEqual(order.total, price * quantity + taxes + cost)
        self.assertEqual(sums_up(order), order.total)
        self.assertFalse(order.is_held)

    @given(CENTS)
    def test_an_amount_survives_json_exactly(self, amount):
        self.assertEqual(money(as_json(amount)), amount)

    def test_the_noise_of_the_channels_own_arithmetic_is_dropped(self):
        self.assertEqual(money(14.290000000000001), Decimal("14.29"))
        self.assertEqual(money(0.1 + 0.2), Decimal("0.30"))

    def test_what_is_no_amount_is_none(self):
        for value in (None, True, "free", float("nan"), float("inf")):
            self.assertIsNone(money(value))

    def test_a_cent_per_unit_is_rounding(self):
        order = told(sale(Decimal("33.33"), 3, total=Decimal("100.00")))
        self.assertEqual((sums_up(order), order.total), (100, 100))
        self.assertEqual([c.kind for c in order.charges], ["rounding"])
        self.assertFalse(order.is_held)

    def test_more_than_rounding_is_held_not_hidden(self):
        order = told(sale(Decimal(100), 1, total=Decimal(90)))
        self.assertTrue(order.is_held)
        self.assertNotEqual(sums_up(order), order.total)

    def test_a_coupon_is_no_part_of_the_formula(self):
        order = told(sale(Decimal(100), 1, coupon={"id": 1, "amount": 15}))
        self.assertEqual((order.total, sums_up(order)), (100, 100))
        self.assertEqual(Decimal(order.data["coupon"]), 15)

    def test_taxes_in_another_currency_leave_the_total_open(self):
        taxes = {"amount": 5, "currency_id": "USD"}
        order = told(sale(Decimal(100), 1, taxes=None) | {"taxes": taxes})
        self.assertIsNone(order.total)
        self.assertTrue(order.is_held)

    def test_shipping_shared_with_other_sellers_leaves_the_total_open(self):
        order = told(sale(Decimal(100), 1), parcel(30, ("5",), is_shared=True))
        self.assertIsNone(order.total)
        self.assertTrue(order.is_held)
        self.assertEqual(order.charges, (), "nobody knows how much of it is ours")
        free = told(sale(Decimal(100), 1), parcel(0, ("5",), is_shared=True))
        self.assertEqual((free.total, free.is_held), (100, False))

    @given(st.sets(st.integers(1, 10**16), min_size=1, max_size=6), CENTS)
    def test_of_the_orders_in_one_parcel_one_bears_its_cost(self, ids, cost):
        shared = parcel(cost, tuple(map(str, ids)))
        orders = [told(sale(Decimal(10), 1) | {"id": n}, shared) for n in ids]
        self.assertEqual(sum(order.total for order in orders), 10 * len(ids) + cost)
        self.assertTrue(all(sums_up(order) == order.total for order in orders))

    def test_the_first_order_of_a_parcel_is_the_one_with_the_lowest_number(self):
        self.assertEqual(parcel(1, ("10", "9")).bears_cost, "9")

    def test_a_strange_order_is_held_and_does_not_fail(self):
        bare = told({"id": 5, "status": "paid", "order_items": None})
        self.assertTrue(bare.is_held)
        self.assertEqual((bare.lines, bare.total), ((), None))
        lines = [None, {"item": None, "quantity": None}]
        self.assertTrue(told(sale(Decimal(1), 1) | {"order_items": lines}).is_held)


class TestMoneyOfThePack(SaleCase):
    def test_the_pack_pays_for_its_shipping_once(self):
        wanted = [("B", 1, None), ("A", 2, None)]
        ids = self.channel.sell_pack(wanted, shipping_cost=49.9, taxes=1.1)
        orders = [self.order(order_id) for order_id in ids]
        expected = Decimal("300") + 2 * Decimal("1.1") + Decimal("49.9")
        self.assertEqual(sum(order.total for order in orders), expected)
        self.assertTrue(all(self.sums_up(o) == o.total for o in orders))
        first = min(ids, key=int)
        self.assertEqual({order.data["shipping_in_order"] for order in orders}, {first})

    def test_another_sellers_goods_in_the_parcel_are_seen(self):
        order_id = self.sell(shipping_cost=20)
        number = str(self.body(order_id)["shipping"]["id"])
        other = {"order_id": "1", "seller_id": 666, "requested_quantity": 1}
        self.channel.parcels.all[number]["others"] = [other]
        order = self.order(order_id)
        self.assertTrue(order.is_held)
        self.assertIsNone(order.total)


if __name__ == "__main__":
    unittest.main()
