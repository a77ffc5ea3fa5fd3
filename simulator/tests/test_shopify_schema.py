"""The schema that we ship is a part of Shopify's own, nothing else."""

import os
from pathlib import Path

import pytest
from graphql import (
    assert_valid_schema,
    build_schema,
    extend_schema,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    parse,
)

from simulator import shopify_graphql as api

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = Path(os.environ.get("MARKETPLACE_API_SCHEMAS") or ROOT.parent / "shared/apis")
OFFICIAL = SCHEMAS / "shopify" / "admin_2026-10_pruned.graphql"
#: See the head of shopify_schema.graphql.
DOCUMENTED = """
extend type ProductVariant { displayName: String! }
extend type Order { risk: OrderRiskSummary! }
type OrderRiskSummary { recommendation: OrderRiskRecommendationResult! }
enum OrderRiskRecommendationResult { ACCEPT CANCEL INVESTIGATE NONE }
extend type FulfillmentOrder { orderId: ID! }
extend type ProductVariantConnection { edges: [ProductVariantEdge!]! }
type ProductVariantEdge { cursor: String! node: ProductVariant! }
"""
BUILT_IN = ("__", "String", "Int", "Float", "Boolean", "ID")
OURS = [n for n in api.SCHEMA.type_map if not n.startswith(BUILT_IN)]


@pytest.fixture(scope="module")
def official():
    if not OFFICIAL.is_file():
        pytest.skip(f"no official schema at MARKETPLACE_API_SCHEMAS ({OFFICIAL})")
    schema = build_schema(OFFICIAL.read_text(encoding="utf-8"))
    return extend_schema(schema, parse(DOCUMENTED))


def fields(kind):
    if is_object_type(kind) or is_interface_type(kind) or is_input_object_type(kind):
        return kind.fields
    return {}


def test_the_shipped_schema_is_valid():
    assert_valid_schema(api.SCHEMA)


def test_the_licence_notice_travels_with_the_schema():
    text = Path(api.__file__).with_name("shopify_schema.graphql").read_text()
    assert "Copyright 2025-present, Shopify Inc." in text
    assert "this permission notice appear in all copies" in " ".join(
        text.replace("#", "").split()
    )


@pytest.mark.parametrize("name", OURS)
def test_every_field_has_shopifys_type_and_arguments(official, name):
    ours, theirs = api.SCHEMA.type_map[name], official.type_map[name]
    for field, ours_field in fields(ours).items():
        theirs_field = fields(theirs)[field]
        assert str(ours_field.type) == str(theirs_field.type), field
        for argument, value in getattr(ours_field, "args", {}).items():
            assert str(value.type) == str(theirs_field.args[argument].type)


@pytest.mark.parametrize("name", OURS)
def test_inputs_and_enums_are_complete(official, name):
    ours, theirs = api.SCHEMA.type_map[name], official.type_map[name]
    if is_input_object_type(ours):
        assert set(ours.fields) == set(theirs.fields)
    if is_enum_type(ours):
        assert set(ours.values) == set(theirs.values)


def test_the_idempotent_directive_is_shopifys(official):
    theirs = official.get_directive("idempotent")
    assert str(api.IDEMPOTENT.args["key"].type) == str(theirs.args["key"].type)
    assert api.IDEMPOTENT.locations == theirs.locations


# --- the price of whole documents -------------------------------------------------
#: modelled requestedQueryCost of documents that were fitted to published prices
PRICES = {
    "query($a: String) { locations(first: 250, after: $a) { nodes { id name "
    "fulfillmentService { serviceName } } pageInfo { hasNextPage } } }": 24,
    "query($q: String) { productVariants(first: 250, query: $q) { nodes { id "
    "product { id } inventoryItem { id } } } }": 35,
    "query { productVariants(first: 250) { nodes { id inventoryItem { id } } } }": 24,
    "query { productVariants(first: 10) { nodes { id } } }": 6,
    "query($n: Int) { productVariants(first: $n) { nodes { id product { id } "
    "inventoryItem { id } } } }": 23,
    "query { shop { id } }": 1,
    "mutation($i: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $i) "
    "{ inventoryAdjustmentGroup { id } userErrors { code } } }": 10,
}


@pytest.mark.parametrize("text", PRICES)
def test_a_query_costs_what_was_measured(text):
    document, errors = api.parsed(text)
    assert not errors
    assert api.price(document, api.chosen(document), {"n": 50}) == PRICES[text]
