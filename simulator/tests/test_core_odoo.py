"""What Odoo says is read beside the shops, and its silence is told in words."""

import pytest

from simulator.odoo import LIMIT, OdooClient, OdooWatch

from .fake_odoo import KEY, FakeOdoo

OWN = "http://127.0.0.1:8099"


@pytest.fixture
def odoo():
    fake = FakeOdoo()
    fake.add_account(1, "amazon", f"{OWN}/amazon", sites=[(10, "ATVPDKIKX0DER")])
    fake.add_account(2, "shopify", "http://localhost:8099/shopify", sites=[(20, "L1")])
    fake.add_listing(1, 10, "A", 999, free=0.0, qty_source="mto")
    fake.add_listing(2, 20, "A", 12, free=15.0)
    yield fake
    fake.close()


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    return path


@pytest.fixture
def watch(odoo, key_file):
    return OdooWatch(OdooClient(odoo.url, "demo", key_file), OWN)


def test_listings_are_known_by_channel_site_code_and_sku(watch):
    watch.refresh()
    listing = watch.view.listings["amazon", "ATVPDKIKX0DER", "A"]
    assert (listing["sellable_qty"], listing["free"]) == (999, 0.0)
    assert watch.view.listings["shopify", "L1", "A"]["sellable_qty"] == 12
    assert watch.view.sites["shopify", "L1"] == "Site L1"
    assert (watch.view.state, watch.view.message) == ("ok", "")


def test_the_database_and_the_key_go_along(watch, odoo):
    watch.refresh()
    assert {call[2] for call in odoo.calls} == {"demo"}


def test_accounts_that_sell_elsewhere_are_left_out(watch, odoo):
    odoo.add_account(3, "amazon", "", sites=[(30, "REAL")])
    odoo.add_account(4, "amazon", "http://127.0.0.1:9999/amazon", sites=[(40, "X")])
    odoo.add_listing(3, 30, "REAL", 1)
    odoo.add_listing(4, 40, "X", 1)
    watch.refresh()
    assert {site for _, site, _ in watch.view.listings} == {"ATVPDKIKX0DER", "L1"}
    assert ("amazon", "REAL") not in watch.view.sites


def test_without_an_account_here_it_says_what_to_do(watch, odoo):
    odoo.records["marketplace.account"][:] = []
    watch.refresh()
    assert "no marketplace account yet" in watch.view.message
    odoo.add_account(5, "amazon", "")
    watch.reference = None
    watch.refresh()
    assert f"{OWN}/<channel>" in watch.view.message


def test_fields_of_another_version_are_not_asked_for(watch, odoo):
    odoo.hidden_fields = {
        "marketplace.listing": {"pool_key"},
        "marketplace.account": {"api_url"},
    }
    watch.refresh()
    asked = [
        call[3]["fields"] for call in odoo.calls if call[1] == "search_read"
    ]  # Odoo refuses a whole question for one unknown field
    assert all("pool_key" not in fields for fields in asked)
    assert watch.view.listings["shopify", "L1", "A"]["pool_key"] is None


def test_accounts_sites_and_fields_are_not_asked_for_every_second(watch, odoo):
    watch.refresh()
    before = len(odoo.calls)
    watch.refresh()
    assert [call[0] for call in odoo.calls[before:]] == [
        "marketplace.listing",
        "product.product",
    ]


def test_a_user_who_may_not_see_stock_still_sees_listings(watch, odoo):
    del odoo.records["product.product"]
    watch.refresh()
    assert watch.view.listings["shopify", "L1", "A"]["free"] is None


def test_accounts_that_are_not_live_are_named(watch, odoo):
    odoo.records["marketplace.account"][0]["state"] = "draft"
    watch.refresh()
    assert watch.view.message == "Not live yet, so nothing is sent: Account 1."


def test_more_listings_than_a_page_holds_are_told(watch, odoo):
    listing = odoo.records["marketplace.listing"][0]
    odoo.records["marketplace.listing"] += [
        {**listing, "id": n, "sku": f"S{n}"} for n in range(LIMIT)
    ]
    watch.refresh()
    assert f"first {LIMIT}" in watch.view.message


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ((401, '{"message": "Invalid apikey"}'), "refuses the API key in"),
        ((404, '{"message": "no model"}'), "is Marketplace Sync installed there?"),
        ((404, "<html>"), "is Marketplace Sync installed there?"),
        ((500, '{"message": "boom"}'), "answered 500"),
        ((200, "<html>login</html>"), "no JSON"),
        ((200, '"what"'), "not understood"),
        ((303, ""), "answered 303"),
    ],
)
def test_a_refusal_is_told_in_words_and_keeps_the_last_numbers(
    watch, odoo, broken, words
):
    watch.refresh()
    odoo.broken = broken
    watch.refresh()
    assert watch.view.state == "error"
    assert words in watch.view.message
    assert KEY not in watch.view.message
    assert len(watch.view.listings) == 2


def test_an_odoo_that_is_not_there_is_told_in_words(key_file):
    watch = OdooWatch(OdooClient("http://127.0.0.1:9", "demo", key_file), OWN)
    watch.refresh()
    assert watch.view.message == (
        "Odoo does not answer at http://127.0.0.1:9 (connection refused)."
    )


@pytest.mark.parametrize("content", [None, "", "a\nb", "clé"])
def test_a_key_file_without_a_key_is_told_in_words(tmp_path, content):
    path = tmp_path / "nokey"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    watch = OdooWatch(OdooClient("http://127.0.0.1:9", "demo", path), OWN)
    watch.refresh()
    assert f"The key file {path}" in watch.view.message


def test_looking_never_waits_for_odoo(watch, odoo):
    watch.client.call = None  # would raise
    assert watch.look().state == "waiting"
    assert watch.wanted.is_set()


def test_a_look_has_a_newer_view_fetched(watch):
    fetched = []
    watch.interval = 0
    watch.refresh = lambda: fetched.append(1) or watch.closing.set()
    watch.look()
    watch._run()
    assert fetched == [1]
