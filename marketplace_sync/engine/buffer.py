"""Safety buffer: units that are never shown, by sync interval and sales velocity."""

import math
from collections.abc import Iterable
from typing import NamedTuple

#: Float noise that must not cost or invent a unit: 7 % of 100 is 7, not 7.000000000001.
EPSILON = 1e-6
#: Days of confirmed sales that the daily velocity is measured over.
VELOCITY_DAYS = 28


class BufferLine(NamedTuple):
    """One row of a buffer policy.

    :param max_interval: sync interval in minutes up to which it applies; 0 = any
    :param velocity_min: units sold a day from which it applies, inclusive
    :param velocity_max: units sold a day up to which it applies, inclusive; 0 = any
    :param units: listing never shows these
    :param percent: nor this part of the effective quantity (0–100)
    """

    max_interval: int = 0
    velocity_min: float = 0.0
    velocity_max: float = 0.0
    units: int = 0
    percent: float = 0.0


#: A listing without a policy, or whose policy has no line for it.
NO_BUFFER = BufferLine()


def daily_velocity(sold, days=VELOCITY_DAYS):
    """Return units sold a day, to two decimals, so that ranges leave no gap.

    :param sold: units of the product's own unit of measure sold in ``days``
    """
    return round(max(0.0, sold) / days, 2)


def matching_line(lines: Iterable[BufferLine], interval, velocity):
    """Return the first line that covers the interval and the velocity, or None.

    Lines are tried in the order of their interval, so a line for 15 minutes wins
    over one for 60, and one without a limit comes last.
    """
    for line in sorted(lines, key=lambda line: line.max_interval or math.inf):
        if line.max_interval and interval > line.max_interval:
            continue
        if velocity < line.velocity_min:
            continue
        if line.velocity_max and velocity > line.velocity_max:
            continue
        return line
    return None


def hidden_units(line: BufferLine, effective):
    """Return how many units ``line`` hides of ``effective`` (both whole units)."""
    share = math.ceil(line.percent * max(0, effective) / 100 - EPSILON)
    return max(line.units, share, 0)
