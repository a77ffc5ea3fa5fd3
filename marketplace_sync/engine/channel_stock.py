"""What happened between two days in a channel's own warehouse, as far as two counts
can tell.

*Good* units are fulfillable or reserved: they are there and fit. Two counts do not show
what was sold, returned or disposed of in between, so that only what both sides of a
movement confirm is concluded: units that left a bucket **and** turned up among the good
ones, or units that entered a bucket that only the channel's own people fill.
"""

from typing import NamedTuple


class Count(NamedTuple):
    """One day's count, in listing units.

    :param good: fulfillable and reserved
    :param inbound: announced, on its way or being received
    :param unfulfillable: not fit, other than damaged by customers
    :param customer_damaged: came back from customers; never was good today
    :param missing: lost, or looked for by the channel
    """

    good: int = 0
    inbound: int = 0
    unfulfillable: int = 0
    customer_damaged: int = 0
    missing: int = 0


class Transition(NamedTuple):
    """:param kind: ``restored`` unfulfillable → good; ``found`` missing → good;
    ``damaged`` good → unfulfillable; ``lost`` good → missing
    :param units: how many more (or, negative, fewer) good units that makes
    """

    kind: str
    units: int


def transitions(before: Count, after: Count) -> list[Transition]:
    """Return what must have happened, never more than the counts bear out."""
    arrived = max(0, before.inbound - after.inbound)
    gained = max(0, after.good - before.good - arrived)
    found = min(gained, max(0, before.missing - after.missing))
    healed = before.unfulfillable + before.customer_damaged
    healed -= after.unfulfillable + after.customer_damaged
    restored = min(gained - found, max(0, healed))
    # what was missing and is found broken was never taken for good
    turned_up = max(0, before.missing - after.missing) - found
    damaged = max(0, after.unfulfillable - before.unfulfillable - turned_up)
    lost = max(0, after.missing - before.missing)
    told = {"restored": restored, "found": found, "damaged": -damaged, "lost": -lost}
    return [Transition(kind, units) for kind, units in told.items() if units]
