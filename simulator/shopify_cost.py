"""What a GraphQL document costs at Shopify, and the bucket that it is taken from."""

import math
from pathlib import Path

from graphql import (
    FragmentDefinitionNode,
    build_schema,
    get_named_type,
    is_composite_type,
)

SCHEMA = build_schema(
    Path(__file__).with_name("shopify_schema.graphql").read_text(encoding="utf-8")
)
#: plan → (points at once, points a second)
PLANS = {"standard": (2000, 100), "advanced": (4000, 200), "plus": (20000, 1000)}
FREE_TYPES = frozenset(("MoneyBag", "MoneyV2", "PageInfo"))


def price(document, operation, variables):
    """Return the points of an operation, by the formula fitted to published prices.

    Objects 1; a connection 2 + ⌊2·ln(first)⌋ × one node; a mutation 10 + the objects
    below those of its payload; scalars, ``edges``, money and ``PageInfo`` nothing.
    """
    fragments = {
        d.name.value: d
        for d in document.definitions
        if isinstance(d, FragmentDefinitionNode)
    }
    counter = Price(fragments, variables or {})
    if operation.operation.value != "mutation":
        return counter.children(operation.selection_set, SCHEMA.query_type)
    total = 0
    for field, kind in counter.fields(operation.selection_set, SCHEMA.mutation_type):
        payload = counter.fields(field.selection_set, kind)
        total += 10 + sum(counter.children(f.selection_set, t) for f, t in payload)
    return total


class Price:
    """Walks one document."""

    def __init__(self, fragments, variables):
        self.fragments = fragments
        self.variables = variables

    def fields(self, selection_set, parent):
        """Yield ``(field node, its named type)``, fragments resolved."""
        for node in selection_set.selections if selection_set else ():
            if node.kind == "fragment_spread":
                node = self.fragments[node.name.value]
            if node.kind in ("inline_fragment", "fragment_definition"):
                condition = node.type_condition
                kind = SCHEMA.get_type(condition.name.value) if condition else parent
                yield from self.fields(node.selection_set, kind)
            elif not node.name.value.startswith("__"):
                yield node, get_named_type(parent.fields[node.name.value].type)

    def children(self, selection_set, parent):
        """Return the points of everything selected in an object."""
        return sum(
            self._field(f, kind) for f, kind in self.fields(selection_set, parent)
        )

    def _field(self, node, kind):
        if not is_composite_type(kind) or kind.name in FREE_TYPES:
            return 0
        if kind.name.endswith("Connection"):
            return 2 + self._size(node) * self._node(node, kind)
        return 1 + self.children(node.selection_set, kind)

    def _node(self, node, kind):
        """Return the points of one node of a connection."""
        for field, inner in self.fields(node.selection_set, kind):
            if field.name.value == "nodes":
                return 1 + self.children(field.selection_set, inner)
        return 0

    def _size(self, node):
        first = next(a.value for a in node.arguments or () if a.name.value == "first")
        count = (
            self.variables.get(first.name.value)
            if first.kind == "variable"
            else int(first.value)
        )
        return math.floor(2 * math.log(count)) if count else 0


class Points:
    """The leaky bucket of one app in one shop."""

    def __init__(self, shop):
        self.shop = shop
        self.maximum, self.rate = PLANS[shop.state["plan"]]

    def available(self):
        """Return the points that are there now."""
        points, now = self.shop.state["points"], self.shop.clock()
        if not points:
            return float(self.maximum)
        gained = max(0.0, now - points["at"]) * self.rate
        return min(float(self.maximum), points["available"] + gained)

    def take(self, cost):
        """Take points; tell whether they were there."""
        available, spent = self.available(), self.spent()
        if available < cost:
            return False
        self.shop.state["points"] = {
            "available": available - cost,
            "at": self.shop.clock(),
            "spent": spent + cost,
        }
        return True

    def spent(self):
        """Return the points that were ever taken, while the limits were on."""
        return (self.shop.state["points"] or {}).get("spent", 0)

    def report(self, requested, actual):
        """Return ``extensions.cost``."""
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": float(self.maximum),
                "currentlyAvailable": math.floor(self.available()),
                "restoreRate": float(self.rate),
            },
        }
