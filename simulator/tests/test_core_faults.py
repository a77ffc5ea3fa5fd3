"""Faults happen on the wire, to the call that was meant, as often as was said."""

import pytest
import requests

from simulator.core import Request
from simulator.faults import Fault, concerns

from .dummy import DummySimulator


def put(http, sim, quantity, sku="A"):
    url = f"{sim.url('amazon')}/stock/{sku}"
    return http.put(url, json={"quantity": quantity}, timeout=5)


def get(http, sim, sku="A"):
    return http.get(f"{sim.url('amazon')}/stock/{sku}", timeout=5)


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("429", 429, '{"errors": [{"code": "QuotaExceeded"}]}'),
        ("429_empty", 429, ""),
        ("503_empty", 503, ""),
        ("malformed", 200, '{"data": {"trunca'),
    ],
)
def test_a_refusing_fault_answers_so_and_changes_nothing(http, sim, kind, status, text):
    sim.fault("amazon", "putStock", kind)
    response = put(http, sim, 9)
    assert (response.status_code, response.text) == (status, text)
    assert sim.quantity("amazon", "A") == 3


@pytest.mark.parametrize(("kind", "status"), [("html", 200), ("429_html", 429)])
def test_html_comes_where_json_was_promised(http, sim, kind, status):
    sim.fault("amazon", "*", kind)
    response = get(http, sim)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<html>" in response.text


def test_a_status_fault_carries_its_body_and_headers(http, sim):
    sim.fault(
        "amazon", "*", "status", status=418, body={"a": 1}, headers={"Retry-After": "7"}
    )
    response = get(http, sim)
    assert (response.status_code, response.json()) == (418, {"a": 1})
    assert response.headers["Retry-After"] == "7"


def test_reset_closes_the_socket_before_the_channel_has_heard(http, sim):
    sim.fault("amazon", "putStock", "reset")
    with pytest.raises(requests.ConnectionError) as failure:
        put(http, sim, 9)
    assert "reset by peer" in str(failure.value)
    assert sim.quantity("amazon", "A") == 3
    assert [entry["status"] for entry in sim.log("amazon")] == [0]


def test_reset_after_loses_the_answer_but_not_the_update(http, sim):
    sim.fault("amazon", "putStock", "reset_after")
    with pytest.raises(requests.ConnectionError):
        put(http, sim, 9)
    assert sim.quantity("amazon", "A") == 9


def test_slow_handles_after_the_sleep_and_slow_after_before_it(sim):
    from simulator import faults

    channel, seen = sim.channels["amazon"], []
    request = Request("PUT", "/stock/A", body=b'{"quantity": 5}')

    def sleep(seconds):
        seen.append((seconds, channel.listings["A"]["quantity"]))

    faults.answer(Fault(kind="slow", seconds=4), channel, request, sleep)
    request.body = b'{"quantity": 6}'
    faults.answer(Fault(kind="slow_after", seconds=2), channel, request, sleep)
    assert seen == [(4, 3), (2, 6)]


def test_stopping_wakes_a_sleeping_fault(http, sim):
    sim.simulator.stopping.set()
    sim.fault("amazon", "*", "slow", seconds=3600)
    assert get(http, sim).status_code == 200


@pytest.mark.parametrize("kind", ["ignore", "delay", "something_of_the_channel"])
def test_other_kinds_are_handed_to_the_channel(http, sim, kind):
    sim.fault("amazon", "putStock", kind, seconds=3, colour="red")
    assert put(http, sim, 9).status_code == 200
    (fault,) = sim.channels["amazon"].faults_seen
    assert (fault.kind, fault.seconds, fault.data) == (kind, 3, {"colour": "red"})


def test_a_fault_hits_as_often_as_it_was_said(http, sim):
    sim.fault("amazon", "getStock", "503_empty", times=2)
    assert [get(http, sim).status_code for _ in range(3)] == [503, 503, 200]


def test_minus_one_is_always_until_called_off(http, sim):
    sim.fault("amazon", "*", "503_empty", times=-1)
    assert [get(http, sim).status_code for _ in range(3)] == [503] * 3
    sim.clear_faults("amazon")
    assert get(http, sim).status_code == 200


def test_a_fault_meets_only_its_operation_and_its_channel(http, sim):
    sim.fault("amazon", "putStock|postStock", "503_empty")
    sim.fault("shopify", "*", "503_empty")
    assert get(http, sim).status_code == 200
    assert put(http, sim, 1).status_code == 503


def test_clearing_one_channel_keeps_the_faults_of_the_other(sim):
    sim.fault("shopify", "*", "429")
    sim.fault("amazon", "*", "429")
    sim.clear_faults("amazon")
    assert [f["channel"] for f in sim.simulator.faults.listed()] == ["shopify"]


def test_a_fault_for_a_sku_waits_for_that_sku(http, sim):
    sim.seed("amazon", {"listings": [{"sku": "B C"}]})
    sim.fault("amazon", "putStock", "503_empty", skus=["B C"])
    assert put(http, sim, 1).status_code == 200
    assert put(http, sim, 1, sku="B%20C").status_code == 503


@pytest.mark.parametrize("sku", ["DESK-1", "1", "DESK", "K-1"])
def test_a_sku_is_not_mistaken_for_a_longer_one(sku):
    channel = DummySimulator()
    channel.seed({"listings": [{"sku": "DESK-10"}]})
    assert not concerns(Request("PUT", "/stock/DESK-10"), [sku], channel)


def test_a_call_by_the_channels_own_ids_is_for_the_channel_to_judge():
    channel = DummySimulator()
    channel.seed({"listings": [{"sku": "B"}]})
    assert concerns(Request("PUT", "/items/777"), ["B"], channel)
    assert not concerns(Request("PUT", "/items/B"), ["A"], channel)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"times": 0},
        {"times": "x"},
        {"seconds": -1},
        {"status": 42},
        {"skus": "A"},
        {"kind": None},
    ],
)
def test_a_fault_that_cannot_be_meant_is_refused(nonsense):
    with pytest.raises(ValueError):
        Fault.from_spec({"kind": "429", **nonsense})
