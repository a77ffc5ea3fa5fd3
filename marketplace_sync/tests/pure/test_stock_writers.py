"""Nothing that a channel says ever writes Odoo's stock; read from the sources."""

import ast
import unittest
from pathlib import Path

ADDON = Path(__file__).resolve().parents[2]
#: Calls that change quants, moves that are done, or reservations.
WRITERS = frozenset(
    (
        "_action_done",
        "_apply_inventory",
        "_update_available_quantity",
        "_update_reserved_quantity",
        "action_apply_inventory",
        "action_assign",
        "action_validate",
        "button_validate",
        "do_scrap",
        "_action_assign",
    )
)
#: Values that Odoo's inventory mode turns into adjustments.
VALUES = frozenset(("inventory_quantity", "inventory_quantity_auto_apply"))
#: The approval of a review, by a person. Hooks that note what Odoo does, and pass it on
#: by ``super()``, write nothing themselves.
ALLOWED = {
    "models/marketplace_stock_review.py": {
        "action_apply_inventory",
        "inventory_quantity",
    },
}


def sources():
    """Return the addon's sources, and those of its bridges, without tests."""
    found = []
    for addon in sorted(ADDON.parent.glob(f"{ADDON.name}*")):
        paths = addon.rglob("*.py")
        found += [path for path in paths if "tests" not in path.parts]
    return found


def writes_of(path):
    """Return what in a file may write stock."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if not is_super(node.func.value):
                found.add(node.func.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found & (WRITERS | VALUES)


def is_super(node):
    """Tell whether a node is ``super()``."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "super"


class TestStockWriters(unittest.TestCase):
    def test_only_an_approved_review_writes_stock(self):
        offences = {}
        for path in sources():
            name = str(path.relative_to(ADDON.parent)).partition("/")[2]
            extra = writes_of(path) - ALLOWED.get(name, set())
            if extra:
                offences[str(path)] = extra
        self.assertEqual(offences, {})

    def test_the_search_finds_what_it_looks_for(self):
        for name, expected in ALLOWED.items():
            self.assertEqual(writes_of(ADDON / name), expected)
