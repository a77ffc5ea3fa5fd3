"""The simulated weeks add up, and without delays nobody sells what is not there."""

import math
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import oversell
from benchmarks.oversell_chart import draw
from benchmarks.oversell_policies import (
    FullPush,
    Ours,
    Row,
    buffer,
    shipped_policy,
    urgency,
)
from benchmarks.oversell_world import (
    DAY,
    HOUR,
    Buyer,
    Channel,
    Flash,
    Market,
    Sort,
    Tally,
    Week,
    World,
    make_week,
)

SLOW = Channel(
    "Slow", 0.5, 5, shown=60.0, looks=60.0, blind=120.0, confirms=True, lost=0.1
)
QUICK = Channel("Quick", 0.5, 250, lost=0.1)
SMALL = Market(
    channels=(SLOW, QUICK),
    sorts=(Sort("slow", 2, 5), Sort("hot", 2, 200)),
    flash=Flash("Quick", 12 * HOUR, HOUR, 60, 2),
    days=2.0,
)
INSTANT = tuple(
    replace(
        c,
        answer=0,
        shown=0,
        notice=0,
        lost=0,
        looks=0,
        blind=0,
        rows_per_second=math.inf,
    )
    for c in SMALL.channels
)


def policies():
    return [*oversell.policies(), Ours("ours, cap", [buffer.BufferLine(units=40)])]


KINDS = [policy.name for policy in policies()]


def policy_of(name):
    return next(policy for policy in policies() if policy.name == name)


def week_of(*buyers, stock=10, receipts=(), channels=SMALL.channels, days=2.0):
    """Return a week of one product and these ``(at, channel, units)``."""
    market = replace(
        SMALL, channels=channels, sorts=(Sort("x", 1, 5),), flash=None, days=days
    )
    made = tuple(Buyer(at, 0, channel, units, 1.0) for at, channel, units in buyers)
    return Week(market, (stock,), tuple(receipts), made)


# === BOOKS ===


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), low=st.floats(0.05, 1), more=st.floats(0, 2))
def test_every_unit_and_every_buyer_is_accounted_for(name, seed, low, more):
    market = replace(SMALL, cover=(low, low + more))
    world = World(make_week(market, seed))
    tally = world.run(policy_of(name))
    assert tally.asked == tally.sold + tally.refused
    assert tally.received == tally.shipped + tally.left
    assert tally.received == sum(world.week.stock) + sum(
        units for _at, _product, units in world.week.receipts
    )
    assert tally.sold == sum(world.promised)
    # goods that come later may still serve what was oversold
    assert 0 <= tally.sold - tally.shipped <= tally.oversold
    assert 0 <= tally.leftover <= min(tally.left, tally.refused)
    assert min(min(shelf) for shelf in world.shown) >= 0
    assert all(known <= sold for known, sold in zip(*books(world), strict=True))


def books(world):
    return world.policy.known, world.promised


@pytest.mark.parametrize("seed", range(5))
def test_without_delays_nothing_is_oversold_and_nobody_sent_away_for_nothing(seed):
    week = make_week(replace(SMALL, channels=INSTANT), seed)
    ours = Ours("instant", [])
    ours.refresh = 0.0
    tally = World(week).run(ours)
    assert tally.refused > 0, "else nothing is proved"
    assert (tally.oversold, tally.missed) == (0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_the_delays_are_what_oversells(seed):
    late = tuple(
        replace(channel, notice=4 * HOUR, lost=0) for channel in SMALL.channels
    )
    tally = World(make_week(replace(SMALL, channels=late), seed)).run(Ours("", []))
    assert tally.oversold > 0


def test_the_same_seed_is_the_same_week_for_everybody():
    assert make_week(SMALL, 7) == make_week(SMALL, 7)
    assert make_week(SMALL, 7).buyers != make_week(SMALL, 8).buyers
    total = oversell.simulate(SMALL, weeks=2)
    assert list(total) == [policy.name for policy in oversell.policies()]
    assert len({tally.asked for tally in total.values()}) == 1
    assert total == oversell.simulate(SMALL, weeks=2)


def test_a_flash_sale_brings_buyers_to_its_channel_for_its_hour():
    calm = make_week(replace(SMALL, flash=None), 1)
    busy = make_week(SMALL, 1)

    def count(week, begins, product, channel):
        ends = begins + HOUR
        found = (b for b in week.buyers if begins <= b.at < ends)
        return sum((b.product, b.channel) == (product, channel) for b in found)

    assert count(busy, 12 * HOUR, 2, 1) > 20 * max(1, count(calm, 12 * HOUR, 2, 1))
    assert count(busy, 12 * HOUR, 2, 0) < 40
    assert count(busy, 12 * HOUR, 3, 1) < 40


# === POLICIES ===


def test_on_hand_puts_back_on_the_shelf_what_is_sold_already():
    week = week_of((60, 0, 10), (3_600, 1, 10), stock=10)
    assert World(week).run(FullPush("", on_hand=True)).oversold == 10
    assert World(week).run(FullPush("")).oversold == 0


def test_between_two_pushes_free_stock_is_sold_twice_and_ours_is_not():
    week = week_of((60, 1, 10), (150, 0, 10), stock=10)
    assert World(week).run(FullPush("")).oversold == 10
    assert World(week).run(Ours("", [])).oversold == 0


def test_a_lost_notification_is_found_when_orders_are_read():
    ours = Ours("", [])
    World(week_of()).run(ours)
    lost = Buyer(100.0, 0, 1, 1, None)
    assert ours.learns_at(lost) == 300
    assert ours.learns_at(replace(lost, told=2.0)) == 102
    # the newest two minutes are not in the search of the slow channel
    assert ours.learns_at(replace(lost, at=200.0, channel=0)) == 600


def test_a_queue_tells_when_somebody_looks_into_it():
    ours = Ours("", [])
    World(week_of()).run(ours)
    assert ours.learns_at(Buyer(100.0, 0, 0, 1, 1.0)) == 120


def test_without_its_queue_the_slow_channel_is_only_read():
    ours = Ours("", [], queue=False)
    World(week_of()).run(ours)
    assert ours.learns_at(Buyer(100.0, 0, 0, 1, 1.0)) == 300
    assert ours.learns_at(Buyer(100.0, 0, 1, 1, 1.0)) == 101


@pytest.mark.parametrize("kept_back", [0, 5])
def test_what_is_kept_back_stays_back(kept_back):
    week = week_of((1_000, 0, 99), (40_000, 0, 99), stock=10)
    for policy in (
        FullPush("", kept_back),
        Ours("", [buffer.BufferLine(units=kept_back)]),
    ):
        tally = World(week).run(policy)
        assert (tally.sold, tally.left, tally.leftover) == (
            10 - kept_back,
            kept_back,
            kept_back,
        )


def test_goods_that_arrive_are_offered():
    week = week_of((DAY + 7_200, 1, 5), stock=0, receipts=[(DAY, 0, 5)])
    for policy in (FullPush(""), FullPush("", on_hand=True), Ours("", [])):
        assert World(week).run(policy).sold == 5


def test_ours_sends_what_changed_and_the_others_everything():
    week = week_of((60, 1, 1), stock=10, days=1.0)
    assert World(week).run(FullPush("")).pushes == 2 * 96
    assert World(week).run(Ours("", [])).pushes <= 4


def test_zeros_go_first_then_decreases_then_who_waited_longest():
    def row(published, sellable, since):
        made = Row(published)
        made.sellable, made.since = sellable, since
        return made

    rows = [row(5, 9, 0), row(5, 4, 2), row(5, 3, 1), row(5, 0, 3)]
    order = sorted(range(4), key=lambda number: urgency(number, rows[number]))
    assert order == [3, 2, 1, 0]


def test_the_buffers_are_those_that_a_new_account_gets():
    lines = shipped_policy()
    assert [(x.max_interval, x.units, x.percent) for x in lines] == [
        (15, 3, 5),
        (15, 8, 8),
        (15, 15, 10),
        (60, 0, 15),
        (0, 0, 15),
    ]
    for velocity, units in ((2, 3), (20, 8), (80, 15)):
        assert buffer.matching_line(lines, 15, velocity).units == units


# === WHAT IS SHOWN ===


def test_the_chart_is_a_picture_of_the_figures():
    total = {
        "(a) <bad & old>": Tally(asked=10_000, oversold=450, leftover=3, pushes=7_000),
        "(c) ours": Tally(asked=10_000, oversold=0, leftover=12, pushes=70),
    }
    text = draw(total, weeks=1)
    root = ET.fromstring(text)
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"(a) <bad & old>", "(c) ours", "450", "12.0", "1,000"} <= set(words)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    _ground, *bars = root.iter("{http://www.w3.org/2000/svg}rect")
    wide = [float(bar.get("width")) for bar in bars]
    assert wide[0] > 0 and wide[1] == 0
    assert all(float(b.get("x")) + w <= 900 for b, w in zip(bars, wide, strict=True))


def test_every_policy_has_its_figures():
    tally = Tally(asked=20_000, sold=15_000, oversold=30, leftover=7, pushes=11)
    figures = list(oversell.figures_of("(x)", tally, "section"))
    assert [figure.value for figure in figures] == [15.0, 3.5, 11]
    assert "30 oversold and 7 left of 20,000" in figures[0].note
    assert oversell.per_10_000(Tally(), "oversold") == 0
