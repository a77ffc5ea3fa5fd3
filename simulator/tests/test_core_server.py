"""The server: loopback only, keep-alive, bounded, and honest about its own bugs."""

import http.client
import json
import socket

import pytest

from simulator.core import Simulator, make_channels
from simulator.server import MAX_BODY, SimulatorServer, is_loopback_host
from simulator.testing import running

from .dummy import DummySimulator


def raw(sim, text):
    """Send bytes, return the status line."""
    with socket.create_connection(sim.server.server_address, timeout=5) as wire:
        wire.sendall(text.encode())
        return wire.makefile("rb").readline().decode().strip()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", ""])
def test_an_address_that_others_can_reach_is_refused(host):
    with pytest.raises(ValueError, match="loopback"):
        SimulatorServer(Simulator([]), host=host, port=0)


def test_one_connection_carries_many_calls(sim):
    wire = http.client.HTTPConnection(*sim.server.server_address, timeout=5)
    wire.connect()
    used = wire.sock
    for _ in range(3):
        wire.request("GET", "/amazon/stock/A")
        assert json.loads(wire.getresponse().read())["quantity"] == 3
    assert wire.sock is used
    wire.close()


def test_small_answers_do_not_wait_for_the_network(sim):
    from simulator.server import Handler

    assert Handler.disable_nagle_algorithm
    assert Handler.wbufsize > 0  # head and body in one packet


def test_the_channel_gets_path_query_headers_and_its_own_address(http, sim):
    seen = []
    channel = sim.channels["amazon"]
    handle = channel.handle
    channel.handle = lambda request: seen.append(request) or handle(request)
    url = f"{sim.url('amazon')}/stock/A%2FB%20%C3%B1?x=1&x=%2F&empty="
    http.get(url, headers={"X-Thing": "v"}, timeout=5)
    (request,) = seen
    assert request.path == "/stock/A%2FB%20%C3%B1"
    assert request.query == {"x": ["1", "/"], "empty": [""]}
    assert request.headers["x-thing"] == "v"
    assert request.base_url == sim.url("amazon")


def test_an_own_address_is_never_taken_from_a_foreign_host_header(http, sim):
    seen = []
    sim.channels["amazon"].operation = lambda request: seen.append(request) or "x"
    for host in ("evil.example", "localhost:1234"):
        http.get(f"{sim.url('amazon')}/stock/A", headers={"Host": host}, timeout=5)
    assert [r.base_url for r in seen] == [
        sim.url("amazon"),
        "http://localhost:1234/amazon",
    ]


def test_a_bug_in_a_channel_answers_500_and_shows_its_traceback(http, sim, capfd):
    response = http.get(f"{sim.url('amazon')}/bug", timeout=5)
    assert response.status_code == 500
    assert "on purpose" in response.json()["message"]
    assert "RuntimeError: on purpose" in capfd.readouterr().err
    assert sim.log("amazon")[-1]["status"] == 500
    assert http.get(f"{sim.url('amazon')}/stock/A", timeout=5).status_code == 200


def test_a_bug_in_naming_the_operation_is_logged_too(http, sim, capfd):
    sim.channels["amazon"].operation = lambda request: 1 / 0
    assert http.get(f"{sim.url('amazon')}/x", timeout=5).status_code == 500
    assert sim.log("amazon")[-1]["operation"] == "?"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"Content-Length: {MAX_BODY + 1}", "413"),
        ("Content-Length: -1", "400"),
        ("Content-Length: many", "400"),
        ("Transfer-Encoding: chunked", "411"),
    ],
)
def test_a_body_that_cannot_be_bounded_is_refused(sim, head, status):
    text = f"PUT /amazon/stock/A HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n"
    assert raw(sim, text).split()[1] == status
    assert sim.quantity("amazon", "A") == 3


def test_the_log_names_operations_and_hides_queries(http, sim):
    http.get(f"{sim.url('amazon')}/stock/A?access_token=secret", timeout=5)
    http.put(f"{sim.url('amazon')}/stock/A", json={"quantity": 1}, timeout=5)
    log = sim.log("amazon")
    assert [e["operation"] for e in log] == ["getStock", "putStock"]
    assert [e["status"] for e in log] == [200, 200]
    assert "secret" not in json.dumps(log)
    assert sim.counts("amazon") == {"getStock": 1, "putStock": 1}
    assert sim.log("amazon", after=log[0]["n"]) == log[1:]
    assert sim.log("shopify") == []


def test_the_log_is_a_ring_but_counts_all():
    from simulator.core import Request, Response
    from simulator.journal import Journal

    journal = Journal(clock=lambda: 1.0, kept=2)
    for _ in range(5):
        journal.add("amazon", "op", Request("GET", "/"), Response(), 0.001)
    assert [e["n"] for e in journal.read("amazon")] == [4, 5]
    assert [e["n"] for e in journal.tail("amazon", 9)] == [5, 4]
    assert journal.counts("amazon") == {"op": 5}


def test_a_channel_that_is_not_written_yet_is_left_out(monkeypatch):
    from simulator import core

    absent = {"amazon": ("simulator.not_written_yet", "AmazonSimulator")}
    monkeypatch.setattr(core, "CHANNELS", absent)
    assert make_channels() == {}
    with pytest.raises(ModuleNotFoundError):
        make_channels(["amazon"])


def test_running_without_quotas_tells_the_channels():
    with running([DummySimulator()], enforce_limits=False) as sim:
        assert sim.channels["amazon"].enforce_limits is False


def test_after_running_the_port_is_free_and_connections_are_closed(http):
    with running([DummySimulator()]) as sim:
        address = sim.server.server_address
        wire = socket.create_connection(address, timeout=5)
        wire.sendall(b"GET /amazon/stock/A HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.recv(10)
    wire.settimeout(5)
    while wire.recv(4096):
        pass
    wire.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


@pytest.mark.parametrize(
    ("host", "ok"),
    [
        ("127.0.0.1:8099", True),
        ("localhost", True),
        ("[::1]:8099", True),
        ("127.0.0.1.evil.example", False),
        ("evil.example:8099", False),
        ("[", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_loopback(host, ok):
    assert is_loopback_host(host) is ok
