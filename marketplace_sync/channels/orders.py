"""Orders, shipments and notifications as every channel tells them to the models.

Part of the contract (``base.py``). Money is :class:`decimal.Decimal` in the order's
currency, never a float: the order's total in Odoo must equal the channel's to the cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

#: ``ChannelOrder.status``: pending = ordered, not to be shipped yet (payment, fraud
#: check); open = to be shipped; shipped = all of it; cancelled = all of it.
ORDER_STATUSES = ("pending", "open", "shipped", "cancelled")
#: ``OrderCharge.kind``
CHARGE_KINDS = ("shipping", "gift_wrap", "discount", "fee", "tip", "rounding", "other")


@dataclass(frozen=True)
class OrderTax:
    """One tax on a line or a charge.

    :param rate: percent (21 = 21 %), None when the channel tells only the amount
    :param collected_by_channel: the channel pays it to the state, not the seller
    """

    title: str
    amount: Decimal
    rate: Decimal | None = None
    collected_by_channel: bool = False


@dataclass(frozen=True)
class OrderLine:
    """One line of an order.

    :param external_id: the channel's id of the line, unique within the order
    :param quantity: listing units that are still to be or were delivered: what was
        ordered less what was cancelled or removed by an edit
    :param shipped_quantity: of these, already shipped
    :param unit_price: for one listing unit before discounts, with or without tax as
        ``ChannelOrder.prices_include_tax`` says
    :param discount: for the whole line, not negative
    :param site_code: where the channel says it ships from, "" when it does not
    :param fulfilled_by_channel: FBA, Full, another fulfilment service: not our stock
    """

    external_id: str
    sku: str
    quantity: Decimal
    unit_price: Decimal | None
    title: str = ""
    external_ref: str = ""
    pool_key: str = ""
    site_code: str = ""
    shipped_quantity: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    taxes: Sequence[OrderTax] = ()
    fulfilled_by_channel: bool = False
    data: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class OrderCharge:
    """What is paid beside the lines: shipping, gift wrap, an order discount (negative).

    :param kind: one of :data:`CHARGE_KINDS`
    """

    kind: str
    amount: Decimal
    title: str = ""
    taxes: Sequence[OrderTax] = ()


@dataclass(frozen=True)
class OrderAddress:
    """As far as the channel gives it; any field may be empty."""

    name: str = ""
    company: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    zip: str = ""
    state_code: str = ""
    country_code: str = ""
    phone: str = ""


@dataclass(frozen=True)
class OrderBuyer:
    """:param key: the channel's stable id of the buyer, "" when it gives none"""

    key: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class ChannelOrder:
    """One order as the channel tells it.

    :param external_id: the channel's id, unique in the account
    :param name: what buyer and seller call it
    :param group: id of a purchase that several orders belong to (a Mercado Libre
        pack), else ""
    :param updated_at: UTC; the newer of two tellings of one order wins
    :param currency: ISO 4217
    :param total: what the buyer pays, None when the channel does not tell (yet)
    :param is_foreign: not a sale of this channel (an Amazon order of another channel
        that FBA only ships): never becomes a sale
    :param is_held: a person must look before it ships (fraud risk, hold)
    :param cancel_requested: the buyer asks for cancellation; nothing is cancelled yet
    :param is_withheld: the channel keeps name or address from us
    :param raw: the payload, kept for a limited time
    :param told_at: UTC, not later than the channel looked at the order by its own
        clock: what changed within the second of ``updated_at`` may be missing from an
        order that was told in that second. None = unknown
    """

    external_id: str
    name: str
    status: str
    placed_at: datetime
    updated_at: datetime
    currency: str
    lines: Sequence[OrderLine]
    charges: Sequence[OrderCharge] = ()
    prices_include_tax: bool = False
    total: Decimal | None = None
    group: str = ""
    site_code: str = ""
    buyer: OrderBuyer = OrderBuyer()
    shipping_address: OrderAddress | None = None
    is_foreign: bool = False
    is_held: bool = False
    hold_reason: str = ""
    cancel_requested: bool = False
    cancel_reason: str = ""
    is_withheld: bool = False
    ship_by: datetime | None = None
    url: str = ""
    raw: Mapping = field(default_factory=dict)
    data: Mapping = field(default_factory=dict)
    request_id: str = ""
    told_at: datetime | None = None


@dataclass(frozen=True)
class OrderHint:
    """An order that changed, not read yet: where a channel's list tells no more.

    :param updated_at: UTC, as ``ChannelOrder.updated_at``: which orders need no reading
    :param placed_at: UTC, None when the list does not say
    """

    external_id: str
    updated_at: datetime
    placed_at: datetime | None = None
    name: str = ""


@dataclass(frozen=True)
class OrderPage:
    """A part of an incremental read.

    A channel tells whole orders, or hints where whole ones are dear: the caller reads
    those that it does not know (``Adapter.fetch_several_orders``) before it takes
    ``watermark`` and ``data`` for true.

    :param watermark: where the next read may begin once *every* page of this one is
        stored; only on the last page
    :param data: facts to remember on the account with this page's orders (JSON types;
        they come back in ``AdapterConfig.data``): where a read that a rate limit cuts
        short goes on
    """

    orders: Sequence[ChannelOrder] = ()
    watermark: datetime | None = None
    data: Mapping = field(default_factory=dict)
    hints: Sequence[OrderHint] = ()


@dataclass(frozen=True)
class Shipment:
    """A parcel that has left, to be told to the channel.

    :param order_id: ``ChannelOrder.external_id``
    :param package_ref: ours, stable over retries: positive digits, unique in the order
    :param lines: (line external id, listing units) of this parcel only
    :param carrier_code: the channel's code for the carrier, "" = unknown to it
    :param told_before: units in the order's parcels with the same tracking number (or
        without one) that the channel has taken: it is known how many it should show
    :param data: ``ChannelOrder.data``
    """

    order_id: str
    package_ref: str
    lines: Sequence[tuple[str, Decimal]]
    shipped_at: datetime
    carrier_code: str = ""
    carrier_name: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    shipping_method: str = ""
    site_code: str = ""
    told_before: Decimal = Decimal(0)
    data: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class ShipmentResult:
    """What became of telling a shipment.

    :param outcome: ``accepted``; ``already`` the channel knew it; ``not_applicable``
        the channel moves the parcel itself (Mercado Libre ME2); ``rejected``; ``retry``
    :param external_id: the channel's id of the fulfilment, "" when it gives none
    """

    outcome: str
    error: str = ""
    code: str = ""
    external_id: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class WebhookEvent:
    """A verified notification: a hint that something changed, never the truth.

    :param delivery_id: the same for repetitions of one delivery
    :param topic: the channel's own
    :param account_ref: which seller it is for: shop domain, user id
    :param kind: ``order``, ``listing``, ``stock``, ``shipment``, ``return``,
        ``uninstalled``, ``other``
    :param external_id: of the thing that changed, "" when not named
    :param changed_at: update time of the thing after the change (UTC): who has been
        told of it as it was then or later has nothing to read. None = always read
    """

    delivery_id: str
    topic: str
    kind: str
    account_ref: str = ""
    external_id: str = ""
    triggered_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True)
class WebhookSubscription:
    """One subscription as the channel has it."""

    external_id: str
    topic: str
    address: str
