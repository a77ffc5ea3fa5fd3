"""What a maker can promise who makes so many units a week.

A *slot* is the work of one unit of weight 1. A large wallet of weight 1.5 takes one
slot and a half. Members of one capacity draw on the same slots: none is promised twice.
"""

import math
from typing import NamedTuple

from .buffer import EPSILON

#: No lead time is extended beyond a year: such a promise is none.
MAX_EXTENSION_WEEKS = 52


class Capacity(NamedTuple):
    """What is made.

    :param units_per_week: slots a week, in weeks without holidays
    :param weeks: lead time that buyers are told
    :param safety: slots that are never promised
    :param working: part of the weeks' hours that is worked (holidays), 0–1
    """

    units_per_week: float
    weeks: float
    safety: float = 0.0
    working: float = 1.0


def slots(capacity: Capacity, extra_weeks: int = 0) -> float:
    """Return the slots within the lead time, and ``extra_weeks`` after it."""
    worked = capacity.weeks * min(1.0, max(0.0, capacity.working))
    total = capacity.units_per_week * (worked + extra_weeks) - capacity.safety
    return max(0.0, total)


def extension(capacity: Capacity, load: float, weight: float) -> int | None:
    """Return how many weeks later than usual one more unit could be delivered.

    :param load: slots that are taken: in production and promised
    :param weight: of the unit
    :return: 0 = within the usual lead time; None = not within a year
    """
    if slots(capacity) + EPSILON >= load + weight:
        return 0
    if not capacity.units_per_week > 0:
        return None
    wanted = (load + weight + capacity.safety) / capacity.units_per_week
    working = min(1.0, max(0.0, capacity.working))
    weeks = math.ceil(wanted - capacity.weeks * working - EPSILON)
    return weeks if weeks <= MAX_EXTENSION_WEEKS else None


def units_of(open_slots: float, weight: float) -> float:
    """Return how many units of a weight fit into slots; not yet whole units."""
    return open_slots / weight if weight > 0 else 0.0
