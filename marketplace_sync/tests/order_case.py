"""Shared case of the tests about orders: what a channel tells, in a few words."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from ..channels.errors import UnknownListing
from ..channels.orders import ChannelOrder, OrderLine, OrderPage
from .memory_channel import MemoryAdapter, Shelf
from .push_case import PushCase

#: The moment at which orders of the tests are placed, unless they say otherwise.
NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def told_line(sku, quantity=1, price="10.00", **values):
    """Return a line as a channel tells it."""
    values = {"external_id": f"line-{sku}", "unit_price": Decimal(price), **values}
    return OrderLine(sku=sku, quantity=Decimal(quantity), **values)


def told_order(external_id="1001", lines=(), **values):
    """Return an order as a channel tells it.

    :param lines: ``OrderLine`` or (sku, quantity)
    """
    lines = [
        line if isinstance(line, OrderLine) else told_line(*line) for line in lines
    ]
    total = sum((ln.unit_price * ln.quantity - ln.discount for ln in lines), Decimal(0))
    values = {
        "name": f"#{external_id}",
        "status": "open",
        "placed_at": NOON,
        "updated_at": values.get("placed_at", NOON),
        "currency": "USD",
        "total": total,
        "site_code": "M1",
        **values,
    }
    return ChannelOrder(external_id=external_id, lines=lines, **values)


def later(order, minutes=1, **values):
    """Return a newer telling of an order."""
    moment = order.updated_at + timedelta(minutes=minutes)
    return replace(order, updated_at=moment, **values)


class OrderBook:
    """The orders of the memory channel; outlives adapters."""

    def __init__(self):
        self.orders = {}
        self.pages = None
        self.error = None
        self.errors = {}  # external id → what asking for that order raises
        self.reads = []

    def tell(self, *orders):
        self.orders.update({order.external_id: order for order in orders})


class OrderAdapter(MemoryAdapter):
    """The memory channel, with orders."""

    book = None

    def fetch_orders(self, since):
        self.book.reads.append(since)
        for page in self.book.pages or [list(self.book.orders.values())]:
            if isinstance(page, Exception):
                raise page
            yield OrderPage(page)
        if self.book.error:
            raise self.book.error
        yield OrderPage((), watermark=datetime.now(timezone.utc))

    def fetch_order(self, external_id):
        if self.book.error:
            raise self.book.error
        if external_id in self.book.errors:
            raise self.book.errors[external_id]
        if external_id not in self.book.orders:
            raise UnknownListing(f"There is no order {external_id}.")
        return self.book.orders[external_id]


class OrderCase(PushCase):
    """One account on the memory channel that reads orders from ``self.book``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.order_start_at = datetime(2026, 11, 1)

    def setUp(self):
        super().setUp()
        self.book = OrderBook()
        self.adapter_class = type(
            "BoundOrderAdapter",
            (OrderAdapter,),
            {
                "shelf": self.shelf,
                "book": self.book,
                "request_token": lambda adapter: None,
            },
        )

    def run_orders(self, account=None):
        """Run what the account's order action runs."""
        account = account or self.account
        if account.state == "draft":
            account.action_go_live()
        account.write({"last_order_sync_at": False, "order_retry_at": False})
        with self.crons() as env:
            account.with_env(env)._cron_orders()

    def store(self, order, account=None):
        """Store one telling; return its record."""
        return (account or self.account)._store_order(order)

    def order(self, external_id):
        """Return the record of an order."""
        return self.env["marketplace.order"].search(
            [
                ("account_id", "=", self.account.id),
                ("external_id", "=", external_id),
            ]
        )


__all__ = [
    "NOON",
    "OrderBook",
    "OrderCase",
    "Shelf",
    "later",
    "told_line",
    "told_order",
]
