"""Returns, refunds and claims, as every channel tells them. Part of the contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

#: ``ChannelReturn.kind``
RETURN_KINDS = ("refund", "return", "claim")
#: ``ChannelReturn.status``: open = announced or on its way; received = the channel says
#: that the goods are back; closed = nothing more will come of it.
RETURN_STATUSES = ("open", "received", "closed")


@dataclass(frozen=True)
class ReturnLine:
    """Units of one line of an order.

    :param external_id: the channel's id of the order's line, "" when it names none
    :param quantity: listing units
    :param comes_back: False when the buyer keeps the goods
    """

    external_id: str
    quantity: Decimal
    sku: str = ""
    external_ref: str = ""
    comes_back: bool = True


@dataclass(frozen=True)
class ChannelReturn:
    """One return of one order.

    :param external_id: unique in the account
    :param order_id: ``ChannelOrder.external_id``
    :param told: the channel's own word for the status
    :param goes_to_channel: the goods go to the channel's own warehouse, not to us
    """

    external_id: str
    order_id: str
    kind: str
    status: str
    lines: Sequence[ReturnLine] = ()
    told: str = ""
    reason: str = ""
    goes_to_channel: bool = False
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    data: Mapping = field(default_factory=dict)
    request_id: str = ""
