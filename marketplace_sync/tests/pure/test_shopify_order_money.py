"""The parts of an order add up to Shopify's total, to the cent, whatever happens."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace_sync.channels.shopify.order_money import (
    Amounts,
    settled,
    taxes_of,
    unit_of,
)
from marketplace_sync.tests.pure.shopify_case import ShopifyCase

CENT = Decimal("0.01")
PRICES = st.decimals("0.01", "500", places=2)
RATES = st.sampled_from(["0.19", "0.07", "0.21", "0.0825", "0"])
ITEMS = st.lists(
    st.fixed_dictionaries(
        {
            "quantity": st.integers(1, 9),
            "price": PRICES,
            "off": st.integers(0, 100),
            "taxes": st.lists(
                st.fixed_dictionaries(
                    {"title": st.just("T"), "rate": RATES, "liable": st.booleans()}
                ),
                max_size=2,
            ),
            "kept": st.integers(0, 9),
        }
    ),
    min_size=1,
    max_size=4,
)


def amount_of(order):
    """Return what the parts of an order add up to."""
    found = sum((charge.amount for charge in order.charges), Decimal(0))
    parts = [*order.lines, *order.charges]
    for line in order.lines:
        found += line.unit_price * line.quantity - line.discount
    if not order.prices_include_tax:
        found += sum((tax.amount for part in parts for tax in part.taxes), Decimal(0))
    return found


def item_of(number, drawn):
    price = drawn["price"]
    discount = (price * drawn["quantity"] * drawn["off"] / 100).quantize(CENT)
    return {
        **{name: drawn[name] for name in ("quantity", "taxes")},
        "price": str(price),
        "discount": str(discount),
        "sku": f"S{number}",
        "custom": True,
    }


class TestMoney(ShopifyCase):
    def setUp(self):
        super().setUp()
        self.seed(rate_limits=False, delivery="held")
        self.reader = self.adapter()

    def place(self, drawn, **more):
        items = [item_of(number, item) for number, item in enumerate(drawn)]
        return self.shop.shop.orders.place(items, **more)

    def read(self, order_id):
        return self.reader.fetch_order(order_id)

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(ITEMS, PRICES, PRICES, st.booleans(), st.sampled_from(["0.00", "0.02"]))
    def test_an_order_adds_up(self, drawn, shipping, off, included, rounding):
        paid = max(Decimal(0), shipping - off)
        order = self.read(
            self.place(
                drawn,
                shipping=shipping,
                shipping_paid=paid,
                taxes_included=included,
                rounding=rounding,
            )
        )
        self.assertEqual(amount_of(order), order.total)

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(ITEMS, st.booleans())
    def test_an_edited_order_adds_up(self, drawn, included):
        order_id = self.place(drawn, taxes_included=included)
        for number, item in enumerate(drawn):
            kept = min(item["kept"], item["quantity"])
            self.shop.edit_order(order_id, f"S{number}", kept)
        order = self.read(order_id)
        self.assertEqual(amount_of(order), order.total)
        self.assertEqual(
            [line.quantity for line in order.lines],
            [min(item["kept"], item["quantity"]) for item in drawn],
        )

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(ITEMS, st.booleans())
    def test_what_came_back_stays_in_the_order(self, drawn, included):
        order_id = self.place(drawn, taxes_included=included)
        before = self.read(order_id)
        for gid in list(self.shop.shop.orders.get(order_id)["fulfillment_orders"]):
            given_ = {"fulfillmentOrderId": f"gid://shopify/FulfillmentOrder/{gid}"}
            self.shop.shop.orders.fulfilment.create(
                {"lineItemsByFulfillmentOrder": [given_]}
            )
        for number, item in enumerate(drawn):
            self.shop.refund_order(
                order_id, f"S{number}", min(item["quantity"], item["kept"]), "RETURN"
            )
        after = self.read(order_id)
        self.assertEqual(after.total, before.total)
        self.assertEqual(amount_of(after), after.total)
        self.assertEqual(
            [line.quantity for line in after.lines],
            [line.quantity for line in before.lines],
        )
        self.assertEqual(after.status, "shipped")

    def test_a_removed_unit_takes_its_share_of_the_discount_with_it(self):
        drawn = [{"quantity": 3, "price": Decimal(10), "off": 0, "taxes": []}]
        item = {**item_of(0, drawn[0]), "discount": "10.00"}
        order_id = self.shop.shop.orders.place([item], shipping="0")
        self.shop.edit_order(order_id, "S0", 2)
        line = self.read(order_id).lines[0]
        self.assertEqual((line.quantity, line.discount), (2, Decimal("6.66")))

    def test_a_removed_shipping_line_costs_nothing(self):
        order_id = self.place([{**EASY}], shipping="4.90")
        order = self.shop.shop.orders.get(order_id)
        order["shipping"][0].update(removed=True, current="0.00")
        order = self.read(order_id)
        self.assertEqual((order.charges, order.total), ((), Decimal("10.00")))

    def test_cash_rounding_is_a_charge_of_its_own(self):
        order = self.read(self.place([{**EASY}], rounding="-0.02", shipping="0"))
        self.assertEqual(
            [(c.kind, c.amount) for c in order.charges][1:],
            [("rounding", Decimal("-0.02"))],
        )
        self.assertEqual(order.total, Decimal("9.98"))

    def test_taxes_that_the_channel_pays_are_marked(self):
        taxes = [
            {"title": "Sales tax", "rate": "0.0825", "liable": True},
            {"title": "Local", "rate": "0.01", "liable": None},
        ]
        order = self.read(
            self.place([{**EASY, "taxes": taxes}], taxes_included=False, shipping="0")
        )
        self.assertEqual(
            [(t.title, t.rate, t.collected_by_channel) for t in order.lines[0].taxes],
            [("Sales tax", Decimal("8.25"), True), ("Local", Decimal("1.0"), False)],
        )
        self.assertFalse(order.prices_include_tax)
        self.assertEqual(order.total, Decimal("10.93"))


EASY = {"quantity": 1, "price": Decimal(10), "off": 0, "taxes": [], "kept": 1}


def tax_node(amount, rate):
    money = {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}
    return {"title": "VAT", "rate": rate, "channelLiable": None, "priceSet": money}


def test_an_exempt_line_has_no_tax_but_a_zero_rate_is_one():
    taxes = taxes_of([tax_node("0.00", 0.19), tax_node("0.0", 0.0)])
    assert [tax.rate for tax in taxes] == [0]


def test_a_rate_without_a_percentage_is_still_exact():
    assert taxes_of([tax_node("1.00", 0.07)])[0].rate == 7


def test_a_difference_that_rounding_cannot_explain_stays_visible():
    parts = [Amounts(Decimal(10), Decimal(3), is_shared=True), Amounts(Decimal(10))]
    assert settled(parts, Decimal("0.02"), CENT, True) == parts
    assert settled(parts[1:], CENT, CENT, True) == parts[1:]
    assert settled(parts, CENT, CENT, True)[0].discount == Decimal("2.99")


def test_currencies_have_their_own_smallest_amount():
    assert [unit_of(c) for c in ("EUR", "JPY", "KWD")] == [CENT, 1, CENT / 10]
