"""Which of a channel's carriers a delivery method means, guessed by its name."""

import re


def tokens(text):
    """Return the words of a name, in lower case, without marks."""
    return re.findall(r"\w+", (text or "").casefold())


def guess_carrier(known, *names):
    """Return the channel's own name of a carrier, "" when none is clearly meant.

    A known carrier is meant when all its words stand in the name, in a row: "DHL
    Express Worldwide" is "DHL Express", "Post office 12" is nobody. The carrier with
    the most words wins, the first of several alike.

    :param known: the channel's carriers, written as the channel wants them
    :param names: what the delivery method is called, the most telling first
    """
    for name in names:
        words = tokens(name)
        found = [carrier for carrier in known if _stands_in(tokens(carrier), words)]
        if found:
            return max(found, key=lambda carrier: len(tokens(carrier)))
    return ""


def _stands_in(short, long):
    size = len(short)
    return bool(size) and any(
        long[start : start + size] == short for start in range(len(long) - size + 1)
    )
