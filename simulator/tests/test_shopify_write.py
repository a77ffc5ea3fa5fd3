"""Writing to the simulated shop: checks, idempotency, traps, faults, state."""

import json

import pytest
import requests

from simulator.testing import running

from .shopify_client import HERE, ITEM, READ, THERE, WRITE, Shop


@pytest.fixture(scope="module")
def server():
    with running(["shopify"]) as sim:
        yield sim


@pytest.fixture
def shop(server, http):
    server.reset("shopify")
    return Shop(server, http)


# --- writing ------------------------------------------------------------------
def test_available_moves_on_hand_and_leaves_committed(shop):
    shop.stock("A", 5, committed=2)
    assert shop.errors((1, 9, 5)) == []
    assert shop.read() == [{"available": 9, "committed": 2, "on_hand": 11}]


def test_a_write_without_idempotent_key_is_refused_at_run_time(shop):
    shop.stock("A")
    text = WRITE.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    row = {
        "inventoryItemId": ITEM,
        "locationId": HERE,
        "quantity": 1,
        "changeFromQuantity": None,
    }
    given = {"name": "available", "reason": "correction", "quantities": [row]}
    error = shop.ask(text, input=given)["errors"][0]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert "@idempotent" in error["message"]


def test_a_blank_key_is_no_key(shop):
    shop.stock("A")
    assert shop.write((1, 7, 5), key=" ")["errors"]
    assert shop.read()[0]["available"] == 5


def test_a_write_that_does_not_say_what_it_compares_with_is_refused(shop):
    shop.stock("A")
    row = {"inventoryItemId": ITEM, "locationId": HERE, "quantity": 1}
    given = {"name": "available", "reason": "correction", "quantities": [row]}
    error = shop.ask(WRITE, key="k", input=given)["errors"][0]
    assert error["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    assert shop.read()[0]["available"] == 5


def test_an_explicit_null_compares_with_nothing(shop):
    shop.stock("A")
    assert shop.errors((1, 9, None)) == []


@pytest.mark.parametrize("quantity", [1.5, "3", 2**31])
def test_a_quantity_is_a_32_bit_integer(shop, quantity):
    shop.stock("A")
    assert shop.write((1, quantity, 5))["errors"]
    assert shop.read()[0]["available"] == 5


def test_a_stale_row_fails_the_whole_call(shop):
    shop.stock("A")
    shop.stock("B", 3)
    stale = ("CHANGE_FROM_QUANTITY_STALE", "1")
    assert shop.errors((1, 9, 5), (2, 9, 4)) == [stale]
    assert shop.read()[0]["available"] == 5


def test_a_stale_row_fails_alone_where_shopify_writes_partly(shop):
    shop.seed(partial_writes=True)
    shop.stock("A")
    shop.stock("B", 3)
    assert shop.errors((1, 9, 5), (2, 9, 4)) == [("CHANGE_FROM_QUANTITY_STALE", "1")]
    assert shop.read()[0]["available"] == 9


def test_rows_are_refused_by_code_and_index(shop):
    shop.stock("A")
    shop.stock("bundle", bundle=True)
    rows = (99, 1, None), (2, 1, None), (1, -1, None), (1, 2_000_000_000, None)
    assert shop.errors(*rows[:3]) == [
        ("INVALID_INVENTORY_ITEM", "0"),
        ("NON_MUTABLE_INVENTORY_ITEM", "1"),
        ("INVALID_QUANTITY_NEGATIVE", "2"),
    ]
    assert shop.errors(rows[3], key="2") == [("INVALID_QUANTITY_TOO_HIGH", "0")]
    twice = ("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "1")
    assert shop.errors((1, 7, 5), (1, 8, 5), key="3") == [twice]


def test_name_reason_and_reference_are_checked(shop):
    shop.stock("A")
    row = (1, 7, 5)
    assert shop.errors(row, name="sold") == [("INVALID_NAME", None)]
    assert shop.errors(row, reason="x", key="2") == [("INVALID_REASON", None)]
    refused = shop.errors(row, referenceDocumentUri="not a uri", key="3")
    assert refused == [("INVALID_REFERENCE_DOCUMENT", None)]


def test_more_than_250_rows_are_refused(shop):
    shop.stock("A")
    body = shop.write(*[(1, 7, 5)] * 251)
    assert "250" in body["errors"][0]["message"]


def test_more_than_250_ids_are_refused(shop):
    body = shop.ask(READ % "true", ids=[ITEM] * 251, loc=HERE)
    assert "250" in body["errors"][0]["message"]


def test_one_malformed_id_fails_the_whole_read(shop):
    shop.stock("A")
    assert shop.ask(READ % "true", ids=[ITEM, "12345"], loc=HERE)["errors"]


# --- idempotency --------------------------------------------------------------
def test_the_same_key_gives_the_first_answer_and_writes_nothing(shop):
    shop.stock("A")
    first = shop.write((1, 9, 5))["data"]
    shop.channel.sell("A", 2)
    assert shop.write((1, 9, 5))["data"] == first
    assert shop.read()[0]["available"] == 7


def test_the_same_key_with_other_rows_is_refused(shop):
    shop.stock("A")
    shop.write((1, 9, 5))
    mismatch = [("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", None)]
    assert shop.errors((1, 8, 9)) == mismatch


def test_the_key_of_a_failed_attempt_is_burnt(shop):
    shop.stock("A")
    shop.write((1, 9, 4))
    burnt = [("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", None)]
    assert shop.errors((1, 9, 4)) == burnt


def test_a_key_is_forgotten_after_24_hours(shop):
    shop.stock("A")
    shop.write((1, 9, 5))
    shop.now += 24 * 3600 + 1
    assert shop.errors((1, 8, 9)) == []


# --- traps --------------------------------------------------------------------
def test_a_write_where_the_item_is_not_stocked_succeeds_and_sells_nothing(shop):
    shop.stock("A", 0, active=False)
    assert shop.errors((1, 5, None)) == []
    assert [row.quantity for row in shop.channel.shelf()] == [None]
    assert shop.read(inactive="false") == [None]


def test_repeating_that_write_adds_instead_of_replacing(shop):
    shop.stock("A", 0, active=False)
    shop.errors((1, 5, None), key="1")
    shop.errors((1, 5, None), key="2")
    assert shop.read()[0]["available"] == 10


def test_a_level_that_never_was_appears_inactive(shop):
    shop.stock("A", None)
    assert shop.read() == [None]
    assert shop.errors((1, 5, None)) == []
    assert shop.read()[0]["available"] == 5
    assert shop.read(inactive="false") == [None]


def test_an_untracked_item_takes_a_quantity_and_ignores_it(shop):
    shop.stock("A", tracked=False)
    assert shop.errors((1, 9, 5)) == []
    assert [row.quantity for row in shop.channel.shelf()] == [None]


def test_a_continue_item_is_written_and_sells_below_zero(shop):
    shop.stock("A", policy="CONTINUE")
    assert shop.errors((1, 0, 5)) == []
    shop.channel.sell("A", 3)
    (row,) = shop.channel.shelf()
    assert (row.quantity, row.note) == (-3, "sells when out of stock")


# --- faults -------------------------------------------------------------------
def test_an_ignored_write_says_success_and_changes_nothing(shop):
    shop.stock("A")
    shop.sim.fault("shopify", "inventorySetQuantities", "ignore")
    assert shop.errors((1, 9, 5)) == []
    assert shop.read()[0]["available"] == 5


def test_only_the_named_skus_are_ignored(shop):
    shop.stock("A")
    shop.stock("B")
    shop.sim.fault("shopify", "inventorySetQuantities", "ignore", skus=["A"])
    assert shop.errors((1, 9, 5), (2, 9, 5)) == []
    assert [row.quantity for row in shop.channel.shelf()] == [5, 9]


def test_a_delayed_write_shows_later(shop):
    shop.stock("A")
    shop.sim.fault("shopify", "inventorySetQuantities", "delay", seconds=30)
    assert shop.errors((1, 9, 5)) == []
    assert shop.read()[0]["available"] == 5
    shop.now += 30
    assert shop.read()[0]["available"] == 9


def test_a_stale_fault_is_a_buyer_who_was_faster(shop):
    shop.stock("A")
    shop.sim.fault("shopify", "inventorySetQuantities", "stale")
    assert shop.errors((1, 9, 5)) == [("CHANGE_FROM_QUANTITY_STALE", "0")]
    assert shop.read()[0]["available"] == 4


def test_a_lost_answer_was_written(shop):
    shop.stock("A")
    shop.sim.fault("shopify", "inventorySetQuantities", "reset_after")
    with pytest.raises(requests.ConnectionError):
        shop.write((1, 9, 5))
    assert shop.read()[0]["available"] == 9


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttled", "THROTTLED"),
        ("internal_error", "INTERNAL_SERVER_ERROR"),
        ("shop_inactive", "SHOP_INACTIVE"),
        ("partial", "INTERNAL_SERVER_ERROR"),
    ],
)
def test_errors_come_in_a_200(shop, kind, code):
    shop.sim.fault("shopify", "shop", kind)
    body = shop.ask("{ shop { id } }")
    assert body["errors"][0]["extensions"]["code"] == code
    assert ("data" in body) == (kind == "partial")
    assert "errors" not in shop.ask("{ shop { id } }")


# --- state --------------------------------------------------------------------
def test_the_shop_survives_a_restart(shop):
    shop.stock("A")
    shop.stock("A", 3, site=THERE)
    shop.write((1, 9, 5))
    state = json.loads(json.dumps(shop.channel.dump()))
    shop.channel.reset()
    shop.channel.load(state)
    assert [row.quantity for row in shop.channel.shelf()] == [9, 3]
    assert shop.errors((1, 8, 5)) == [("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", None)]


def test_what_was_dumped_does_not_change_any_more(shop):
    shop.stock("A")
    state = shop.channel.dump()
    text = json.dumps(state)
    shop.channel.sell("A")
    shop.stock("A", 3, site=THERE)
    assert json.dumps(state) == text


def test_seeding_again_replaces(shop):
    shop.stock("A", 5, title="Chair")
    shop.stock("A", 8)
    (row,) = shop.channel.shelf()
    assert (row.quantity, row.title) == (8, "Chair")


def test_a_person_edits_on_the_channel(shop):
    shop.stock("A")
    shop.channel.set_quantity(HERE, "A", 2)
    assert shop.read()[0]["available"] == 2
    with pytest.raises(LookupError):
        shop.channel.set_quantity(HERE, "B", 2)
