"""Tests of orders, shipments and notifications that every channel must pass.

Subclass :class:`OrderContract` together with your channel's case and
``unittest.TestCase``. The hooks below speak to the simulator through the methods
that all three have (``sell``, ``cancel_order``, ``orders``, ``shelf``); override
those that need more on your channel::

    class TestAmazonOrderContract(AmazonCase, OrderContract, unittest.TestCase):
        order_operations = {"read": "searchOrders", "one": "getOrder", …}

Moments are aware datetimes in UTC, money is ``Decimal``.
"""

import itertools
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from marketplace_sync.channels.errors import (
    ChannelUnreachable,
    RateLimited,
    RejectedError,
    RetryableError,
    UnknownListing,
)
from marketplace_sync.channels.orders import (
    CHARGE_KINDS,
    ORDER_STATUSES,
    ChannelOrder,
    Shipment,
    WebhookEvent,
)

from .channel_case import ChannelCase

SHIPMENT_OUTCOMES = ("accepted", "already", "not_applicable", "rejected", "retry")


def amount_of(order):
    """Return what the parts of an order add up to.

    Equal to ``ChannelOrder.total`` to the cent where the channel tells a total.
    """
    taxes = [*order.charges, *order.lines]
    amount = sum((charge.amount for charge in order.charges), Decimal(0))
    for line in order.lines:
        amount += (line.unit_price or 0) * line.quantity - line.discount
    if not order.prices_include_tax:
        amount += sum((tax.amount for part in taxes for tax in part.taxes), Decimal(0))
    return amount


def amounts_of(order):
    """Return every amount and quantity of an order, for type checks."""
    found = [charge.amount for charge in order.charges]
    for line in order.lines:
        found += [line.quantity, line.shipped_quantity, line.discount]
        found += [] if line.unit_price is None else [line.unit_price]
    for part in (*order.lines, *order.charges):
        found += [tax.amount for tax in part.taxes]
        found += [tax.rate for tax in part.taxes if tax.rate is not None]
    return found + ([] if order.total is None else [order.total])


class OrderContract(ChannelCase):
    """What the models may rely on, whatever the channel."""

    #: Odoo's loader skips inherited tests without it
    allow_inherited_tests_method = True

    #: "read" (fetch_orders), "one" (fetch_order), "ship" (confirm_shipment: the call
    #: that changes something) → fnmatch of the simulator's operation names
    order_operations = {}
    #: carrier of the shipments that the tests send
    carrier = {"carrier_name": "Example Express"}
    #: an id of the right form that no order has
    unknown_order_id = "999"
    #: orders placed to make several pages
    many_orders = 130

    # --- hooks --------------------------------------------------------------------
    def sell(self, sku="ORDER-1", quantity=2, stock=50, **buyer):
        """Let a buyer buy, paid and ready to be shipped; return the order's id."""
        if self.shown(sku) is None:
            self.known_ref(sku, quantity=stock)
        return self.simulator.sell(sku, quantity, **buyer)

    def cancel_on_channel(self, order_id):
        """Cancel a whole order on the channel."""
        self.simulator.cancel_order(order_id)

    def tracking_on_channel(self, order_id):
        """Return the tracking numbers that the channel knows of an order."""
        rows = [row for row in self.simulator.orders() if row["id"] == order_id]
        return list(rows[0]["tracking"])

    def settle_orders(self):
        """Let time pass until what happened on the channel can be read."""
        self.clock.sleep(600)

    def fault_on(self, name, kind, **kwargs):
        """Make the next call of a class of operations fail."""
        self.running.fault(self.channel, self.order_operations[name], kind, **kwargs)

    # --- scaffolding --------------------------------------------------------------
    def shown(self, sku):
        """Return what buyers see of a SKU, None when the channel has it not."""
        rows = [row for row in self.simulator.shelf() if row.sku == sku]
        return rows[0].quantity if rows else None

    def moment(self, **ago):
        """Return a moment in UTC, ``ago`` as of ``timedelta``."""
        now = datetime.fromtimestamp(self.clock(), timezone.utc)
        return now - timedelta(**ago)

    def pages(self, since=None, adapter=None):
        """Read the pages since a moment (default: two days ago)."""
        self.settle_orders()
        adapter = adapter or self.make_adapter()
        return list(adapter.fetch_orders(since or self.moment(days=2)))

    def orders_of(self, page, adapter=None):
        """Return the orders of a page; those that it only hints at are read, as the
        models do."""
        adapter, found = adapter or self.make_adapter(), list(page.orders)
        ids = [hint.external_id for hint in page.hints]
        for start in range(0, len(ids), adapter.orders_at_once):
            some = ids[start : start + adapter.orders_at_once]
            found += adapter.fetch_several_orders(some).values()
        return found

    def read_orders(self, since=None):
        """Read all orders; return them by external id, each once."""
        orders = [order for page in self.pages(since) for order in self.orders_of(page)]
        found = {order.external_id: order for order in orders}
        self.assertEqual(len(found), len(orders), "an order came twice")
        return found

    def sold_order(self, *args, **kwargs):
        """Sell, as :meth:`sell`, and return the order as it is read."""
        order_id = self.sell(*args, **kwargs)
        return self.read_orders()[order_id]

    def shipment_of(self, order, package_ref="1", lines=None, **values):
        """Return a shipment of a whole order, or of ``lines`` (id, units)."""
        values = {"tracking_number": "TRACK-1", **self.carrier, **values}
        return Shipment(
            order_id=order.external_id,
            package_ref=package_ref,
            lines=lines or [(line.external_id, line.quantity) for line in order.lines],
            shipped_at=self.moment(minutes=1),
            site_code=order.site_code,
            data=order.data,
            **values,
        )

    def assert_order_failure(self, call, family=RetryableError):
        """``call`` raises a RetryableError of a family, or says ``retry``."""
        try:
            result = call()
        except family as error:
            self.assertTrue(error.message)
        else:
            self.assertEqual(getattr(result, "outcome", result), "retry")

    # --- reading ------------------------------------------------------------------
    def test_a_sale_is_read_with_what_was_bought(self):
        order_id = self.sell("ORDER-1", 2)
        order = self.read_orders()[order_id]
        self.assertIsInstance(order, ChannelOrder)
        self.assertEqual(order.status, "open")
        self.assertEqual(
            [(line.sku, line.quantity) for line in order.lines], [("ORDER-1", 2)]
        )
        self.assertTrue(order.name)
        self.assertRegex(order.currency, r"^[A-Z]{3}$")
        self.assertFalse(order.lines[0].fulfilled_by_channel)
        self.assertFalse(order.is_foreign)

    def test_a_sale_lowers_the_shelf_by_itself(self):
        self.sell("ORDER-1", 2, stock=10)
        self.assertEqual(self.shown("ORDER-1"), 8)

    def test_every_value_has_the_type_of_the_contract(self):
        self.sell()
        for order in self.read_orders().values():
            self.assertIn(order.status, ORDER_STATUSES)
            for moment in (order.placed_at, order.updated_at):
                self.assertEqual(moment.utcoffset(), timedelta(0), "aware, in UTC")
            for amount in amounts_of(order):
                self.assertIsInstance(amount, Decimal)
            self.assertLessEqual({c.kind for c in order.charges}, set(CHARGE_KINDS))
            ids = [line.external_id for line in order.lines]
            self.assertTrue(all(ids))
            self.assertEqual(len(ids), len(set(ids)))
            self.assertTrue(all(line.discount >= 0 for line in order.lines))

    def test_the_parts_of_an_order_add_up_to_its_total(self):
        for quantity in (1, 2, 3, 7):
            self.sell("ORDER-1", quantity)
        for order in self.read_orders().values():
            self.assertIsNotNone(order.total)
            self.assertEqual(amount_of(order), order.total)

    def test_the_order_of_one_read_is_the_order_of_the_other(self):
        order_id = self.sell()
        listed = self.read_orders()[order_id]
        single = self.make_adapter().fetch_order(order_id)
        for name in ("external_id", "name", "status", "currency", "total", "site_code"):
            self.assertEqual(getattr(single, name), getattr(listed, name), name)
        self.assertEqual(single.lines, listed.lines)
        self.assertEqual(single.charges, listed.charges)
        self.assertEqual(single.updated_at, listed.updated_at)

    def test_an_order_that_the_channel_has_not_is_unknown(self):
        with self.assertRaises(UnknownListing):
            self.make_adapter().fetch_order(self.unknown_order_id)

    def test_many_orders_are_all_read_once(self):
        sold = {self.sell("ORDER-1", 1, stock=1_000) for _ in range(self.many_orders)}
        pages = self.pages()
        self.assertGreater(len(pages), 1)
        read = [
            order.external_id for page in pages for order in (*page.orders, *page.hints)
        ]
        self.assertEqual(sorted(read), sorted(sold))

    def test_only_the_last_page_moves_the_watermark(self):
        for _sale in range(self.many_orders):
            self.sell("ORDER-1", 1, stock=1_000)
        *before, last = self.pages()
        self.assertEqual([page.watermark for page in before], [None] * len(before))
        self.assertEqual(last.watermark.utcoffset(), timedelta(0))

    def test_a_hint_tells_what_the_order_tells(self):
        """By it the models decide which orders need no reading."""
        self.sell()
        for page in self.pages():
            orders = {order.external_id: order for order in self.orders_of(page)}
            for hint in page.hints:
                order = orders[hint.external_id]
                self.assertEqual(hint.updated_at, order.updated_at)
                self.assertEqual(hint.placed_at, order.placed_at)

    def test_a_read_that_is_cut_short_goes_on_and_skips_nothing(self):
        if not self.adapter_class.resumes_orders:
            self.skipTest("This channel begins anew.")
        sold = {self.sell("ORDER-1", 1, stock=1_000) for _ in range(self.many_orders)}
        since, read, watermark = self.moment(days=2), set(), None
        self.settle_orders()
        for run in range(1, self.many_orders):
            for page in itertools.islice(self.make_adapter().fetch_orders(since), run):
                read |= {order.external_id for order in (*page.orders, *page.hints)}
                self.data = {**self.data, **page.data}
                watermark = page.watermark
            if watermark:
                break
        self.assertTrue(watermark)
        self.assertEqual(read, sold)

    def test_a_read_without_orders_moves_the_watermark_too(self):
        self.known_ref()
        (page,) = self.pages()
        self.assertEqual([*page.orders, *page.hints], [])
        self.assertIsNotNone(page.watermark)

    def test_the_watermark_leaves_no_gap(self):
        adapter = self.make_adapter()
        seen = set()
        watermark = self.moment(days=2)
        sold = set()
        for step in range(6):
            sold.add(self.sell("ORDER-1", 1))
            self.clock.sleep(47 * step)
            for page in adapter.fetch_orders(watermark):
                seen |= {order.external_id for order in self.orders_of(page)}
                watermark = page.watermark or watermark
        self.settle_orders()
        for page in adapter.fetch_orders(watermark):
            seen |= {order.external_id for order in self.orders_of(page)}
        self.assertEqual(seen, sold)

    def test_a_later_telling_of_an_order_is_newer(self):
        order_id = self.sell()
        before = self.read_orders()[order_id]
        self.clock.sleep(60)
        self.cancel_on_channel(order_id)
        self.settle_orders()
        after = self.make_adapter().fetch_order(order_id)
        self.assertGreater(after.updated_at, before.updated_at)

    def test_a_cancelled_order_says_so_and_claims_no_unit(self):
        order_id = self.sell()
        self.cancel_on_channel(order_id)
        self.settle_orders()
        order = self.make_adapter().fetch_order(order_id)
        self.assertEqual(order.status, "cancelled")
        self.assertEqual(sum(line.quantity for line in order.lines), 0)

    def test_a_moment_without_a_zone_is_utc(self):
        order_id = self.sell()
        since = self.moment(days=2).replace(tzinfo=None)
        self.assertIn(order_id, self.read_orders(since))

    # --- failures -----------------------------------------------------------------
    def test_a_read_that_fails_is_retryable(self):
        order_id = self.sell()
        self.settle_orders()
        reads = {
            "read": lambda: list(self.make_adapter().fetch_orders(self.moment(days=2))),
            "one": lambda: self.make_adapter().fetch_order(order_id),
        }
        for kind, family in FAILURES.items():
            for name, call in reads.items():
                with self.subTest(f"{kind} on {name}"):
                    self.fault_on(name, kind, times=3)
                    self.assert_order_failure(call, family)
                    self.running.clear_faults()
                    self.clock.sleep(3600)

    def test_a_shipment_that_fails_is_retryable(self):
        order = self.sold_order()
        for kind, family in FAILURES.items():
            with self.subTest(kind):
                self.fault_on("ship", kind, times=3)
                adapter = self.make_adapter()
                self.assert_order_failure(
                    lambda adapter=adapter: adapter.confirm_shipment(
                        self.shipment_of(order)
                    ),
                    family,
                )
                self.running.clear_faults()
                self.clock.sleep(3600)

    # --- shipments ----------------------------------------------------------------
    def test_a_shipment_arrives_with_its_tracking_number(self):
        order = self.sold_order()
        result = self.make_adapter().confirm_shipment(self.shipment_of(order))
        self.assertEqual(result.outcome, "accepted", result.error)
        self.assertEqual(self.tracking_on_channel(order.external_id), ["TRACK-1"])
        self.settle_orders()
        after = self.make_adapter().fetch_order(order.external_id)
        self.assertEqual(after.status, "shipped")
        self.assertEqual([line.shipped_quantity for line in after.lines], [2])

    def test_a_shipment_told_twice_is_one_parcel(self):
        order = self.sold_order()
        adapter = self.make_adapter()
        outcomes = [
            adapter.confirm_shipment(self.shipment_of(order)).outcome
            for _attempt in range(3)
        ]
        self.assertEqual(outcomes[0], "accepted")
        self.assertLessEqual(set(outcomes), {"accepted", "already"})
        self.assertEqual(self.tracking_on_channel(order.external_id), ["TRACK-1"])

    def test_a_shipment_whose_answer_was_lost_is_one_parcel(self):
        order = self.sold_order()
        self.fault_on("ship", "reset_after")
        self.assert_order_failure(
            lambda: self.make_adapter().confirm_shipment(self.shipment_of(order))
        )
        result = self.make_adapter().confirm_shipment(self.shipment_of(order))
        self.assertIn(result.outcome, ("accepted", "already"))
        self.assertEqual(self.tracking_on_channel(order.external_id), ["TRACK-1"])

    def test_two_parcels_carry_their_own_units(self):
        order = self.sold_order("ORDER-1", 3)
        line = order.lines[0].external_id
        adapter = self.make_adapter()
        for number, units in (("1", 2), ("2", 1)):
            shipment = self.shipment_of(
                order,
                number,
                [(line, Decimal(units))],
                tracking_number=f"TRACK-{number}",
            )
            self.assertEqual(adapter.confirm_shipment(shipment).outcome, "accepted")
            self.settle_orders()
            after = adapter.fetch_order(order.external_id)
            shipped = 2 if number == "1" else 3
            self.assertEqual(after.lines[0].shipped_quantity, shipped)
            self.assertEqual(after.status, "shipped" if shipped == 3 else "open")
        self.assertEqual(
            self.tracking_on_channel(order.external_id), ["TRACK-1", "TRACK-2"]
        )

    def test_a_shipment_of_a_cancelled_order_is_refused_in_words(self):
        order = self.sold_order()
        self.cancel_on_channel(order.external_id)
        result = self.make_adapter().confirm_shipment(self.shipment_of(order))
        self.assertEqual(result.outcome, "rejected")
        self.assertTrue(result.error)
        self.assertEqual(self.tracking_on_channel(order.external_id), [])

    def test_a_shipment_of_an_unknown_order_is_refused_in_words(self):
        order = self.sold_order()
        shipment = self.shipment_of(order)
        shipment = Shipment(**{**vars(shipment), "order_id": self.unknown_order_id})
        try:
            result = self.make_adapter().confirm_shipment(shipment)
        except RejectedError as error:
            self.assertTrue(error.message)
        else:
            self.assertEqual(result.outcome, "rejected")
            self.assertTrue(result.error)

    # --- notifications ------------------------------------------------------------
    def test_a_notification_without_proof_is_not_believed(self):
        verify = self.adapter_class.verify_webhook
        for headers in ({}, {"content-type": "application/json"}):
            for secrets in ((), ("",), ("secret",), ("new", "old")):
                for body in (b"", b"{}", b"[]", b"\xff\xfe"):
                    self.assertIs(verify(headers, body, secrets, ""), False)

    def test_nonsense_is_no_event(self):
        for body in (b"", b"{}", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"{" * 99):
            event = self.adapter_class.parse_webhook({}, body)
            self.assertIsInstance(event, WebhookEvent | None)


#: kind of fault → family that the caller must see
FAILURES = {
    "429": RateLimited,
    "429_empty": RateLimited,
    "503_empty": ChannelUnreachable,
    "html": ChannelUnreachable,
    "malformed": ChannelUnreachable,
    "reset": ChannelUnreachable,
}
