"""The control API: for tests and scripts on this machine, for nobody else."""

import pytest


def call(http, sim, method, path, **kw):
    return http.request(method, sim.base_url + path, timeout=5, **kw)


def post(http, sim, path, spec):
    return call(http, sim, "POST", path, json=spec)


def test_seed_quantity_shelf_and_reset(http, sim):
    spec = {"channel": "shopify", "listings": [{"sku": "B", "quantity": 1}]}
    assert post(http, sim, "/_control/seed", spec).ok
    edit = {"channel": "shopify", "site": "US", "sku": "B", "quantity": 8}
    assert post(http, sim, "/_control/quantity", edit).ok
    rows = call(http, sim, "GET", "/_control/shelf?channel=shopify").json()["rows"]
    assert [(r["sku"], r["quantity"]) for r in rows] == [("B", 8)]
    assert post(http, sim, "/_control/reset", {"channel": "shopify"}).ok
    rows = call(http, sim, "GET", "/_control/shelf").json()["rows"]
    assert [r["sku"] for r in rows] == ["A"]


def test_reset_forgets_faults_and_log_of_that_channel(http, sim):
    for channel in ("amazon", "shopify"):
        http.get(f"{sim.url(channel)}/stock/A", timeout=5)
        sim.fault(channel, "*", "429")
    post(http, sim, "/_control/reset", {"channel": "amazon"})
    assert [f["channel"] for f in sim.simulator.faults.listed()] == ["shopify"]
    assert [e["channel"] for e in sim.log()] == ["shopify"]
    post(http, sim, "/_control/reset", {})
    assert sim.log() == []


def test_faults_are_added_listed_and_called_off(http, sim):
    spec = {"channel": "amazon", "operation": "get*", "kind": "503_empty", "times": 3}
    assert post(http, sim, "/_control/faults", spec).status_code == 201
    (fault,) = call(http, sim, "GET", "/_control/faults").json()["faults"]
    assert (fault["kind"], fault["times"]) == ("503_empty", 3)
    assert http.get(f"{sim.url('amazon')}/stock/A", timeout=5).status_code == 503
    headers = {"X-Simulator": "1"}
    assert call(http, sim, "DELETE", "/_control/faults", headers=headers).ok
    assert http.get(f"{sim.url('amazon')}/stock/A", timeout=5).status_code == 200


def test_the_log_can_be_read_since_a_moment_with_counts(http, sim):
    http.get(f"{sim.url('amazon')}/stock/A", timeout=5)
    answer = call(http, sim, "GET", "/_control/log?channel=amazon&since=0").json()
    assert [e["operation"] for e in answer["entries"]] == ["getStock"]
    assert answer["counts"] == {"getStock": 1}
    later = answer["entries"][0]["time"] + 1
    answer = call(http, sim, "GET", f"/_control/log?since={later}").json()
    assert answer["entries"] == []


@pytest.mark.parametrize(
    ("path", "spec", "status", "words"),
    [
        ("/_control/seed", {"channel": "etsy"}, 404, "no channel is called 'etsy'"),
        ("/_control/faults", {"channel": "etsy"}, 404, "no channel"),
        ("/_control/faults", {"times": 0}, 400, "times must be"),
        ("/_control/quantity", {"channel": "amazon", "quantity": -1}, 400, "whole"),
        ("/_control/quantity", {"channel": "amazon", "quantity": 1.5}, 400, "whole"),
        ("/_control/quantity", {"channel": "amazon", "quantity": True}, 400, "whole"),
        (
            "/_control/quantity",
            {"channel": "amazon", "sku": "?", "quantity": 1},
            404,
            "amazon has no '?' at None",
        ),
        ("/_control/nothing", {}, 404, "/amazon"),
        ("/_control/shelf", {}, 405, "takes GET"),
    ],
)
def test_mistakes_are_answered_in_words(http, sim, path, spec, status, words):
    answer = post(http, sim, path, spec)
    assert answer.status_code == status
    assert words in answer.json()["error"]


@pytest.mark.parametrize("body", ["{", "[1]"])
def test_a_body_that_is_no_object_is_refused(http, sim, body):
    headers = {"Content-Type": "application/json"}
    answer = call(http, sim, "POST", "/_control/reset", data=body, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data", None])
def test_a_form_on_a_foreign_page_cannot_change_anything(http, sim, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    data = '{"channel": "amazon"}'
    answer = call(http, sim, "POST", "/_control/reset", data=data, headers=headers)
    assert answer.status_code == 403
    assert sim.quantity("amazon", "A") == 3


@pytest.mark.parametrize("path", ["/", "/_page/data", "/_control/shelf"])
def test_a_foreign_name_that_points_to_loopback_is_refused(http, sim, path):
    answer = call(http, sim, "GET", path, headers={"Host": "evil.example"})
    assert answer.status_code == 403
