"""``python -m simulator``: starts, says where, keeps its state, says why not."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import __main__ as program
from simulator import core
from simulator.core import Simulator
from simulator.state import StateFile

from .dummy import DummySimulator

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def dummies(monkeypatch):
    """Make the dummy the only channel that exists."""
    monkeypatch.setattr(
        core, "CHANNELS", {"amazon": ("simulator.tests.dummy", "DummySimulator")}
    )


@pytest.fixture
def seed(tmp_path):
    path = tmp_path / "seed.json"
    path.write_text(json.dumps({"amazon": {"listings": [{"sku": "A", "quantity": 3}]}}))
    return path


def test_a_taken_port_is_told_and_ends_with_1(dummies, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert program.main(["--port", str(port)]) == 1
    assert f"port {port} is taken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "not a loopback address"),
        (["--seed", "/nowhere.json"], "/nowhere.json"),
        (["--port", "70000"], "0-65535"),
    ],
)
def test_what_cannot_be_meant_is_told_and_ends_with_1(
    dummies, capsys, arguments, words
):
    assert program.main(["--port", "0", *arguments]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ('{"etsy": {}}', "must be an object of channels (amazon)"),
        ('{"amazon": {"listings": [{"no": "sku"}]}}', "amazon: KeyError"),
    ],
)
def test_a_wrong_seed_file_is_told(dummies, seed, capsys, text, words):
    seed.write_text(text)
    assert program.main(["--port", "0", "--seed", str(seed)]) == 1
    assert words in capsys.readouterr().err


def test_a_seed_never_overwrites_a_shop_that_was_kept(tmp_path, seed):
    simulator = Simulator([DummySimulator()])
    simulator.seed("amazon", {"listings": [{"sku": "KEPT", "quantity": 1}]})
    path = tmp_path / "state.json"
    StateFile(simulator, path).save()
    seeds = json.loads(seed.read_text())

    restarted = Simulator([DummySimulator()])
    program.restore(restarted, str(path), seeds).close()
    assert [row["sku"] for row in restarted.shelf()] == ["KEPT"]

    fresh = Simulator([DummySimulator()])
    program.restore(fresh, str(tmp_path / "other.json"), seeds).close()
    assert [row["sku"] for row in fresh.shelf()] == ["A"]
    assert (tmp_path / "other.json").exists()


def test_a_package_that_a_channel_needs_is_named(monkeypatch, capsys):
    def missing(*args, **kwargs):
        raise ModuleNotFoundError("No module named 'graphql'")

    monkeypatch.setattr(program, "Simulator", missing)
    assert program.main([]) == 1
    assert "'graphql': pip install" in capsys.readouterr().err


START = """
import sys
from simulator import core, __main__
core.CHANNELS = {"amazon": ("simulator.tests.dummy", "DummySimulator")}
sys.exit(__main__.main(sys.argv[1:]))
"""


def test_it_says_where_it_is_and_a_signal_ends_it(tmp_path, seed):
    state = tmp_path / "state.json"
    arguments = ["--port", "0", "--state", str(state), "--seed", str(seed)]
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        (listing,) = json.loads(state.read_text())["channels"]["amazon"]["listings"]
        assert listing == "A"
    finally:
        process.kill()
        process.stdout.close()
