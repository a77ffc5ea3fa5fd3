"""Listings that share one physical counter on the channel publish one number."""

from collections.abc import Iterable
from typing import NamedTuple


class PoolMember(NamedTuple):
    """One listing of a pool: its own number and where it comes from."""

    source: str
    sellable: int
    stopped: bool = False


class PoolNumber(NamedTuple):
    """What the pool publishes.

    :param disagree: its members' own numbers differ, a person should know
    :param guarded: the number would be a computed 0 for a made-to-order member;
        nothing is published until a person decides
    """

    quantity: int
    disagree: bool
    guarded: bool


def pool_number(members: Iterable[PoolMember]) -> PoolNumber:
    """Return the lowest number of ``members`` (at least one)."""
    members = list(members)
    numbers = {member.sellable for member in members}
    lowest = min(numbers)
    by_a_person = any(
        member.sellable == 0 and (member.stopped or member.source == "manual")
        for member in members
    )
    made_to_order = any(member.source == "mto" for member in members)
    guarded = lowest == 0 and made_to_order and not by_a_person
    return PoolNumber(lowest, len(numbers) > 1, guarded)
