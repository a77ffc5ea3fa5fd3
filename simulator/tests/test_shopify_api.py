"""Tokens, protocol and points of the simulated shop are as Shopify's."""

import pytest

from simulator.testing import running

from .shopify_client import GRAPHQL, WRITE, Shop


@pytest.fixture(scope="module")
def server():
    with running(["shopify"]) as sim:
        yield sim


@pytest.fixture
def shop(server, http):
    server.reset("shopify")
    return Shop(server, http)


# --- tokens -------------------------------------------------------------------
def grant(shop, **form):
    form = {
        "grant_type": "client_credentials",
        "client_id": "demo-client-id",
        "client_secret": "demo-client-secret",
        **form,
    }
    url = shop.sim.url("shopify") + "/admin/oauth/access_token"
    return shop.http.post(url, data=form, timeout=5)


def test_a_granted_token_works_for_24_hours(shop):
    answer = grant(shop).json()
    assert answer["expires_in"] == 86399
    assert shop.post({"query": "{shop{id}}"}, answer["access_token"]).ok
    shop.now += 86400
    late = shop.post({"query": "{shop{id}}"}, answer["access_token"])
    assert late.status_code == 401


@pytest.mark.parametrize(
    "form", [{"client_secret": "x"}, {"client_id": ""}, {"grant_type": "password"}]
)
def test_a_grant_wants_the_right_client(shop, form):
    assert grant(shop, **form).status_code == 400


@pytest.mark.parametrize("token", ["", "another"])
def test_an_unknown_token_is_refused(shop, token):
    answer = shop.post({"query": "{shop{id}}"}, token)
    assert answer.status_code == 401
    assert isinstance(answer.json()["errors"], str)


def test_revoked_grants_are_refused(shop):
    token = grant(shop).json()["access_token"]
    shop.channel.revoke()
    assert shop.post({"query": "{shop{id}}"}, token).status_code == 401


# --- protocol -----------------------------------------------------------------
def test_every_answer_has_a_request_id_and_a_version(shop):
    answer = shop.post({"query": "{shop{id}}"})
    assert answer.headers["X-Request-Id"]
    assert answer.headers["X-Shopify-API-Version"] == "2026-10"


def test_an_expired_version_falls_forward(shop):
    path = GRAPHQL.replace("2026-10", "2025-01")
    answer = shop.post({"query": "{shop{id}}"}, path=path)
    assert answer.headers["X-Shopify-API-Version"] == "2026-04"


@pytest.mark.parametrize("path", ["/admin/api/2027-01/graphql.json", "/admin", "/"])
def test_anything_else_is_not_found(shop, path):
    assert shop.post({"query": "{shop{id}}"}, path=path).status_code == 404


@pytest.mark.parametrize("text", ["{", "{ shop { color } }", "", "query"])
def test_a_bad_document_is_an_error_in_a_200(shop, text):
    assert shop.ask(text)["errors"]


def test_the_log_names_what_was_asked(shop):
    shop.ask("{ shop { id } }")
    shop.write((1, 1, None))
    shop.ask("{")
    grant(shop)
    names = [entry["operation"] for entry in shop.sim.log("shopify")]
    assert names == ["shop", "inventorySetQuantities", "graphql", "token"]


def test_a_missing_scope_is_an_error_that_names_it(shop):
    shop.seed(credentials={"scopes": ["read_products"]})
    body = shop.ask("{ locations(first: 1) { nodes { id } } }")
    extensions = body["errors"][0]["extensions"]
    assert (body["data"], extensions["code"]) == (None, "ACCESS_DENIED")
    assert "read_locations" in extensions["requiredAccess"]


def test_a_search_ignores_case_as_shopifys_does(shop):
    for sku in ("abc", "ABC", "it's", "other"):
        shop.stock(sku)
    text = (
        "query($q: String) { productVariants(first: 9, query: $q) { nodes { sku } } }"
    )
    found = shop.ask(text, q=r"sku:'ABC' OR sku:'it\'s'")["data"]["productVariants"]
    assert [node["sku"] for node in found["nodes"]] == ["abc", "ABC", "it's"]


# --- points -------------------------------------------------------------------
def test_points_are_taken_and_grow_back(shop):
    text = "{ productVariants(first: 250) { nodes { product { id } } } }"
    for _call in range(10):
        cost = shop.ask(text)["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 24
    assert cost["throttleStatus"] == {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": 1760,
        "restoreRate": 100.0,
    }
    shop.now += 1
    cost = shop.ask("{ shop { id } }")["extensions"]["cost"]
    assert cost["throttleStatus"]["currentlyAvailable"] == 1859


def test_an_empty_bucket_throttles_in_a_200_without_data(shop):
    shop.channel.shop.state["points"] = {"available": 5, "at": shop.now}
    answer = shop.post({"query": WRITE, "variables": {"key": "k", "input": {}}})
    assert answer.status_code == 200
    body = answer.json()
    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert body["extensions"]["cost"]["requestedQueryCost"] == 10
    assert body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 5


def test_limits_can_be_switched_off(shop):
    shop.channel.shop.state["points"] = {"available": 0, "at": shop.now}
    shop.seed(rate_limits=False)
    assert "errors" not in shop.ask("{ shop { id } }")


def test_a_bigger_plan_has_more_points(shop):
    shop.seed(plan="plus")
    cost = shop.ask("{ shop { id } }")["extensions"]["cost"]
    assert cost["throttleStatus"]["restoreRate"] == 1000.0


def test_a_query_of_more_than_1000_points_is_refused(shop):
    fields = "".join(
        f"a{n}: productVariants(first: 250) {{ nodes {{ id }} }}" for n in range(80)
    )
    error = shop.ask("{" + fields + "}")["errors"][0]
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
