"""What a channel shows after it has itself sold something.

A channel lowers its own counter when it sells. What we believe it shows must follow,
or a number that comes back to its old value would never be sent again: 10 shown, 2
sold, 2 received must end with 10 shown, not 8.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

#: A sale so near to the moment when the channel took our number may have happened
#: before or after it: clocks differ, and an answer takes its time.
AMBIGUOUS = timedelta(seconds=30)


class Shown(NamedTuple):
    """What we believe that the channel shows.

    :param is_certain: False = it may be something else, so it must be told again,
        which is safe because quantities are absolute
    """

    quantity: int
    is_certain: bool


def after_sale(
    published: int, published_at: datetime, sold: int, placed_at: datetime
) -> Shown:
    """Return what the channel shows after it sold ``sold`` listing units.

    :param published_at: when it took ``published``
    :param placed_at: when the buyer bought, by the channel's clock
    """
    since = placed_at - published_at
    if since < -AMBIGUOUS:  # our number was written after the sale, over its effect
        return Shown(published, True)
    lowered = max(0, published - sold) if since >= timedelta() else published
    return Shown(lowered, since > AMBIGUOUS)
