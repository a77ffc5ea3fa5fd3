"""How many listing units a parcel completes.

A channel takes whole units only: a pack of six that leaves three and three is told
with the second parcel, a kit with the parcel that holds its last component. What was
told is never told again, so over all parcels of a line exactly the whole units that
have left are told.
"""

from fractions import Fraction


def complete_sets(delivered, needed):
    """Return how many sets are complete (a Fraction; whole or not as parts are).

    :param delivered: {part: quantity that has left}
    :param needed: {part: quantity for one set}, each more than 0
    """
    if not needed:
        return Fraction(0)
    return min(
        Fraction(delivered.get(part, 0)) / Fraction(quantity)
        for part, quantity in needed.items()
    )


def newly_whole(delivered, units_per_listing, told):
    """Return the listing units that are whole now and were not told before.

    :param delivered: product units of the line that have left so far
    :param told: listing units that earlier parcels tell
    """
    return max(0, int(Fraction(delivered) // units_per_listing) - int(told))


def number_of(parcel, numbers):
    """Return the tracking number of a parcel, "" when there is none.

    One number is for all parcels; of several, each parcel has its own, and those that
    are left over share the last one.

    :param parcel: its place among the delivery's parcels, from 0
    :param numbers: the delivery's tracking numbers
    """
    return numbers[min(parcel, len(numbers) - 1)] if numbers else ""
