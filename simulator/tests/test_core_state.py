"""The state file: at most a second behind, never half-written, never fatal."""

import json
import os
import stat
import threading

import pytest

from simulator.core import Request, Simulator
from simulator.state import StateFile

from .dummy import DummySimulator, OtherDummySimulator


def simulator_with(quantity=None):
    simulator = Simulator([DummySimulator(), OtherDummySimulator()])
    if quantity is not None:
        spec = {"listings": [{"sku": "A", "quantity": quantity}]}
        simulator.seed("amazon", spec)
        simulator.seed("shopify", spec)
    return simulator


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "state.json"


@pytest.fixture
def said():
    return []


def quantities(simulator):
    return [(row["channel"], row["quantity"]) for row in simulator.shelf()]


def test_what_was_saved_is_there_after_a_restart(path):
    StateFile(simulator_with(4), path).save()
    restarted = simulator_with()
    assert StateFile(restarted, path).load() == {"amazon", "shopify"}
    assert quantities(restarted) == [("amazon", 4), ("shopify", 4)]


def test_a_missing_file_is_an_empty_shop_without_a_word(path, said):
    assert StateFile(simulator_with(), path, report=said.append).load() == set()
    assert said == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 99, "channels": {}}', '{"format": 1}', "\0\xff"]
)
def test_a_broken_file_is_reported_and_set_aside(path, said, text):
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    simulator = simulator_with()
    assert StateFile(simulator, path, report=said.append).load() == set()
    assert quantities(simulator) == []
    assert "set aside" in said[0]
    assert not path.exists()
    (aside,) = path.parent.iterdir()
    assert aside.read_bytes() == text.encode("latin-1")


def test_one_channels_broken_state_does_not_cost_the_other_its_shop(path, said):
    StateFile(simulator_with(4), path).save()
    saved = json.loads(path.read_text())
    saved["channels"]["amazon"] = {"nonsense": True}
    path.write_text(json.dumps(saved))
    simulator = simulator_with(7)
    states = StateFile(simulator, path, report=said.append)
    assert states.load() == {"shopify"}
    assert quantities(simulator) == [("shopify", 4)]
    assert "amazon" in said[0]
    states.close()
    assert path.exists()  # what was understood is on disk again


def call(method):
    request = Request(method, "/stock/A", body=b'{"quantity": 9}')
    return lambda simulator: simulator.call("amazon", request)


CHANGES = {
    "a call": call("PUT"),
    "a person": lambda simulator: simulator.set_quantity("amazon", "US", "A", 9),
    "a seed": lambda simulator: simulator.seed("amazon", {}),
    "a reset": lambda simulator: simulator.reset(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_written_by_itself(path, change):
    simulator, written = simulator_with(4), threading.Event()
    states = StateFile(simulator, path, interval=0.01)
    save = states.save
    states.save = lambda: (save(), written.set())
    states.start()
    change(simulator)
    assert written.wait(5)
    states.close()


def test_reading_writes_nothing(path):
    simulator = simulator_with(4)
    states = StateFile(simulator, path)
    simulator.on_change = states.changed.set
    call("GET")(simulator)
    assert not states.changed.is_set()


@pytest.mark.parametrize(("took", "pause"), [(0.001, 1), (0.5, 10), (60, 30)])
def test_a_big_shop_is_written_less_often(path, took, pause):
    assert StateFile(simulator_with(), path).pause(took) == pause


def test_what_changed_last_is_written_at_the_end(path):
    simulator = simulator_with(4)
    states = StateFile(simulator, path, interval=3600)
    states.start()
    simulator.set_quantity("amazon", "US", "A", 9)
    states.close()
    restarted = simulator_with()
    StateFile(restarted, path).load()
    assert ("amazon", 9) in quantities(restarted)


def test_a_write_that_fails_keeps_the_old_file_and_is_reported_once(
    path, said, monkeypatch
):
    simulator = simulator_with(4)
    states = StateFile(simulator, path, report=said.append)
    states.save()
    before = path.read_text()

    def full(*args):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    simulator.set_quantity("amazon", "US", "A", 9)
    states.save()
    states.save()
    assert path.read_text() == before
    assert [p.name for p in path.parent.iterdir()] == ["state.json"]
    assert len(said) == 1 and "no space left" in said[0]
    assert states.changed.is_set()  # tried again


def test_a_channel_whose_state_is_not_json_costs_neither_file_nor_simulator(path, said):
    simulator = simulator_with(4)
    states = StateFile(simulator, path, report=said.append)
    states.save()
    before = path.read_text()
    simulator.channels["amazon"].listings["A"]["oops"] = {1, 2}
    states.save()
    assert path.read_text() == before
    assert "not JSON serializable" in said[0]


def test_the_file_is_for_its_owner_only(path):
    StateFile(simulator_with(4), path).save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
