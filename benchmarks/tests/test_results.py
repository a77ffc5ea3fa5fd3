"""The page of figures: what is measured again stands in its own place."""

from benchmarks import results
from benchmarks.figures import Figure

NAMES = ("recompute", "picking", "orders")
FACTS = {"Processor": "4 × one"}


def written(page, **measured):
    found = {
        name: (f"on day {day}", [Figure("seconds", day, "s", 3, section="How long")])
        for name, day in measured.items()
    }
    return results.renewed(page, found, FACTS, NAMES)


def test_a_part_replaces_its_own_section_only():
    page = written(written("", picking=1, orders=1), orders=2)
    sections = results.sections_of(page)
    assert sections["picking"].startswith("Measured on day 1.")
    assert sections["orders"].startswith("Measured on day 2.")
    assert "| seconds | 2 s | ≤ 3 s | pass |  |" in sections["orders"]


def test_parts_stand_in_their_order_and_what_no_part_is_called_goes():
    page = written("# Figures\n\n## gone\n\nold\n", orders=1)
    page = written(page, recompute=5)
    assert list(results.sections_of(page)) == ["recompute", "orders"]
    assert "old" not in page


def test_writing_the_same_twice_changes_nothing():
    page = written("", picking=1, recompute=2)
    assert written(page, picking=1) == page
    assert "| Processor | 4 × one |" in page
