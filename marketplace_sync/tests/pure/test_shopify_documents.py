"""Our GraphQL documents against Shopify's own schema, and what they cost."""

import os
from pathlib import Path

import pytest
from graphql import build_schema, extend_schema, parse, validate

from marketplace_sync.channels.shopify import documents
from simulator import shopify_graphql

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = Path(os.environ.get("MARKETPLACE_API_SCHEMAS") or ROOT.parent / "shared/apis")
OFFICIAL = SCHEMAS / "shopify" / "admin_2026-10_pruned.graphql"
#: The official file is pruned to other documents; this field of ProductVariant is
#: documented at https://shopify.dev/docs/api/admin-graphql/latest/objects/ProductVariant
#: (String!, non-null, 2026-01).
DOCUMENTED = """
extend type ProductVariant { displayName: String! }
extend type Order { risk: OrderRiskSummary! }
type OrderRiskSummary { recommendation: OrderRiskRecommendationResult! }
enum OrderRiskRecommendationResult { ACCEPT CANCEL INVESTIGATE NONE }
extend type FulfillmentOrder { orderId: ID! }
"""


@pytest.fixture(scope="module")
def official():
    if not OFFICIAL.is_file():
        pytest.skip(f"no official schema at MARKETPLACE_API_SCHEMAS ({OFFICIAL})")
    schema = build_schema(OFFICIAL.read_text(encoding="utf-8"))
    return extend_schema(schema, parse(DOCUMENTED))


@pytest.mark.parametrize("operation", documents.ALL, ids=lambda o: o.name)
def test_a_document_is_valid_for_shopify(official, operation):
    assert validate(official, parse(operation.text)) == []


@pytest.mark.parametrize("operation", documents.ALL, ids=lambda o: o.name)
def test_a_document_reserves_what_it_costs(operation):
    document, errors = shopify_graphql.parsed(operation.text)
    assert errors == []
    cost = shopify_graphql.price(document, shopify_graphql.chosen(document), {})
    assert cost == operation.cost
    assert cost <= shopify_graphql.MAX_COST


def test_reads_see_inactive_levels():
    for operation in (
        documents.LEVELS,
        documents.VARIANTS_BY_ID,
        documents.VARIANTS_PAGE,
    ):
        assert "includeInactive: true" in operation.text


def test_writes_are_idempotent():
    assert "@idempotent(key: $key)" in documents.SET_QUANTITIES.text
