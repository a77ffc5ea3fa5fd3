"""When to try again: exact numbers, because the dice are an argument."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.engine.backoff import (
    BASE_SECONDS,
    CAP_SECONDS,
    MAX_ATTEMPTS,
    delay,
    exhausted,
)


def always(value):
    return lambda: value


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (8, 640), (10, 2560), (11, 3600), (99, 3600)],
)
def test_the_ceiling_doubles_up_to_an_hour(attempt, seconds):
    assert delay(attempt, dice=always(1)) == seconds
    assert delay(attempt, dice=always(0.25)) == seconds / 4


def test_the_jitter_is_full():
    """Rows that failed together must not come back together."""
    assert delay(5, dice=always(0)) == 0
    assert delay(5, dice=always(0.5)) == 40


def test_what_the_channel_asked_for_is_a_floor():
    assert delay(1, retry_after=120, dice=always(0)) == 120
    assert delay(6, retry_after=120, dice=always(1)) == 160
    assert delay(1, retry_after=7200, dice=always(1)) == 7200
    assert delay(1, retry_after=None, dice=always(0)) == 0


@given(
    st.integers(-5, 10_000),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1e5) | st.none(),
)
def test_every_wait_lies_between_the_floor_and_the_cap(attempt, number, retry_after):
    wait = delay(attempt, retry_after, always(number))
    assert wait >= (retry_after or 0)
    assert wait <= max(CAP_SECONDS, retry_after or 0)


def test_the_first_retry_comes_within_seconds():
    assert delay(1, dice=always(1)) == delay(0, dice=always(1)) == BASE_SECONDS


def test_a_row_is_parked_at_its_last_attempt_not_before():
    assert [exhausted(n) for n in (1, MAX_ATTEMPTS - 1, MAX_ATTEMPTS)] == [
        False,
        False,
        True,
    ]
    assert exhausted(3, limit=3) and not exhausted(2, limit=3)
