"""From bills of materials and free components to complete kits.

What one kit needs, and how many can be shipped from one warehouse, by the rules and
roundings of Odoo 19 (``mrp``: ``mrp.bom.explode`` and
``product.product._compute_quantities_dict``, read in November 2026):

- a line that an attribute of the variant does not want is left out;
- a nested kit is replaced by its components;
- the quantity of a line is rounded up in the line's unit, to the precision of
  quantities, then converted without rounding;
- components that are not tracked, and quantities of zero, do not limit;
- free ÷ needed is rounded down, the kits are whole.

Two rules are not Odoo's. A bill that leads back to itself ends with a problem (there
in an endless loop), and the output of a bill is converted from the bill's unit to the
product's, as a delivery does it (``free_qty`` forgets it).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

#: Why a kit cannot be counted.
CIRCULAR, UNTRACKED, TOO_LARGE = "kit_circular", "kit_untracked", "kit_too_large"
#: Lines of one exploded bill; bills that share parts in many ways grow exponentially.
MAX_LINES = 10_000
#: Relative noise of a chain of float operations, as Odoo's ``float_round`` assumes it.
NOISE = 2.0**-50


class Unit(NamedTuple):
    """A unit of measure, and how many reference units it holds."""

    id: int
    factor: float


class Line(NamedTuple):
    """One line of a bill.

    :param quantity: in ``unit``, for the bill's whole output
    :param is_tracked: whether its stock is counted at all
    :param values: attribute values for which the line counts; none = always
    :param attributes: number of attributes among ``values``: each must be met
    :param is_never: it hangs on a choice that no variant holds, so nobody made it
    """

    component: int
    quantity: float
    unit: Unit
    component_unit: Unit
    is_tracked: bool = True
    values: frozenset = frozenset()
    attributes: int = 0
    is_never: bool = False


class Bill(NamedTuple):
    """A bill of materials.

    :param company: 0 = every company
    :param operation: the operation type that it is made for; 0 = any
    :param quantity: its output in ``unit``
    :param product_unit: the unit of the product that it makes
    """

    id: int
    company: int
    operation: int
    quantity: float
    unit: Unit
    product_unit: Unit
    lines: tuple = ()


class Kit(NamedTuple):
    """What a kit comes down to.

    :param needs: component → quantity for the bill's output, in the component's unit
    :param output: kits that one bill makes, in the product's unit
    :param touched: every product that its bills name: it depends on their bills, too
    """

    needs: Mapping[int, float]
    output: float
    touched: frozenset
    problem: str | None = None

    def need_of(self, component):
        """Return how much of a component one kit takes."""
        return self.needs.get(component, 0.0) / self.output


class Precision:
    """Roundings of quantities, as Odoo's ``float_round`` does them."""

    def __init__(self, digits=2):
        self.scale = 10.0**digits

    def nearest(self, value):
        scaled = value * self.scale
        whole = math.floor(abs(scaled) * (1 + NOISE) + 0.5)
        return math.copysign(whole, scaled) / self.scale

    def down(self, value):
        """Round towards zero."""
        return math.trunc(value * self.scale * (1 + NOISE)) / self.scale

    def up(self, value):
        """Round away from zero."""
        scaled = value * self.scale
        whole = math.trunc(abs(scaled) * (1 - NOISE) + 1) if scaled else 0
        return math.copysign(whole, scaled) / self.scale


def convert(quantity, unit, target):
    """Return ``quantity`` of one unit in another one, not rounded."""
    if unit.id == target.id:
        return quantity
    return quantity * unit.factor / target.factor


def choose(bills, company, operation=0, strict=False):
    """Return the bill that Odoo takes: the first of the company, preferably one for
    the operation type or for any.

    :param bills: in Odoo's order: sequence, the variant's own first, id
    :param strict: none rather than one for another operation type
    """
    own = [bill for bill in bills if bill.company in (0, company)]
    fitting = [bill for bill in own if bill.operation in (0, operation)]
    if operation and (fitting or strict):
        own = fitting
    return own[0] if own else None


class _Problem(Exception):
    pass


def explode(product, bill, company, bills, values, precision):
    """Return the :class:`Kit` of a product made by ``bill``.

    :param bills: product → its kit bills, in Odoo's order
    :param values: product → the attribute values of the variant
    """
    explosion = _Explosion(bill, company, bills, values, precision)
    try:
        explosion.add(product, bill, 1.0, (product,))
    except _Problem as problem:
        return Kit({}, 1.0, frozenset(explosion.touched), str(problem))
    output = convert(bill.quantity, bill.unit, bill.product_unit)
    return Kit(
        explosion.needs,
        output,
        frozenset(explosion.touched),
        None if explosion.needs else UNTRACKED,
    )


class _Explosion:
    def __init__(self, root, company, bills, values, precision):
        self.root, self.company = root, company
        self.bills, self.values = bills, values
        self.precision = precision
        self.needs, self.touched, self.steps = {}, set(), 0

    def add(self, product, bill, quantity, path):
        """Add what ``quantity`` bills of a product take."""
        for line in bill.lines:
            self.touched.add(line.component)
            if line.quantity and not self._is_left_out(line, product):
                self._add_line(line, quantity * line.quantity, path)

    def _is_left_out(self, line, product):
        """Tell whether the variant does not want the line: of every attribute that the
        line names it must have one of the values."""
        if not line.values:
            return False
        met = line.values & self.values.get(product, frozenset())
        return line.is_never or len(met) != line.attributes

    def _add_line(self, line, quantity, path):
        self.steps += 1
        if self.steps > MAX_LINES:
            raise _Problem(TOO_LARGE)
        below = self.bills.get(line.component)
        bill = below and choose(below, self.company, self.root.operation)
        if bill:
            if line.component in path:
                raise _Problem(CIRCULAR)
            nested = convert(quantity / bill.quantity, line.unit, bill.unit)
            self.add(line.component, bill, nested, (*path, line.component))
        elif line.is_tracked:
            needed = self.precision.up(quantity)
            needed = convert(needed, line.unit, line.component_unit)
            self.needs[line.component] = self.needs.get(line.component, 0.0) + needed


def complete(kit, free, precision):
    """Return how many whole kits the free components make; negative where more of one
    is promised than there is, as free stock of a product is.

    :param free: component → free quantity in its own unit
    """
    fewest = min(
        precision.down(precision.nearest(free.get(component, 0.0)) / need)
        for component, need in kit.needs.items()
    )
    return precision.nearest(fewest * kit.output) // 1


def limiting(kit, free, precision):
    """Return [(component, kits that it allows)], the scarcest first."""
    allowed = [
        (
            component,
            complete(kit._replace(needs={component: need}), free, precision),
        )
        for component, need in kit.needs.items()
    ]
    return sorted(allowed, key=lambda pair: pair[1])


def lost(kit, remaining, own, promised, precision):
    """Return how many kits are gone because of promises that name no warehouse.

    With one warehouse: exactly those that cannot be made any more. With several it is
    open who ships what, so the worst case counts: the number never promises too much.

    :param remaining: per warehouse, component → what is left after its own demand
    :param own: kits promised themselves
    :param promised: component → promised quantity, that of ``own`` included
    """
    if len(remaining) == 1:
        (left,) = remaining
        after = {c: left.get(c, 0.0) - promised.get(c, 0.0) for c in kit.needs}
        return complete(kit, left, precision) - complete(kit, after, precision)
    kits = [max(0.0, complete(kit, left, precision)) for left in remaining]
    others = sum(
        _worst_case(
            kit,
            component,
            [left.get(component, 0.0) for left in remaining],
            kits,
            promised.get(component, 0.0) - own * kit.need_of(component),
        )
        for component in kit.needs
    )
    return own + others


def _worst_case(kit, component, left, kits, demand):
    """Return the most kits that ``demand`` for one component can cost, whichever
    warehouses ship it: what is spare goes first, where there is least of it.
    """
    if demand <= NOISE:
        return 0.0
    need = kit.need_of(component)
    # Whole units leave a warehouse whole: the least that can cost a kit is one.
    is_whole = float(demand).is_integer() and need.is_integer() and kit.output == 1
    grain = 1.0 if is_whole else 0.001
    spare = sorted(
        max(0.0, _spare(free - count * need, kit.needs[component], is_whole))
        for free, count in zip(left, kits, strict=True)
        if count > 0
    )
    worst, used = 0.0, 0.0
    for hit, unused in enumerate(spare, 1):
        used += unused + grain  # so much costs a first kit in ``hit`` warehouses
        if demand < used - NOISE:
            break
        worst = max(worst, hit + (demand - used + NOISE) // need)
    return min(worst, sum(kits))


def _spare(quantity, needed, is_whole):
    """Return what may go without costing a kit, less what roundings may take."""
    return math.floor(quantity + NOISE) if is_whole else quantity - 0.01 * needed - 0.01
