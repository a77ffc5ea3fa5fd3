"""The arithmetic of kits, without Odoo."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace_sync_mrp.engine import kits
from marketplace_sync_mrp.engine.kits import Bill, Kit, Line, Precision, Unit

UNIT, DOZEN, KILO, GRAM = Unit(1, 1), Unit(2, 12), Unit(3, 1), Unit(4, 0.001)
TWO_DIGITS = Precision(2)


def line(component, quantity=1.0, unit=UNIT, component_unit=None, **more):
    return Line(component, quantity, unit, component_unit or unit, **more)


def bill(*lines, number=1, company=0, operation=0, quantity=1.0, unit=UNIT):
    return Bill(number, company, operation, quantity, unit, UNIT, lines)


def explode(root, bills=None, values=None, product=100, company=1):
    bills = {k: v if isinstance(v, list) else [v] for k, v in (bills or {}).items()}
    return kits.explode(product, root, company, bills, values or {}, TWO_DIGITS)


def count(kit, **free):
    return kits.complete(kit, {int(k[1:]): v for k, v in free.items()}, TWO_DIGITS)


# === WHAT A KIT NEEDS ===


def test_the_scarcest_component_decides():
    kit = explode(bill(line(1, 2), line(2)))
    assert count(kit, c1=9, c2=40) == 4
    assert kits.limiting(kit, {1: 9, 2: 40}, TWO_DIGITS) == [(1, 4), (2, 40)]


def test_a_component_that_is_not_there_makes_none():
    assert count(explode(bill(line(1), line(2))), c1=5) == 0


def test_lines_of_one_component_are_added_up():
    assert explode(bill(line(1, 2), line(1, 1))).needs == {1: 3}


def test_quantities_are_converted_to_the_unit_of_the_component():
    kit = explode(bill(line(1, 250, GRAM, KILO)))
    assert count(kit, c1=1.1) == 4


def test_a_bill_for_several_kits_is_shared_among_them():
    kit = explode(bill(line(1, 4), quantity=2))
    assert (kit.output, count(kit, c1=10)) == (2, 5)


def test_the_output_of_a_bill_is_converted_to_the_unit_of_the_product():
    kit = explode(bill(line(1, 12), unit=DOZEN))
    assert (kit.output, count(kit, c1=30)) == (12, 30)


def test_a_nested_kit_is_replaced_by_its_components():
    kit = explode(bill(line(2, 2), line(1)), {2: bill(line(1, 3), number=2)})
    assert kit.needs == {1: 7}
    assert kit.touched == {1, 2}


def test_what_is_not_tracked_or_zero_does_not_limit():
    kit = explode(bill(line(1), line(2, 0), line(3, is_tracked=False)))
    assert kit.needs == {1: 1}


@pytest.mark.parametrize("lines", [[], [line(1, 0)], [line(1, is_tracked=False)]])
def test_a_kit_of_nothing_that_is_tracked_says_so(lines):
    assert explode(bill(*lines)).problem == kits.UNTRACKED


def test_a_line_for_other_variants_is_left_out():
    red, blue, large, small = range(4)
    lines = (
        line(1, values=frozenset((red,)), attributes=1),
        line(2, values=frozenset((blue,)), attributes=1),
        line(3, values=frozenset((red, blue)), attributes=1),
        line(4, values=frozenset((red, small)), attributes=2),
        line(5, values=frozenset((red, large)), attributes=2),
        line(6, values=frozenset((red,)), attributes=1, is_never=True),
    )
    kit = explode(bill(*lines), values={100: frozenset((red, large))})
    assert set(kit.needs) == {1, 3, 5}


def test_a_bill_that_leads_back_to_itself_ends_with_a_problem():
    loop = {100: bill(line(2)), 2: bill(line(100), number=2)}
    assert explode(loop[100], loop).problem == kits.CIRCULAR


def test_a_component_that_is_used_twice_is_no_circle():
    shared = {2: bill(line(1), number=2), 3: bill(line(2), number=3)}
    assert explode(bill(line(2), line(3)), shared).needs == {1: 2}


def test_bills_that_multiply_without_end_are_given_up():
    tower = {n: bill(line(n + 1), line(n + 1), number=n) for n in range(2, 40)}
    assert explode(bill(line(2)), tower).problem == kits.TOO_LARGE


# === WHICH BILL ===


def test_the_first_bill_of_the_company_is_taken():
    bills = [bill(number=1, company=2), bill(number=2, company=1), bill(number=3)]
    assert kits.choose(bills, 1).id == 2
    assert kits.choose(bills, 3).id == 3
    assert kits.choose(bills[:1], 1) is None


def test_a_nested_bill_for_the_same_operation_goes_before_an_earlier_one_for_another():
    bills = [bill(number=1, operation=8), bill(number=2), bill(number=3, operation=9)]
    assert kits.choose(bills, 1).id == 1
    assert kits.choose(bills, 1, operation=9).id == 2
    assert kits.choose(bills[:1], 1, operation=9).id == 1, "a delivery explodes it, too"
    assert kits.choose(bills[:1], 1, operation=9, strict=True) is None


# === PROMISES ===


def test_in_one_warehouse_exactly_the_kits_are_lost_that_cannot_be_made():
    kit = explode(bill(line(1, 2), line(2)))
    left = [{1: 20, 2: 8}]
    assert kits.lost(kit, left, 0, {1: 4}, TWO_DIGITS) == 0, "4 were spare"
    assert kits.lost(kit, left, 0, {1: 5}, TWO_DIGITS) == 1
    assert kits.lost(kit, left, 0, {2: 3}, TWO_DIGITS) == 3


def test_an_order_with_the_kit_and_its_component_counts_each_unit_once():
    kit = explode(bill(line(1), line(2)))
    # One kit and one unit of component 1: two units of it, one of the other.
    assert kits.lost(kit, [{1: 9, 2: 9}], 1, {1: 2, 2: 1}, TWO_DIGITS) == 2


def test_in_several_warehouses_kits_ordered_cost_as_many_kits():
    kit = explode(bill(line(1), line(2)))
    left = [{1: 5, 2: 5}, {1: 3, 2: 3}]
    assert kits.lost(kit, left, 4, {1: 4, 2: 4}, TWO_DIGITS) == 4


def test_in_several_warehouses_what_is_spare_everywhere_costs_no_kit():
    kit = explode(bill(line(1), line(2)))
    left = [{1: 50, 2: 5}, {1: 40, 2: 3}]
    assert kits.lost(kit, left, 0, {1: 30}, TWO_DIGITS) == 0
    assert kits.lost(kit, left, 0, {1: 38}, TWO_DIGITS) == 1


def allocations(demand, places):
    """Yield every way to take ``demand`` whole units from so many places."""
    for cuts in itertools.combinations_with_replacement(range(demand + 1), places - 1):
        edges = (0, *cuts, demand)
        yield [b - a for a, b in itertools.pairwise(edges)]


amounts = st.integers(0, 12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(amounts, amounts), min_size=2, max_size=3),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 2),
    st.integers(0, 2),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_several_warehouses_never_promise_too_much(free, needs, output, own, demands):
    """However the kits and the components are shipped, what is left covers them."""
    kit = Kit({1: float(needs[0]), 2: float(needs[1])}, float(output), frozenset())
    left = [{1: float(a), 2: float(b)} for a, b in free]
    before = [max(0, kits.complete(kit, one, TWO_DIGITS)) for one in left]
    promised = {c: demands[c - 1] + own * kit.need_of(c) for c in (1, 2)}
    claimed = sum(before) - kits.lost(kit, left, own, promised, TWO_DIGITS)
    for first in allocations(demands[0], len(left)):
        for second in allocations(demands[1], len(left)):
            after = [
                {1: one[1] - x, 2: one[2] - y}
                for one, x, y in zip(left, first, second, strict=True)
            ]
            rest = sum(max(0, kits.complete(kit, one, TWO_DIGITS)) for one in after)
            assert claimed <= max(0, rest - own)


# === ROUNDING ===


@given(st.floats(-1e7, 1e7, allow_nan=False))
def test_rounding_keeps_to_its_direction(value):
    near, down, up = (
        getattr(TWO_DIGITS, name)(value) for name in ("nearest", "down", "up")
    )
    noise = 1e-9 * max(1, abs(value))
    assert abs(near - value) <= 0.005 + noise
    assert abs(down) <= abs(value) + noise
    assert abs(up) >= abs(value) - noise
    assert abs(up - down) <= 0.01 + noise


def test_float_noise_costs_no_kit():
    assert TWO_DIGITS.down(0.1 * 3 / 0.3) == 1
    assert TWO_DIGITS.up(0.1 * 3) == pytest.approx(0.3)
    assert TWO_DIGITS.nearest(2.675) == 2.68


@given(st.integers(1, 500), st.integers(1, 20), st.integers(1, 12))
def test_whole_numbers_make_as_many_kits_as_one_would_count(free, need, output):
    kit = Kit({1: float(need)}, float(output), frozenset())
    exact = free * output // need
    made = kits.complete(kit, {1: float(free)}, TWO_DIGITS)
    assert made <= exact
    assert exact - made <= math.ceil(0.01 * output)
