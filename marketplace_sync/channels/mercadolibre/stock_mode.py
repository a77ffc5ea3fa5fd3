"""Which write sets a listing's quantity: one decision, no network.

The table [stock-distribuido 20–22/04/2026, stock-multi-origen 15/05/2026,
convivencia-full-y-flex 15/05/2026, kits-virtuales 17/09/2026]:

====================  =================================  ==============================
seller                listing                            write
====================  =================================  ==============================
any                   virtual kit                        none: the channel computes it
no depots             not Full                           ``PUT /items/{id}``
no depots             not Full, ``variations[]``         the same, all variation ids
no depots             Full only                          none
no depots             Full + Flex, in MLA and MLC        ``…/type/selling_address``
no depots             Full + Flex, elsewhere             none
warehouse_management  own stock (also beside Full)       ``…/type/seller_warehouse``
warehouse_management  Full only                          none
====================  =================================  ==============================

What is not in the table is not written.
"""

from dataclasses import dataclass

from . import const


@dataclass(frozen=True)
class ListingFacts:
    """What decides how a listing is written.

    :param has_variations: the item has a non-empty ``variations[]``
    :param in_family: the item has a ``family_name`` (user-product model)
    :param shipping_tags: ``shipping.tags``
    """

    site_id: str
    logistic_type: str = ""
    shipping_tags: tuple = ()
    user_product_id: str = ""
    has_variations: bool = False
    in_family: bool = False
    bundle: bool = False

    @property
    def full(self):
        """Mercado Libre ships it."""
        return self.logistic_type == const.FULL

    @property
    def full_only(self):
        """Mercado Libre ships it, and nobody else does."""
        return self.full and const.FLEX not in self.shipping_tags


@dataclass(frozen=True)
class StockMode:
    """A mode of :mod:`.const`, and why nothing can be written when it is read-only.

    :param problem: code of :data:`~...base.PROBLEMS` that tells why
    """

    mode: str
    reason: str = ""
    problem: str = ""

    @property
    def writable(self):
        return self.mode != const.READ_ONLY


def read_only(reason, problem="not_writable"):
    """Return the mode of a listing whose quantity is not ours to set."""
    return StockMode(const.READ_ONLY, reason, problem)


def resolve(facts, seller_tags):
    """Return the :class:`StockMode` of a listing.

    :param seller_tags: ``GET /users/{id}``.tags
    """
    if facts.bundle:
        return read_only(
            "A virtual kit: Mercado Libre computes its quantity from the components.",
            "bundle",
        )
    if facts.full_only:
        return read_only(
            "Full: Mercado Libre holds and counts this stock.", "fulfilled_by_channel"
        )
    if const.WAREHOUSE_MANAGEMENT in seller_tags:
        return _with_depots(facts)
    if facts.full:
        return _full_with_flex(facts)
    return _by_item(facts)


def _with_depots(facts):
    if not facts.user_product_id:
        return read_only(
            "The seller account works with depots, but this listing has no user "
            "product whose stock could be set."
        )
    return StockMode(const.SELLER_WAREHOUSE)


def _full_with_flex(facts):
    if facts.site_id not in const.FLEX_SITES:
        return read_only(
            f"Full and Flex together: on {facts.site_id} Mercado Libre lets nobody "
            "change the Flex share.",
            "fulfilled_by_channel",
        )
    if not facts.user_product_id:
        return read_only("Full and Flex together, but without a user product.")
    return StockMode(const.SELLING_ADDRESS)


def _by_item(facts):
    if not facts.has_variations:
        return StockMode(const.ITEM_MODE)
    if facts.in_family:
        return read_only(
            "The listing has both a family and variations, which Mercado Libre does "
            "not document."
        )
    return StockMode(const.VARIATIONS_MODE)
