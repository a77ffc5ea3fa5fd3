"""The GraphQL documents of this channel, with their price.

The price in points is modelled after measured queries; it only matters until the
first answer has said the real one: objects 1, scalars 0, a connection
2 + ⌊2·ln(first)⌋ × one node, a mutation 10 (13 of 13 published measurements, among
them ``inventorySetQuantities`` = 10 in
https://github.com/microsoft/BCApps/pull/5926).
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("documents")


@dataclass(frozen=True)
class Operation:
    """One document.

    :param name: the field that it asks for, as it appears in logs
    :param cost: expected price in points
    """

    name: str
    text: str
    cost: int


def load(name, cost, *files):
    """Return the :class:`Operation` that the given files make up."""
    texts = [(FOLDER / f"{file}.graphql").read_text(encoding="utf-8") for file in files]
    return Operation(name, "\n".join(texts), cost)


SHOP = load("shop", 4, "shop")
LOCATIONS = load("locations", 24, "locations")
VARIANTS_PAGE = load("productVariants", 57, "variants_page", "variant")
VARIANTS_BY_ID = load("nodes.variants", 5, "variants_by_id", "variant")
LEVELS = load("nodes.levels", 3, "levels")
SET_QUANTITIES = load("inventorySetQuantities", 10, "set_quantities")

ALL = (SHOP, LOCATIONS, VARIANTS_PAGE, VARIANTS_BY_ID, LEVELS, SET_QUANTITIES)
