"""Buying, changing and cancelling through ``/_control``, on all three channels."""

import json
import threading

import pytest

from simulator.delivery import REMEMBERED, Bag, Courier, Ledger, Manner, post
from simulator.testing import running

from .listener import Listener

US, SHOP, MX = "ATVPDKIKX0DER", "gid://shopify/Location/1", "MLM"
SITES = {"amazon": US, "shopify": SHOP, "mercadolibre": MX}
ALL = sorted(SITES)
TOLD = ("shopify", "mercadolibre")


class Bench:
    """A running simulator, an Odoo's door, and a clock that stands still."""

    def __init__(self, sim, http, listener):
        self.sim, self.http, self.listener = sim, http, listener
        self.now = 1_795_000_000.0

    def seed(self):
        for name, site in SITES.items():
            channel = self.sim.channels[name]
            channel.clock = lambda: self.now
            listing = {"sku": "MUG", "title": "Mug", "quantity": 10, "price": 14}
            self.sim.seed(name, {"sites": [], "listings": [{**listing, "site": site}]})
        self.sim.simulator.clock = lambda: self.now
        self.sim.seed("shopify", {"delivery": "held"})
        shop = self.sim.channels["shopify"]
        with shop.lock:
            for topic in ("ORDERS_CREATE", "ORDERS_CANCELLED"):
                shop.outbox.subscribe(topic, self.listener.address)
        notices = {"callback": self.listener.address, "topics": ["orders_v2"]}
        self.sim.seed("mercadolibre", {"notifications": notices})

    def post(self, verb, channel, **spec):
        url = f"{self.sim.base_url}/_control/{verb}"
        return self.http.post(url, json={"channel": channel, **spec}, timeout=5)

    def get(self, path):
        return self.http.get(f"{self.sim.base_url}{path}", timeout=5).json()

    def buy(self, channel, quantity=1, **spec):
        spec = {"site": SITES[channel], "sku": "MUG", "quantity": quantity, **spec}
        answer = self.post("buy", channel, **spec)
        assert answer.status_code == 201, answer.text
        return answer.json()["order"]

    def order(self, order):
        rows = self.get(f"/_control/orders?channel={order['channel']}")["orders"]
        return next(row for row in rows if row["id"] == order["id"])

    def shown(self, channel):
        return self.sim.quantity(channel, "MUG")

    def told(self, channel):
        return self.get(f"/_control/notifications?channel={channel}")["notifications"]

    def deliver(self, channel):
        return self.post("deliver", channel).json()["statuses"]


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def bench(http, listener):
    with running() as sim:
        bench = Bench(sim, http, listener)
        bench.seed()
        yield bench


# === ORDERS ===


@pytest.mark.parametrize("channel", ALL)
def test_buying_takes_from_the_shelf_and_the_order_is_listed(bench, channel):
    order = bench.buy(channel, 3)
    assert bench.shown(channel) == 7
    (listed,) = bench.get(f"/_control/orders?channel={channel}")["orders"]
    assert listed == order
    assert [(x["sku"], x["quantity"], x["shipped"]) for x in order["lines"]] == [
        ("MUG", 3, 0)
    ]
    assert float(order["total"]) >= 3 * 10 and order["currency"]
    assert order["placed_at"] == bench.now
    assert not order["cancelled"] and not order["refunded"]
    assert "cancel" in order["actions"]


def test_orders_of_all_channels_are_listed_newest_first(bench):
    made = [bench.buy(channel) for channel in ("amazon", "shopify", "amazon")]
    rows = bench.get("/_control/orders")["orders"]
    assert [row["id"] for row in rows] == [made[i]["id"] for i in (2, 0, 1)]


@pytest.mark.parametrize("channel", ALL)
def test_nobody_buys_more_than_the_shelf_shows(bench, channel):
    bench.buy(channel, 8)
    answer = bench.post("buy", channel, site=SITES[channel], sku="MUG", quantity=3)
    assert answer.status_code == 400
    assert "MUG" in answer.json()["error"]
    assert bench.shown(channel) == 2
    assert len(bench.get("/_control/orders")["orders"]) == 1


@pytest.mark.parametrize("channel", ALL)
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"quantity": 0}, "1 or more"),
        ({"quantity": -5}, "1 or more"),
        ({"quantity": 1.5}, "whole number"),
        ({"quantity": True}, "whole number"),
        ({"quantity": "1"}, "whole number"),
        ({"quantity": None}, "whole number"),
        ({"quantity": 10**30}, "nobody buys more"),
        ({"sku": "NOT-THERE"}, "has no 'NOT-THERE'"),
        ({"sku": None}, "sku must be a text"),
        ({"sku": ["MUG"]}, "sku must be a text"),
        ({"site": "nowhere"}, "nowhere"),
        ({"site": 7}, "site must be a text"),
        ({"pending": "yes"}, "pending must be"),
        ({"delivery": "sideways"}, "delivery must be one of"),
        ({"delivery": ["late"]}, "delivery must be one of"),
        ({"delivery": "late", "seconds": -1}, "seconds must be"),
        ({"delivery": "late", "seconds": float("nan")}, "seconds must be"),
        ({"delivery": "late", "seconds": 10**9}, "seconds must be"),
        ({"delivery": "late", "seconds": "soon"}, "seconds must be"),
    ],
)
def test_what_nobody_can_buy_is_refused_in_words(bench, channel, wrong, words):
    spec = {"site": SITES[channel], "sku": "MUG", "quantity": 1, **wrong}
    url = f"{bench.sim.base_url}/_control/buy"
    # requests refuses to send a NaN; a hostile caller does not
    body = json.dumps({"channel": channel, **spec})
    headers = {"Content-Type": "application/json"}
    answer = bench.http.post(url, data=body, headers=headers, timeout=5)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert bench.shown(channel) == 10
    assert bench.told(channel) == []


@pytest.mark.parametrize("channel", [None, "etsy", ["amazon"], {}])
def test_a_channel_that_is_not_there_is_not_found(bench, channel):
    assert bench.post("buy", channel, sku="MUG").status_code == 404


@pytest.mark.parametrize("channel", ALL)
@pytest.mark.parametrize("verb", ["cancel", "refund"])
def test_an_order_that_is_not_there_is_not_found(bench, channel, verb):
    answer = bench.post(verb, channel, order="no-such-order")
    assert answer.status_code == 404
    assert "no-such-order" in answer.json()["error"]
    assert bench.post(verb, channel, order=7).status_code == 400


@pytest.mark.parametrize(
    ("channel", "left"),
    # Mercado Libre does not say that a cancellation gives the stock back
    [("amazon", 10), ("shopify", 10), ("mercadolibre", 6)],
)
def test_a_cancelled_order_says_so_and_cannot_be_cancelled_again(bench, channel, left):
    order = bench.buy(channel, 4)
    answer = bench.post("cancel", channel, order=order["id"])
    assert answer.json()["order"]["cancelled"]
    assert bench.shown(channel) == left
    again = bench.post("cancel", channel, order=order["id"])
    assert again.status_code == 400
    assert "cancelled" in again.json()["error"]


@pytest.mark.parametrize("channel", ALL)
def test_a_refund_is_seen_on_the_order_and_given_once(bench, channel):
    order = bench.buy(channel, 2)
    answer = bench.post("refund", channel, order=order["id"])
    assert answer.json()["order"]["refunded"]
    assert bench.post("refund", channel, order=order["id"]).status_code == 400


def test_shopify_takes_back_what_was_not_sent_and_what_was(bench):
    order = bench.buy("shopify", 3)
    bench.post("refund", "shopify", order=order["id"])
    assert bench.shown("shopify") == 10
    assert bench.order(order)["lines"][0]["quantity"] == 0


def test_shopify_lets_a_quantity_grow_while_there_is_stock(bench):
    order = bench.buy("shopify", 2)
    change = {"order": order["id"], "sku": "MUG"}
    assert bench.post("edit", "shopify", **change, quantity=5).ok
    assert (bench.shown("shopify"), bench.order(order)["lines"][0]["quantity"]) == (
        5,
        5,
    )
    refused = bench.post("edit", "shopify", **change, quantity=11)
    assert refused.status_code == 400 and "only 5 more" in refused.json()["error"]
    assert bench.post("edit", "shopify", **change, quantity=1).ok
    assert bench.shown("shopify") == 9


def test_amazon_lets_an_order_become_smaller_only(bench):
    order = bench.buy("amazon", 4)
    change = {"order": order["id"], "sku": "MUG"}
    assert bench.post("edit", "amazon", **change, quantity=3).ok
    assert bench.shown("amazon") == 7
    assert bench.post("edit", "amazon", **change, quantity=4).status_code == 400


def test_mercado_libre_never_changes_an_order(bench):
    order = bench.buy("mercadolibre", 4)
    change = {"order": order["id"], "sku": "MUG", "quantity": 3}
    answer = bench.post("edit", "mercadolibre", **change)
    assert answer.status_code == 400
    assert "does not let anybody change" in answer.json()["error"]
    assert "edit" not in bench.order(order)["actions"]


@pytest.mark.parametrize("channel", ["amazon", "shopify"])
@pytest.mark.parametrize("quantity", [-1, 1.5, None, 10**30])
def test_an_order_cannot_be_changed_to_nonsense(bench, channel, quantity):
    order = bench.buy(channel, 4)
    change = {"order": order["id"], "sku": "MUG", "quantity": quantity}
    assert bench.post("edit", channel, **change).status_code == 400
    other = {"order": order["id"], "sku": "LAMP", "quantity": 1}
    assert bench.post("edit", channel, **other).status_code == 400
    assert bench.shown(channel) == 6


def test_an_unpaid_order_on_amazon_waits_for_its_money(bench):
    order = bench.buy("amazon", 2, pending=True)
    assert (order["status"], bench.shown("amazon")) == ("pending", 8)
    assert "pay" in order["actions"] and "refund" not in order["actions"]
    paid = bench.post("pay", "amazon", order=order["id"]).json()["order"]
    assert paid["status"] == "unshipped" and "pay" not in paid["actions"]


def test_only_amazon_knows_unpaid_orders_and_requests_to_cancel(bench):
    wanted = {"site": SHOP, "sku": "MUG", "pending": True}
    assert bench.post("buy", "shopify", **wanted).status_code == 400
    order = bench.buy("amazon")
    asked = bench.post("request_cancellation", "amazon", order=order["id"])
    assert "asks to cancel" in asked.json()["order"]["note"]
    assert not asked.json()["order"]["cancelled"]
    order = bench.buy("shopify")
    answer = bench.post("request_cancellation", "shopify", order=order["id"])
    assert answer.status_code == 400
    assert "knows no 'request cancellation'" in answer.json()["error"]


def test_tracking_is_there_once_the_seller_has_sent_it(bench):
    order = bench.buy("amazon", 2)
    assert bench.order(order)["shipments"] == []
    bench.sim.channels["amazon"].ship_order(order["id"], "1Z999", "UPS")
    row = bench.order(order)
    assert [(x["tracking"], x["carrier"]) for x in row["shipments"]] == [
        ("1Z999", "UPS")
    ]
    assert row["lines"][0]["shipped"] == 2
    assert row["actions"] == ["refund"]


def test_mercado_libre_scans_its_own_parcel(bench):
    order = bench.buy("mercadolibre")
    assert order["shipments"][0]["tracking"].startswith("MEL")
    row = bench.post("ship", "mercadolibre", order=order["id"]).json()["order"]
    assert row["lines"][0]["shipped"] == 1
    assert "cancel" not in row["actions"]


def test_a_shop_that_sells_without_stock_says_that_it_oversold(bench):
    listing = {"sku": "MUG", "site": SHOP, "quantity": 1, "policy": "CONTINUE"}
    bench.sim.seed("shopify", {"listings": [listing]})
    order = bench.buy("shopify", 3)
    assert order["note"] == "oversold by 2: sells when out of stock"
    assert bench.shown("shopify") == -2


@pytest.mark.parametrize("status", ["DRAFT", "ARCHIVED"])
def test_what_is_not_for_sale_is_not_sold(bench, status):
    listing = {"sku": "MUG", "site": SHOP, "quantity": 9, "status": status}
    bench.sim.seed("shopify", {"listings": [listing]})
    answer = bench.post("buy", "shopify", site=SHOP, sku="MUG")
    assert answer.status_code == 400 and "not for sale" in answer.json()["error"]


def test_a_paused_item_is_not_sold(bench):
    shop = bench.sim.channels["mercadolibre"].shop
    (item,) = shop.items.values()
    item["status"] = "paused"
    answer = bench.post("buy", "mercadolibre", site=MX, sku="MUG")
    assert answer.status_code == 400 and "paused" in answer.json()["error"]


@pytest.mark.parametrize("path", ["buy", "cancel", "deliver", "subscribe"])
def test_a_foreign_page_can_neither_buy_nor_cancel(bench, path):
    url = f"{bench.sim.base_url}/_control/{path}"
    body = '{"channel": "amazon", "sku": "MUG"}'
    headers = {"Content-Type": "text/plain"}
    assert bench.http.post(url, data=body, headers=headers, timeout=5).status_code == (
        403
    )
    headers = {"Content-Type": "application/json", "Host": "evil.example"}
    answer = bench.http.post(url, data=body, headers=headers, timeout=5)
    assert answer.status_code == 403
    assert bench.get("/_control/orders")["orders"] == []


# === WHAT ODOO IS TOLD ===


@pytest.mark.parametrize("channel", TOLD)
def test_a_sale_is_told_and_the_answer_is_kept(bench, channel):
    order = bench.buy(channel)
    assert [row["state"] for row in bench.told(channel)] == ["waiting"]
    assert bench.deliver(channel) == [200]
    (row,) = bench.told(channel)
    assert (row["state"], row["status"], row["attempts"]) == ("delivered", 200, 1)
    assert row["ms"] > 0 and row["tried_at"] == bench.now
    assert order["name"] in row["about"]
    assert "letter" not in row


@pytest.mark.parametrize("channel", TOLD)
def test_twice_is_the_same_notification_two_times(bench, channel):
    bench.buy(channel, delivery="twice")
    assert bench.deliver(channel) == [200, 200]
    first, second = bench.listener.bodies()
    differ = {name for name in first if first[name] != second[name]}
    assert differ <= {"attempts", "sent"}
    ids = {h.get("x-shopify-webhook-id") for _p, h, _b in bench.listener.received}
    assert len(ids) == 1
    assert bench.told(channel)[0]["attempts"] == 2


@pytest.mark.parametrize("channel", TOLD)
def test_late_comes_when_its_time_has_come(bench, channel):
    bench.buy(channel, delivery="late", seconds=60)
    assert bench.deliver(channel) == []
    bench.now += 60
    assert bench.deliver(channel) == [200]


@pytest.mark.parametrize("channel", TOLD)
def test_held_comes_after_the_next_one(bench, channel):
    first = bench.buy(channel, delivery="held")
    assert bench.deliver(channel) == []
    bench.now += 100_000
    assert bench.deliver(channel) == []
    second = bench.buy(channel)
    assert bench.deliver(channel) == [200, 200]
    key = "resource" if channel == "mercadolibre" else "admin_graphql_api_id"
    told = [body[key].removeprefix("/orders/") for body in bench.listener.bodies()]
    assert told == [second["id"], first["id"]]


@pytest.mark.parametrize("channel", TOLD)
def test_never_is_never_unless_somebody_asks_for_it(bench, channel):
    bench.buy(channel, delivery="never")
    bench.now += 100_000
    assert bench.deliver(channel) == []
    (row,) = bench.told(channel)
    assert row["state"] == "lost" and row["attempts"] == 0
    answer = bench.post("deliver_again", channel, id=row["id"])
    assert answer.json() == {"status": 200}
    assert bench.told(channel)[0]["state"] == "delivered"
    assert len(bench.listener.received) == 1


@pytest.mark.parametrize("channel", TOLD)
@pytest.mark.parametrize("quantity", [1, 99])
def test_the_manner_is_of_one_event_only_also_when_it_is_refused(
    bench, channel, quantity
):
    spec = {"site": SITES[channel], "sku": "MUG", "quantity": quantity}
    answer = bench.post("buy", channel, **spec, delivery="never")
    assert answer.status_code == (201 if quantity == 1 else 400)
    bench.sim.channels[channel].sell("MUG")
    assert bench.deliver(channel) == [200]


@pytest.mark.parametrize("channel", TOLD)
def test_deliver_again_sends_the_same_once_more(bench, channel):
    bench.buy(channel)
    bench.deliver(channel)
    (row,) = bench.told(channel)
    bench.post("deliver_again", channel, id=row["id"])
    assert len(bench.listener.received) == 2
    assert bench.told(channel)[0]["attempts"] == 2
    assert bench.post("deliver_again", channel, id="nothing").status_code == 404


@pytest.mark.parametrize("channel", TOLD)
def test_a_failed_delivery_shows_its_status_and_comes_again(bench, channel):
    bench.listener.status = 503
    bench.buy(channel)
    assert bench.deliver(channel) == [503]
    (row,) = bench.told(channel)
    assert (row["state"], row["status"]) == ("retry", 503) and row["due"] > bench.now
    bench.listener.status = 200
    bench.now = row["due"]
    assert bench.deliver(channel) == [200]
    assert bench.told(channel)[0]["state"] == "delivered"


@pytest.mark.parametrize("channel", TOLD)
def test_a_delivery_follows_nobody_elsewhere(bench, channel):
    other = Listener()
    try:
        bench.listener.status, bench.listener.location = 307, other.address
        bench.buy(channel)
        assert bench.deliver(channel) == [307]
        assert other.received == []
    finally:
        other.close()


@pytest.mark.parametrize(
    "address",
    ["http://odoo.example/hook", "https://127.0.0.1/x", "http://127.0.0.1.evil.test/"],
)
def test_nothing_is_sent_to_another_machine(bench, address, monkeypatch):
    def connect(*_args, **_values):
        raise AssertionError("a connection was made")

    monkeypatch.setattr("simulator.delivery.http.client.HTTPConnection", connect)
    assert post(address, b"{}", {}, 1)[0] == 0
    answer = bench.post("subscribe", "mercadolibre", callback=address)
    assert answer.status_code == 400 and "this machine" in answer.json()["error"]


def test_the_callback_of_mercado_libre_is_set_as_in_its_console(bench):
    address = bench.listener.address.replace("secret", "other")
    assert bench.post("subscribe", "mercadolibre", callback=address).ok
    state = bench.sim.channels["mercadolibre"].notices.state
    assert (state["callback"], state["auto"]) == (address, True)
    refused = bench.post("subscribe", "shopify", callback=address)
    assert refused.status_code == 400 and "API" in refused.json()["error"]


def test_a_running_simulator_delivers_by_itself(bench):
    bench.sim.seed("shopify", {"delivery": "at_once"})
    bench.buy("shopify")
    assert bench.listener.arrived.wait(5)


def test_what_is_on_its_way_is_not_taken_along_a_second_time():
    bag, entries, sent = Bag(), [{"id": "1"}], []
    (job,) = bag.jobs(entries, sent.append)
    assert bag.jobs(entries, sent.append) == []
    job()
    assert sent == entries
    assert len(bag.jobs(entries, sent.append)) == 1


def test_the_courier_ends_with_the_server_and_waits_for_what_is_on_its_way():
    started, gate, carried = threading.Event(), threading.Event(), []

    class Channel:
        def deliveries(self):
            return [] if started.is_set() else [self.deliver]

        def deliver(self):
            started.set()
            carried.append(gate.wait(5))

    courier = Courier([Channel()], lambda: None)
    courier.start()
    assert started.wait(5)
    courier.closing.set()
    gate.set()
    courier.close()
    assert carried == [True]
    assert not courier.thread.is_alive()


def test_a_bug_in_one_channel_keeps_no_other_from_telling(capsys):
    done = threading.Event()

    class Broken:
        def deliveries(self):
            raise RuntimeError("on purpose")

    class Fine:
        def deliveries(self):
            return [done.set]

    courier = Courier([Broken(), Fine()], lambda: None)
    courier.start()
    assert done.wait(5)
    courier.close()
    assert "on purpose" in capsys.readouterr().err


# === THE QUEUE OF AMAZON ===


class Queue:
    def __init__(self, bench):
        self.channel = bench.sim.channels["amazon"]

    def read(self):
        return self.channel.receive_messages()

    def orders(self):
        bodies = [json.loads(message["Body"]) for message in self.read()]
        return [
            body["Payload"]["OrderChangeNotification"]["AmazonOrderId"]
            for body in bodies
        ]


def test_a_sale_on_amazon_waits_in_the_queue_until_it_is_taken(bench):
    bench.buy("amazon")
    (message,) = Queue(bench).read()
    assert bench.told("amazon")[0]["state"] == "received"
    bench.sim.channels["amazon"].delete_message(message["ReceiptHandle"])
    assert bench.told("amazon")[0]["state"] == "taken"


def test_the_queue_holds_doubles_late_ones_and_not_those_that_never_come(bench):
    queue = Queue(bench)
    twice = bench.buy("amazon", delivery="twice")["id"]
    late = bench.buy("amazon", delivery="late", seconds=60)["id"]
    bench.buy("amazon", delivery="never")
    assert queue.orders() == [twice, twice]
    bench.now += 60
    assert late in queue.orders()
    assert len(queue.orders()) == 0


def test_the_queue_gives_a_held_one_after_the_next(bench):
    queue = Queue(bench)
    held = bench.buy("amazon", delivery="held")["id"]
    assert queue.orders() == []
    following = bench.buy("amazon")["id"]
    assert [*queue.orders(), *queue.orders()] == [following, held]


def test_a_message_can_be_put_into_the_queue_again(bench):
    order = bench.buy("amazon")["id"]
    queue = Queue(bench)
    (message,) = queue.read()
    queue.channel.delete_message(message["ReceiptHandle"])
    key = bench.told("amazon")[0]["id"]
    assert bench.post("deliver_again", "amazon", id=key).json() == {"status": None}
    assert queue.orders() == [order]
    assert bench.deliver("amazon") == []


# === THE PAGE AND WHAT IS KEPT ===


@pytest.mark.parametrize("channel", ALL)
def test_the_page_shows_orders_and_what_became_of_their_notifications(bench, channel):
    order = bench.buy(channel, 2, delivery="late", seconds=60)
    data = bench.get("/_page/data")
    (found,) = [c["trade"] for c in data["channels"] if c["name"] == channel]
    assert [row["id"] for row in found["orders"]] == [order["id"]]
    (note, *_rest) = found["notifications"]
    assert (note["manner"], note["words"], note["good"]) == ("late", "in 60 s", None)
    (row,) = data["rows"]
    assert all(cell["buyable"] for cell in row["cells"])
    assert found["receiver"]
    assert "/secret" not in found["receiver"]


def test_the_page_says_how_a_delivery_ended(bench):
    def words():
        data = bench.get("/_page/data")
        trade = next(c["trade"] for c in data["channels"] if c["name"] == "shopify")
        return trade["notifications"][0]["words"]

    bench.listener.status = 500
    bench.buy("shopify", delivery="held")
    assert words() == "waits for the next one"
    bench.buy("shopify", delivery="never")
    assert words() == "never sent"
    bench.buy("shopify")
    bench.deliver("shopify")
    assert words().startswith("500 · ") and words().endswith("again in 60 s")


def test_a_channel_without_orders_has_no_desk_and_no_buttons(http, sim):
    data = http.get(f"{sim.base_url}/_page/data", timeout=5).json()
    assert all(channel["trade"] is None for channel in data["channels"])
    assert not data["rows"][0]["cells"][0]["buyable"]
    spec = {"channel": "amazon", "sku": "A"}
    answer = http.post(f"{sim.base_url}/_control/buy", json=spec, timeout=5)
    assert answer.status_code == 404


@pytest.mark.parametrize("channel", ALL)
def test_orders_and_notifications_survive_a_restart(bench, channel):
    bench.buy(channel, delivery="held")
    before = bench.get("/_control/orders"), bench.told(channel)
    part = bench.sim.channels[channel]
    part.load(json.loads(json.dumps(part.dump())))
    assert (bench.get("/_control/orders"), bench.told(channel)) == before
    bench.buy(channel)
    if channel in TOLD:
        assert bench.deliver(channel) == [200, 200]


def test_the_ledger_forgets_the_oldest():
    ledger = Ledger({}, lambda: 0)
    for number in range(REMEMBERED + 1):
        ledger.write(str(number), "topic", "", Manner(), {})
    rows = ledger.rows()
    assert len(rows) == REMEMBERED
    assert (rows[0]["id"], rows[-1]["id"]) == (str(REMEMBERED), "1")
    ledger.tried("0", 200, 1)  # an old one is delivered at last: nobody minds


def test_what_amazon_shipped_comes_back_to_its_own_shelf(bench):
    fba = {"sku": "FBA", "site": SITES["amazon"], "quantity": 5}
    listing = {**fba, "fulfilment": "channel", "price": 9}
    bench.sim.seed("amazon", {"listings": [listing]})
    order = bench.buy("amazon", 2, sku="FBA")
    assert "ship" in order["actions"] and "return_goods" not in order["actions"]
    early = bench.post("return_goods", "amazon", order=order["id"])
    assert early.status_code == 400 and "cannot come back" in early.json()["error"]
    bench.post("ship", "amazon", order=order["id"])
    back = {"order": order["id"], "disposition": "Sellable", "comments": "Too big"}
    answer = bench.post("return_goods", "amazon", **back, quantity=2)
    assert answer.ok, answer.text
    assert "2 came back" in answer.json()["order"]["note"]
    assert "return_goods" not in answer.json()["order"]["actions"]
    assert bench.sim.quantity("amazon", "FBA") == 5
    for wrong in ({"quantity": 0}, {"quantity": "1"}, {"comments": 5}):
        assert (
            bench.post("return_goods", "amazon", **{**back, **wrong}).status_code == 400
        )


@pytest.mark.parametrize("channel", ALL)
def test_what_the_seller_shipped_does_not_come_back_to_the_channel(bench, channel):
    order = bench.buy(channel)
    answer = bench.post("return_goods", channel, order=order["id"])
    assert answer.status_code == 400
