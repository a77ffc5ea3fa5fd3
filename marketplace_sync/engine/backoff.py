"""When to try again: exponential back-off with full jitter.

The clock and the dice are arguments, so that tests state exact numbers.
"""

import random

#: Seconds: the first retry comes within BASE, none later than CAP.
BASE_SECONDS = 5.0
CAP_SECONDS = 3600.0
#: After so many attempts a retryable row is parked: the dead-letter list.
MAX_ATTEMPTS = 8


def delay(attempt, retry_after=None, dice=random.random):
    """Return the seconds to wait before attempt number ``attempt`` + 1.

    :param attempt: attempts made so far, 1 or more
    :param retry_after: what the channel asked for, a floor, or None
    :param dice: gives a number in [0, 1)
    """
    ceiling = min(CAP_SECONDS, BASE_SECONDS * 2 ** min(30, max(0, attempt - 1)))
    return max(ceiling * dice(), retry_after or 0.0)


def exhausted(attempt, limit=MAX_ATTEMPTS):
    """Tell whether a row that failed ``attempt`` times is parked."""
    return attempt >= limit
