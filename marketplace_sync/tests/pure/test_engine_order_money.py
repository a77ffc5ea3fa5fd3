"""A line of a channel order keeps its money when it becomes rows of a sale order."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.engine.order_money import (
    Part,
    TaxShare,
    exact_percent,
    rows_of,
)

CENT = Decimal("0.01")


def D(text):
    return Decimal(text)


def test_a_plain_line_is_one_row():
    (row,) = rows_of(Part(D("10.00"), D(3)), CENT)
    assert (row.amount, row.net, row.percent) == (D("30.00"), D("30.00"), 0)


def test_a_discount_that_is_a_percentage_stays_one_row():
    (row,) = rows_of(Part(D("20.00"), D(2), discount=D("4.00")), CENT)
    assert (row.amount, row.percent, row.net) == (D("40.00"), D("10.00"), D("36.00"))


def test_a_discount_that_no_percentage_makes_is_a_row_of_its_own():
    main, less = rows_of(Part(D("10.00"), D(3), discount=D("1.00")), CENT)
    assert (main.amount, less.amount) == (D("30.00"), D("-1.00"))
    assert less.is_discount


def test_a_free_line_is_a_discount_of_all():
    (row,) = rows_of(Part(D("10.00"), discount=D("10.00")), CENT)
    assert (row.percent, row.net) == (100, 0)


def test_tax_inside_the_price_stays_inside_where_odoo_has_it_inside():
    part = Part(
        D("12.10"), taxes=[TaxShare("a", D("2.10"), True)], prices_include_tax=True
    )
    (row,) = rows_of(part, CENT)
    assert (row.amount, row.net, row.taxes) == (
        D("12.10"),
        D("10.00"),
        {"a": D("2.10")},
    )


def test_tax_inside_the_price_is_taken_out_where_odoo_adds_it():
    part = Part(
        D("12.10"), taxes=[TaxShare("a", D("2.10"), False)], prices_include_tax=True
    )
    (row,) = rows_of(part, CENT)
    assert (row.amount, row.net) == (D("10.00"), D("10.00"))


def test_tax_on_top_is_put_in_where_odoo_has_it_inside():
    part = Part(D("10.00"), taxes=[TaxShare("a", D("2.10"), True)])
    (row,) = rows_of(part, CENT)
    assert (row.amount, row.net) == (D("12.10"), D("10.00"))


def test_tax_that_the_channel_collects_is_not_revenue():
    part = Part(D("12.00"), collected=D("2.00"), prices_include_tax=True)
    (row,) = rows_of(part, CENT)
    assert (row.net, part.total) == (D("10.00"), D("10.00"))
    on_top = Part(D("12.00"), collected=D("2.00"))
    assert on_top.total == D("12.00")


def test_a_percentage_is_exact_or_none():
    assert exact_percent(D("1"), D("3")) is None
    assert exact_percent(D("1"), D("0")) is None
    assert exact_percent(D("5"), D("4")) is None, "more than all"
    assert exact_percent(D("-1"), D("4")) is None
    assert exact_percent(D("0.5"), D("4")) == D("12.50")


@st.composite
def parts(draw):
    decimals = draw(st.sampled_from((0, 2, 3)))
    unit = Decimal(1).scaleb(-decimals)
    price = draw(st.integers(0, 99_999)) * unit
    quantity = Decimal(draw(st.integers(1, 12)))
    gross = price * quantity
    discount = draw(st.integers(0, int(gross / unit))) * unit
    taxes = [
        TaxShare(f"t{n}", draw(st.integers(0, 9_999)) * unit, draw(st.booleans()))
        for n in range(draw(st.integers(0, 3)))
    ]
    collected = draw(st.integers(0, 999)) * unit
    return unit, Part(price, quantity, discount, taxes, collected, draw(st.booleans()))


@given(parts())
def test_nothing_is_lost_and_nothing_is_added(drawn):
    unit, part = drawn
    rows = rows_of(part, unit)
    assert sum(row.net for row in rows) == part.net
    for share in part.taxes:
        assert sum(row.taxes[share.key] for row in rows) == share.amount
    paid = part.total + part.collected
    told = part.paid
    if not part.prices_include_tax:
        told += part.collected + sum(t.amount for t in part.taxes)
    assert paid == told, "what the buyer pays"
    for row in rows:
        inside = sum(row.taxes[t.key] for t in part.taxes if t.is_included)
        assert row.amount * (100 - row.percent) / 100 == row.net + inside
        assert row.net % unit == 0, "a sale order keeps no more decimals"
        assert all(amount % unit == 0 for amount in row.taxes.values())
        assert 0 <= row.percent <= 100
        assert row.percent == row.percent.quantize(CENT)
