"""Compare what a channel shows of one listing with what it should show.

One listing's facts come in, at most one finding leaves: why the two differ (the
*cause*), by how much, and how bad that is. Findings are clues, not proof: a channel
does not say who changed a number. Where several causes would fit, the one wins that
explains more: first what makes any number meaningless (the channel does not know the
SKU, ships it itself, keeps it elsewhere, does not look at quantities), then what we
know of our own sending, then what must have happened on the channel.

Quantities are listing units (packs) unless said otherwise.
"""

import math
from typing import NamedTuple

from .reconcile_cause import (
    CHANGED_ON_CHANNEL,
    CHANNEL_SALE,
    FULFILLED_BY_CHANNEL,
    KEEPS_SELLING,
    KIT_OVERSTATED,
    NEVER_PUBLISHED,
    POOL_DISAGREES,
    REJECTED_PUSH,
    ROUNDING,
    STALE_FEED,
    UNKNOWN_SKU,
    WRONG_LOCATION,
)
from .reconcile_severity import Severity, severity_of

#: Problems found by a reading → the cause that they are, the first one that is there.
CAUSES_OF_PROBLEMS = (
    ("unknown_sku", UNKNOWN_SKU),
    ("duplicate_sku", UNKNOWN_SKU),
    ("fulfilled_by_channel", FULFILLED_BY_CHANNEL),
    ("multi_location", WRONG_LOCATION),
    ("inactive_level", WRONG_LOCATION),
    ("not_writable", WRONG_LOCATION),
    ("untracked", KEEPS_SELLING),
    ("continue_selling", KEEPS_SELLING),
)


class Tolerance(NamedTuple):
    """How far a number may be off: both limits must hold, so the stricter one does.

    :param percent: of the expected number
    :param units: in listing units
    """

    percent: float = 5.0
    units: int = 0

    def allows(self, expected, shown):
        """Tell whether ``shown`` is near enough.

        A number where there should be none, and none where there should be one, are
        never near enough.
        """
        difference = abs(shown - expected)
        if not difference:
            return True
        if expected <= 0 or shown <= 0:
            return False
        return difference <= self.units and difference <= expected * self.percent / 100


class Sent(NamedTuple):
    """One number that we sent, as it was answered.

    :param outcome: of ``marketplace.push.line``
    :param started: when its submission began, and ``ended`` when the channel had
        worked it off (None: it has not); anything that can be compared
    """

    quantity: int
    outcome: str
    started: object = None
    ended: object = None


class Facts(NamedTuple):
    """All that is known of one listing at the moment of a reading.

    :param shown: what the channel shows, None = it does not say
    :param expected: what it should show now (``sellable_qty``)
    :param published: what we believe that it shows
    :param available: product units that can be shipped for it: what there is, less
        what is promised
    :param exact: ``expected`` before rounding down to whole listing units, None =
        unknown
    :param problems: blocking problem codes of the reading, and ``continue_selling``
        and ``untracked``
    :param state: ``sync_state`` after the reading
    :param block: why no number can be computed, "" when one can
    :param is_uncertain: a number was sent and nobody knows whether it arrived
    :param age: seconds between the last write of ours and the reading, None = never
    :param settling: seconds in which the channel may still show an older number
    :param is_second_look: it was in flight or settling, and has been waited for
    :param was_ours: a number of ours was on the channel once
    :param sent: numbers that we sent, the latest first
    :param reads_orders: the channel's orders are read, so that a sale explains itself
        after a while
    :param orders_read: they were read since the first look: an earlier sale cannot be
        what explains the number
    :param pool: the own numbers of all listings that share its counter
    """

    shown: int | None
    expected: int
    published: int = 0
    available: float = 0.0
    exact: float | None = None
    source: str = "stock"
    problems: frozenset = frozenset()
    state: str = "synced"
    block: str = ""
    is_uncertain: bool = False
    age: float | None = None
    settling: float = 0.0
    is_second_look: bool = False
    was_ours: bool = True
    sent: tuple = ()
    reads_orders: bool = False
    orders_read: bool = False
    pool: tuple = ()
    is_kit: bool = False
    units: int = 1
    price: float | None = None


class Finding(NamedTuple):
    """One difference between Odoo and a channel.

    :param delta: shown − expected, None when one of them is not known
    :param variance: delta in percent of expected (of 1 when that is 0)
    """

    cause: str
    delta: int | None
    variance: float | None
    severity: Severity


class Verdict(NamedTuple):
    """What a reading means.

    :param finding: None when the channel shows what it should, or nothing can be said
    :param look_again: a number is on its way: a second look decides
    """

    finding: Finding | None = None
    look_again: bool = False


AGREES = Verdict()
LOOK_AGAIN = Verdict(look_again=True)


def judge(facts: Facts, tolerance: Tolerance = Tolerance()) -> Verdict:  # noqa: B008
    """Return what a reading of one listing means."""
    cause = _obstacle(facts)
    if cause == FULFILLED_BY_CHANNEL and not facts.was_ours:
        return AGREES  # it was never ours to fill: known, and as it should be
    if cause:
        return _found(cause, facts)
    if facts.block:
        # No number can be computed, and the listing says why; a pool whose members
        # contradict each other is the one reason that a comparison can explain.
        return _found(POOL_DISAGREES, facts) if _disagrees(facts) else AGREES
    if facts.shown is None:
        return AGREES
    if tolerance.allows(facts.expected, facts.shown):
        return _found(POOL_DISAGREES, facts) if _disagrees(facts) else AGREES
    if _is_left_alone(facts):
        return AGREES
    if not facts.is_second_look and (is_moving(facts) or _may_be_sold(facts)):
        return LOOK_AGAIN
    return _found(_cause_of_difference(facts), facts)


def is_moving(facts):
    """Tell whether the number may still change by itself: one of ours is on its way,
    or the channel may not show the last one yet."""
    in_flight = facts.is_uncertain or facts.state in (
        "unverified",
        "pending",
        "submitted",
    )
    return in_flight or (facts.age is not None and facts.age < facts.settling)


def _may_be_sold(facts):
    """Tell whether an order that will be read soon may explain the number."""
    return facts.reads_orders and facts.shown < facts.published


def _obstacle(facts):
    """Return the cause that makes comparing numbers pointless, else ""."""
    for problem, cause in CAUSES_OF_PROBLEMS:
        if problem in facts.problems:
            return cause
    if "bundle" in facts.problems and (facts.shown or 0) > facts.expected:
        return KIT_OVERSTATED
    return ""


def _is_left_alone(facts):
    """Tell whether a person wants the channel's number: paused, and nothing is sold
    that is not there, nothing hidden that can be made."""
    if facts.state != "paused" and "bundle" not in facts.problems:
        return False
    oversold = facts.expected == 0 and facts.shown > 0
    hidden = facts.source == "mto" and facts.shown == 0
    return not (oversold or hidden)


def _disagrees(facts):
    """Tell whether this listing is held down by another one of its pool."""
    return len(facts.pool) > 1 and min(facts.pool) != max(facts.pool)


# --- why two numbers differ -------------------------------------------------------
def _cause_of_difference(facts):
    if facts.state in ("paused", "unverified"):
        return NEVER_PUBLISHED
    if facts.state == "failed":
        return REJECTED_PUSH if facts.sent else NEVER_PUBLISHED
    if facts.is_kit and facts.shown > facts.expected:
        return KIT_OVERSTATED
    if _is_stale(facts):
        return STALE_FEED
    if is_rounding(facts):
        return ROUNDING
    if facts.shown == facts.published:
        return NEVER_PUBLISHED  # what it should show now was not sent yet
    if facts.shown < facts.published and not facts.orders_read:
        return CHANNEL_SALE
    return CHANGED_ON_CHANNEL


def _is_stale(facts):
    """Tell whether an older submission of ours, worked off late, has won.

    Only one that had not ended when the latest began can have overwritten it.
    """
    if not facts.sent or facts.sent[0].quantity == facts.shown:
        return False
    latest, *older = facts.sent
    return any(
        sent.quantity == facts.shown
        and (sent.ended is None or sent.ended >= latest.started)
        for sent in older
    )


def is_rounding(facts):
    """Tell whether the difference is what is lost or won by counting in other units:
    pieces shown instead of packs, or rounded up instead of down."""
    if facts.units > 1 and facts.shown // facts.units == facts.expected > 0:
        return True
    if facts.exact is None or facts.expected <= 0:
        return False
    return facts.exact > facts.expected and facts.shown == math.ceil(facts.exact - 1e-6)


# --- the finding ------------------------------------------------------------------
def _found(cause, facts):
    delta = None
    if facts.shown is not None and not facts.block:
        delta = facts.shown - facts.expected
    variance = None if delta is None else 100.0 * delta / max(1, facts.expected)
    severity = severity_of(
        cause,
        facts.shown,
        facts.expected,
        facts.available,
        facts.units,
        facts.price,
        facts.source,
    )
    return Verdict(Finding(cause, delta, variance, severity))
