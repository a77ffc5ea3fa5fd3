"""The simulated answers against the samples that stand beside the facts."""

import json
import os
from pathlib import Path
from urllib.parse import urlencode

import pytest

from simulator import mercadolibre_errors as errors
from simulator.mercadolibre_shop import CREDENTIALS
from simulator.tests.test_mercadolibre_shop import ShopCase

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(
    os.environ.get("MARKETPLACE_API_SCHEMAS") or ROOT.parent / "shared" / "apis"
).joinpath("mercadolibre", "samples")
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"no samples of Mercado Libre at {SAMPLES}"
)


def sample(name):
    """Return the response of a sample."""
    return json.loads((SAMPLES / f"{name}.json").read_text())["response"]


BODIES = {
    "error_400_invalid_grant": errors.INVALID_GRANT,
    "error_403_access_denied": errors.ACCESS_DENIED,
    "error_403_policy_agent": errors.POLICY_AGENT,
    "error_404_stock_locations_not_found": errors.NO_STOCK_LOCATIONS,
    "error_409_item_optimistic_locking": errors.ITEM_CONFLICT,
    "error_429_client_over_quota": errors.OVER_QUOTA,
    "error_429_fulfillment": errors.TOO_MANY_FULFILLMENT,
    "error_429_generic": errors.TOO_MANY,
    "error_429_text_plain": errors.TEXT_429,
}


@pytest.mark.parametrize(("name", "body"), BODIES.items())
def test_an_error_body_is_the_sample(name, body):
    assert sample(name)["body"] == body


def shape(value):
    """Return the names and JSON types of a value; numbers are one type."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    kinds = {int: "number", float: "number", type(None): "any"}
    return kinds.get(type(value), type(value).__name__)


def missing(wanted, found, path="body"):
    """Return where ``found`` lacks or contradicts what a sample's shape has."""
    if wanted == "any" or found == "any" or wanted == []:
        return []
    if isinstance(wanted, dict) and isinstance(found, dict):
        gaps = [f"{path}.{name}" for name in wanted if name not in found]
        for name in wanted.keys() & found.keys():
            gaps += missing(wanted[name], found[name], f"{path}.{name}")
        return gaps
    if isinstance(wanted, list) and isinstance(found, list):
        return missing(wanted[0], found[0], f"{path}[0]") if found else []
    return [] if wanted == found else [f"{path}: {found} for {wanted}"]


class TestAnswers(ShopCase):
    def assert_like(self, name, answer, without=()):
        expected = sample(name)
        self.assertEqual(answer.status, expected["status"])
        wanted = shape(expected["body"])
        if isinstance(wanted, dict):
            wanted = {key: v for key, v in wanted.items() if key not in without}
        self.assertEqual(missing(wanted, shape(answer.body)), [])

    def refused(self, name, answer):
        expected = sample(name)
        self.assertEqual(answer.status, expected["status"])
        self.assertEqual(answer.body, expected["body"])

    def depots(self, *stores):
        rows = [{"sku": "A", "site": s, "user_product_id": "MLMU1"} for s in stores]
        self.seed(*rows, sites=list(stores))

    def put_depots(self, *stores, version=None):
        read = self.get("/user-products/MLMU1/stock")
        version = read.headers["x-version"] if version is None else version
        rows = [{"store_id": store, "quantity": 1} for store in stores]
        path = "/user-products/MLMU1/stock/type/seller_warehouse"
        return self.put(path, {"locations": rows}, x_version=version)

    def put_address(self, version=None):
        read = self.get("/user-products/MLMU1/stock")
        path = "/user-products/MLMU1/stock/type/selling_address"
        version = version or read.headers["x-version"]
        return self.put(path, {"quantity": 10}, x_version=version)

    def test_token(self):
        form = urlencode({"grant_type": "refresh_token", **CREDENTIALS}).encode()
        self.assert_like("oauth_token", self.call("POST", "/oauth/token", form))

    def test_seller_with_depots(self):
        self.depots("201")
        personal = ("registration_date", "first_name", "last_name", "gender")
        answer = self.get("/users/1234567890")
        self.assert_like("user_warehouse_management", answer, personal)

    def test_depots(self):
        self.depots("201")
        answer = self.get("/users/1234567890/stores/search")
        answer.body["results"][0]["location"] = "any"  # addresses are not simulated
        expected = shape(sample("stores_search_stock_location")["body"])
        expected["results"][0]["location"] = "any"
        self.assertEqual(missing(expected, shape(answer.body)), [])

    def test_search(self):
        self.seed({"sku": "A"})
        answer = self.get("/users/1234567890/items/search")
        self.assert_like("items_search_seller", answer, ("available_orders",))

    def test_bulk(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        self.assert_like("items_bulk", self.get("/items/bulk?ids=MLM1,MLM404"))

    def test_item(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        names = (
            "id site_id title family_name seller_id user_product_id price inventory_id "
            "initial_quantity available_quantity sold_quantity listing_type_id "
            "condition permalink shipping attributes variations status sub_status tags "
            "seller_custom_field channels"
        ).split()
        wanted = shape(sample("item_user_product_model")["body"])
        found = shape(self.get("/items/MLM1").body)
        wanted = {name: wanted[name] for name in names}
        self.assertEqual(missing(wanted, found), [])

    def test_item_with_variations(self):
        self.seed({"sku": "A", "item_id": "MLM1", "variation_id": 1})
        body = self.get("/items/MLM1?include_attributes=all").body
        wanted = shape(sample("item_with_variations_legacy")["body"]["variations"][0])
        not_simulated = ("attribute_combinations", "picture_ids", "catalog_product_id")
        wanted = {name: v for name, v in wanted.items() if name not in not_simulated}
        found = shape(body["variations"][0])
        gaps = missing(wanted, found)
        self.assertEqual([g for g in gaps if "attributes" not in g], [])
        self.assertNotIn("family_name", body)

    def test_item_write(self):
        self.seed({"sku": "A", "item_id": "MLM1"})
        answer = self.put("/items/MLM1", {"available_quantity": 6})
        self.assert_like("put_item_available_quantity", answer)

    def test_variations_write(self):
        self.seed({"sku": "A", "item_id": "MLM1", "variation_id": 1})
        rows = [{"id": 1, "available_quantity": 8}]
        answer = self.put("/items/MLM1", {"variations": rows})
        self.assert_like("put_item_variations_stock", answer)

    def test_stock_of_a_user_product(self):
        self.depots("201", "202")
        answer = self.get("/user-products/MLMU1/stock")
        self.assert_like("user_product_stock_seller_warehouse", answer)
        self.assertTrue(answer.headers["x-version"].isdigit())

    def test_depots_write(self):
        self.depots("201", "202")
        self.assert_like("put_seller_warehouse_200", self.put_depots("201", "202"))

    def test_flex_write(self):
        row = {"sku": "A", "user_product_id": "MLMU1", "full_quantity": 5}
        full = {"logistic_type": "fulfillment", "flex": True}
        self.seed({**row, **full}, sites=["MLA"])
        read = self.get("/user-products/MLMU1/stock")
        self.assert_like("user_product_stock_full_plus_flex", read)
        self.assert_like("put_selling_address_204", self.put_address())

    def test_refusals_of_stock_writes(self):
        self.depots("201", "202")
        self.refused("error_409_version_mismatch", self.put_depots("201", version="99"))
        self.refused("error_400_missing_x_version", self.put_depots("201", version=""))
        self.refused("error_400_store_not_stock_location", self.put_depots("999"))
        self.refused("error_400_single_warehouse_selling_address", self.put_address())
        self.sim.shop.seller["tags"].remove("multiwarehouse")
        answer = self.put_depots("201", "202")
        self.refused("error_400_single_warehouse_multi_node", answer)

    def test_refusal_of_full(self):
        row = {"sku": "A", "item_id": "MLM1", "logistic_type": "fulfillment"}
        self.seed(row)
        answer = self.put("/items/MLM1", {"available_quantity": 5})
        self.refused("error_400_available_quantity_not_modifiable", answer)
