"""The page says at a glance where a shop and Odoo agree, and why where not."""

import json
import re

import pytest

from simulator import page
from simulator.core import ShelfRow, Simulator
from simulator.odoo import OdooView

from .dummy import DummySimulator, OtherDummySimulator

OK = OdooView("ok", listings={"some": {}})


def row(quantity, **values):
    return ShelfRow("amazon", "US", "United States", "A", quantity=quantity, **values)


def listing(sellable, **values):
    plain = {
        "sellable_qty": sellable,
        "qty": float(sellable),
        "qty_source": "stock",
        "sync_state": "synced",
        "account_state": "connected",
        "product": "Product A",
        "free": 5.0,
    }
    return {**plain, **values}


class OneView:
    """An Odoo that has been asked."""

    def __init__(self, listings, state="ok", message="", sites=()):
        self.view = OdooView(state, message, listings, dict(sites))

    def look(self):
        return self.view


@pytest.mark.parametrize(
    ("shown", "odoo", "mark", "words"),
    [
        (row(4), listing(4), "equal", ""),
        (row(0), listing(0), "zero", "sold out"),
        (row(4), listing(3, sync_state="pending"), "way", "on its way"),
        (row(4), listing(3, sync_state="submitted"), "way", "on its way"),
        (row(0), listing(9, sync_state="pending"), "way", "on its way"),
        (row(4), listing(3, sync_state="failed"), "different", "failed"),
        (
            row(4),
            listing(3, sync_state="failed", last_error="No such offer."),
            "different",
            "No such offer.",
        ),
        (row(4), listing(3), "different", "different"),
        (row(4), listing(3, sync_state="unverified"), "different", "not yet read"),
        (row(0), listing(999), "suppressed", "suppressed at zero"),
        (row(4), listing(3, sync_state="paused"), "hold", "paused in Odoo"),
        (row(4), listing(3, account_state="blocked"), "hold", "blocked in Odoo"),
        (row(4), listing(3, account_state="draft"), "hold", "not live yet"),
        (
            row(4, fulfilment="channel"),
            listing(3),
            "channel",
            "FBA, not ours to set",
        ),
        (row(4), None, "unknown", "not in Odoo"),
        (None, listing(3), "missing", "not on the channel"),
    ],
)
def test_every_difference_has_its_mark(shown, odoo, mark, words):
    assert page.compare(shown, odoo, OK) == (mark, words)


def test_a_shop_that_changed_after_odoo_was_asked_is_not_called_wrong():
    for changed, mark in ((49.0, "different"), (51.0, "way")):
        shown = row(4, updated_at=changed)
        assert page.compare(shown, listing(3), OdooView("ok", at=50.0))[0] == mark


def test_without_odoo_there_is_nothing_to_compare_with():
    assert page.compare(row(4), None, OdooView("off")) == ("plain", "")


def test_the_hint_holds_the_arithmetic_and_the_refusal():
    odoo = listing(
        7, qty=12.0, committed_qty=2.0, buffer_qty=3, last_error="no such offer"
    )
    hint = page.cell(row(4, lead_time_days=14), odoo, OK)["hint"]
    assert "12 in stock − 2 committed − 3 buffer = 7 to show" in hint
    assert "Odoo: no such offer" in hint
    assert "handling time 14 days" in hint


def test_goods_that_the_channel_ships_cannot_be_edited():
    assert page.cell(row(4), listing(4), OK)["editable"]
    assert not page.cell(row(4, fulfilment="channel"), None, OK)["editable"]


@pytest.fixture
def simulator():
    simulator = Simulator([OtherDummySimulator(), DummySimulator()], clock=lambda: 50.0)
    lamp = {"sku": "LAMP", "title": "Table lamp", "quantity": 3}
    simulator.seed("amazon", {"listings": [lamp, {"sku": "DESK", "quantity": 999}]})
    simulator.seed("shopify", {"listings": [lamp]})
    return simulator


def test_a_sku_is_one_row_over_all_channels(simulator):
    data = page.data(simulator)
    assert [(c["channel"], c["site_name"]) for c in data["columns"]] == [
        ("amazon", "United States"),
        ("shopify", "United States"),
    ]
    desk, lamp = data["rows"]
    assert [cell and cell["quantity"] for cell in desk["cells"]] == [999, None]
    assert [cell["quantity"] for cell in lamp["cells"]] == [3, 3]
    assert lamp["title"] == "Table lamp"
    assert data["odoo"]["state"] == "off"
    assert "--odoo-url" in data["odoo"]["message"]


def test_made_to_order_shows_zero_free_and_its_source(simulator):
    odoo = OneView({("amazon", "US", "DESK"): listing(999, free=0.0, qty_source="mto")})
    desk, lamp = page.data(simulator, odoo)["rows"]
    assert desk["odoo"] == {"free": 0.0, "sources": ["mto"], "source": "made to order"}
    assert desk["cells"][0]["mark"] == "equal"
    assert lamp["odoo"] is None


def test_what_only_odoo_knows_is_shown_as_missing(simulator):
    view = OneView(
        {("amazon", "CA", "NEW"): listing(2)}, sites={("amazon", "CA"): "Canada"}
    )
    data = page.data(simulator, view)
    assert [c["site_name"] for c in data["columns"]] == [
        "United States",
        "Canada",
        "United States",
    ]
    new = data["rows"][2]
    assert (new["sku"], new["title"]) == ("NEW", "Product A")
    assert [cell and cell["mark"] for cell in new["cells"]] == [None, "missing", None]


def test_search_finds_skus_and_titles(simulator):
    assert [r["sku"] for r in page.data(simulator, wanted=" TABLE ")["rows"]] == [
        "LAMP"
    ]
    assert [r["sku"] for r in page.data(simulator, wanted="des")["rows"]] == ["DESK"]


def test_two_listings_of_one_sku_are_one_cell_that_says_so(simulator):
    channel = simulator.channels["amazon"]
    twice = [*channel.shelf(), *channel.shelf()]
    channel.shelf = lambda: twice
    _desk, lamp = page.data(simulator)["rows"]
    assert "another listing here has the same SKU" in lamp["cells"][0]["hint"]


def test_a_listing_without_a_sku_does_not_break_the_page(simulator):
    simulator.seed("amazon", {"listings": [{"sku": None, "title": "Nameless"}]})
    assert page.data(simulator)["rows"][0]["sku"] == ""


def test_a_big_shop_is_cut_and_says_so(simulator, monkeypatch):
    monkeypatch.setattr(page, "MAX_ROWS", 1)
    data = page.data(simulator)
    assert (len(data["rows"]), data["total"]) == (1, 2)


def test_the_last_calls_and_waiting_faults_are_there(http, sim):
    sim.fault("amazon", "*", "429", times=2)
    http.get(f"{sim.url('amazon')}/stock/A?token=secret", timeout=5)
    data = http.get(f"{sim.base_url}/_page/data", timeout=5).json()
    channel = next(c for c in data["channels"] if c["name"] == "amazon")
    assert channel["log"][0]["status"] == 429
    assert channel["faults"][0]["times"] == 1
    assert channel["updates"] == "put*"
    assert "secret" not in json.dumps(data)


def test_the_page_asks_nobody_else_and_runs_only_its_own_script(http, sim):
    answer = http.get(f"{sim.base_url}/", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", answer.text)
    assert "/*SCRIPT*/" not in answer.text and "/*STYLE*/" not in answer.text


def test_nothing_from_outside_is_ever_written_as_markup():
    scripts = [(page.STATIC / name).read_text("utf-8") for name in page.SCRIPTS]
    script = "\n".join(scripts)
    assert len(scripts) == len(list(page.STATIC.glob("*.js")))
    ways_in = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\("
    assert not re.search(ways_in, script)


def test_hostile_skus_travel_as_json_only(http, sim):
    sim.seed("amazon", {"listings": [{"sku": "</script><script>alert(1)</script>"}]})
    assert "alert(1)" not in http.get(f"{sim.base_url}/", timeout=5).text
    answer = http.get(f"{sim.base_url}/_page/data", timeout=5)
    assert answer.headers["Content-Type"] == "application/json"
