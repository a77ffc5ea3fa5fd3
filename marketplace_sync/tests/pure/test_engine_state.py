"""The state machine: what a number means for synchronisation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.engine.state import MOVABLE, after_push, after_refresh

STATES = ("unverified", "synced", "pending", "submitted", "failed", "paused")
QUANTITY = st.integers(0, 100)


@pytest.mark.parametrize("state", ["synced", "pending", "submitted"])
def test_a_number_that_differs_from_the_published_one_waits_to_be_sent(state):
    assert after_refresh(state, 5, 4, known=True) == "pending"
    assert after_refresh(state, 4, 5, known=True) == "pending"
    assert after_refresh(state, 0, 5, known=True) == "pending"


def test_a_number_that_came_back_needs_no_push():
    assert after_refresh("pending", 5, 5, known=True) == "synced"


def test_a_submitted_number_that_stays_waits_for_its_confirmation():
    assert after_refresh("submitted", 5, 5, known=True) == "submitted"


@pytest.mark.parametrize("state", ["synced", "pending", "submitted"])
def test_what_the_channel_shows_being_unknown_is_a_reason_to_send(state):
    assert after_refresh(state, 5, 5, known=False) == "pending"


@given(
    st.sampled_from([state for state in STATES if state not in MOVABLE]),
    QUANTITY,
    QUANTITY,
    st.booleans(),
)
def test_a_computation_starts_nothing_that_waits_for_a_read_or_a_person(
    state, sellable, published, known
):
    assert after_refresh(state, sellable, published, known) == state


@given(st.sampled_from(STATES), QUANTITY, QUANTITY, st.booleans())
def test_computing_twice_changes_nothing(state, sellable, published, known):
    once = after_refresh(state, sellable, published, known)
    assert after_refresh(once, sellable, published, known) == once


def test_an_accepted_number_is_synced():
    assert after_push("accepted", 5, 5) == "synced"


def test_an_acknowledged_number_is_submitted_only():
    assert after_push("submitted", 5, 5) == "submitted"


@pytest.mark.parametrize("outcome", ["accepted", "submitted"])
def test_a_number_that_moved_while_we_spoke_is_sent_again(outcome):
    assert after_push(outcome, 5, 4) == "pending"
