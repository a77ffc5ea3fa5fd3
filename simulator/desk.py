"""The counter of a shop: people buy, change their minds, and get their money back.

One interface over three channels, for the page and ``/_control/…``. What a channel
would refuse is refused here too: nothing is sold that is not on the shelf, unless the
shop itself says that it sells without stock.
"""

from dataclasses import dataclass, field

#: Nobody buys more at once, also where a shop sells without limit.
MOST = 100_000


@dataclass
class OrderRow:
    """What a person sees of one order.

    :param status: the channel's own word
    :param total: as the channel writes it, in ``currency``
    :param lines: dicts ``sku``, ``title``, ``quantity`` (wanted now), ``shipped``
    :param shipments: dicts ``tracking``, ``carrier``, ``status``, ``url``
    :param actions: what may be done with it now: ``cancel``, ``refund``, ``edit``,
        ``pay``, ``ship``, ``request_cancellation``, ``return_goods``
    """

    channel: str
    id: str
    name: str
    site: str
    status: str
    placed_at: float
    updated_at: float
    buyer: str = ""
    total: str = ""
    currency: str = ""
    lines: list = field(default_factory=list)
    shipments: list = field(default_factory=list)
    cancelled: bool = False
    refunded: bool = False
    note: str = ""
    actions: list = field(default_factory=list)


class Desk:
    """What people do with orders on one channel. The caller holds the channel's lock.

    Methods raise ``ValueError`` with the reason where the channel refuses, and
    ``LookupError`` where there is no such order.

    :param channel: its simulator
    """

    #: what this channel knows at all, see :class:`OrderRow`
    actions = ("cancel", "refund", "edit")
    #: an order may be left unpaid for a while
    may_be_pending = False

    def __init__(self, channel):
        self.channel = channel

    # --- buying ---------------------------------------------------------------
    def buy(self, site, sku, quantity, pending=False):
        """Buy; return the order's id."""
        check_units(quantity)
        if pending and not self.may_be_pending:
            raise ValueError(f"{self.channel.title} has no pending orders")
        try:
            return self.sell(site, sku, quantity, pending)
        except LookupError:
            raise ValueError(
                f"{self.channel.title} has no {sku!r} at {site!r}"
            ) from None

    def sell(self, site, sku, quantity, pending):
        """Do it."""
        return self.channel.sell(sku, quantity, site)

    # --- later ----------------------------------------------------------------
    def edit(self, order_id, sku, quantity):
        """Let an order want another number of units of a SKU."""
        check_units(quantity, 0)
        self._may(order_id, "edit")
        self.do_edit(order_id, sku, quantity)

    def cancel(self, order_id):
        """Cancel what was not sent."""
        self._may(order_id, "cancel")
        self.channel.cancel_order(order_id)

    def refund(self, order_id):
        """Give all money back."""
        self._may(order_id, "refund")
        self.do_refund(order_id)

    def pay(self, order_id):
        """Let the money arrive."""
        self._may(order_id, "pay")
        self.channel.pay_order(order_id)

    def ship(self, order_id):
        """Let the carrier scan the parcel."""
        self._may(order_id, "ship")
        self.channel.ship_order(order_id)

    def request_cancellation(self, order_id):
        """Let the buyer ask for a cancellation."""
        self._may(order_id, "request_cancellation")
        self.channel.request_cancellation(order_id)

    def return_goods(self, order_id, **details):
        """Let the buyer send units back to the channel's own warehouse."""
        self._may(order_id, "return_goods")
        check_units(details.get("quantity", 1))
        self.channel.return_goods(order_id, **details)

    def do_edit(self, order_id, sku, quantity):
        """Change the quantity."""
        raise ValueError(f"{self.channel.title} does not let anybody change an order")

    def do_refund(self, order_id):
        """Give the money back."""
        self.channel.refund_order(order_id)

    def _may(self, order_id, action):
        row = self.row(order_id)
        if action not in self.actions:
            words = action.replace("_", " ")
            raise ValueError(f"{self.channel.title} knows no {words!r} for orders")
        if action not in row.actions:
            words = f"order {row.name} is {row.status}"
            raise ValueError(f"{words}: it cannot {VERBS[action]} now")

    # --- looking --------------------------------------------------------------
    def row(self, order_id):
        """Return one order as a row.

        :raises LookupError: there is none
        """
        raise NotImplementedError(f"{type(self).__name__} must implement row")

    def ids(self):
        """Return the ids of all orders, oldest first."""
        raise NotImplementedError(f"{type(self).__name__} must implement ids")

    def rows(self, last=None):
        """Return the orders, the newest first."""
        return [self.row(one) for one in list(self.ids())[::-1][:last]]

    # --- what was told --------------------------------------------------------
    def receiver(self):
        """Return in words who is told of orders."""
        raise NotImplementedError(f"{type(self).__name__} must implement receiver")

    def callback(self):
        """Return the address that :meth:`subscribe` sets, None where it sets none."""
        return None

    def notifications(self, last=None):
        """Return what was told, see :class:`~.delivery.Ledger`, the newest first."""
        return self.ledger().rows(last)

    def ledger(self):
        """Return the channel's ledger."""
        raise NotImplementedError(f"{type(self).__name__} must implement ledger")

    def subscribe(self, callback):
        """Set the address that is told, where a person does that in a console."""
        raise ValueError(f"{self.channel.title} is subscribed to through its API")


VERBS = {
    "cancel": "be cancelled",
    "refund": "be refunded",
    "edit": "be changed",
    "pay": "be paid",
    "ship": "be scanned",
    "request_cancellation": "be asked to be cancelled",
    "return_goods": "come back",
}


def check_units(quantity, least=1):
    """Refuse what is no number of units.

    :raises ValueError: it is not
    """
    is_whole = isinstance(quantity, int) and not isinstance(quantity, bool)
    if not is_whole or quantity < least:
        raise ValueError(f"the quantity must be a whole number, {least} or more")
    if quantity > MOST:
        raise ValueError(f"nobody buys more than {MOST:,} at once")
