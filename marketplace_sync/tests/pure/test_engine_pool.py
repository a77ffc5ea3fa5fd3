"""Listings that share one counter publish one number, and the made-to-order guard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.engine.pool import PoolMember, pool_number

MEMBERS = st.lists(
    st.builds(
        PoolMember,
        source=st.sampled_from(("stock", "mto", "manual", "capacity")),
        sellable=st.integers(0, 50) | st.just(0),
        stopped=st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@given(MEMBERS)
def test_a_pool_publishes_the_lowest_of_its_numbers(members):
    number = pool_number(members)
    assert number.quantity == min(member.sellable for member in members)
    assert number.disagree == (len({member.sellable for member in members}) > 1)


@given(MEMBERS)
def test_a_computation_never_publishes_zero_for_made_to_order(members):
    number = pool_number(members)
    is_made_to_order = any(member.source == "mto" for member in members)
    by_a_person = any(
        m.sellable == 0 and (m.source == "manual" or m.stopped) for m in members
    )
    if number.quantity == 0 and is_made_to_order and not by_a_person:
        assert number.guarded
    else:
        assert not number.guarded


@given(MEMBERS, st.randoms())
def test_the_order_of_the_members_does_not_matter(members, random):
    shuffled = list(members)
    random.shuffle(shuffled)
    assert pool_number(shuffled) == pool_number(members)


def test_a_listing_alone_is_a_pool_of_one():
    assert pool_number([PoolMember("stock", 7)]) == (7, False, False)
    assert pool_number([PoolMember("mto", 999)]) == (999, False, False)


def test_stock_that_runs_out_beside_made_to_order_waits_for_a_person():
    number = pool_number([PoolMember("mto", 999), PoolMember("stock", 0)])
    assert number.guarded and number.disagree


@pytest.mark.parametrize(
    "stopped",
    [
        [PoolMember("mto", 0, stopped=True)],
        [PoolMember("mto", 999), PoolMember("stock", 0, stopped=True)],
        [PoolMember("mto", 999), PoolMember("manual", 0)],
        [PoolMember("mto", 999), PoolMember("mto", 0, stopped=True)],
    ],
)
def test_a_person_may_publish_zero_for_made_to_order(stopped):
    number = pool_number(stopped)
    assert number.quantity == 0
    assert not number.guarded


def test_a_stopped_member_that_still_shows_something_decides_nothing():
    members = [PoolMember("mto", 999), PoolMember("manual", 5), PoolMember("stock", 0)]
    assert pool_number(members).guarded
