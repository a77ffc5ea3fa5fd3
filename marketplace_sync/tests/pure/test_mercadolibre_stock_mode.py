"""The decision table: which write sets a listing's quantity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.channels.base import PROBLEMS
from marketplace_sync.channels.mercadolibre import const
from marketplace_sync.channels.mercadolibre.stock_mode import ListingFacts, resolve

NORMAL = ("normal", "user_product_seller")
DEPOTS = ("normal", "warehouse_management")
FLEX = (const.FLEX,)


def facts(site_id="MLM", **kwargs):
    values = {"logistic_type": "cross_docking", "user_product_id": "MLMU1", **kwargs}
    return ListingFacts(site_id, **values)


FULL = {"logistic_type": "fulfillment"}
TABLE = (
    # seller tags, facts of the listing, mode, problem
    (NORMAL, facts(), "item", ""),
    (NORMAL, facts(user_product_id=""), "item", ""),
    (NORMAL, facts(in_family=True), "item", ""),
    (NORMAL, facts(has_variations=True), "variations", ""),
    (NORMAL, facts(**FULL), "read_only", "fulfilled_by_channel"),
    (NORMAL, facts("MLA", **FULL), "read_only", "fulfilled_by_channel"),
    (NORMAL, facts("MLA", **FULL, shipping_tags=FLEX), "selling_address", ""),
    (NORMAL, facts("MLC", **FULL, shipping_tags=FLEX), "selling_address", ""),
    (
        NORMAL,
        facts("MLM", **FULL, shipping_tags=FLEX),
        "read_only",
        "fulfilled_by_channel",
    ),
    (
        NORMAL,
        facts("MLB", **FULL, shipping_tags=FLEX),
        "read_only",
        "fulfilled_by_channel",
    ),
    (DEPOTS, facts(), "seller_warehouse", ""),
    (DEPOTS, facts(has_variations=True), "seller_warehouse", ""),
    (DEPOTS, facts(**FULL, shipping_tags=FLEX), "seller_warehouse", ""),
    (DEPOTS, facts(**FULL), "read_only", "fulfilled_by_channel"),
    (NORMAL, facts(bundle=True), "read_only", "bundle"),
    (DEPOTS, facts(bundle=True), "read_only", "bundle"),
)


@pytest.mark.parametrize(("tags", "listing", "mode", "problem"), TABLE)
def test_each_row_of_the_published_table(tags, listing, mode, problem):
    found = resolve(listing, tags)
    assert (found.mode, found.problem) == (mode, problem)


UNDOCUMENTED = (
    (DEPOTS, facts(user_product_id="")),
    (NORMAL, facts("MLA", **FULL, shipping_tags=FLEX, user_product_id="")),
    (NORMAL, facts(has_variations=True, in_family=True)),
)


@pytest.mark.parametrize(("tags", "listing"), UNDOCUMENTED)
def test_what_is_not_in_the_table_is_not_written(tags, listing):
    found = resolve(listing, tags)
    assert found.mode == "read_only"
    assert found.problem == "not_writable"


@given(
    site=st.sampled_from(("MLA", "MLB", "MLM", "MLC", "MCO")),
    logistic=st.sampled_from(("", "default", "cross_docking", "fulfillment", "new")),
    flex=st.booleans(),
    product=st.sampled_from(("", "MLMU1")),
    variations=st.booleans(),
    family=st.booleans(),
    bundle=st.booleans(),
    depots=st.booleans(),
)
def test_every_combination_has_a_mode_or_a_reason(
    site, logistic, flex, product, variations, family, bundle, depots
):
    listing = ListingFacts(
        site, logistic, FLEX if flex else (), product, variations, family, bundle
    )
    found = resolve(listing, DEPOTS if depots else NORMAL)
    assert found.writable != bool(found.reason)
    assert found.writable or found.problem in PROBLEMS
    # the stock that Mercado Libre holds is never written, nor items of depot sellers
    assert not (found.writable and logistic == "fulfillment" and not flex)
    assert not (depots and found.mode in ("item", "variations"))
    assert not (found.mode in const.LOCKED_MODES and not product)
