"""Amazon's official schemas, as a witness of every call to the simulated Amazon.

They are looked for in the folder ``MARKETPLACE_API_SCHEMAS`` (default
``../shared/apis`` beside the repository); tests that need them are skipped elsewhere.
"""

import functools
import gzip
import json
import os
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("MARKETPLACE_API_SCHEMAS") or ROOT / "../shared/apis")
MODELS = {
    "/listings/": "listingsItems_2021-08-01.json",
    "/feeds/": "feeds_2021-06-30.json",
    "/reports/": "reports_2021-06-30.json",
    "/sellers/": "sellers.json",
    "/orders/2026-01-01/": "orders_2026-01-01.json",
    "/orders/v0/": "ordersV0.json",
    "/fba/": "fbaInventory.json",
}
FEED = "listings-feed-schema-v2.json"
FEED_REPORT = "listings-feed-processing-report-schema-v2.json"
ORDER_CHANGE = "OrderChangeNotification.json"


def skip_without_schemas():
    """Skip the test (or module) that calls this where the schemas are not."""
    if not (FOLDER / "amazon" / FEED).exists():
        raise unittest.SkipTest(
            "Amazon's official schemas are not here; set MARKETPLACE_API_SCHEMAS"
        )


@functools.cache
def schema(name):
    """Return an official file, parsed."""
    return json.loads((FOLDER / "amazon" / name).read_text(encoding="utf-8"))


def check(value, part, model=None):
    """Raise AssertionError when ``value`` breaks the schema ``part`` of ``model``."""
    import jsonschema

    whole = {**part, "definitions": (model or {}).get("definitions", {})}
    validator = jsonschema.Draft7Validator(whole)
    errors = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in validator.iter_errors(value)
    ]
    assert not errors, errors[:5]


class Witness:
    """Stands between the port and a simulator; every exchange must keep the models.

    ``seen`` counts checked calls by operation. What a model says of a 4xx is
    checked, too, but not the request that earned it.
    """

    def __init__(self, simulator):
        self.seen = {}
        self.problems = []
        self.handle = simulator.handle
        self.operation = simulator.operation
        simulator.handle = self

    def __call__(self, request):
        response = self.handle(request)
        try:
            self._check(request, response)
        except AssertionError as error:
            name = self.operation(request)
            self.problems.append(f"{name} {response.status}: {error}")
        return response

    def _check(self, request, response):
        name = self.operation(request)
        self.seen[name] = self.seen.get(name, 0) + 1
        if name == "uploadDocument":
            check(request.json(), schema(FEED))
        elif name == "downloadDocument":
            check_feed_report(response)
        for prefix, file in MODELS.items():
            if request.path.startswith(prefix):
                check_exchange(schema(file), name, request, response)


def check_feed_report(response):
    """Check a downloaded document when it is a feed's report."""
    packed = response.body[:2] == b"\x1f\x8b"
    content = gzip.decompress(response.body) if packed else response.body
    if content.startswith(b"{"):
        check(json.loads(content), schema(FEED_REPORT))


def check_exchange(model, name, request, response):
    """Check one call and its answer against a Swagger 2 model."""
    for operations in model["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and operation.get("operationId") == name:
                if response.status < 300:
                    check_request(model, operation, request)
                check_response(model, operation, response)
                return
    raise AssertionError(f"{name} is no operation of the model")


def check_request(model, operation, request):
    """Check query and body."""
    parameters = {p["name"]: p for p in operation.get("parameters", ())}
    in_query = {n: p for n, p in parameters.items() if p["in"] == "query"}
    unknown = set(request.query) - set(in_query)
    assert not unknown, f"undocumented parameters {sorted(unknown)}"
    for name, parameter in in_query.items():
        _check_parameter(name, parameter, request.query.get(name))
    for parameter in parameters.values():
        if parameter["in"] == "body":
            check(request.json(), parameter["schema"], model)


def _check_parameter(name, parameter, values):
    if values is None:
        assert not parameter.get("required"), f"{name} is missing"
        return
    assert len(values) == 1, f"{name} is repeated, not CSV"
    value = values[0]
    if parameter["type"] == "array":
        value = value.split(",")
        check(value, {"maxItems": parameter.get("maxItems", 999)})
        enum = parameter["items"].get("enum", value)
        assert set(value) <= set(enum), f"{name}={value}"
    elif parameter["type"] == "integer":
        assert re.fullmatch(r"\d+", value), f"{name}={value}"
        assert int(value) <= parameter.get("maximum", 10**9), f"{name}={value}"
    else:
        assert value in parameter.get("enum", [value]), f"{name}={value}"


def check_response(model, operation, response):
    """Check status, body and the documented headers."""
    documented = operation["responses"].get(str(response.status))
    assert documented, f"status {response.status} is not documented"
    if "schema" in documented:
        check(response.body, documented["schema"], model)
    for name in documented.get("headers", ()):
        assert name in response.headers, f"header {name} is missing"
