"""Returns, refunds and claims, as every channel tells them. Part of the contract."""

from collections.abc import Iterator, Mapping, Sequence
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
    :param disposition: the channel's own word for the state of the goods
    :param comments: what the buyer wrote
    :param place: the channel's warehouse that the goods came to, by its own code
    :param goes_to_channel: the goods go to the channel's own warehouse, not to us
    """

    external_id: str
    order_id: str
    kind: str
    status: str
    lines: Sequence[ReturnLine] = ()
    told: str = ""
    reason: str = ""
    disposition: str = ""
    comments: str = ""
    place: str = ""
    goes_to_channel: bool = False
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    data: Mapping = field(default_factory=dict)
    request_id: str = ""


# === LISTS OF RETURNS BY PERIOD ===

#: ``ReturnList.state``: ``waiting`` the channel is making it; ``ready``; ``empty`` the
#: channel made none, for which one reason is that nothing came back; ``failed``.
LIST_STATES = ("waiting", "ready", "empty", "failed")


@dataclass(frozen=True)
class ReturnList:
    """What became of a list that was asked for.

    :param document: what :meth:`ReturnReading.read_return_list` takes, when ready
    :param retry_after: seconds until asking again makes sense, when waiting or failed
    :param error: one sentence for a person, when failed
    """

    state: str
    document: str = ""
    retry_after: float | None = None
    error: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class ReturnPage:
    """Some rows of a list.

    :param row: rows of the list that were read up to the end of this page
    :param unreadable: one sentence for a person per row that names no return
    :param changed: one sentence for a person when the list has other columns than this
        version knows, and can be read all the same; "" when not
    """

    returns: Sequence[ChannelReturn] = ()
    row: int = 0
    unreadable: Sequence[str] = ()
    changed: str = ""
    request_id: str = ""


class ReturnReading:
    """What an :class:`~.base.Adapter` does whose channel tells returns in lists by
    period, instead of one by one.

    A list is asked for and its id stored before anything else is done, so that a crash
    costs one list at most and never a return.
    """

    #: days of one list at most
    return_list_days = 30
    #: hours between two lists of one site at least
    return_list_hours = 24

    def request_return_list(self, site_code: str, since, until) -> str:
        """Have the channel make the list of one period (UTC); return its id.

        :param until: None = now
        """
        raise self._unsupported("request_return_list")

    def look_for_return_list(self, list_id: str) -> ReturnList:
        """Tell what became of a list.

        :raises UnknownListing: the channel does not know it (any more)
        """
        raise self._unsupported("look_for_return_list")

    def read_return_list(self, document: str) -> Iterator[ReturnPage]:
        """Yield a list page by page, at least one page, each time in the same order.

        :raises ChannelUnreachable: a column without which no return can be told apart
            is missing; the sentence names it
        """
        raise self._unsupported("read_return_list")
