"""The simulated shop sells, changes and sends as Shopify does."""

import pytest

from simulator.testing import running

from .shopify_client import HERE, THERE, Shop

ORDER = """
query O($id: ID!) {
  order(id: $id) {
    name
    cancelledAt
    edited
    updatedAt
    displayFulfillmentStatus
    totalPriceSet { shopMoney { amount } }
    currentTotalPriceSet { shopMoney { amount } }
    lineItems(first: 50) {
      nodes { id sku quantity currentQuantity unfulfilledQuantity }
      pageInfo { hasNextPage endCursor }
    }
    fulfillmentOrders(first: 20) {
      nodes {
        id
        status
        assignedLocation { location { id } }
        supportedActions { action }
        fulfillmentHolds { reason reasonNotes }
        lineItems(first: 50) { nodes { id totalQuantity remainingQuantity } }
      }
    }
    fulfillments(first: 9) { totalQuantity trackingInfo(first: 9) { number } }
    refunds(first: 9) { id }
  }
}
"""
LIST = """
query L($q: String, $after: String) {
  orders(first: 2, after: $after, query: $q, sortKey: UPDATED_AT) {
    nodes { name }
    pageInfo { hasNextPage endCursor }
  }
}
"""
SEND = """
mutation F($f: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $f) {
    fulfillment { id }
    userErrors { field message }
  }
}
"""


@pytest.fixture
def shop(http):
    with running(["shopify"]) as sim:
        shop = Shop(sim, http)
        shop.seed(delivery="held", sites=[{"code": THERE, "name": "There"}])
        shop.stock("A", 10, price="8.00")
        yield shop


def read(shop, order_id):
    return shop.ask(ORDER, id=order_id)["data"]["order"]


def level(shop, site=HERE):
    found = shop.channel.shop.state["variants"]["1"]["levels"][site]
    return found["available"], found["committed"]


def send(shop, order_id, units=None, **more):
    """Fulfil the first fulfilment order; return the messages of user errors."""
    found = read(shop, order_id)["fulfillmentOrders"]["nodes"][0]
    lines = [
        {"id": item["id"], "quantity": units or item["remainingQuantity"]}
        for item in found["lineItems"]["nodes"]
    ]
    pair = {"fulfillmentOrderId": found["id"], "fulfillmentOrderLineItems": lines}
    given = {"lineItemsByFulfillmentOrder": [pair], **more}
    payload = shop.ask(SEND, f=given)["data"]["fulfillmentCreate"]
    return [error["message"] for error in payload["userErrors"]]


def test_a_sale_moves_units_from_available_to_committed(shop):
    shop.channel.sell("A", 3)
    assert level(shop) == (7, 3)
    assert shop.sim.quantity("shopify", "A") == 7


def test_sending_takes_what_was_committed(shop):
    order_id = shop.channel.sell("A", 3)
    assert send(shop, order_id, 2, trackingInfo={"number": "T1"}) == []
    assert level(shop) == (7, 1)
    order = read(shop, order_id)
    assert order["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert order["lineItems"]["nodes"][0]["unfulfilledQuantity"] == 1
    assert send(shop, order_id) == []
    assert level(shop) == (7, 0)
    order = read(shop, order_id)
    assert order["displayFulfillmentStatus"] == "FULFILLED"
    assert [p["totalQuantity"] for p in order["fulfillments"]] == [2, 1]


def test_sending_is_not_idempotent(shop):
    order_id = shop.channel.sell("A", 3)
    for _attempt in range(2):
        assert send(shop, order_id, 1, trackingInfo={"number": "T1"}) == []
    assert len(read(shop, order_id)["fulfillments"]) == 2


def test_more_than_is_left_is_refused(shop):
    order_id = shop.channel.sell("A", 3)
    assert send(shop, order_id, 4) == [
        "Invalid fulfillment order line item quantity requested."
    ]
    assert level(shop) == (7, 3)


def test_what_is_held_is_not_sent(shop):
    order_id = shop.channel.sell("A")
    before = read(shop, order_id)["updatedAt"]
    shop.now += 60
    shop.channel.hold_order(order_id, "OTHER", "wait")
    order = read(shop, order_id)
    assert order["displayFulfillmentStatus"] == "ON_HOLD"
    assert order["updatedAt"] == before, "a hold does not touch the order"
    (found,) = order["fulfillmentOrders"]["nodes"]
    assert found["fulfillmentHolds"] == [{"reason": "OTHER", "reasonNotes": "wait"}]
    assert "on_hold" in send(shop, order_id)[0]
    shop.channel.release_order(order_id)
    assert send(shop, order_id) == []


def test_another_service_s_fulfilment_order_is_not_ours_to_send(shop):
    site = {"code": "gid://shopify/Location/9", "fulfillment_service": "3PL"}
    shop.seed(sites=[site])
    shop.seed(listings=[{"sku": "B", "site": site["code"], "quantity": 5}])
    order_id = shop.channel.sell("B")
    (found,) = read(shop, order_id)["fulfillmentOrders"]["nodes"]
    actions = [a["action"] for a in found["supportedActions"]]
    assert "CREATE_FULFILLMENT" not in actions
    assert send(shop, order_id)


def test_what_the_scopes_hide_is_left_out(shop):
    site = {"code": "gid://shopify/Location/9", "fulfillment_service": "3PL"}
    shop.seed(sites=[site], credentials={"scopes": ["read_orders"]})
    shop.seed(listings=[{"sku": "B", "site": site["code"], "quantity": 5}])
    order_id = shop.channel.sell("B")
    assert read(shop, order_id)["fulfillmentOrders"]["nodes"] == []


def test_two_places_are_two_fulfilment_orders(shop):
    shop.seed(listings=[{"sku": "B", "site": THERE, "quantity": 5}])
    order = read(shop, shop.channel.sell("A", also=[{"sku": "B"}]))
    found = order["fulfillmentOrders"]["nodes"]
    places = [f["assignedLocation"]["location"]["id"] for f in found]
    assert places == [HERE, THERE]


def test_a_moved_order_commits_at_its_new_place(shop):
    shop.seed(listings=[{"sku": "A", "site": THERE, "quantity": 5}])
    order_id = shop.channel.sell("A", 2, HERE)
    shop.channel.move_order(order_id, THERE)
    assert (level(shop, HERE), level(shop, THERE)) == ((10, 0), (3, 2))


def test_an_edit_gives_back_what_it_removes(shop):
    order_id = shop.channel.sell("A", 3, shipping="0")
    shop.channel.edit_order(order_id, "A", 1)
    assert level(shop) == (9, 1)
    order = read(shop, order_id)
    (line,) = order["lineItems"]["nodes"]
    assert (line["quantity"], line["currentQuantity"]) == (3, 1)
    assert order["edited"] is True
    assert order["totalPriceSet"]["shopMoney"]["amount"] == "24.00"
    assert order["currentTotalPriceSet"]["shopMoney"]["amount"] == "8.00"


def test_a_line_that_is_added_gets_an_id_of_its_own(shop):
    order_id = shop.channel.sell("A")
    shop.stock("B", 5)
    shop.channel.edit_order(order_id, "B", 2)
    lines = read(shop, order_id)["lineItems"]["nodes"]
    assert [line["sku"] for line in lines] == ["A", "B"]
    assert lines[0]["id"] != lines[1]["id"]


def test_a_cancelled_order_gives_back_all(shop):
    order_id = shop.channel.sell("A", 3)
    shop.channel.cancel_order(order_id)
    assert level(shop) == (10, 0)
    assert read(shop, order_id)["cancelledAt"]
    shop.channel.cancel_order(order_id)
    assert level(shop) == (10, 0), "once"


def test_a_cancelled_order_may_keep_its_goods_off_the_shelf(shop):
    order_id = shop.channel.sell("A", 3)
    shop.channel.cancel_order(order_id, restock=False)
    assert level(shop) == (7, 0)


def test_what_was_sent_is_not_cancelled_nor_removed(shop):
    order_id = shop.channel.sell("A", 3)
    send(shop, order_id, 2)
    with pytest.raises(ValueError):
        shop.channel.cancel_order(order_id)
    with pytest.raises(ValueError):
        shop.channel.edit_order(order_id, "A", 1)
    assert level(shop) == (7, 1)


def test_a_refund_says_whether_the_goods_came_back(shop):
    order_id = shop.channel.sell("A", 3)
    shop.channel.refund_order(order_id, "A", 1, "CANCEL")
    assert level(shop) == (8, 2)
    send(shop, order_id)
    shop.channel.refund_order(order_id, "A", 1, "RETURN")
    assert level(shop) == (9, 0)
    shop.channel.refund_order(order_id, "A", 1, "NO_RESTOCK")
    assert level(shop) == (9, 0)
    assert len(read(shop, order_id)["refunds"]) == 3


def test_an_unknown_sku_is_not_sold(shop):
    with pytest.raises(LookupError):
        shop.channel.sell("nothing")
    assert shop.channel.orders() == []


def test_orders_are_paged_by_their_update(shop):
    ids = []
    for _sale in range(5):
        shop.now += 60
        ids.append(shop.channel.sell("A"))
    names, after = [], None
    while True:
        page = shop.ask(LIST, after=after)["data"]["orders"]
        names += [node["name"] for node in page["nodes"]]
        if len(names) == 2:
            shop.now += 60
            shop.channel.edit_order(ids[0], "A", 2)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert names == ["#1001", "#1002", "#1003", "#1004", "#1005", "#1001"]


def test_orders_are_found_by_their_update(shop):
    shop.channel.sell("A")
    shop.now += 3600
    shop.channel.sell("A")
    moment = read(shop, shop.channel.orders()[1]["id"])["updatedAt"]
    found = shop.ask(LIST, q=f"updated_at:>='{moment}'")["data"]["orders"]["nodes"]
    assert [node["name"] for node in found] == ["#1002"]


def test_orders_want_their_scope(shop):
    shop.seed(credentials={"scopes": ["read_products"]})
    error = shop.ask(LIST)["errors"][0]
    assert error["extensions"]["code"] == "ACCESS_DENIED"


def test_the_page_sees_what_was_sold_and_sent(shop):
    order_id = shop.channel.sell("A", 2)
    send(shop, order_id, 1, trackingInfo={"number": "T1"})
    (row,) = shop.channel.orders()
    assert (row["id"], row["status"]) == (order_id, "partially fulfilled")
    assert row["tracking"] == ["T1"]
    assert [(x["sku"], x["quantity"], x["shipped"]) for x in row["lines"]] == [
        ("A", 2, 1)
    ]


def test_orders_survive_a_restart(shop):
    shop.channel.sell("A", 2)
    before = shop.channel.orders()
    state = shop.channel.dump()
    shop.channel.sell("A", 1)
    shop.channel.load(state)
    assert shop.channel.orders() == before
    assert level(shop) == (8, 2)
