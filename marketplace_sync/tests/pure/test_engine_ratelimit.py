"""Token buckets: never more calls than the channel's published limit allows."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace_sync.channels.errors import RateLimited
from marketplace_sync.channels.http import retry_after_of
from marketplace_sync.channels.ratelimit import (
    PENALTY_SECONDS,
    Bucket,
    RateLimiter,
    TokenBucket,
)

START = 1_793_000_000.0
LIMITS = st.builds(
    Bucket,
    rate=st.sampled_from((0.0083, 0.0222, 0.5, 1.0, 5.0, 20.0)),
    burst=st.sampled_from((1, 2, 5, 10, 100)),
)


class Clock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self):
        self.now = START
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def limiter(limit, clock, **kwargs):
    return RateLimiter({"call": limit}, clock=clock, sleep=clock.sleep, **kwargs)


# === THE LIMIT ===


@settings(max_examples=60)
@given(LIMITS, st.lists(st.floats(0, 30), min_size=1, max_size=120))
def test_no_window_holds_more_calls_than_burst_and_rate_allow(limit, gaps):
    bucket, now, taken = TokenBucket(limit), START, []
    for gap in gaps:
        now += gap
        if bucket.take(now) == 0.0:
            taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            calls = last - first + 1
            window = taken[last] - taken[first]
            # the thousandth is the bucket's own tolerance, see ``take``
            assert calls <= limit.burst + limit.rate * window + 2e-3


@settings(max_examples=60)
@given(LIMITS, st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_waiting_as_told_never_breaks_the_limit(limit, gaps):
    clock = Clock()
    limited = limiter(limit, clock, max_wait=float("inf"))
    calls = []
    for gap in gaps:
        clock.now += gap
        limited.acquire("call")
        calls.append(clock.now)
    for first in range(len(calls)):
        window = calls[-1] - calls[first]
        assert len(calls) - first <= limit.burst + limit.rate * window + 1e-2


@given(LIMITS, st.floats(0.1, 10))
def test_a_wait_is_exactly_as_long_as_needed(limit, cost):
    bucket = TokenBucket(limit, tokens=0, at=START)
    wait = bucket.take(START, cost)
    assert wait == pytest.approx(min(cost, limit.burst) / limit.rate)
    assert bucket.take(START + wait * 0.9, cost) > 0
    assert bucket.take(START + wait, cost) == 0


def test_a_full_bucket_gives_its_burst_at_once_and_then_its_rate():
    bucket = TokenBucket(Bucket(rate=2, burst=3))
    waits = [bucket.take(START) for _ in range(5)]
    assert waits == [0, 0, 0, 0.5, 0.5]
    assert bucket.take(START + 0.5) == 0


def test_a_bucket_that_rests_for_a_day_holds_no_more_than_its_burst():
    bucket = TokenBucket(Bucket(rate=5, burst=3), tokens=0, at=START)
    day = START + 86_400
    assert [bucket.take(day) for _ in range(4)] == [0, 0, 0, 0.2]


def test_nothing_is_taken_from_whoever_has_to_wait():
    bucket = TokenBucket(Bucket(rate=1, burst=10), tokens=4, at=START)
    assert bucket.take(START, 6) == 2
    assert bucket.take(START, 4) == 0


def test_a_call_dearer_than_the_burst_takes_all_of_it_and_does_not_wait_for_ever():
    bucket = TokenBucket(Bucket(rate=1, burst=10))
    assert bucket.take(START, 50) == 0
    assert bucket.take(START, 1) == 1


def test_a_clock_that_goes_back_gives_no_tokens():
    bucket = TokenBucket(Bucket(rate=1, burst=5), tokens=0, at=START)
    assert bucket.take(START - 100) == 1


# === WHAT THE CHANNEL SAYS ===


def test_a_refusal_empties_the_bucket_and_halves_the_rate_for_a_while():
    bucket = TokenBucket(Bucket(rate=2, burst=10))
    bucket.refused(START)
    assert bucket.take(START) == 1  # one token at half the rate
    assert bucket.rate(START + PENALTY_SECONDS - 1) == 1
    assert bucket.rate(START + PENALTY_SECONDS) == 2


@given(LIMITS, st.floats(1, 20_000), st.lists(st.floats(0, 0.999), max_size=5))
def test_no_call_is_made_before_the_moment_the_channel_named(limit, seconds, looks):
    bucket = TokenBucket(limit)
    bucket.refused(START, retry_after=seconds)
    for look in sorted(looks):
        assert bucket.take(START + look * seconds) > 0


def test_a_lower_rate_that_an_answer_tells_is_adopted_a_higher_one_is_not():
    limited = limiter(Bucket(rate=5, burst=5), Clock())
    limited.lower("call", 2)
    assert limited.buckets["call"].limit == Bucket(2, 5)
    limited.lower("call", 50)
    limited.lower("call", 0)
    assert limited.buckets["call"].limit == Bucket(2, 5)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("-7", 0.0),
        ("nan", 0.0),
        ("inf", 86_400.0),
        ("1e300", 86_400.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("", None),
    ],
)
def test_no_answer_makes_us_wait_for_ever(header, seconds):
    assert retry_after_of({"retry-after": header}) == seconds
    assert retry_after_of({}) is None


# === THE LIMITER ===


def test_a_short_wait_is_slept_a_long_one_gives_the_turn_back():
    clock = Clock()
    limited = limiter(Bucket(rate=0.5, burst=1), clock, max_wait=2)
    limited.acquire("call")
    limited.acquire("call")
    assert clock.slept == [2]
    limited.refused("call")
    with pytest.raises(RateLimited) as caught:
        limited.acquire("call")
    assert caught.value.retry_after == 4


def test_an_operation_without_a_published_limit_is_free():
    clock = Clock()
    limited = RateLimiter({}, clock=clock, sleep=clock.sleep)
    for _ in range(1000):
        limited.acquire("anything")
    assert clock.slept == []
    assert limited.calls == {"anything": 1000}


def test_what_one_job_used_is_missing_in_the_next():
    clock = Clock()
    first = limiter(Bucket(rate=0.1, burst=2), clock)
    first.acquire("call")
    first.acquire("call")
    state = json.loads(json.dumps(first.dump()))
    second = limiter(Bucket(rate=0.1, burst=2), clock, state=state, max_wait=5)
    with pytest.raises(RateLimited):
        second.acquire("call")


def test_a_penalty_outlives_the_job_that_earned_it():
    clock = Clock()
    first = limiter(Bucket(rate=1, burst=2), clock)
    first.refused("call", retry_after=600)
    second = limiter(Bucket(rate=1, burst=2), clock, state=first.dump())
    with pytest.raises(RateLimited) as caught:
        second.acquire("call")
    assert caught.value.retry_after >= 600
