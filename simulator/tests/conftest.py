"""A running simulator with two dummy channels."""

import pytest
import requests

from simulator.testing import running

from .dummy import DummySimulator, OtherDummySimulator


@pytest.fixture
def sim():
    with running([DummySimulator(), OtherDummySimulator()]) as simulator:
        simulator.seed("amazon", {"listings": [{"sku": "A", "quantity": 3}]})
        yield simulator


@pytest.fixture
def http():
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the machine must not see loopback
        yield session
